// Which close codes graphql-ws gives up on. The gateway's choice of codes rests on this: what a retry can cure must be
// closed with a code that is tried again, and a mistake of the client's with one that is not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket, { WebSocketServer } from 'ws';

/** How often a client comes that is closed with `code` at its first `subscribe`, and how its subscription ends. */
async function visits(code, options) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'graphql-transport-ws' });
  await once(server, 'listening');
  let connected = 0;
  server.on('connection', (socket) => {
    connected += 1;
    socket.on('message', (bytes) => {
      const { type, id } = JSON.parse(bytes);
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      if (type === 'subscribe' && connected === 1) socket.close(code, 'for the test');
      if (type === 'subscribe' && connected > 1) socket.send(JSON.stringify({ type: 'complete', id }));
    });
  });
  const url = `ws://127.0.0.1:${server.address().port}/`;
  const client = createClient({ url, webSocketImpl: WebSocket, retryWait: async () => {}, ...options });
  const end = await new Promise((resolve) => {
    client.subscribe({ query: 'subscription { x }' }, { next() {}, error: resolve, complete: () => resolve('complete') });
  });
  await client.dispose();
  server.close();
  return { connected, end: end.code ?? end };
}

for (const [code, why] of [
  [1012, 'the gateway restarts'],
  [1013, 'the client reads too slowly, or the gateway is full'],
  [4403, 'the token has expired'],
  [4408, 'connection_init came too late'],
]) {
  test(`${code} (${why}) is tried again, by itself`, async () => {
    assert.deepEqual(await visits(code), { connected: 2, end: 'complete' });
  });
}

for (const code of [1002, 1009, 1011, 4400, 4401, 4409, 4429, 4500]) {
  test(`${code} is final, whatever shouldRetry says`, async () => {
    assert.deepEqual(await visits(code, { shouldRetry: () => true }), { connected: 1, end: code });
  });
}

test('a refused connection is final unless shouldRetry says otherwise', async () => {
  const refused = async (options) => {
    let attempts = 0;
    const client = createClient({
      url: 'ws://127.0.0.1:1/',
      webSocketImpl: WebSocket,
      retryAttempts: 3,
      retryWait: async () => {},
      on: { connecting: () => (attempts += 1) },
      ...options,
    });
    await new Promise((resolve) => client.subscribe({ query: '{ x }' }, { next() {}, error: resolve, complete: resolve }));
    return attempts;
  };
  assert.equal(await refused({}), 1);
  assert.equal(await refused({ shouldRetry: () => true }), 4);
});
