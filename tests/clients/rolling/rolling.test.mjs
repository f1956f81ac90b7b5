// Two replicas on one PostgreSQL are restarted in turn while cases move. Nobody who watches misses anything.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { gql } from '@apollo/client';
import { assertWhole, demo, freshCases, refresh, settles, token, until } from '@recert-clients/support/demo';
import { Replica } from '@recert-clients/support/replica';
import { Switch } from '@recert-clients/support/switch';
import { pipe, subscribe } from 'wonka';
import WebSocket from 'ws';
import * as apollo from '../apollo/portal.mjs';
import * as sse from '../sse/portal.mjs';
import * as urql from '../urql/out/portal.js';

const text = readFileSync(new URL('../../../schema/operations/CaseEvents.graphql', import.meta.url), 'utf8');
const replicas = [new Replica('the first replica'), new Replica('the second replica')];
const stops = [];
/** What each client has received. */
const received = { urql: [], apollo: [], sse: [] };
const closes = [];
/** How often the socket was let in. */
let admitted = 0;
let line;
let cases;

before(async () => {
  await Promise.all(replicas.map((replica) => replica.start()));
  line = await new Switch(replicas[0].url).start();
  cases = (await freshCases(8)).map(({ id }) => id);
  listen();
  await until('all streams are open', () => Object.values(received).every(({ length }) => length > 0));
});

after(async () => {
  for (const stop of stops) await stop();
  await line?.stop();
  await Promise.all(replicas.map((replica) => replica.stop()));
});

/** The three examples, on the side of the switch that stays. */
function listen() {
  const addresses = { url: line.through(demo.graphql), socketUrl: line.through(demo.websocket), token };
  const variables = { filter: { caseIds: cases } };

  const { client, socket } = urql.connect({ ...addresses, webSocketImpl: WebSocket });
  socket.on('connected', () => (admitted += 1));
  socket.on('closed', ({ code }) => closes.push(code));
  const show = ({ data, error }) => {
    if (error) throw error;
    if (data) received.urql.push(data.caseEvents);
  };
  const { unsubscribe } = pipe(client.subscription(text, variables), subscribe(show));
  stops.push(unsubscribe, () => socket.dispose());

  const graphs = apollo.connect(addresses);
  const running = graphs.subscribe({ query: gql(text), variables }).subscribe(({ data, error }) => {
    if (error) throw error;
    received.apollo.push(data.caseEvents);
  });
  stops.push(() => running.unsubscribe(), () => graphs.stop());

  const over = new AbortController();
  const listening = (async () => {
    for await (const event of sse.connect(addresses).events(text, variables, { signal: over.signal })) received.sse.push(event);
  })();
  stops.push(() => (over.abort(), listening));
}

test('each replica is restarted twice, and the cases go on', async () => {
  const busy = [...cases];
  for (let round = 0; round < 4; round += 1) {
    const [leaving, staying] = round % 2 === 0 ? replicas : [...replicas].reverse();
    // Clients come back after a while of their own choice; the replica that goes must not be one they have not reached yet.
    await until('the socket is back', () => admitted > closes.length);
    // One refresh is on its way when the replica goes, the other one while it is away.
    await refresh(busy.shift());
    line.leadTo(staying.url);
    const stopped = leaving.stop();
    const during = busy.shift();
    await refresh(during);
    const { code, signal, log } = await stopped;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, log);
    await settles(during, 'READY_FOR_REVIEW');
    await leaving.start();
  }
  assert.equal(busy.length, 0);
  for (const id of cases) await settles(id, 'READY_FOR_REVIEW');
});

test('sockets were closed with 1012, which tells clients to come back', () => {
  assert.deepEqual(closes, [1012, 1012, 1012, 1012]);
});

for (const [name, events] of Object.entries(received)) {
  test(`${name} has received the whole log, in order`, () => assertWhole(events, cases));
}
