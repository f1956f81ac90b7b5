// The one line that tells, politely, what has happened: it sums up, and never reads a table out.

import { count } from './format.js';
import { caseStatus } from './words.js';

/** Milliseconds between two sums: a person has to be able to read one, or hear it, before the next one comes. */
const PACE = 4_000;

export class StatusLine {
  /** @type {Map<string, any>} the cases that changed since the last sum */
  #changed = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #saidAt = -PACE;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /** What somebody's own action has led to; said at once. A sum that was about to come waits its time again. @param {string} text */
  say(text) {
    this.#saidAt = performance.now();
    this.element.textContent = text;
    if (this.#timer !== undefined) this.#arm();
  }

  /** @param {import('./changes.js').CaseEvent[]} events */
  sum(events) {
    for (const event of events) this.#changed.set(event.case.id, event.case);
    if (this.#changed.size > 0 && this.#timer === undefined) this.#arm();
  }

  #arm() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sayWhatChanged(), Math.max(0, this.#saidAt + PACE - performance.now()));
  }

  #sayWhatChanged() {
    this.#timer = undefined;
    const cases = [...this.#changed.values()];
    this.#changed.clear();
    this.say(summary(cases));
  }
}

/** @param {any[]} cases */
export function summary(cases) {
  if (cases.length === 1) return `Case ${cases[0].number}, ${cases[0].client.displayName}: ${caseStatus(cases[0].status).text.toLowerCase()}.`;
  /** @type {Map<string, number>} */
  const byStatus = new Map();
  for (const { status } of cases) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const parts = [...byStatus].sort((one, other) => other[1] - one[1]).slice(0, 3);
  const rest = cases.length - parts.reduce((sum, [, number]) => sum + number, 0);
  const words = parts.map(([status, number]) => `${number} ${caseStatus(status).text.toLowerCase()}`);
  if (rest > 0) words.push(`${rest} other`);
  return `${count(cases.length, 'case')} changed: ${words.join(', ')}.`;
}
