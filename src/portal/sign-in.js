// Signing in with a token: at the start, when it has ended, and before it ends.

import { alert, h } from './dom.js';
import { read } from './session.js';

/** @param {string} name */
function form(name) {
  return h('form', { class: 'sign-in', 'data-act': 'sign-in', novalidate: true },
    h('label', { for: `${name}-token`, class: 'label' }, 'Access token'),
    h('p', { class: 'hint', id: `${name}-hint` },
      'From your identity provider. A demonstration prints ready tokens, and links that bring one along.'),
    h('input', { id: `${name}-token`, name: 'token', type: 'password', class: 'input', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': `${name}-hint ${name}-fault`, required: true }),
    h('p', { id: `${name}-fault`, class: 'fault', 'data-fault': '' }),
    h('button', { class: 'button', type: 'submit' }, 'Sign in'),
    h('p', { class: 'hint' }, 'The token stays in this tab and is forgotten when the tab is closed.'),
  );
}

/** The first screen. */
export function signInScreen() {
  return h('section', { class: 'narrow' }, h('h1', { tabindex: '-1' }, 'Sign in'), form('first'));
}

/** Asks for a new token in front of the screen that is open, which stays as it is. @param {string} heading @param {string} text */
export function askAgain(heading, text) {
  const open = document.querySelector('dialog.again');
  if (open) return;
  const dialog = h('dialog', { class: 'dialog again', 'aria-labelledby': 'again-heading' },
    h('h2', { id: 'again-heading' }, heading), h('p', {}, text), form('again'));
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  /** @type {HTMLDialogElement} */ (dialog).showModal();
}

/** A notice that the token will end soon. @param {string} at the time of day */
export function endsSoon(at) {
  return alert('warning', `Your sign-in ends at ${at}.`,
    h('button', { type: 'button', class: 'button button-small', 'data-act': 'sign-in-again' }, 'Sign in again'));
}

/** The session of a form that was sent; says what is wrong with it otherwise. @param {HTMLFormElement} sent */
export function sessionOf(sent) {
  const input = /** @type {HTMLInputElement} */ (sent.elements.namedItem('token'));
  const session = read(input.value);
  const isOver = session?.expiresAt != null && session.expiresAt < Date.now();
  if (session && !isOver) return session;
  fault(sent, session ? 'This token has expired. Ask for a new one.' : 'This is no token: it has three parts with dots between them.');
  return undefined;
}

/** @param {HTMLFormElement} sent @param {string} text */
export function fault(sent, text) {
  const place = /** @type {HTMLElement} */ (sent.querySelector('[data-fault]'));
  place.textContent = text;
  const input = /** @type {HTMLInputElement} */ (sent.elements.namedItem('token'));
  input.setAttribute('aria-invalid', 'true');
  input.focus();
}
