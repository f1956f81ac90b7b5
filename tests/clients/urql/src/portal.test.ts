// The portal against a running demonstration, with a switch between them that breaks the connections.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as demo from '@recert-clients/support/demo';
import { Switch } from '@recert-clients/support/switch';
import { pipe, subscribe } from 'wonka';
import WebSocket from 'ws';
import { CaseEvents, Queue, RefreshCase } from './documents.js';
import type { CaseEventsSubscription } from './gql/graphql.js';
import { connect } from './portal.js';

type Event = CaseEventsSubscription['caseEvents'];

const line = await new Switch(demo.demo.graphql).start();
/** The person's token; the tests play the sign-in and replace it. */
let token = demo.token();
const { client, socket } = connect({
  url: demo.demo.graphql,
  socketUrl: line.through(demo.demo.websocket),
  token: () => token,
  webSocketImpl: WebSocket,
});
const closes: number[] = [];
socket.on('closed', (event) => closes.push((event as CloseEvent).code));

/** All that came, and what a screen does with it: a version that is not newer changes nothing. */
const received: Event[] = [];
const screen = new Map<string, { status: string; version: number; changes: number }>();
function show(event: Event) {
  received.push(event);
  const { case: next } = event;
  const held = next && screen.get(next.id);
  if (next && (!held || next.version > held.version)) {
    screen.set(next.id, { status: next.status, version: next.version, changes: (held?.changes ?? 0) + 1 });
  }
}

let cases: { id: string; number: string }[];
let stop = () => {};

before(async () => {
  cases = await demo.freshCases(3);
  const caseIds = cases.map(({ id }) => id);
  ({ unsubscribe: stop } = pipe(
    client.subscription(CaseEvents, { filter: { caseIds } }),
    subscribe(({ data, error }) => {
      assert.equal(error, undefined);
      if (data) show(data.caseEvents);
    }),
  ));
  await demo.until('the stream is open', () => received[0]?.kind === 'STREAM_OPENED');
});

after(async () => {
  stop();
  await socket.dispose();
  await line.stop();
});

const isReady = (id: string) => () => screen.get(id)?.status === 'READY_FOR_REVIEW';

test('the queue is typed', async () => {
  const { data, error } = await client.query(Queue, { first: 5, filter: { status: ['DUE'] } });
  assert.equal(error, undefined);
  assert.equal(data?.cases.nodes.length, 5);
  const dueOn: string | undefined = data?.cases.nodes[0]?.dueOn;
  assert.match(dueOn ?? '', /^\d{4}-\d\d-\d\d$/);
});

test('a refresh is seen until it is ready for review', async () => {
  const { id } = cases[0]!;
  const input = { caseId: id, purpose: 'RENEWAL', idempotencyKey: `urql-${id}` } as const;
  const { data, error } = await client.mutation(RefreshCase, { input });
  assert.equal(error, undefined);
  assert.deepEqual(data?.createRefreshOrder.userErrors, []);
  await demo.until('the case is ready', isReady(id));
});

test('what happened while the line was down comes when it is up again', async () => {
  const { id } = cases[1]!;
  line.cut({ closed: true });
  await demo.refresh(id);
  await demo.settles(id, 'READY_FOR_REVIEW');
  assert.equal(screen.get(id), undefined);
  line.admit();
  await demo.until('the missed events have come', isReady(id));
});

test('an expired token ends the socket with 4403, and the next one resumes', async () => {
  const { id } = cases[2]!;
  token = demo.token(3);
  line.cut();
  await demo.until('the socket is closed', () => closes.at(-1) === 4403);
  await demo.refresh(id);
  await demo.settles(id, 'READY_FOR_REVIEW');
  token = demo.token();
  await demo.until('the missed events have come', isReady(id));
});

test('every event of the log has come, in order and with one effect', async () => {
  await demo.assertWhole(received, cases.map(({ id }) => id));
  for (const { id } of cases) assert.ok(screen.get(id)!.changes > 0);
});
