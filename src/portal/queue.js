// The queue. What changes is shown in its row at once; what would move rows, or add and remove them, waits for a press.

import { ask, change, onceKey } from './api.js';
import { contact } from './contact.js';
import { alert, h } from './dom.js';
import { count } from './format.js';
import { morph, morphChildren } from './morph.js';
import { filters, pager, tiles, updates } from './queue-filters.js';
import { actionOf, table, tableRow } from './queue-table.js';
import { belongs, hrefWith, meets, questions, viewOf } from './queue-view.js';
import { caseHref, go } from './route.js';

/** Milliseconds for which a button that has changed under the pointer or the focus does nothing. */
const GUARD = 700;
/** Milliseconds between two counts. */
const COUNT_PACE = 2_000;

/** @param {import('./main.js').App} app @returns {import('./main.js').Screen} */
export function queue(app) {
  const element = h('section', { class: 'queue-screen' }, h('h1', { tabindex: '-1' }, 'Queue'), h('p', { class: 'loading' }, 'Reading the queue…'));
  const me = () => app.viewer.caseworker?.id;
  /** @type {import('./queue-view.js').View} */
  let view;
  /** @type {{ rows: any[], pageInfo: any, total: number } | undefined} */
  let page;
  /** @type {any[]} */
  let counts = [];
  /** @type {Map<string, import('./queue-table.js').Standing>} */
  let standings = new Map();
  /** @type {Set<string>} cases that a new reading would put elsewhere */
  let moved = new Set();
  /** @type {Map<string, number>} when a button got another meaning while it could have been pressed */
  const guarded = new Map();
  /** @type {Map<string, string>} one key for each refresh that somebody wants, however often it is pressed */
  const keys = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let recount;
  /** @type {AbortController | undefined} */
  let reading;

  const standing = (/** @type {string} */ id) => standings.get(id) ?? {};

  /** @param {import('./route.js').Route} route */
  async function load(route) {
    view = viewOf(route.query);
    await read();
  }

  async function read() {
    reading?.abort();
    reading = new AbortController();
    const asked = questions(view, me());
    const [list, counted] = await Promise.all([
      ask('PortalQueue', asked.cases, reading.signal),
      ask('PortalCounts', asked.counts, reading.signal),
    ]);
    const { nodes, pageInfo, totalCount } = list.data.cases;
    page = { rows: nodes.map((/** @type {any} */ node) => ({ ...node, lastKind: node.events.nodes[0]?.kind })), pageInfo, total: totalCount };
    counts = counted.data.caseCounts;
    standings = new Map();
    moved = new Set();
    draw();
  }

  function draw() {
    if (!page) return;
    const { rows, pageInfo, total } = page;
    const isFiltered = view.status || view.due || view.who || view.program || view.search;
    const empty = h('div', { class: 'empty' }, h('p', {}, isFiltered ? 'No case meets these filters.' : 'No case waits for anybody.'),
      isFiltered && h('a', { href: '#/', class: 'button button-outline', 'data-key': 'clear' }, 'Clear filters'));
    morphChildren(element, h('section', {},
      h('h1', { tabindex: '-1' }, 'Queue'),
      tiles(view, counts),
      filters(view, Boolean(me())),
      h('div', { class: 'bar', 'data-key': 'bar' },
        h('h2', { tabindex: '-1', 'data-key': 'list' }, count(total, 'case'), view.search && ` for “${view.search}”`),
        updates(moved.size)),
      rows.length === 0 ? empty : table(rows.map((row) => tableRow(row, standing(row.id))), `Cases, ${count(total, 'case')} in all`, false),
      pager(view, pageInfo)));
  }

  /** Draws one row anew, and what says how many have moved. @param {any} row */
  function drawRow(row) {
    const drawn = element.querySelector(`[data-key="row-${CSS.escape(row.id)}"]`);
    if (!drawn) return;
    const next = tableRow(row, standing(row.id));
    const button = drawn.querySelector('[data-act]');
    const isInReach = drawn.contains(document.activeElement) || drawn.matches(':hover');
    if (isInReach && button?.getAttribute('data-act') !== next.querySelector('[data-act]')?.getAttribute('data-act')) guarded.set(row.id, performance.now() + GUARD);
    morph(drawn, next);
  }

  function drawUpdates() {
    const drawn = element.querySelector('[data-key="updates"]');
    if (drawn) morph(drawn, updates(moved.size));
  }

  /** @param {any} found @param {string} [kind] */
  function take(found, kind) {
    if (!page) return;
    const place = page.rows.findIndex(({ id }) => id === found.id);
    if (place < 0) {
      if (belongs(view, found, page, me())) moved.add(found.id);
      return;
    }
    const before = page.rows[place];
    if (found.version < before.version) return;
    const row = { ...found, lastKind: kind ?? before.lastKind };
    page.rows[place] = row;
    const isElsewhere = !meets(view, row, me());
    if (isElsewhere) moved.add(row.id);
    standings.set(row.id, { isElsewhere, fresh: (standing(row.id).fresh ?? 0) + 1 });
    drawRow(row);
  }

  /** @param {import('./changes.js').Batch} batch */
  function show({ events, again }) {
    if (!page) return;
    if (again) return void read().catch(() => {});
    for (const { case: found, kind } of events) take(found, kind);
    drawUpdates();
    recount ??= setTimeout(() => void countAgain(), COUNT_PACE);
  }

  async function countAgain() {
    const { data } = await ask('PortalCounts', questions(view, me()).counts).catch(() => ({ data: undefined }));
    recount = undefined;
    if (!data || !element.isConnected) return;
    counts = data.caseCounts;
    const drawn = element.querySelector('.tiles');
    if (drawn) morph(drawn, tiles(view, counts));
  }

  /** The case of the row in which something was pressed, unless its button has only just become another one. @param {HTMLElement} pressed */
  function pressedCase(pressed) {
    const id = pressed.closest('tr')?.dataset.case;
    if (!id || performance.now() < (guarded.get(id) ?? 0)) return undefined;
    return page?.rows.find((row) => row.id === id);
  }

  /** @param {HTMLElement} pressed */
  async function refresh(pressed) {
    const row = pressedCase(pressed);
    if (!row || actionOf(row)[0] !== 'refresh') return;
    standings.set(row.id, { ...standing(row.id), isAsked: true, fault: undefined });
    drawRow(row);
    const key = keys.get(row.id) ?? onceKey();
    keys.set(row.id, key);
    try {
      const payload = await change('PortalRefresh', 'createRefreshOrder', { caseId: row.id, purpose: 'RENEWAL', idempotencyKey: key });
      keys.delete(row.id);
      standings.set(row.id, { ...standing(row.id), isAsked: false });
      take(payload.case, 'ORDER_CREATED');
      app.say(`New data was asked for: case ${row.number}, ${row.client.displayName}.${payload.spendingWarning ? ' The program’s budget of the month is nearly used up.' : ''}`);
    } catch (error) {
      // What the gateway has decided is final for this key; what did not reach it may be asked again with the same one.
      if (error.code !== 'OFFLINE') keys.delete(row.id);
      standings.set(row.id, { ...standing(row.id), isAsked: false, fault: error.message });
      drawRow(page?.rows.find(({ id }) => id === row.id) ?? row);
    }
  }

  element.addEventListener('change', ({ target }) => {
    const field = target instanceof HTMLSelectElement ? target : undefined;
    if (field?.id === 'program') go(hrefWith(view, { program: field.value || null }));
    if (field?.id === 'sort') go(hrefWith(view, { sort: field.value }));
  });

  return {
    key: 'queue',
    element,
    load,
    show,
    acts: {
      search: (form) => go(hrefWith(view, { search: new FormData(/** @type {HTMLFormElement} */ (form)).get('search')?.toString().trim() || null })),
      refresh: (pressed) => void refresh(pressed),
      open(pressed) {
        const row = pressedCase(pressed);
        if (row) go(caseHref(row.id));
      },
      contact(pressed) {
        const row = pressedCase(pressed);
        if (row) void contact(row.id, (found) => take(found, 'ORDER_CREATED'), app);
      },
      'show-updates': () =>
        void read().then(
          () => app.say('The list is up to date.'),
          (error) => element.prepend(alert('error', error.message)),
        ),
    },
    leave() {
      clearTimeout(recount);
      reading?.abort();
    },
  };
}
