// The panel at the top of a case: what stands in the way, what to do about it, and one button.

import { alert, button, facts, h, icon } from './dom.js';
import { count, money, moment } from './format.js';
import * as words from './words.js';

/** What to do, by the next action of a failure. @type {Record<string, string>} */
const ADVICE = {
  SEND_VERIFICATION_LINK: 'Send the client a link to log in again. The refresh goes on by itself after that.',
  RETRY_LATER: 'Nothing now: Recert tries again by itself. The client need not do anything.',
  RESOLVE_BY_HAND: 'Look at what the provider says. Ask the client for another employer or for documents, or ask for new data again.',
  WAIT: 'Nothing now: the data is on its way.',
};

/** @param {any} found @param {any} preview @param {{ isAsked: boolean, fault?: string }} standing */
export function nextStep(found, preview, { isAsked, fault }) {
  const panel = (/** @type {string} */ tone, /** @type {string} */ heading, /** @type {import('./dom.js').Child[]} */ ...body) =>
    h('section', { class: `panel panel-${tone}`, 'data-key': 'next-step', 'aria-labelledby': 'next-step-heading' },
      h('h2', { id: 'next-step-heading' }, heading), body, fault && h('p', { class: 'fault', role: 'alert' }, fault));
  const refresh = (/** @type {string} */ text) => found.viewerCan.createRefreshOrder &&
    button(isAsked ? 'none' : 'refresh', isAsked ? 'Asking…' : [icon('refresh'), text], { 'data-key': 'step', 'aria-disabled': isAsked && 'true' });
  const send = (/** @type {string} */ text) => found.viewerCan.sendVerificationLink && button('contact', [icon('person'), text], { 'data-key': 'step' });
  const { latestOrder: order } = found;
  const failure = order?.failure;
  switch (found.status) {
    case 'NEEDS_CLIENT':
    case 'NEEDS_CASEWORKER':
    case 'RETRY_SCHEDULED':
      if (failure) {
        const action = failure.nextAction === 'SEND_VERIFICATION_LINK' ? send('Send link')
          : failure.nextAction === 'RETRY_LATER' ? refresh('Try again now')
          : ['NO_DATA', 'NOT_SUPPORTED'].includes(failure.reason) ? send('Send a link for another employer') : refresh('Ask for new data again');
        return panel(found.status === 'RETRY_SCHEDULED' ? 'wait' : 'bad', words.failureReason(failure.reason),
          facts([
            ['Employer', order.employers.length === 1 && order.employers[0].companyName],
            ['Cause', failure.message],
            ['What to do', ADVICE[failure.nextAction] ?? words.nextAction(failure.nextAction)],
            ['Who acts', words.actor(failure.nextActor)],
            ['Next try', failure.retryAt && moment(failure.retryAt)],
          ]), employers(order), action);
      }
      return panel('bad', words.caseStatus(found.status).text, h('p', {}, words.nextAction(found.nextAction)),
        found.nextAction === 'SEND_VERIFICATION_LINK' ? send('Send link') : refresh('Ask for new data again'));
    case 'WAITING_ON_CLIENT':
      return panel('wait', 'The client has a link', link(order?.verificationLink));
    case 'REFRESHING':
      return panel('busy', 'New data is on its way', h('p', {}, 'This page shows it as soon as it is here.'), progress(order));
    case 'DUE':
    case 'NOT_DUE':
      return panel('calm', found.status === 'DUE' ? 'Ask for new data' : 'Not due yet', asked(preview), refresh(found.status === 'DUE' ? 'Refresh' : 'Refresh all the same'));
    case 'READY_FOR_REVIEW':
      return panel('good', 'New data is here', h('p', {}, 'Look at what has changed, then decide.'));
    default:
      return panel('calm', words.caseStatus(found.status).text, h('p', {}, words.nextAction(found.nextAction)));
  }
}

/** Several employers of a failed order, each with its standing; a single one is named with the cause. @param {any} order */
function employers(order) {
  if (!order || order.employers.length < 2) return null;
  return h('ul', { class: 'plain employers' }, order.employers.map((/** @type {any} */ { companyName, status, failure }) =>
    h('li', {}, h('strong', {}, companyName ?? 'Employer not named'), ' ', failure ? words.failureReason(failure.reason) : words.plain(status))));
}

/** How each employer of an order on its way stands. @param {any} order */
function progress(order) {
  if (!order) return null;
  return h('ul', { class: 'plain employers' }, order.employers.map((/** @type {any} */ { companyName, status }) =>
    h('li', {}, h('strong', {}, companyName ?? 'Employer not named'), ' ', words.plain(status))));
}

/** What a refresh would ask, and what stands against it. @param {any} preview */
function asked(preview) {
  if (!preview) return h('p', {}, 'There is no earlier order to refresh. Send the client a link first.');
  const { billableLinks, spending, refusals, isAllowed } = preview;
  if (!isAllowed) return refusals.map((/** @type {any} */ { message, nextAvailableAt }) => h('p', {}, message, nextAvailableAt && ` Next possible: ${moment(nextAvailableAt)}.`));
  const cost = spending && Number(spending.requested) > 0 ? ` It costs ${money(spending.requested)}.` : '';
  return [
    h('p', {}, `Truv is asked for ${count(billableLinks, 'connection')}; the client does nothing.${cost}`),
    spending?.isAboveSoftCap && alert('warning', 'The program’s budget of the month is nearly used up.'),
  ];
}

/** @param {any} found the link for the client; null until Truv has answered */
function link(found) {
  if (!found) return h('p', {}, 'The link is being made.');
  const sent = found.channels.map((/** @type {string} */ channel) => ({ EMAIL: 'by e-mail', SMS: 'by text message' })[channel]).filter(Boolean).join(' and ');
  return [
    h('p', {}, sent ? `Truv has sent it ${sent}. ` : 'Pass it on to the client, and to nobody else. ', found.expiresAt && `It works until ${moment(found.expiresAt)}.`),
    h('div', { class: 'joined' },
      h('label', { for: 'link', class: 'unseen' }, 'Link for the client'),
      h('input', { id: 'link', class: 'input', type: 'text', readonly: true, value: found.url }),
      button('copy-link', 'Copy', { class: 'button button-outline', 'data-key': 'step' })),
  ];
}

