// The dry run of a renewal batch: how many cases, how much, and why some are not refreshed.

import { alert, h } from './dom.js';
import { count, date, money, number } from './format.js';
import { tag } from './queue-table.js';
import { caseHref } from './route.js';
import { linkHealth, plannedAction, planReason, program } from './words.js';

/** @param {any} plan */
export function planned(plan) {
  const { caseCount, billableLinks, cost, expectedSuccessCount, actions, health, days, spending, items } = plan;
  if (caseCount === 0) return h('div', { class: 'plan', 'data-key': 'planned' }, alert('info', 'No renewal is due in this time.'));
  const cases = (/** @type {string[]} */ wanted) => actions.filter((/** @type {any} */ { action }) => wanted.includes(action)).reduce((/** @type {number} */ sum, /** @type {any} */ found) => sum + found.caseCount, 0);
  return h('div', { class: 'plan', 'data-key': 'planned' },
    h('h3', { tabindex: '-1', 'data-key': 'plan-heading' }, 'Dry run: nothing has been asked for'),
    h('ul', { class: 'figures' },
      figure(number(cases(['REFRESH_NOW'])), 'refreshed now'),
      figure(number(cases(['REFRESH_LATER'])), 'refreshed on a later day'),
      figure(number(cases(['ASK_CLIENT'])), 'need their client first'),
      figure(number(cases(['BLOCKED'])), 'left alone'),
      figure(number(billableLinks), 'connections billed'),
      cost !== null && figure(money(cost), 'expected cost'),
      figure(number(expectedSuccessCount), 'expected to bring data')),
    spending.map(cap),
    h('div', { class: 'pair' },
      small('What is done, and why', ['Action', 'Why', 'Cases'], actions.map((/** @type {any} */ row) => [plannedAction(row.action), planReason(row.reason), number(row.caseCount)])),
      health.length > 0 && small('How well the connections should work', ['Worst connection', 'Should bring data', 'Cases'], health.map((/** @type {any} */ row) => [tag(linkHealth(row.health)), `${row.expectedSuccessPercent}%`, number(row.caseCount)]))),
    days.length > 0 && h('details', { 'data-key': 'plan-days' }, h('summary', { 'data-key': 'plan-days-open' }, `By day (${count(days.length, 'day')})`),
      small('Refreshes by day', ['Day', 'Cases', 'Connections'], days.map((/** @type {any} */ row) => [date(row.on), number(row.caseCount), number(row.billableLinks)]))),
    h('details', { 'data-key': 'plan-cases' }, h('summary', { 'data-key': 'plan-cases-open' }, `The first ${items.nodes.length} of ${count(items.totalCount, 'case')}`),
      h('ul', { class: 'plain' }, items.nodes.map((/** @type {any} */ { case: found, action, on, reason }) => h('li', {},
        h('a', { href: caseHref(found.id) }, found.number), ` ${found.client.displayName}, due ${date(found.dueOn)}: `,
        `${plannedAction(action).toLowerCase()}${on && action === 'REFRESH_LATER' ? ` on ${date(on)}` : ''}, because ${planReason(reason)}.`)))));
}

/** What this month's refreshes cost a program, beside its caps. @param {any} spending */
function cap({ program: of, requested, committed, softCap, hardCap, isAboveSoftCap, isAboveHardCap }) {
  if (!isAboveSoftCap && !isAboveHardCap) return null;
  const spent = `This month's refreshes for ${program(of)} cost ${money(requested)}, and ${money(committed)} is committed already`;
  return isAboveHardCap
    ? alert('warning', `${spent}: more than the cap of ${money(hardCap)}. The cases that are due last wait for the next month.`)
    : alert('info', `${spent}: more than the mark of ${money(softCap)}.`);
}

/** @param {string} value @param {string} text */
export function figure(value, text) {
  return h('li', {}, h('span', { class: 'figure-value' }, value), h('span', { class: 'figure-label' }, text));
}

/** A small table. @param {string} caption @param {string[]} columns @param {import('./dom.js').Child[][]} rows */
export function small(caption, columns, rows) {
  const last = columns.length - 1;
  return h('table', { class: 'small' }, h('caption', {}, caption),
    h('thead', {}, h('tr', {}, columns.map((name, place) => h('th', { scope: 'col', class: place === last ? 'amount' : null }, name)))),
    h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell, place) => h('td', { class: place === last ? 'amount' : null }, cell))))));
}
