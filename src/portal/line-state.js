// Whether the page is live, in words with a picture, and the control that pauses it.

import { button, h, icon } from './dom.js';
import { count } from './format.js';
import { morphChildren } from './morph.js';

/** @type {Record<import('./live.js').LineState, [string, string]>} */
const WORDS = {
  connecting: ['Connecting', 'refresh'],
  live: ['Live', 'live'],
  reconnecting: ['Reconnecting', 'refresh'],
  expired: ['Signed out', 'lock'],
  refused: ['Not live', 'lock'],
  closed: ['Not live', 'lock'],
};

/** @param {HTMLElement} place @param {import('./live.js').LineState} state @param {boolean} isPaused @param {number} held */
export function showLine(place, state, isPaused, held) {
  const isUp = state === 'live';
  const [text, picture] = isUp && isPaused ? ['Paused', 'pause'] : WORDS[state];
  const next = h('div', {},
    h('span', { class: `live live-${isUp && isPaused ? 'paused' : state}` }, icon(picture), h('strong', {}, text)),
    button('pause', [icon(isPaused ? 'play' : 'pause'), isPaused ? 'Resume updates' : 'Pause updates'],
      { class: 'button button-quiet', 'data-key': 'pause' }),
    state === 'expired' && button('sign-in-again', 'Sign in again', { class: 'button button-small', 'data-key': 'sign-in-again' }),
    isPaused && h('span', { class: 'held' }, held === 0 ? 'Nothing has changed since.' : `${count(held, 'case')} changed since.`),
  );
  morphChildren(place, next);
}
