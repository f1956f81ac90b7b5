// Subscriptions over one WebSocket (graphql-transport-ws) that is opened again whenever it breaks, goes on from the last
// cursor, and is given a new token without a gap.

import { documentOf } from './api.js';

/** @typedef {'connecting' | 'live' | 'reconnecting' | 'expired' | 'refused' | 'closed'} LineState */
/**
 * @typedef {object} Following
 * @property {string} operation
 * @property {() => object} variables asked anew for each connection, so that it names the last cursor
 * @property {(data: any) => void} next
 * @property {(code: string, message: string) => void} [failed]
 * @property {() => void} [ended]
 */

/** Closes that say the token does not count any more. */
const SIGNED_OUT = [4401, 4403];
/** Longer silence than this means a line that is dead without saying so: the server pings every 20 seconds. */
const SILENCE = 50_000;
const FIRST_WAIT = 300;
const LONGEST_WAIT = 10_000;

export class Live {
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {Map<string, Following>} */
  #following = new Map();
  #last = 0;
  #isOpen = false;
  #attempts = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;
  /** @type {LineState} */
  state = 'closed';

  /**
   * @param {{ token: () => string | undefined, onState: (state: LineState) => void, onExpiring: (at: string) => void }} on
   */
  constructor(on) {
    this.on = on;
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => this.#hurry());
  }

  open() {
    this.#enter('connecting');
    this.#connect();
  }

  /** Follows an operation on this connection and on every one after it; answers how to stop. @param {Following} following */
  follow(following) {
    const id = String((this.#last += 1));
    this.#following.set(id, following);
    if (this.#isOpen) this.#subscribe(id, following);
    return () => {
      if (this.#following.delete(id) && this.#isOpen) this.#say({ type: 'complete', id });
    };
  }

  /** Goes on with another token: in the open connection, or with a new one. */
  renew() {
    if (this.#isOpen) this.#say({ type: 'ping', payload: this.#bearer() });
    else this.open();
  }

  close() {
    clearTimeout(this.#timer);
    this.#following.clear();
    this.#drop();
    this.#enter('closed');
  }

  #bearer() {
    return { Authorization: `Bearer ${this.on.token() ?? ''}` };
  }

  /** @param {LineState} state */
  #enter(state) {
    this.state = state;
    this.on.onState(state);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#drop();
    const address = new URL('/graphql', location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    const socket = new WebSocket(address, 'graphql-transport-ws');
    this.#socket = socket;
    socket.onopen = () => this.#say({ type: 'connection_init', payload: this.#bearer() });
    socket.onmessage = ({ data }) => socket === this.#socket && this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#lost(code);
    this.#listen();
  }

  /** Leaves the connection without a word to anybody here. */
  #drop() {
    clearTimeout(this.#silence);
    this.#isOpen = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }

  /** @param {number} code */
  #lost(code) {
    this.#drop();
    if (SIGNED_OUT.includes(code)) return this.#enter('expired');
    this.#enter('reconnecting');
    // A part of chance, so that many screens do not come back in the same moment.
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts) * (0.5 + Math.random() / 2);
    this.#attempts += 1;
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  /** Whoever looks at the page again, or has a network again, does not wait. */
  #hurry() {
    if (this.state === 'reconnecting' && !this.#socket && !document.hidden) this.#connect();
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(0), SILENCE);
  }

  /** @param {object} message */
  #say(message) {
    this.#socket?.send(JSON.stringify(message));
  }

  /** @param {string} id @param {Following} following */
  #subscribe(id, following) {
    const { operation } = following;
    const payload = { query: documentOf(operation), operationName: operation, variables: following.variables() };
    this.#say({ type: 'subscribe', id, payload });
  }

  /** @param {{ type: string, id: string, payload?: any }} message */
  #hear({ type, id, payload }) {
    this.#listen();
    const following = this.#following.get(id);
    switch (type) {
      case 'connection_ack':
        this.#isOpen = true;
        this.#attempts = 0;
        for (const [id, following] of this.#following) this.#subscribe(id, following);
        return this.#enter('live');
      case 'ping':
        if (payload?.type === 'token_expiring') this.on.onExpiring(payload.expiresAt);
        return this.#say({ type: 'pong' });
      case 'next':
        if (payload.data) return following?.next(payload.data);
        return this.#failed(id, payload.errors);
      case 'error':
        return this.#failed(id, payload);
      case 'complete':
        this.#following.delete(id);
        return following?.ended?.();
    }
  }

  /** @param {string} id @param {import('./api.js').GraphqlError[]} errors */
  #failed(id, errors) {
    const following = this.#following.get(id);
    this.#following.delete(id);
    const [first] = errors ?? [];
    following?.failed?.(first?.extensions?.code ?? 'INTERNAL_SERVER_ERROR', first?.message ?? 'The stream ended.');
  }
}
