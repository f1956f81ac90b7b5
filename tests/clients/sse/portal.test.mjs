// The client against a running demonstration, with a switch between them that breaks the connections.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import * as demo from '@recert-clients/support/demo';
import { Switch } from '@recert-clients/support/switch';
import { connect } from './portal.mjs';

const operation = (name) =>
  readFileSync(new URL(`../../../schema/operations/${name}.graphql`, import.meta.url), 'utf8');

const line = await new Switch(demo.demo.graphql).start();
let token = demo.token();
const { ask, events } = connect({ url: line.through(demo.demo.graphql), token: () => token });

const received = [];
const screen = new Map();
let cases;
const over = new AbortController();
let listening;

before(async () => {
  cases = await demo.freshCases(3);
  const filter = { caseIds: cases.map(({ id }) => id) };
  listening = (async () => {
    for await (const event of events(operation('CaseEvents'), { filter }, { signal: over.signal })) {
      received.push(event);
      const held = event.case && screen.get(event.case.id);
      // A version that is not newer changes nothing.
      if (event.case && !(held?.version >= event.case.version)) screen.set(event.case.id, event.case);
    }
  })();
  await demo.until('the stream is open', () => received[0]?.kind === 'STREAM_OPENED');
});

after(async () => {
  over.abort();
  await listening;
  await line.stop();
});

const isReady = (id) => () => screen.get(id)?.status === 'READY_FOR_REVIEW';

test('the queue', async () => {
  const { cases } = await ask(operation('Queue'), { first: 5, filter: { status: ['DUE'] } });
  assert.equal(cases.nodes.length, 5);
});

test('a refresh is seen until it is ready for review', async () => {
  const { id } = cases[0];
  const input = { caseId: id, purpose: 'RENEWAL', idempotencyKey: `sse-${id}` };
  const { createRefreshOrder } = await ask(operation('CreateRefreshOrder'), { input });
  assert.deepEqual(createRefreshOrder.userErrors, []);
  await demo.until('the case is ready', isReady(id));
});

test('what happened while the line was down comes when it is up again', async () => {
  const { id } = cases[1];
  line.cut({ closed: true });
  await demo.refresh(id);
  await demo.settles(id, 'READY_FOR_REVIEW');
  assert.equal(screen.get(id), undefined);
  line.admit();
  await demo.until('the missed events have come', isReady(id));
});

test('an expired token ends the stream, and the next one resumes', async () => {
  const { id } = cases[2];
  token = demo.token(3);
  line.cut();
  await demo.until('the stream is back', () => line.connections > 0);
  await demo.until('the gateway has ended it, and refuses the old token', async () => {
    const error = await ask('{ viewer { subject } }').catch((error) => error);
    return error.status === 401;
  });
  await demo.refresh(id);
  await demo.settles(id, 'READY_FOR_REVIEW');
  assert.equal(screen.get(id), undefined);
  token = demo.token();
  await demo.until('the missed events have come', isReady(id));
});

test('every event of the log has come, in order', async () => {
  await demo.assertWhole(received, cases.map(({ id }) => id));
});

test('a refusal is not tried again', async () => {
  const wrong = events('subscription { nothing }', {});
  await assert.rejects(wrong.next());
});
