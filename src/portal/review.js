// The review: what the newest report says beside what the last decision was based on, material changes first.

import { alert, h, icon } from './dom.js';
import { count, date, money, moment } from './format.js';
import { dataSource, decision as decisionWords } from './words.js';

const MONEY = ['MONTHLY_INCOME', 'PAY_RATE'];
const DAYS = ['LAST_PAY_DATE', 'START_DATE', 'END_DATE'];

/** Lines that say everything in their cells; the others have a sentence as well. */
const PLAIN = ['EMPLOYER', 'EMPLOYMENT_STATUS', 'PAY_FREQUENCY', 'HOURS', ...MONEY, ...DAYS];

/** @param {{ key: string }} field @param {string | null} value */
function shown({ key }, value) {
  if (value === null) return h('span', { class: 'note' }, 'none');
  if (MONEY.includes(key)) return money(value);
  return DAYS.includes(key) && /^\d{4}-\d{2}-\d{2}$/.test(value) ? date(value) : value;
}

/** The change in words, with a picture beside them. @param {any} field */
export function changeWords({ key, change, percentChange }) {
  const isDay = DAYS.includes(key);
  const percent = percentChange === null ? '' : ` ${percentChange.replace(/^-/, '').replace(/\.0+$/, '')}%`;
  switch (change) {
    case 'UNCHANGED': return ['Same', 'minus'];
    case 'ADDED': return ['New', 'plus'];
    case 'REMOVED': return ['Gone', 'minus'];
    case 'INCREASED': return [isDay ? 'Later' : `Up${percent}`, 'up'];
    case 'DECREASED': return [isDay ? 'Earlier' : `Down${percent}`, 'down'];
    default: return ['Changed', 'swap'];
  }
}

/** @param {any} field @param {boolean} isFirst without a report before there is nothing to compare with */
function line(field, isFirst) {
  const cell = (/** @type {string} */ name, /** @type {import('./dom.js').Child[]} */ ...content) => h('td', { role: 'cell', 'data-label': name }, content);
  const [words, picture] = changeWords(field);
  const key = `field-${field.key}-${field.employmentKey ?? ''}`;
  return h('tr', { role: 'row', 'data-key': key, class: field.isMaterial ? 'is-material' : null },
    h('th', { role: 'rowheader', scope: 'row' }, field.label, !PLAIN.includes(field.key) && h('span', { class: 'note' }, field.sentence)),
    !isFirst && cell('Before', shown(field, field.previousValue)),
    cell('Now', h('strong', {}, shown(field, field.value)),
      field.edit && h('span', { class: 'note' }, `corrected to ${field.edit.value}: ${field.edit.reason}`)),
    !isFirst && cell('Change', h('span', { class: `change change-${field.change.toLowerCase()}` }, icon(picture), words), field.isMaterial && h('span', { class: 'badge' }, 'Material')),
    cell('Source', h('span', { class: 'source' }, dataSource(field.source)), field.isWeak && h('span', { class: 'note' }, 'weak evidence')));
}

/** @param {string} caption @param {any[]} fields @param {boolean} isFirst */
function lines(caption, fields, isFirst) {
  const columns = isFirst ? ['Fact', 'Now', 'Source'] : ['Fact', 'Before', 'Now', 'Change', 'Source'];
  return h('table', { role: 'table', class: 'stacks review' },
    h('caption', {}, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map((name) => h('th', { role: 'columnheader', scope: 'col' }, name)))),
    h('tbody', { role: 'rowgroup' }, fields.map((field) => line(field, isFirst))));
}

/** @param {any} review null until a report has come */
export function review(review) {
  const section = (/** @type {import('./dom.js').Child[]} */ ...body) =>
    h('section', { 'data-key': 'review', 'aria-labelledby': 'review-heading' }, h('h2', { id: 'review-heading', tabindex: '-1' }, 'What changed'), body);
  if (!review) return section(h('p', { class: 'note' }, 'There is nothing to review until a report has come.'));
  const { fields, changes, baseline, current, preparedAt, decision } = review;
  const material = changes.filter((/** @type {any} */ field) => field.isMaterial);
  const minor = changes.filter((/** @type {any} */ field) => !field.isMaterial);
  const same = fields.filter((/** @type {any} */ field) => field.change === 'UNCHANGED');
  const age = `Report of ${moment(current.generatedAt)}${baseline ? `, compared with the one of ${moment(baseline.generatedAt)}` : ''}; prepared ${moment(preparedAt)}.`;
  return section(
    h('div', { class: 'sum' },
      h('p', { class: 'figure' }, h('span', { class: 'figure-label' }, 'Monthly income'), h('span', { class: 'figure-value' }, money(current.monthlyIncome)), before(fields)),
      h('p', { class: 'note' }, age)),
    decision && alert('info', `Decided: ${decisionWords(decision)}.`),
    !baseline && alert('info', 'This is the first report: there is nothing to compare it with.'),
    baseline && changes.length === 0 && alert('success', 'Nothing has changed since the last decision.'),
    material.length > 0 && lines(`Material changes (${material.length})`, material, false),
    minor.length > 0 && lines(`Other changes (${minor.length})`, minor, false),
    same.length > 0 && h('details', { 'data-key': 'unchanged', open: !baseline },
      h('summary', { 'data-key': 'unchanged-summary' }, baseline ? count(same.length, 'fact that is the same', 'facts that are the same') : count(same.length, 'fact')),
      lines(baseline ? 'The same as before' : 'Facts', same, !baseline)));
}

/** @param {any[]} fields */
function before(fields) {
  const whole = fields.find((field) => field.key === 'MONTHLY_INCOME' && field.employmentKey === null);
  if (!whole || whole.previousValue === null) return null;
  const [words, picture] = changeWords(whole);
  return h('span', { class: `change change-${whole.change.toLowerCase()}` }, icon(picture), `${words}${whole.change === 'UNCHANGED' ? ' as before' : ` from ${money(whole.previousValue)}`}`);
}
