// The one story that every client goes through, with a switch between it and the gateway that breaks its connections.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertWhole, demo, freshCases, refresh, settles, token, until } from './demo.mjs';
import { Switch } from './switch.mjs';

/**
 * @param {(addresses: { url: string, socketUrl: string, token: () => string }) => object} connect builds the client:
 *   `queue()` answers the cases that are due, `refresh(id)` orders a refresh and answers its user errors,
 *   `listen(caseIds, show)` calls `show` for each event and answers what stops it, `shown(id)` is the status on the
 *   screen, and `closes`, for a WebSocket, lists the codes that its sockets were closed with.
 */
export async function story(name, connect) {
  const line = await new Switch(demo.graphql).start();
  /** The signed-in person's token; the story plays the sign-in and replaces it. */
  let current = token();
  const client = connect({
    url: line.through(demo.graphql),
    socketUrl: line.through(demo.websocket),
    token: () => current,
  });
  const received = [];
  const opened = () => received.filter(({ kind }) => kind === 'STREAM_OPENED').length;
  const isReady = (id) => () => client.shown(id) === 'READY_FOR_REVIEW';
  let cases;
  let stop = () => {};

  /** Gives the client a token for so many seconds and breaks its stream, so that the next one runs with it. */
  async function goOnFor(seconds) {
    const before = opened();
    current = token(seconds);
    line.cut();
    await until('the stream is open again', () => opened() > before);
    return current;
  }

  async function expiry(old) {
    const body = JSON.stringify({ query: '{ viewer { subject } }' });
    const headers = { authorization: `Bearer ${old}`, 'content-type': 'application/json' };
    await until('the old token is refused', async () => {
      const answer = await fetch(demo.graphql, { method: 'POST', headers, body });
      await answer.text();
      return answer.status === 401;
    });
  }

  before(async () => {
    cases = (await freshCases(4)).map(({ id }) => id);
    stop = await client.listen(cases, (event) => received.push(event));
    await until('the stream is open', () => opened() === 1);
  });

  after(async () => {
    await stop();
    await line.stop();
  });

  test(`${name}: the queue is read`, async () => {
    assert.equal((await client.queue(5)).length, 5);
  });

  test(`${name}: a refresh is seen until it is ready for review`, async () => {
    assert.deepEqual(await client.refresh(cases[0]), []);
    await until('the case is ready', isReady(cases[0]));
  });

  test(`${name}: the last event comes when it happens, and not with the next sign of life`, async () => {
    await assertWhole(received, cases);
  });

  test(`${name}: what happened while the line was down comes when it is up again`, async () => {
    line.cut({ closed: true });
    await refresh(cases[1]);
    await settles(cases[1], 'READY_FOR_REVIEW');
    assert.notEqual(client.shown(cases[1]), 'READY_FOR_REVIEW');
    line.admit();
    await until('the missed events have come', isReady(cases[1]));
  });

  test(`${name}: after its token's end the stream goes on with the next one`, async () => {
    const old = await goOnFor(4);
    await expiry(old);
    await refresh(cases[2]);
    await settles(cases[2], 'READY_FOR_REVIEW');
    assert.notEqual(client.shown(cases[2]), 'READY_FOR_REVIEW');
    if (client.closes) assert.ok(client.closes.includes(4403), String(client.closes));
    current = token();
    await until('the missed events have come', isReady(cases[2]));
  });

  if (client.closes) {
    test(`${name}: a socket whose token is renewed in time stays open`, async () => {
      const old = await goOnFor(5);
      const before = client.closes.length;
      current = token();
      await expiry(old);
      await refresh(cases[3]);
      await until('the case is ready', isReady(cases[3]));
      assert.equal(client.closes.length, before);
    });
  }

  test(`${name}: every event of the log has come, in order`, async () => {
    await assertWhole(received, cases);
  });
}
