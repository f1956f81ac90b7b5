// A portal's connection to Recert with Relay: queries and mutations by fetch, subscriptions by graphql-ws. Copy this file.
const { createClient } = require('graphql-ws');
const { Environment, Network, Observable, RecordSource, Store } = require('relay-runtime');

/**
 * @param {object} options
 * @param {string} options.url `https://…/graphql`
 * @param {string} options.socketUrl `wss://…/graphql`
 * @param {() => string} options.token the signed-in person's token, renewed when it is about to expire
 * @param {*} [options.webSocketImpl] only outside browsers, which have their own
 */
function connect({ url, socketUrl, token, webSocketImpl }) {
  const authorization = () => ({ Authorization: `Bearer ${token()}` });
  let wire;
  const socket = createClient({
    url: socketUrl,
    webSocketImpl,
    // Asked for again with every connection: after 4403 (the token has expired) the next one brings the new token.
    connectionParams: authorization,
    // The client's own choice is five attempts, and none at all after a refused connection.
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (attempt) =>
      new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(30_000, 250 * 2 ** attempt))),
    on: {
      connected: (connected) => {
        wire = connected;
      },
      // Recert says a minute ahead that the token ends. A ping with the next one keeps this socket open.
      ping: (received, payload) => {
        if (received && payload?.type === 'token_expiring') {
          wire.send(JSON.stringify({ type: 'ping', payload: authorization() }));
        }
      },
    },
  });

  async function ask({ text: query }, variables) {
    const headers = { ...authorization(), 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    return response.json();
  }

  function listen({ text: query }, variables) {
    return Observable.create((sink) => {
      // graphql-ws sends the same object again after a break, and by then it asks for what follows the last event.
      const payload = { query, variables: { ...variables } };
      return socket.subscribe(payload, {
        next(result) {
          const cursor = result.data?.caseEvents?.cursor;
          if (cursor) payload.variables.after = cursor;
          sink.next(result);
        },
        error: sink.error,
        complete: sink.complete,
      });
    });
  }

  const environment = new Environment({
    network: Network.create(ask, listen),
    store: new Store(new RecordSource()),
  });
  return { environment, socket };
}

module.exports = { connect };
