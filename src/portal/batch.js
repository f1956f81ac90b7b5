// One renewal batch: its progress as it happens, its outcomes, and the controls.

import { ask, change, Refused } from './api.js';
import { csv, download } from './csv.js';
import { button, facts, h, time } from './dom.js';
import { count, moment, number } from './format.js';
import { morphChildren } from './morph.js';
import { figure } from './plan.js';
import { tag } from './queue-table.js';
import { caseHref, href } from './route.js';
import * as words from './words.js';

const PAGE = 25;
/** Milliseconds between two readings of the outcomes while the batch runs. */
const PACE = 2_000;
/** @type {[string, string[]][]} */
const OUTCOMES = [
  ['All', []],
  ['New data', ['SUCCEEDED']],
  ['Need a link', ['NEEDS_LINK', 'LINK_SENT']],
  ['Failed', ['FAILED']],
  ['Left out', ['SKIPPED']],
  ['On their way', ['QUEUED', 'REFRESHING', 'RETRYING']],
];
/** @type {Record<string, [string, string, string]>} operation, field and what is said */
const CONTROLS = {
  'pause-batch': ['PortalPauseBatch', 'pauseRenewalBatch', 'The batch is paused. What is at work goes on.'],
  'resume-batch': ['PortalResumeBatch', 'resumeRenewalBatch', 'The batch goes on.'],
  'cancel-batch': ['PortalCancelBatch', 'cancelRenewalBatch', 'The batch is canceled. What is at work goes on to its end.'],
};

/** @param {import('./main.js').App} app @param {string} id @returns {import('./main.js').Screen} */
export function batch(app, id) {
  const element = h('section', { class: 'batch-screen' }, h('h1', { tabindex: '-1' }, 'Renewal batch'), h('p', { class: 'loading' }, 'Reading the batch…'));
  /** @type {any} */
  let found;
  /** @type {any} */
  let items;
  let outcome = 'All';
  let isCanceling = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again;
  /** @type {(() => void) | undefined} */
  let unfollow;

  const statuses = () => OUTCOMES.find(([name]) => name === outcome)?.[1] ?? [];

  /** @param {import('./route.js').Route} route */
  async function load(route) {
    outcome = route.query.get('outcome') ?? 'All';
    await read(route.query.get('after'));
    unfollow ??= app.live.follow({
      operation: 'PortalProgress',
      variables: () => ({ id }),
      next({ renewalBatchProgress }) {
        if (found && renewalBatchProgress.version < found.version) return;
        found = renewalBatchProgress;
        if (app.isPaused()) return;
        draw();
        // The rows under the reader are read again slower than the figures above them.
        again ??= setTimeout(() => {
          again = undefined;
          if (element.isConnected) void read(after).catch(() => {});
        }, PACE);
      },
    });
  }

  /** @type {string | null} */
  let after = null;

  /** @param {string | null} from */
  async function read(from) {
    after = from;
    const { data } = await ask('PortalBatch', { id, first: PAGE, after, ...(statuses().length > 0 && { status: statuses() }) });
    if (!data.renewalBatch) throw new Refused('NOT_FOUND', 'There is no such batch.');
    ({ items, ...found } = data.renewalBatch);
    draw();
  }

  function draw() {
    if (!items) return;
    const { progress, status } = found;
    const done = progress.total - progress.queued - progress.running;
    const isOpen = ['QUEUED', 'RUNNING', 'PAUSED'].includes(status);
    morphChildren(element, h('section', {},
      h('nav', { class: 'crumbs', 'aria-label': 'Breadcrumbs' }, h('a', { href: '#/batches', 'data-key': 'crumb' }, 'Renewal batches'), h('span', {}, found.name)),
      h('div', { class: 'title', 'data-key': 'title' }, h('h1', { tabindex: '-1' }, found.name), tag(words.batchStatus(status))),
      facts([
        ['Started', [time(found.createdAt, moment(found.createdAt)), ` by ${found.requestedBy}`]],
        ['Finished', found.finishedAt && time(found.finishedAt, moment(found.finishedAt))],
        ['All have had their turn', progress.estimatedFinishAt && `about ${moment(progress.estimatedFinishAt)}`],
        ['Links', found.sendsLinksOnFailure ? 'sent at once' : 'left to the queue'],
      ], 'facts-row'),
      h('section', { 'data-key': 'progress', 'aria-labelledby': 'progress-heading' },
        h('h2', { id: 'progress-heading' }, `${number(done)} of ${count(progress.total, 'case')} have their outcome`),
        h('progress', { max: Math.max(1, progress.total), value: done, 'aria-labelledby': 'progress-heading' }),
        h('ul', { class: 'figures' },
          figure(number(progress.queued), 'wait for their turn'),
          figure(number(progress.running), 'on their way'),
          figure(number(progress.succeeded), 'new data'),
          figure(number(progress.needsLink), 'need a link'),
          figure(number(progress.failed), 'failed'),
          figure(number(progress.skipped), 'left out'))),
      h('div', { class: 'buttons', 'data-key': 'controls' },
        isOpen && button(status === 'PAUSED' ? 'resume-batch' : 'pause-batch', status === 'PAUSED' ? 'Resume batch' : 'Pause batch', { 'data-key': 'hold', class: 'button button-outline' }),
        isOpen && button('cancel-batch', isCanceling ? 'Press again to cancel for good' : 'Cancel batch', { 'data-key': 'cancel', class: 'button button-danger' }),
        button('csv', 'Download outcomes (CSV)', { 'data-key': 'csv', class: 'button button-outline' })),
      outcomes()));
  }

  function outcomes() {
    const chips = OUTCOMES.map(([name]) => h('li', {}, h('a', { class: 'chip', href: here({ outcome: name === 'All' ? null : name }), 'aria-current': name === outcome && 'true', 'data-key': `outcome-${name}` }, name)));
    return h('section', { 'data-key': 'outcomes', 'aria-labelledby': 'outcomes-heading' },
      h('h2', { id: 'outcomes-heading' }, 'Outcomes'),
      h('ul', { class: 'chips', 'aria-label': 'Outcomes to show' }, chips),
      items.nodes.length === 0 ? h('p', { class: 'empty' }, 'No case of this batch stands there.')
        : h('table', { role: 'table', class: 'stacks' },
          h('caption', { class: 'unseen' }, count(items.totalCount, 'case')),
          h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ['Case', 'Client', 'Outcome', 'Why', 'Settled'].map((name) => h('th', { role: 'columnheader', scope: 'col' }, name)))),
          h('tbody', { role: 'rowgroup' }, items.nodes.map(row))),
      (after || items.pageInfo.hasNextPage) && h('nav', { class: 'pager', 'aria-label': 'Pages', 'data-key': 'pager' },
        after && h('a', { class: 'button button-outline button-small', href: here({ outcome: outcome === 'All' ? null : outcome }), 'data-key': 'page-first' }, 'First page'),
        items.pageInfo.hasNextPage && h('a', { class: 'button button-outline button-small', href: here({ outcome: outcome === 'All' ? null : outcome, after: items.pageInfo.endCursor }), 'data-key': 'page-next' }, 'Next page')));
  }

  /** @param {Record<string, string | null>} query */
  const here = (query) => href(`batches/${encodeURIComponent(id)}`, query);

  /** @param {any} item */
  function row({ id: itemId, status, skipReason, case: found, failure, settledAt }) {
    const cell = (/** @type {string} */ name, /** @type {import('./dom.js').Child} */ content) => h('td', { role: 'cell', 'data-label': name }, content);
    return h('tr', { role: 'row', 'data-key': `item-${itemId}` },
      h('th', { role: 'rowheader', scope: 'row', 'data-label': 'Case' }, h('a', { href: caseHref(found.id), class: 'case-number', 'data-key': `open-${itemId}` }, found.number)),
      cell('Client', found.client.displayName),
      cell('Outcome', tag(words.itemStatus(status))),
      cell('Why', words.skipReason(skipReason) || failure?.message || (status === 'NEEDS_LINK' ? 'a connection does not work any more' : '–')),
      cell('Settled', settledAt ? time(settledAt, moment(settledAt)) : '–'));
  }

  /** @param {string} name */
  async function control(name) {
    // Canceling cannot be taken back, so it takes two presses.
    if (name === 'cancel-batch' && !isCanceling) {
      isCanceling = true;
      draw();
      return app.say('Cases that wait would be left out for good. Press once more to cancel the batch.');
    }
    isCanceling = false;
    const [operation, field, said] = CONTROLS[name];
    try {
      const payload = await change(operation, field, { batchId: id });
      found = payload.batch;
      draw();
      app.say(said);
      if (name === 'cancel-batch') element.querySelector('h1')?.focus();
      await read(after);
    } catch (error) {
      app.say(error.message);
    }
  }

  async function save() {
    const rows = [['case', 'client', 'program', 'due', 'outcome', 'reason', 'attempts', 'settled_at']];
    app.say('Reading all outcomes…');
    for (let /** @type {string | null} */ from = null, more = true; more; ) {
      /** @type {any} */
      const { nodes, pageInfo } = (await ask('PortalBatch', { id, first: 100, after: from })).data.renewalBatch.items;
      for (const { case: found, status, skipReason, failure, attempts, settledAt } of nodes) {
        rows.push([found.number, found.client.displayName, found.program, found.dueOn, status, skipReason ?? failure?.reason, attempts, settledAt]);
      }
      ({ hasNextPage: more, endCursor: from } = pageInfo);
    }
    download(`${found.name.replaceAll(/[^\w.-]+/g, '-')}.csv`, csv(rows));
    app.say(`${count(rows.length - 1, 'outcome')} saved.`);
  }

  return {
    key: `batch-${id}`,
    element,
    load,
    show({ again }) {
      if (again) void read(after).catch(() => {});
    },
    resumed: () => void read(after).catch(() => {}),
    acts: {
      'pause-batch': () => void control('pause-batch'),
      'resume-batch': () => void control('resume-batch'),
      'cancel-batch': () => void control('cancel-batch'),
      csv: () => void save().catch((error) => app.say(error.message)),
    },
    leave() {
      unfollow?.();
      clearTimeout(again);
    },
  };
}
