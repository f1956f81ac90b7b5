// The lineage of a case: its orders as a picture, and as a nested list that says the same and more.

import { ask, Refused } from './api.js';
import { views } from './case.js';
import { facts, h, time } from './dom.js';
import { count, moment } from './format.js';
import { picture } from './lineage-picture.js';
import { morphChildren } from './morph.js';
import { tag } from './queue-table.js';
import { caseHref } from './route.js';
import * as words from './words.js';

/** @param {import('./main.js').App} app @param {string} id @returns {import('./main.js').Screen} */
export function lineage(app, id) {
  const element = h('section', { class: 'lineage-screen' }, h('h1', { tabindex: '-1' }, 'Lineage'), h('p', { class: 'loading' }, 'Reading the orders…'));
  let isReading = false;
  let isStale = false;

  async function load() {
    const found = (await ask('PortalLineage', { id })).data.case;
    if (!found) throw new Refused('NOT_FOUND', 'There is no such case, or it is not in your sight.');
    morphChildren(element, h('section', {},
      h('nav', { class: 'crumbs', 'aria-label': 'Breadcrumbs' }, h('a', { href: '#/', 'data-key': 'crumb' }, 'Queue'), h('a', { href: caseHref(id), 'data-key': 'crumb-case' }, `Case ${found.number}`), h('span', {}, 'Lineage')),
      h('h1', { tabindex: '-1' }, `Lineage of ${found.client.displayName}`),
      views(id, 'lineage'),
      found.lineage.entries.length === 0 ? h('p', { class: 'empty' }, 'No order was made or imported for this case.') : tree(found.lineage)));
  }

  async function readAgain() {
    isStale = true;
    if (isReading) return;
    isReading = true;
    while (isStale && element.isConnected) {
      isStale = false;
      await load().catch((error) => app.say(error.message));
    }
    isReading = false;
  }

  return {
    key: `lineage-${id}`,
    element,
    load,
    show({ events, again }) {
      if (again || events.some((event) => event.case.id === id)) void readAgain();
    },
    acts: {},
  };
}

/** @param {any} lineage */
function tree(lineage) {
  const { entries, refreshCount, depth, latestSuccessful } = lineage;
  const sum = `${count(entries.length, 'order')}, ${count(refreshCount, 'refresh', 'refreshes')}, ${count(depth, 'step')} deep`;
  return [
    facts([
      ['In all', sum],
      ['Newest data', latestSuccessful?.completedAt ? time(latestSuccessful.completedAt, moment(latestSuccessful.completedAt)) : 'none yet'],
    ], 'facts-row'),
    h('div', { class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': 'Picture of the orders; it can be scrolled', 'data-key': 'picture' },
      picture(lineage, `Tree of ${sum}. The list after it says the same.`)),
    h('p', { class: 'note' }, 'The thick line leads to the newest order.'),
    h('h2', {}, 'The orders one by one'),
    nested(lineage),
  ];
}

/** @param {any} lineage */
function nested({ entries, latest, latestSuccessful }) {
  /** @type {Map<string | null, any[]>} */
  const children = new Map();
  const known = new Set(entries.map((/** @type {any} */ { order }) => order.id));
  for (const entry of entries) {
    const parent = known.has(entry.parent?.id) ? entry.parent.id : null;
    children.set(parent, [...(children.get(parent) ?? []), entry]);
  }
  /** @param {string | null} parent @returns {HTMLElement | null} */
  const list = (parent) => {
    const found = children.get(parent);
    if (!found) return null;
    return h('ol', { class: 'orders' }, found.map((entry) => h('li', { 'data-key': `order-${entry.order.id}` }, item(entry), list(entry.order.id))));
  };
  /** @param {any} entry */
  const item = ({ order, isOnActivePath }) => {
    const marks = [order.id === latest?.id && 'newest', order.id === latestSuccessful?.id && 'newest with data', isOnActivePath && 'on the way to the newest'].filter(Boolean);
    return h('div', { class: isOnActivePath ? 'order is-active' : 'order' },
      h('h3', {}, words.orderKind(order.kind), ' ', tag(words.orderStatus(order.status))),
      facts([
        ['Standing', marks.join(', ')],
        ['Created', [time(order.createdAt, moment(order.createdAt)), ` by ${order.requestedBy}`]],
        ['Completed', order.completedAt && time(order.completedAt, moment(order.completedAt))],
        ['Purpose', words.plain(order.purpose)],
        ['Employers', order.employers.map((/** @type {any} */ { companyName, status }) => `${companyName ?? 'not named'}: ${words.plain(status).toLowerCase()}`).join('; ')],
        ['Failure', order.failure && `${words.failureReason(order.failure.reason)}. ${order.failure.message}`],
        ['Truv’s id', order.truvOrderId && h('code', {}, order.truvOrderId)],
      ], 'facts-small'));
  };
  return list(null);
}
