// One case: the next step, the review, the decision; beside them its connections and its history.

import { ask, change, onceKey, Refused } from './api.js';
import { connections, history } from './connections.js';
import { contact } from './contact.js';
import { decisionForm, heldChanges } from './decision.js';
import { alert, button, facts, h } from './dom.js';
import { date } from './format.js';
import { keepsFocus, morphChildren } from './morph.js';
import { nextStep } from './next-step.js';
import { due, tag } from './queue-table.js';
import { evidence } from './evidence.js';
import { review } from './review.js';
import { caseHref } from './route.js';
import { statements } from './statements.js';
import * as words from './words.js';

/** @param {import('./main.js').App} app @param {string} id @returns {import('./main.js').Screen} */
export function caseScreen(app, id) {
  const element = h('section', { class: 'case-screen' }, h('h1', { tabindex: '-1' }, 'Case'), h('p', { class: 'loading' }, 'Reading the case…'));
  /** @type {any} */
  let found;
  /** @type {any} what is shown of the review, with the version of the case that it was read at */
  let shown;
  /** @type {any} a newer one that waits, because somebody is deciding on the one that is shown */
  let waiting;
  let heldCount = 0;
  /** @type {any} */
  let preview;
  /** @type {string | undefined} */
  let noReview;
  /** @type {{ isAsked: boolean, fault?: string }} */
  let standing = { isAsked: false };
  /** @type {{ isSending: boolean, fault?: string }} */
  let deciding = { isSending: false };
  let isReading = false;
  let isStale = false;
  let isHeld = false;
  let key = onceKey();

  async function load() {
    const [general, income] = await Promise.all([ask('PortalCase', { id }), ask('PortalReview', { id })]);
    if (!general.data.case) throw new Refused('NOT_FOUND', 'There is no such case, or it is not in your sight.');
    const isCaseNew = found?.version !== general.data.case.version;
    found = general.data.case;
    noReview = income.withheld.some(({ scope }) => scope === 'reports:read') ? words.missing('reports:read') : undefined;
    takeReview(income.data.case);
    if (isCaseNew && ['DUE', 'NOT_DUE'].includes(found.status)) preview = (await ask('PortalPreview', { caseId: id })).data.refreshPreview;
    draw();
  }

  /** @param {any} read */
  function takeReview(read) {
    if (!read) return;
    const isSame = shown && JSON.stringify(shown.review) === JSON.stringify(read.review);
    if (shown && !isSame && isDeciding()) {
      waiting = read;
      heldCount += 1;
      return;
    }
    // The decision is about what is on the screen: a version that changed nothing of it may be decided on as well.
    shown = read;
    waiting = undefined;
    heldCount = 0;
  }

  /** Whether somebody has begun to fill in the form, or reads the review with the focus in it. */
  function isDeciding() {
    const form = element.querySelector('form[data-act="decide"]');
    if (!(form instanceof HTMLFormElement)) return false;
    const data = new FormData(form);
    return form.contains(document.activeElement) || data.has('decision') || data.get('note') !== '';
  }

  function draw() {
    const region = element.querySelector('[data-key="next-step"]');
    const step = nextStep(found, preview, standing);
    // A button that somebody has reached is not taken away: what replaces it waits until the focus has moved on.
    const keepsStep = region && !keepsFocus(region, step);
    isHeld = Boolean(keepsStep);
    const next = h('section', {},
      h('nav', { class: 'crumbs', 'aria-label': 'Breadcrumbs', 'data-key': 'crumbs' }, h('a', { href: '#/', 'data-key': 'crumb' }, 'Queue'), h('span', {}, `Case ${found.number}`)),
      head(),
      views(id, 'case'),
      h('div', { class: 'columns', 'data-key': 'columns' },
        h('div', { class: 'column-main' },
          keepsStep ? h('section', { 'data-key': 'next-step' }) : step,
          heldChanges(heldCount),
          noReview ? alert('info', 'Income and pay data are not shown.', h('p', {}, noReview)) : review(shown?.review),
          shown?.review && evidence(shown.review),
          decision(),
          shown?.review && statements(shown.review.current.employments)),
        h('div', { class: 'column-side' },
          h('section', { 'data-key': 'client', 'aria-labelledby': 'client-heading' }, h('h2', { id: 'client-heading' }, 'Client'),
            facts([['E-mail', found.client.email], ['Phone', found.client.phone], ['SSN', found.client.ssnLast4 && `ends in ${found.client.ssnLast4}`], ['Agency’s number', found.client.externalUserId]], 'facts-small')),
          connections(found.employerLinks),
          history(found.events.nodes, eventWords))));
    if (keepsStep) next.querySelector('[data-key="next-step"]')?.replaceWith(region.cloneNode(true));
    morphChildren(element, next);
  }

  /** A form that somebody is filling in stays, even when the case is not to be decided any more. */
  function decision() {
    const form = decisionForm(found.viewerCan.completeReview, deciding);
    return form ?? (isDeciding() ? decisionForm(true, { isSending: false, fault: 'There is nothing to decide any more: the case has changed meanwhile.' }) : null);
  }

  function head() {
    const isMine = app.viewer.caseworker && found.assignee?.id === app.viewer.caseworker.id;
    const canTake = app.viewer.caseworker && found.viewerCan.assign && !isMine;
    return h('header', { class: 'case-head', 'data-key': 'head' },
      h('div', { class: 'title' }, h('h1', { tabindex: '-1' }, found.client.displayName), tag(words.caseStatus(found.status))),
      facts([
        ['Case', found.number],
        ['Program', words.program(found.program)],
        ['Due', due(found)],
        ['Next step', `${words.nextAction(found.nextAction)}${found.nextActor ? ` (${words.actor(found.nextActor).toLowerCase()})` : ''}`],
        ['Assignee', [found.assignee?.displayName ?? 'Nobody', canTake && button('take', 'Take this case', { class: 'button button-quiet button-small', 'data-key': 'take' })]],
        ['Last decision', lastDecision()],
      ], 'facts-row'));
  }

  function lastDecision() {
    const decided = found.renewals.nodes.filter((/** @type {any} */ renewal) => renewal.decidedAt).at(-1);
    return decided && `${words.decision(decided.decision)}, ${date(decided.decidedAt.slice(0, 10))}`;
  }

  /** Reads the case again; what comes while it is being read is read once more after that. */
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

  async function refresh() {
    standing = { isAsked: true, fault: undefined };
    draw();
    try {
      await change('PortalRefresh', 'createRefreshOrder', { caseId: id, purpose: 'RENEWAL', idempotencyKey: key });
      key = onceKey();
      standing.isAsked = false;
      app.say('New data was asked for.');
      element.querySelector('h1')?.focus();
      await readAgain();
    } catch (error) {
      if (error.code !== 'OFFLINE') key = onceKey();
      standing = { isAsked: false, fault: error.message };
      draw();
    }
  }

  /** @param {HTMLFormElement} form */
  async function decide(form) {
    const data = new FormData(form);
    const decision = data.get('decision');
    if (!decision) {
      deciding = { isSending: false, fault: 'Choose one of the four.' };
      draw();
      return /** @type {HTMLElement | null} */ (form.querySelector('[name="decision"]'))?.focus();
    }
    deciding = { isSending: true, fault: undefined };
    draw();
    try {
      const input = { caseId: id, decision, note: data.get('note') || null, expectedVersion: shown.version };
      const payload = await change('PortalDecide', 'completeReview', input);
      deciding = { isSending: false, fault: undefined };
      form.reset();
      const next = decision === 'NEEDS_DOCUMENTS' ? '' : ` The next due date is ${date(payload.case.dueOn)}.`;
      app.say(`Recorded: ${words.decision(String(decision)).toLowerCase()}.${next}`);
      element.querySelector('h1')?.focus();
      await readAgain();
    } catch (error) {
      const isOlder = error.code === 'CONFLICT';
      deciding = { isSending: false, fault: isOlder ? 'The case has changed meanwhile. Look at the data again, then decide.' : error.message };
      if (isOlder) await readAgain();
      draw();
    }
  }

  async function take() {
    try {
      await change('PortalAssign', 'assignCase', { caseId: id, assigneeId: app.viewer.caseworker.id, expectedVersion: found.version });
      app.say('The case is yours.');
      element.querySelector('h1')?.focus();
      await readAgain();
    } catch (error) {
      app.say(error.message);
    }
  }

  // Where the focus goes to is known only after it has gone.
  element.addEventListener('focusout', () => isHeld && setTimeout(draw));

  return {
    key: `case-${id}`,
    element,
    load,
    show({ events, again }) {
      if (again || events.some((event) => event.case.id === id)) void readAgain();
    },
    acts: {
      refresh: () => void refresh(),
      contact: () => void contact(id, () => {
        element.querySelector('h1')?.focus();
        void readAgain();
      }, app).catch((error) => app.say(error.message)),
      take: () => void take(),
      decide: (form) => void decide(/** @type {HTMLFormElement} */ (form)),
      async 'copy-link'() {
        const input = /** @type {HTMLInputElement} */ (element.querySelector('#link'));
        input.select();
        await navigator.clipboard?.writeText(input.value).then(() => app.say('The link is copied.'), () => app.say('The link is selected: copy it with the keyboard.'));
      },
      'show-held'() {
        if (waiting) shown = waiting;
        waiting = undefined;
        heldCount = 0;
        draw();
        /** @type {HTMLElement | null} */ (element.querySelector('#review-heading'))?.focus();
      },
    },
  };
}

/** The two views of a case. @param {string} id @param {'case' | 'lineage'} here */
export function views(id, here) {
  const link = (/** @type {string} */ text, /** @type {'case' | 'lineage'} */ view) =>
    h('a', { href: caseHref(id, view === 'lineage' ? view : undefined), 'aria-current': here === view && 'page', 'data-key': `view-${view}` }, text);
  return h('nav', { class: 'views', 'aria-label': 'Views of the case', 'data-key': 'views' }, link('Case and review', 'case'), link('Lineage', 'lineage'));
}

/** @param {any} event */
function eventWords({ kind, previousStatus }) {
  return previousStatus ? `${words.eventKind(kind)}, was ${words.caseStatus(previousStatus).text.toLowerCase()}` : words.eventKind(kind);
}
