// The dialog that asks how a client is to be reached, and sends the link by which the client logs in again.

import { ask, change, onceKey } from './api.js';
import { h } from './dom.js';

/**
 * @param {string} id the case @param {(found: any) => void} changed called with the case as it is then
 * @param {import('./main.js').App} app
 */
export async function contact(id, changed, app) {
  const { data } = await ask('PortalCase', { id });
  const found = data.case;
  if (!found) return app.say('This case is not in sight any more.');
  const { client, latestOrder } = found;
  const choice = (/** @type {string} */ channel, /** @type {string} */ text, /** @type {boolean} */ isChosen) =>
    h('div', { class: 'choice' },
      h('input', { type: 'radio', name: 'channel', id: `by-${channel}`, value: channel, checked: isChosen }),
      h('label', { for: `by-${channel}` }, text));
  const fault = h('p', { class: 'fault', role: 'alert' });
  const send = h('button', { type: 'submit', class: 'button' }, 'Send link');
  const form = h('form', {},
    h('fieldset', {}, h('legend', {}, 'How does the link reach the client?'),
      client.email && choice('EMAIL', `E-mail to ${client.email}`, true),
      client.phone && choice('SMS', `Text message to ${client.phone}`, !client.email),
      client.email && client.phone && choice('BOTH', 'Both', false),
      choice('NONE', 'No message: I pass the link on myself', !client.email && !client.phone)),
    fault,
    h('div', { class: 'buttons' }, send, h('button', { type: 'button', class: 'button button-outline', value: 'cancel' }, 'Cancel')));
  const dialog = /** @type {HTMLDialogElement} */ (
    h('dialog', { class: 'dialog', 'aria-labelledby': 'contact-heading' },
      h('h2', { id: 'contact-heading' }, `Send ${client.displayName} a link`),
      latestOrder?.failure && h('p', {}, latestOrder.failure.message),
      h('p', { class: 'hint' }, 'With the link the client logs in at the payroll provider again. The case goes on by itself then.'),
      form)
  );
  const key = onceKey();
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  form.querySelector('[value=cancel]')?.addEventListener('click', () => dialog.close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const chosen = String(new FormData(/** @type {HTMLFormElement} */ (form)).get('channel'));
    const channels = chosen === 'BOTH' ? ['EMAIL', 'SMS'] : [chosen];
    send.setAttribute('aria-disabled', 'true');
    fault.textContent = '';
    try {
      const payload = await change('PortalSendLink', 'sendVerificationLink', { caseId: id, channels, idempotencyKey: `${key}-${chosen}` });
      dialog.close();
      app.say(`A link for ${client.displayName} is on its way.`);
      changed(payload.case);
    } catch (error) {
      fault.textContent = error.message;
    } finally {
      send.removeAttribute('aria-disabled');
    }
  });
  dialog.showModal();
}
