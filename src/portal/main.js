// The portal's start: the session, the line to the gateway, and which screen is open.

import * as api from './api.js';
import { Changes } from './changes.js';
import { alert, button, h } from './dom.js';
import { moment } from './format.js';
import { showLine } from './line-state.js';
import { Live } from './live.js';
import { morphChildren } from './morph.js';
import { queue } from './queue.js';
import * as route from './route.js';
import * as sessions from './session.js';
import { askAgain, endsSoon, fault, sessionOf, signInScreen } from './sign-in.js';
import { StatusLine } from './status-line.js';

/**
 * @typedef {object} Screen
 * @property {string} key two routes with the same key are one screen
 * @property {HTMLElement} element
 * @property {(route: route.Route) => Promise<void>} load reads what the route asks for, and shows it
 * @property {(batch: import('./changes.js').Batch) => void} show what has changed
 * @property {Record<string, (element: HTMLElement, event: Event) => void>} acts
 * @property {() => void} [resumed] what it does beyond showing what was held back
 * @property {() => void} [leave]
 */
/** @typedef {{ viewer: any, live: Live, isPaused: () => boolean, say: (text: string) => void, can: (scope: string) => boolean }} App */

const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [main, menu, who, line, notices] = ['main', 'menu', 'who', 'line', 'notices'].map(at);
const status = new StatusLine(at('status'));

/** @type {sessions.Session | undefined} */
let session = sessions.restore();
/** @type {Screen | undefined} */
let screen;
/** @type {any} */
let viewer;
let held = 0;

const live = new Live({
  token: () => session?.token,
  onState(state) {
    show();
    if (state === 'expired') signedOut();
  },
  onExpiring: (instant) => notices.replaceChildren(endsSoon(moment(instant))),
});
const changes = new Changes(live, {
  show(batch) {
    held = 0;
    show();
    status.sum(batch.events);
    screen?.show(batch);
  },
  held(cases) {
    held = cases;
    show();
  },
  refused(message) {
    live.state = 'refused';
    show();
    status.say(message);
  },
});
/** @type {App} */
const app = {
  get viewer() {
    return viewer;
  },
  live,
  isPaused: () => changes.isPaused,
  say: (text) => status.say(text),
  can: (scope) => viewer.scopes.includes(scope),
};

function show() {
  showLine(at('line-state'), live.state, changes.isPaused, held);
}

function signedOut() {
  if (viewer) askAgain('Your sign-in has ended', 'Sign in again to go on where you are. Nothing that happens meanwhile is lost.');
}

/** Screens behind the first one. They are fetched as soon as that one stands, so that they are there without a gateway too. */
const later = {
  case: () => import('./case.js'),
  lineage: () => import('./lineage.js'),
  batches: () => import('./batches.js'),
  batch: () => import('./batch.js'),
};

/** @param {route.Route} to @returns {Promise<Screen>} */
async function screenOf(to) {
  const [id, part] = to.parts;
  if (to.screen === 'cases' && id && part === 'lineage') return (await later.lineage()).lineage(app, id);
  if (to.screen === 'cases' && id) return (await later.case()).caseScreen(app, id);
  if (to.screen === 'batches') return id ? (await later.batch()).batch(app, id) : (await later.batches()).batchList(app);
  return queue(app);
}

/** @param {boolean} [isFirst] */
async function open(isFirst = false) {
  const to = route.current();
  const next = await screenOf(to);
  if (to.href !== route.current().href) return;
  const isNew = next.key !== screen?.key;
  if (isNew) {
    screen?.leave?.();
    screen = next;
    main.replaceChildren(next.element);
    if (!isFirst) scrollTo(0, 0);
  }
  const opened = /** @type {Screen} */ (screen);
  await opened.load(to).catch((error) => {
    if (opened !== screen || error.name === 'AbortError') return;
    opened.element.replaceChildren(failure(error));
  });
  if (opened !== screen) return;
  const heading = opened.element.querySelector('h1');
  document.title = heading ? `${heading.textContent} · Recert` : 'Recert';
  showMenu(to);
  if (isNew && !isFirst) heading?.focus();
}

/** @param {Error} error */
function failure(error) {
  return h('div', {}, h('h1', { tabindex: '-1' }, 'This could not be shown'), alert('error', error.message), button('again', 'Try again'));
}

/** @param {route.Route} to */
function showMenu(to) {
  const items = [['Queue', '#/', to.screen === 'queue' || to.screen === 'cases']];
  if (app.can('renewals:run')) items.push(['Renewal batches', '#/batches', to.screen === 'batches']);
  const links = items.map(([text, href, isHere]) => h('a', { href: String(href), 'aria-current': isHere && 'page', 'data-key': `menu-${href}` }, String(text)));
  morphChildren(menu, h('nav', {}, links));
  morphChildren(who, h('div', {}, h('span', {}, viewer.displayName), button('sign-out', 'Sign out', { class: 'button button-header', 'data-key': 'sign-out' })));
}

async function start() {
  viewer = (await api.ask('PortalViewer')).data.viewer;
  line.hidden = false;
  live.open();
  changes.start();
  await changes.whenReady();
  await open(true);
  for (const fetched of Object.values(later)) fetched().catch(() => {});
}

function askToSignIn() {
  main.replaceChildren(signInScreen());
  document.title = 'Sign in · Recert';
}

/** @param {HTMLFormElement} form */
async function signIn(form) {
  const given = sessionOf(form);
  if (!given) return;
  const before = session;
  session = given;
  try {
    await api.ask('PortalViewer');
  } catch (error) {
    session = before;
    return fault(form, error.code === 'UNAUTHENTICATED' ? 'The gateway does not accept this token.' : error.message);
  }
  sessions.keep(given);
  if (!viewer) return start();
  // Somebody else sees other things: begin anew.
  if (before?.subject !== given.subject || before?.agency !== given.agency) return location.reload();
  form.closest('dialog')?.close();
  notices.replaceChildren();
  live.renew();
  viewer = (await api.ask('PortalViewer')).data.viewer;
  status.say('Signed in again.');
  await open();
}

/** What can be pressed wherever one is. @type {Screen['acts']} */
const acts = {
  skip: () => main.focus(),
  pause() {
    if (changes.isPaused) {
      changes.resume();
      screen?.resumed?.();
    } else changes.pause();
    show();
  },
  'sign-out'() {
    sessions.forget();
    live.close();
    location.replace(location.pathname);
  },
  'sign-in-again': () => askAgain('Sign in again', 'With a new token this page goes on without a gap.'),
  'sign-in': (form) => void signIn(/** @type {HTMLFormElement} */ (form)),
  again: () => void open(),
};

/** @param {Event} event */
function act(event) {
  const element = /** @type {HTMLElement | null} */ (event.target instanceof Element ? event.target.closest('[data-act]') : null);
  const name = element?.dataset.act;
  if (!element || !name || (element instanceof HTMLFormElement) !== (event.type === 'submit')) return;
  if (event.type === 'submit' || element instanceof HTMLAnchorElement) event.preventDefault();
  if (element.getAttribute('aria-disabled') === 'true') return;
  (screen?.acts[name] ?? acts[name])?.(element, event);
}

document.addEventListener('click', act);
document.addEventListener('submit', act);
addEventListener('hashchange', () => {
  if (location.hash.includes('token=')) location.reload();
  else if (viewer) void open();
});

await api.start({ token: () => session?.token, onSignedOut: signedOut });
if (session) {
  await start().catch((error) => {
    if (error.code !== 'UNAUTHENTICATED') return main.replaceChildren(failure(error));
    sessions.forget();
    askToSignIn();
  });
} else askToSignIn();
document.body.dataset.ready = 'true';
