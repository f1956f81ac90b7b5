// Which part of the queue is looked at: read from the address, asked of the gateway, and compared with what changes.

import { today } from './format.js';
import { href } from './route.js';
import { OPEN_STATUSES } from './words.js';

/**
 * @typedef {object} View
 * @property {string | null} status one status, or null for every open one
 * @property {string | null} due `overdue` or `week`
 * @property {string | null} who `me` or `nobody`
 * @property {string | null} program
 * @property {string | null} search
 * @property {string} sort a column, with a `-` in front for the other direction
 * @property {string | null} after
 * @property {string | null} before
 */

export const PAGE = 25;
export const SORTS = [
  ['DUE_ON', 'Due first'],
  ['-UPDATED_AT', 'Changed last'],
  ['CLIENT_NAME', 'Client, A to Z'],
  ['NUMBER', 'Case number'],
];

/** @param {URLSearchParams} query @returns {View} */
export function viewOf(query) {
  const [status, due, who, program, search, after, before] = ['status', 'due', 'who', 'program', 'search', 'after', 'before'].map((name) => query.get(name));
  return { status, due, who, program, search, sort: query.get('sort') ?? 'DUE_ON', after, before };
}

/** The address of the view with something else in it; its page is then the first one. @param {View} view @param {Partial<View>} other */
export function hrefWith(view, other) {
  const { sort, ...rest } = { ...view, after: null, before: null, ...other };
  return href('', { ...rest, sort: sort === 'DUE_ON' ? null : sort });
}

/** Without the status, as the counts of all of them need it. @param {View} view @param {string | undefined} me */
function filterOfAll(view, me) {
  return {
    ...(view.due === 'overdue' && { due: { to: today(-1) } }),
    ...(view.due === 'week' && { due: { from: today(), to: today(7) } }),
    ...(view.who === 'me' && me && { assigneeId: me }),
    ...(view.who === 'nobody' && { isUnassigned: true }),
    ...(view.program && { program: [view.program] }),
    ...(view.search && { search: view.search }),
  };
}

/** What the view asks of the gateway. @param {View} view @param {string | undefined} me the viewer's id as a caseworker */
export function questions(view, me) {
  const filter = filterOfAll(view, me);
  const [, direction, field] = /^(-?)(.*)$/.exec(view.sort) ?? [];
  const page = view.before ? { last: PAGE, before: view.before } : { first: PAGE, after: view.after };
  return {
    cases: { ...page, filter: { ...filter, status: view.status ? [view.status] : OPEN_STATUSES }, sort: [{ field, direction: direction ? 'DESC' : 'ASC' }] },
    counts: { filter },
  };
}

/**
 * Whether a case as it is now meets the filter. What only the gateway can tell, such as a search, counts as met.
 * @param {View} view @param {any} found @param {string | undefined} me
 */
export function meets(view, found, me) {
  if (view.status ? found.status !== view.status : !OPEN_STATUSES.includes(found.status)) return false;
  const { due, assigneeId, isUnassigned, program } = filterOfAll(view, me);
  if (due?.from && found.dueOn < due.from) return false;
  if (due?.to && found.dueOn > due.to) return false;
  if (assigneeId && found.assignee?.id !== assigneeId) return false;
  if (isUnassigned && found.assignee) return false;
  return !program || program.includes(found.program);
}

/**
 * Whether a case that is not on the page would be if it were read again.
 * @param {View} view @param {any} found @param {{ rows: any[], pageInfo: any }} page @param {string | undefined} me
 */
export function belongs(view, found, { rows, pageInfo }, me) {
  if (view.search || !meets(view, found, me)) return false;
  const key = { DUE_ON: 'dueOn', '-UPDATED_AT': 'updatedAt', NUMBER: 'number' }[view.sort];
  if (!key || rows.length === 0) return !pageInfo.hasNextPage;
  const [first, last, own] = [rows[0][key], rows[rows.length - 1][key], found[key]];
  const isBefore = view.sort === '-UPDATED_AT' ? own > first : own < first;
  const isAfter = view.sort === '-UPDATED_AT' ? own < last : own > last;
  return !(isBefore && pageInfo.hasPreviousPage) && !(isAfter && pageInfo.hasNextPage);
}
