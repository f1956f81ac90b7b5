// The client's payroll connections: how well each will last, and how often it may still be refreshed.

import { facts, h, time } from './dom.js';
import { date, moment, when } from './format.js';
import { tag } from './queue-table.js';
import { dataSource, linkHealth } from './words.js';

/** @param {any[]} links */
export function connections(links) {
  const body = links.length === 0
    ? h('p', { class: 'note' }, 'None. The client has not connected an employer, or the earlier orders are being read.')
    : h('ul', { class: 'plain' }, links.map(connection));
  return h('section', { 'data-key': 'connections', 'aria-labelledby': 'connections-heading' }, h('h2', { id: 'connections-heading' }, 'Connections'), body);
}

/** @param {any} link */
function connection({ id, companyName, providerName, dataSource: source, health, connectedAt, lastRefreshedAt, expectedExpiryOn, isSuspicious, allowance }) {
  return h('li', { class: 'card', 'data-key': `link-${id}` },
    h('h3', {}, companyName ?? 'Employer not named'),
    h('p', {}, tag(linkHealth(health))),
    isSuspicious && h('p', { class: 'fault' }, 'Truv has marked this connection as suspicious.'),
    facts([
      ['Source', [dataSource(source), providerName && `, ${providerName}`]],
      ['Connected', connectedAt && time(connectedAt, when(connectedAt))],
      ['Last refreshed', lastRefreshedAt && time(lastRefreshedAt, when(lastRefreshedAt))],
      ['Should last until', expectedExpiryOn && date(expectedExpiryOn)],
      ['Refreshes left', left(allowance)],
    ], 'facts-small'));
}

/** @param {any} allowance */
function left({ limit, remaining, nextAvailableAt }) {
  const words = `${remaining} of ${limit} in 24 hours`;
  return nextAvailableAt ? `${words}; next ${remaining > 0 ? 'one back' : 'possible'} ${moment(nextAvailableAt)}` : words;
}

/** The page's plain list of what happened, newest first; the same thing many times over is one line. @param {any[]} events @param {(event: any) => string} words */
export function history(events, words) {
  /** @type {{ id: string, text: string, occurredAt: string, times: number }[]} */
  const lines = [];
  for (const event of [...events].reverse()) {
    const text = words(event);
    const last = lines.at(-1);
    if (last?.text === text) last.times += 1;
    else lines.push({ id: event.id, text, occurredAt: event.occurredAt, times: 1 });
  }
  return h('section', { 'data-key': 'history', 'aria-labelledby': 'history-heading' },
    h('h2', { id: 'history-heading' }, 'History'),
    events.length === 0
      ? h('p', { class: 'note' }, 'Nothing has happened yet.')
      : h('ol', { class: 'plain timeline', reversed: true }, lines.map(({ id, text, occurredAt, times }) =>
        h('li', { 'data-key': `event-${id}` }, time(occurredAt, moment(occurredAt)), h('span', {}, text, times > 1 && ` (${times} times)`)))));
}
