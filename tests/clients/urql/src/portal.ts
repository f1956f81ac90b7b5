// A portal's connection to Recert with urql and graphql-ws. Copy this file; it knows nothing of a view library.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient, type Client as SocketClient } from 'graphql-ws';

export interface Options {
  /** `https://…/graphql` */
  url: string;
  /** `wss://…/graphql` */
  socketUrl: string;
  /** The signed-in person's token, renewed when it is about to expire. */
  token: () => string;
  /** Only outside browsers, which have their own. */
  webSocketImpl?: unknown;
}

export function connect({ url, socketUrl, token, webSocketImpl }: Options): { client: Client; socket: SocketClient } {
  const authorization = () => ({ Authorization: `Bearer ${token()}` });
  let wire: WebSocket | undefined;
  const socket = createClient({
    url: socketUrl,
    webSocketImpl,
    // Asked for again with every connection: after 4403 (the token has expired) the next one brings the new token.
    connectionParams: authorization,
    // A portal stays open all day. The client's own choice is five attempts, and none at all after a refused connection.
    // Mistakes of ours (4400, 4401, 4409, 4429) still end it.
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (attempt) => sleep(Math.random() * Math.min(30_000, 250 * 2 ** attempt)),
    on: {
      connected: (connected) => {
        wire = connected as WebSocket;
      },
      // Recert says a minute ahead that the token ends. A ping with the next one keeps this socket open.
      ping: (received, payload) => {
        if (received && payload?.['type'] === 'token_expiring') {
          wire?.send(JSON.stringify({ type: 'ping', payload: authorization() }));
        }
      },
    },
  });
  const client = new Client({
    url,
    preferGetMethod: false,
    fetchOptions: () => ({ headers: authorization() }),
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription({ query, variables }) {
          // graphql-ws sends the same object again after a break, and by then it asks for what follows the last event.
          const payload = { query: query ?? '', variables: { ...variables } };
          return {
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe<{ caseEvents?: { cursor?: string } }>(payload, {
                ...sink,
                next(result) {
                  const cursor = result.data?.caseEvents?.cursor;
                  if (cursor !== undefined) payload.variables['after'] = cursor;
                  sink.next(result as Parameters<typeof sink.next>[0]);
                },
              }),
            }),
          };
        },
      }),
    ],
  });
  return { client, socket };
}

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
