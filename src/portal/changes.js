// What comes over `caseEvents`, collected for the screens: a few times a second at most, in order, each change once, and
// held back while the page is paused.

import { setClock } from './format.js';

/** @typedef {{ id: string, kind: string, cursor: string, occurredAt: string, case: any, previousStatus?: string | null }} CaseEvent */
/** @typedef {{ events: CaseEvent[], again: boolean }} Batch `again`: something may be missing, so the lists are read again */

/** The kinds that this page knows what to do with; another one is ignored, as the contract asks. */
const KNOWN = new Set([
  'CASE_STATUS_CHANGED',
  'ORDER_CREATED',
  'ORDER_STATUS_CHANGED',
  'TASK_STATUS_CHANGED',
  'REFRESH_FAILED',
  'REPORT_READY',
  'VERIFICATION_LINK_SENT',
  'REVIEW_COMPLETED',
  'LINK_HEALTH_CHANGED',
  'CONNECTION_RESTORED',
]);
/** Milliseconds between two looks at what has come. */
const PACE = 200;
/** Milliseconds for which a screen waits for the stream. */
const MOST_PATIENCE = 3_000;
/** Cases held while paused; with more, the lists are read again instead. */
const MOST_HELD = 2_000;

export class Changes {
  /** @type {Map<string, CaseEvent>} the newest event of each case that waits to be shown */
  #waiting = new Map();
  /** @type {Map<string, number>} */
  #versions = new Map();
  #again = false;
  /** @type {string | null} */
  #cursor = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #shownAt = 0;
  /** @type {() => void} */
  #opened = () => {};
  isPaused = false;
  #isLate = false;
  /** @type {Promise<void>} */
  #ready;

  /** @param {import('./live.js').Live} live @param {{ show: (batch: Batch) => void, held: (cases: number) => void, refused: (message: string) => void }} on */
  constructor(live, on) {
    this.live = live;
    this.on = on;
    this.#ready = new Promise((resolve) => (this.#opened = resolve));
  }

  /**
   * Resolves once the stream is open: lists that are read from then on join it without a seam. A screen does not stay
   * empty for a stream that does not open; what was read before it opens is read again.
   */
  whenReady() {
    const patience = new Promise((resolve) => setTimeout(resolve, MOST_PATIENCE)).then(() => (this.#isLate = true));
    return Promise.race([this.#ready, patience]);
  }

  start() {
    this.live.follow({
      operation: 'PortalEvents',
      variables: () => ({ after: this.#cursor }),
      next: ({ caseEvents }) => this.#receive(caseEvents),
      failed: (code, message) => {
        if (code === 'FORBIDDEN') return this.on.refused(message);
        // The cursor does not lead anywhere any more: begin at the present, and read the lists again.
        this.#cursor = null;
        this.#again = true;
        this.start();
      },
      ended: () => this.start(),
    });
  }

  pause() {
    this.isPaused = true;
    this.on.held(this.#waiting.size);
  }

  resume() {
    this.isPaused = false;
    this.#flush();
  }

  /** @param {CaseEvent} event */
  #receive(event) {
    const isFirst = this.#cursor === null;
    this.#cursor = event.cursor;
    if (event.kind === 'STREAM_OPENED') {
      setClock(event.occurredAt);
      if (isFirst && this.#isLate) this.#again = true;
      this.#opened();
      return this.#schedule();
    }
    if (event.kind === 'RESYNC') {
      this.#again = true;
      return this.#schedule();
    }
    if (!KNOWN.has(event.kind) || !event.case) return;
    const { id, version } = event.case;
    if (version < (this.#versions.get(id) ?? 0)) return;
    this.#versions.set(id, version);
    if (this.isPaused && this.#waiting.size >= MOST_HELD && !this.#waiting.has(id)) {
      this.#waiting.clear();
      this.#again = true;
    }
    this.#waiting.set(id, event);
    this.#schedule();
  }

  #schedule() {
    if (this.isPaused) return this.on.held(this.#waiting.size);
    const wait = Math.max(0, this.#shownAt + PACE - performance.now());
    this.#timer ??= setTimeout(() => this.#flush(), wait);
  }

  #flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.isPaused) return;
    const batch = { events: [...this.#waiting.values()], again: this.#again };
    this.#waiting.clear();
    this.#again = false;
    this.#shownAt = performance.now();
    if (batch.events.length > 0 || batch.again) this.on.show(batch);
  }
}
