// The table of the queue: one row a case, one action a row.

import { button, h, icon, time, unseen } from './dom.js';
import { date, daysLeft, daysUntil, when } from './format.js';
import { caseHref } from './route.js';
import * as words from './words.js';

/** A status in words, with its picture. @param {words.Look} look */
export function tag({ text, icon: picture, tone }) {
  return h('span', { class: `tag tone-${tone}` }, icon(picture), h('span', {}, text));
}

/** What the row's button does: the next step, as far as the caller may take it. @param {any} row @returns {[string, string]} */
export function actionOf({ nextAction, viewerCan, status }) {
  if (status === 'REFRESHING') return ['open', 'Follow'];
  if (nextAction === 'CREATE_REFRESH_ORDER' && viewerCan.createRefreshOrder) return ['refresh', 'Refresh'];
  if (nextAction === 'SEND_VERIFICATION_LINK' && viewerCan.sendVerificationLink) return ['contact', 'Send link'];
  if (nextAction === 'REVIEW' && viewerCan.completeReview) return ['open', 'Review'];
  if (nextAction === 'RESOLVE_BY_HAND') return ['open', 'Resolve'];
  return ['open', 'Open'];
}

/** Whether a person waits for this action. @param {string} label */
const calls = (label) => label === 'Review' || label === 'Send link' || label === 'Resolve';

/** The due date with the days that are left. @param {any} row */
export function due({ dueOn, isOverdue }) {
  const isSoon = !isOverdue && daysUntil(dueOn) <= 7;
  return [
    h('span', { class: 'day' }, date(dueOn)),
    h('span', { class: isOverdue ? 'due due-over' : isSoon ? 'due due-soon' : 'due' }, isOverdue && icon('warning'), daysLeft(dueOn)),
  ];
}

/**
 * @typedef {object} Standing what is known of a row beside its case
 * @property {boolean} [isAsked] a refresh has been asked for and not been answered
 * @property {string} [fault] why the action was refused
 * @property {boolean} [isElsewhere] the case does not meet the filter any more
 * @property {number} [fresh] how often it has changed
 */

/** @param {any} row @param {Standing} standing */
export function tableRow(row, { isAsked, fault, isElsewhere, fresh }) {
  const cell = (/** @type {string} */ name, /** @type {import('./dom.js').Child[]} */ ...content) => h('td', { role: 'cell', 'data-label': name }, content);
  const [act, label] = actionOf(row);
  const retryAt = row.latestOrder?.failure?.retryAt;
  const who = words.actor(row.nextActor);
  return h('tr', { role: 'row', 'data-key': `row-${row.id}`, 'data-case': row.id, class: [isElsewhere && 'is-elsewhere', fresh && `is-fresh-${fresh % 2}`].filter(Boolean).join(' ') || null },
    h('th', { role: 'rowheader', scope: 'row', 'data-label': 'Case' },
      h('a', { href: caseHref(row.id), 'data-key': `open-${row.id}`, class: 'case-number' }, row.number)),
    cell('Client', h('span', { class: 'client' }, row.client.displayName)),
    cell('Program', words.program(row.program)),
    cell('Due', due(row)),
    cell('Status', tag(words.caseStatus(row.status)),
      isElsewhere && h('span', { class: 'note' }, 'No longer in this list'),
      fault && h('span', { class: 'fault', role: 'alert' }, fault)),
    cell('Next step', h('span', {}, words.nextAction(row.nextAction)),
      who && h('span', { class: 'note' }, retryAt && row.status === 'RETRY_SCHEDULED' ? `${who}, ${when(retryAt)}` : who)),
    cell('Assignee', row.assignee ? row.assignee.displayName : h('span', { class: 'note' }, 'Nobody')),
    cell('Last change', time(row.updatedAt, when(row.updatedAt)), row.lastKind && h('span', { class: 'note' }, words.eventKind(row.lastKind))),
    cell('Action', button(isAsked ? 'none' : act, [isAsked ? 'Asking…' : label, unseen(` case ${row.number}`)],
      { class: `button button-small ${calls(label) ? '' : 'button-outline'}`, 'data-key': `act-${row.id}`, 'aria-disabled': isAsked && 'true' })),
  );
}

const COLUMNS = ['Case', 'Client', 'Program', 'Due', 'Status', 'Next step', 'Assignee', 'Last change', 'Action'];

/** @param {HTMLElement[]} rows @param {string} caption @param {boolean} isBusy */
export function table(rows, caption, isBusy) {
  return h('table', { role: 'table', class: 'stacks queue', 'data-key': 'table', 'aria-busy': isBusy && 'true' },
    h('caption', { class: 'unseen' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, COLUMNS.map((name) => h('th', { role: 'columnheader', scope: 'col' }, name)))),
    h('tbody', { role: 'rowgroup' }, rows),
  );
}
