// Queries and mutations over `POST /graphql`. Subscriptions are in live.js.

/** @typedef {{ message: string, path?: (string | number)[], extensions?: Record<string, any> }} GraphqlError */
/** @typedef {{ field: string, scope: string, masked: boolean }} Withheld what is not shown for want of a scope */
/** @typedef {{ data: any, errors: GraphqlError[], withheld: Withheld[] }} Answer */

/** What stood in the way of an answer. `code` is the schema's, or `OFFLINE`. */
export class Refused extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** @type {Record<string, string>} the documents by operation */
let operations = {};
/** @type {() => string | undefined} */
let token = () => undefined;
/** @type {() => void} */
let onSignedOut = () => {};

/** @param {{ token: () => string | undefined, onSignedOut: () => void }} session */
export async function start(session) {
  ({ token, onSignedOut } = session);
  const response = await fetch('/portal/operations.json');
  operations = await response.json();
}

/** The text of an operation. @param {string} name */
export function documentOf(name) {
  const text = operations[name];
  if (!text) throw new Error(`there is no operation ${name}`);
  return text;
}

/**
 * Runs an operation. Errors beside data are answered with it: one part that may not be seen does not blank the page.
 * @param {string} name @param {object} [variables] @param {AbortSignal} [signal] @returns {Promise<Answer>}
 */
export async function ask(name, variables = {}, signal) {
  const bearer = token();
  if (!bearer) throw new Refused('UNAUTHENTICATED', 'Sign in first.');
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json;q=0.9',
    },
    body: JSON.stringify({ query: documentOf(name), operationName: name, variables }),
    cache: 'no-store',
    signal,
  }).catch((error) => {
    if (error.name === 'AbortError') throw error;
    throw new Refused('OFFLINE', 'The gateway cannot be reached. Check the connection, then try again.');
  });
  const body = await response.json().catch(() => ({}));
  const errors = body.errors ?? [];
  if (response.status === 401 && bearer === token()) onSignedOut();
  if (!body.data) {
    const code = errors[0]?.extensions?.code ?? (response.status === 401 ? 'UNAUTHENTICATED' : 'INTERNAL_SERVER_ERROR');
    throw new Refused(code, errors[0]?.message ?? `The gateway answered with status ${response.status}.`);
  }
  return { data: body.data, errors, withheld: body.extensions?.withheld ?? [] };
}

/**
 * Runs a mutation; answers its payload, or throws what its user errors say.
 * @param {string} name @param {string} field @param {object} input
 */
export async function change(name, field, input) {
  const { data, errors } = await ask(name, { input });
  const payload = data[field];
  if (!payload) throw new Refused(errors[0]?.extensions?.code ?? 'INTERNAL_SERVER_ERROR', errors[0]?.message ?? 'Nothing was answered.');
  if (payload.userErrors.length > 0) {
    const { code, message } = payload.userErrors[0];
    throw new Refused(code, message);
  }
  return payload;
}

/** A key under which what costs money or contacts a client happens once, however often it is asked for. */
export function onceKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
