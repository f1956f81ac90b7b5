// Above the table: how many cases stand where, and which of them are looked at.

import { button, h, icon } from './dom.js';
import { number } from './format.js';
import { hrefWith, SORTS } from './queue-view.js';
import { CASE_STATUSES, caseStatus, OPEN_STATUSES, program, PROGRAMS } from './words.js';

/** The counts; each leads to its cases. @param {import('./queue-view.js').View} view @param {{ status: string, count: number, overdue: number }[]} counts */
export function tiles(view, counts) {
  const of = (/** @type {string} */ status) => counts.find((found) => found.status === status) ?? { count: 0, overdue: 0 };
  const sum = (/** @type {'count' | 'overdue'} */ what) => OPEN_STATUSES.reduce((total, status) => total + of(status)[what], 0);
  const tile = (/** @type {string | null} */ status, /** @type {string} */ text, /** @type {any} */ picture, /** @type {number} */ count, /** @type {number} */ overdue) =>
    h('li', {}, h('a', { href: hrefWith(view, { status }), class: 'tile', 'aria-current': view.status === status && 'true', 'data-key': `tile-${status}` },
      h('span', { class: 'tile-count' }, number(count)),
      h('span', { class: 'tile-text' }, picture, text),
      h('span', { class: 'tile-note' }, overdue > 0 && `${number(overdue)} overdue`)));
  return h('ul', { class: 'tiles', 'aria-label': 'Cases by status' },
    tile(null, 'All open', null, sum('count'), sum('overdue')),
    CASE_STATUSES.map((status) => {
      const { text, icon: picture, tone } = caseStatus(status);
      return tile(status, text, h('span', { class: `spot tone-${tone}` }, icon(picture)), of(status).count, of(status).overdue);
    }));
}

/** @param {import('./queue-view.js').View} view @param {boolean} hasCaseload */
export function filters(view, hasCaseload) {
  const quick = (/** @type {string} */ text, /** @type {'due' | 'who'} */ field, /** @type {string} */ value) => {
    const isOn = view[field] === value;
    const href = hrefWith(view, { [field]: isOn ? null : value });
    return h('li', {}, h('a', { class: 'chip', href, 'aria-current': isOn && 'true', 'data-key': `quick-${value}` }, isOn && icon('check'), text));
  };
  const option = (/** @type {string} */ value, /** @type {string} */ text, /** @type {string | null} */ chosen) =>
    h('option', { value, selected: value === (chosen ?? '') }, text);
  return h('div', { class: 'filters' },
    h('ul', { class: 'chips', 'aria-label': 'Quick filters' },
      quick('Overdue', 'due', 'overdue'),
      quick('Due in 7 days', 'due', 'week'),
      hasCaseload && quick('My cases', 'who', 'me'),
      quick('Unassigned', 'who', 'nobody')),
    h('form', { class: 'search', role: 'search', 'data-act': 'search' },
      h('div', {}, h('label', { for: 'search', class: 'label' }, 'Case number or last name'),
        h('div', { class: 'joined' },
          h('input', { id: 'search', name: 'search', type: 'search', class: 'input', maxlength: 100, value: view.search ?? '', autocomplete: 'off' }),
          h('button', { type: 'submit', class: 'button', 'data-key': 'search-go' }, icon('search'), h('span', {}, 'Search')))),
      h('div', {}, h('label', { for: 'program', class: 'label' }, 'Program'),
        h('select', { id: 'program', class: 'input' }, option('', 'All programs', view.program), PROGRAMS.map((word) => option(word, program(word), view.program)))),
      h('div', {}, h('label', { for: 'sort', class: 'label' }, 'Order'),
        h('select', { id: 'sort', class: 'input' }, SORTS.map(([value, text]) => option(value, text, view.sort))))),
  );
}

/** How many changes are not shown because they would move the rows, and the button that shows them. @param {number} updates */
export function updates(updates) {
  const text = updates === 0 ? 'Up to date' : `${updates} ${updates === 1 ? 'update' : 'updates'}: show`;
  return button('show-updates', [icon(updates === 0 ? 'check' : 'refresh'), text],
    { class: `button button-small ${updates === 0 ? 'button-quiet' : ''}`, 'data-key': 'updates', 'aria-disabled': updates === 0 && 'true' });
}

/** @param {import('./queue-view.js').View} view @param {any} pageInfo */
export function pager(view, pageInfo) {
  const link = (/** @type {string} */ text, /** @type {boolean} */ isThere, /** @type {object} */ to) =>
    isThere ? h('a', { class: 'button button-outline button-small', href: hrefWith(view, to), 'data-key': `page-${text}` }, text) : null;
  return (pageInfo.hasPreviousPage || pageInfo.hasNextPage) && h('nav', { class: 'pager', 'aria-label': 'Pages', 'data-key': 'pager' },
    link('Previous page', pageInfo.hasPreviousPage, { before: pageInfo.startCursor }),
    link('Next page', pageInfo.hasNextPage, { after: pageInfo.endCursor }));
}
