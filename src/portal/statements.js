// Pay statements, job by job, with what is new since the last decision.

import { facts, h } from './dom.js';
import { count, date, dateInYear, money } from './format.js';
import { dataSource, plain } from './words.js';

/** @param {any[]} employments */
export function statements(employments) {
  return h('section', { 'data-key': 'statements', 'aria-labelledby': 'statements-heading' },
    h('h2', { id: 'statements-heading' }, 'Jobs and pay'), employments.map(job));
}

/** @param {any} employment */
function job(employment) {
  const { key, companyName, isActive, jobTitle, startDate, endDate, payFrequency, payRate, income, incomeUnit, derivedFields, payStatements } = employment;
  const { nodes, totalCount } = payStatements;
  const fresh = nodes.filter((/** @type {any} */ statement) => statement.isNewSinceBaseline).length;
  const status = isActive === null ? 'Not known' : isActive ? 'Works there' : 'Does not work there any more';
  const pay = payRate ?? income;
  return h('article', { class: 'job', 'data-key': `job-${key}` },
    h('h3', {}, companyName ?? 'Employer not named', jobTitle && h('span', { class: 'note' }, ` ${jobTitle}`)),
    facts([
      ['Employment', status],
      ['Since', startDate && date(startDate)],
      ['Until', endDate && date(endDate)],
      ['Pay', pay && `${money(pay)} ${payRate ? '' : plain(incomeUnit).toLowerCase()}, ${plain(payFrequency).toLowerCase()}`.replace(' ,', ',')],
      ['Source', dataSource(employment.dataSource)],
      ['Worked out, not read', derivedFields.length > 0 && derivedFields.map((/** @type {string} */ field) => plain(field).toLowerCase()).join(', ')],
    ], 'facts-row'),
    nodes.length === 0
      ? h('p', { class: 'note' }, 'No pay statements.')
      : h('table', { role: 'table', class: 'stacks statements' },
        h('caption', {}, nodes.length < totalCount ? `The newest ${nodes.length} of ${count(totalCount, 'pay statement')}` : count(totalCount, 'pay statement'), fresh > 0 && `, ${fresh} new since last time`),
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ['Pay date', 'Period', 'Gross', 'Net', 'Hours', 'Gross this year', 'New'].map((name, place) =>
          h('th', { role: 'columnheader', scope: 'col', class: place > 1 && place < 6 ? 'amount' : null }, name)))),
        h('tbody', { role: 'rowgroup' }, nodes.map(statement))));
}

/** @param {any} statement */
function statement({ id, payDate, periodStart, periodEnd, grossPay, netPay, grossPayYtd, hours, isNewSinceBaseline }) {
  const cell = (/** @type {string} */ name, /** @type {import('./dom.js').Child} */ content, /** @type {string | null} */ kind = null) =>
    h('td', { role: 'cell', 'data-label': name, class: kind }, content);
  return h('tr', { role: 'row', 'data-key': `statement-${id}`, class: isNewSinceBaseline ? 'is-new' : null },
    h('th', { role: 'rowheader', scope: 'row', 'data-label': 'Pay date' }, date(payDate)),
    cell('Period', periodStart || periodEnd ? `${dateInYear(periodStart)} – ${dateInYear(periodEnd)}` : '–'),
    cell('Gross', money(grossPay), 'amount'),
    cell('Net', money(netPay), 'amount'),
    cell('Hours', hours ?? '–', 'amount'),
    cell('Gross this year', money(grossPayYtd), 'amount'),
    cell('New', isNewSinceBaseline && h('span', { class: 'badge badge-new' }, 'New since last time')));
}
