// Renewal batches: those that there are, a dry run, and the form that starts one.

import { ask, change, onceKey } from './api.js';
import { facts, h, time } from './dom.js';
import { count, moment, number, today } from './format.js';
import { morphChildren } from './morph.js';
import { planned } from './plan.js';
import { tag } from './queue-table.js';
import { batchHref, go } from './route.js';
import { batchStatus, program, PROGRAMS } from './words.js';

/** @param {import('./main.js').App} app @returns {import('./main.js').Screen} */
export function batchList(app) {
  const element = h('section', {}, h('h1', { tabindex: '-1' }, 'Renewal batches'), h('p', { class: 'loading' }, 'Reading the batches…'));
  /** @type {any} */
  let list;
  /** @type {any} */
  let plan;
  /** @type {string | undefined} */
  let fault;
  let isBusy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again;
  const key = onceKey();

  async function load() {
    list = (await ask('PortalBatches', { first: 25 })).data.renewalBatches;
    draw();
  }

  function draw() {
    morphChildren(element, h('section', {},
      h('h1', { tabindex: '-1' }, 'Renewal batches'),
      form(),
      plan && planned(plan),
      h('h2', { 'data-key': 'list' }, count(list.totalCount, 'batch', 'batches')),
      list.nodes.length === 0 ? h('p', { class: 'empty' }, 'None has been started.') : h('ul', { class: 'plain cards' }, list.nodes.map(card))));
  }

  function form() {
    const field = (/** @type {string} */ name, /** @type {string} */ label, /** @type {HTMLElement} */ input) => h('div', {}, h('label', { for: name, class: 'label' }, label), input);
    return h('form', { class: 'panel panel-calm batch-form', 'data-act': 'start-batch', 'data-key': 'form', novalidate: true },
      h('h2', {}, 'A new batch'),
      h('p', { class: 'hint' }, 'Refreshes every case whose renewal is open, each once. Cases at work, with the client or ready for review are left out.'),
      h('div', { class: 'fields' },
        field('batch-from', 'Due from', h('input', { id: 'batch-from', name: 'from', type: 'date', class: 'input' })),
        field('batch-to', 'Due until', h('input', { id: 'batch-to', name: 'to', type: 'date', class: 'input', value: today(30) })),
        field('batch-program', 'Program', h('select', { id: 'batch-program', name: 'program', class: 'input' }, h('option', { value: '' }, 'All programs'), PROGRAMS.map((word) => h('option', { value: word }, program(word))))),
        field('batch-most', 'Most cases', h('input', { id: 'batch-most', name: 'most', type: 'number', min: 1, class: 'input', placeholder: 'all' }))),
      field('batch-name', 'Name', h('input', { id: 'batch-name', name: 'name', type: 'text', maxlength: 200, class: 'input', value: `Renewals of ${today()}` })),
      h('div', { class: 'choice' },
        h('input', { type: 'checkbox', id: 'batch-links', name: 'links', disabled: !app.can('clients:contact') }),
        h('label', { for: 'batch-links' }, 'Send clients who must log in again a link at once')),
      fault && h('p', { class: 'fault', role: 'alert' }, fault),
      h('div', { class: 'buttons' },
        h('button', { type: 'submit', name: 'do', value: 'plan', class: 'button button-outline', 'data-key': 'plan', 'aria-disabled': isBusy && 'true' }, 'Dry run'),
        h('button', { type: 'submit', name: 'do', value: 'start', class: 'button', 'data-key': 'start', 'aria-disabled': isBusy && 'true' }, 'Start batch')));
  }

  /** @param {any} batch */
  function card(batch) {
    const { id, name, status, progress, createdAt, requestedBy, finishedAt } = batch;
    const done = progress.total - progress.queued - progress.running;
    return h('li', { class: 'card', 'data-key': `batch-${id}` },
      h('h3', {}, h('a', { href: batchHref(id), 'data-key': `open-${id}` }, name)),
      h('p', {}, tag(batchStatus(status))),
      h('progress', { max: Math.max(1, progress.total), value: done, 'aria-label': `Progress of ${name}` }),
      facts([
        ['Outcomes', `${number(done)} of ${count(progress.total, 'case')}`],
        ['New data', number(progress.succeeded)],
        ['Need a link', number(progress.needsLink)],
        ['Failed', number(progress.failed)],
        ['Started', [time(createdAt, moment(createdAt)), ` by ${requestedBy}`]],
        ['Finished', finishedAt && time(finishedAt, moment(finishedAt))],
      ], 'facts-small'));
  }

  /** @param {HTMLFormElement} sent @param {Event} event */
  async function submit(sent, event) {
    const data = new FormData(sent);
    const given = (/** @type {string} */ name) => data.get(name)?.toString().trim() || null;
    const wanted = /** @type {SubmitEvent} */ (event).submitter?.getAttribute('value');
    const window = { ...(given('from') && { from: given('from') }), ...(given('to') && { to: given('to') }) };
    if (isBusy) return;
    isBusy = true;
    fault = undefined;
    draw();
    try {
      if (wanted === 'plan') {
        plan = (await ask('PortalPlan', { window, ...(given('program') && { program: [given('program')] }) })).data.planRenewals;
        const bound = given('most') ? ` A batch takes ${given('most')} of them at most, the earliest due date first.` : '';
        app.say(`Dry run: ${count(plan.caseCount, 'case')}, ${count(plan.billableLinks, 'connection')} to be billed.${bound}`);
      } else {
        const most = given('most');
        const input = {
          name: given('name') ?? `Renewals of ${today()}`,
          filter: { ...(Object.keys(window).length > 0 && { due: window }), ...(given('program') && { program: [given('program')] }) },
          ...(most && { maxCases: Number(most) }),
          sendLinksOnFailure: data.has('links'),
          idempotencyKey: key,
        };
        const { batch } = await change('PortalStartBatch', 'startRenewalBatch', input);
        app.say(`The batch has begun: ${count(batch.progress.total, 'case')}.`);
        return go(batchHref(batch.id));
      }
    } catch (error) {
      fault = error.message;
    } finally {
      isBusy = false;
      if (element.isConnected) draw();
    }
  }

  return {
    key: 'batches',
    element,
    load,
    show() {
      // Cases that move may belong to a batch that runs.
      again ??= setTimeout(() => {
        again = undefined;
        if (element.isConnected) void load().catch(() => {});
      }, 2_000);
    },
    acts: { 'start-batch': (sent, event) => void submit(/** @type {HTMLFormElement} */ (sent), event) },
    leave: () => clearTimeout(again),
  };
}
