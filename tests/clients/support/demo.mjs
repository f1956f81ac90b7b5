// The running demonstration as the tests see it: addresses, tokens of any lifetime, and the simulator's control port.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const file = process.env.RECERT_TEST_DEMO;
if (!file) throw new Error('RECERT_TEST_DEMO names no demo.json; start the tests with tests/clients/run');
/** The content of `demo.json`. */
export const demo = JSON.parse(readFileSync(file, 'utf8'));
const secret = readFileSync(path.join(path.dirname(file), 'demo.secret'), 'utf8').trim();

/** How long the gateway honours a token after its `exp` (`auth.leeway`). */
const LEEWAY = 30;

/** A supervisor's token that the gateway refuses after so many seconds, with more scopes. It plays the identity provider. */
export function token(seconds = 3600, ...scopes) {
  const [header, payload] = demo.tokens.supervisor.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  claims.scope = [claims.scope, ...scopes].join(' ');
  claims.exp = Math.floor(Date.now() / 1000) + seconds - LEEWAY;
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** One GraphQL request over HTTP; errors fail the test. */
export async function ask(query, variables = {}) {
  const response = await fetch(demo.graphql, {
    method: 'POST',
    headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${response.status}: ${JSON.stringify(errors)}`);
  return data;
}

/** What no client can do: the simulator's control port. */
export async function control(method, where, body) {
  const response = await fetch(`${demo.simulator_control}/control/${where}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${where}: ${response.status} ${await response.text()}`);
}

/** So many cases whose refresh will succeed. Each is given away once, also to the tests that run after this one. */
export async function freshCases(count) {
  await control('PUT', 'scenario', { scenario: 'ok' });
  const query = `query($after: String) { cases(first: 50, after: $after, filter: { status: [DUE, NOT_DUE] }) {
    pageInfo { hasNextPage endCursor } nodes { id number viewerCan { createRefreshOrder } employerLinks { health } } } }`;
  const preview = 'query($id: ID!) { refreshPreview(caseId: $id) { isAllowed } }';
  const found = [];
  for (let after = null, more = true; more; ) {
    const { cases } = await ask(query, { after });
    const works = (node) => node.viewerCan.createRefreshOrder && node.employerLinks.every((link) => link.health === 'HEALTHY');
    for (const node of cases.nodes.filter(works)) {
      const { refreshPreview } = await ask(preview, { id: node.id });
      if (refreshPreview?.isAllowed) found.push(node);
      if (found.length === count) return found;
    }
    ({ hasNextPage: more, endCursor: after } = cases.pageInfo);
  }
  throw new Error(`the county has only ${found.length} of ${count} cases whose refresh can succeed`);
}

/** Orders a refresh behind the client's back. */
export async function refresh(caseId) {
  const input = { caseId, purpose: 'RENEWAL', idempotencyKey: `behind-${caseId}-${Date.now()}` };
  const query = `mutation($input: CreateRefreshOrderInput!) {
    createRefreshOrder(input: $input) { userErrors { ... on UserError { message } } } }`;
  const { createRefreshOrder } = await ask(query, { input });
  if (createRefreshOrder.userErrors.length > 0) throw new Error(JSON.stringify(createRefreshOrder.userErrors));
}

/** Waits until the case stands there, asking the gateway and not the stream under test. */
export async function settles(caseId, status) {
  let seen;
  await until(
    () => `case ${caseId} is ${status} (it is ${seen})`,
    async () => {
      const answer = await ask('query($id: ID!) { case(by: { id: $id }) { status } }', { id: caseId });
      seen = answer.case.status;
      return seen === status;
    },
  );
}

/** The ids of everything in the log about these cases after a cursor, in order: what a stream from there brings. */
async function logged(caseIds, opened) {
  const query = `query($after: String, $filter: CaseEventFilter) {
    caseEvents(first: 100, after: $after, filter: $filter) { pageInfo { hasNextPage endCursor } nodes { id } } }`;
  const ids = [];
  for (let after = opened, more = true; more; ) {
    const { caseEvents } = await ask(query, { after, filter: { caseIds } });
    ids.push(...caseEvents.nodes.map((node) => node.id));
    ({ hasNextPage: more, endCursor: after } = caseEvents.pageInfo);
  }
  return ids;
}

/**
 * Fails unless the events received are the whole log about these cases since the stream was opened, in its order. An
 * event may come twice, and the first of them may show a case as it is now: so all are waited for.
 */
export async function assertWhole(received, caseIds) {
  assert.ok(!received.some(({ kind }) => kind === 'RESYNC'), 'the stream has said that events may be missing');
  const expected = await logged(caseIds, received[0].cursor);
  const ids = () => [...new Set(received.filter(({ kind }) => kind !== 'STREAM_OPENED').map(({ id }) => id))];
  await until('all events have come', () => ids().length >= expected.length, 10).catch(() => {});
  assert.deepEqual(ids(), expected);
}

/** Polls a condition and fails with its name when it does not come true in time. */
export async function until(what, holds, seconds = 60) {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not within ${seconds} s: ${typeof what === 'string' ? what : what()}`);
}
