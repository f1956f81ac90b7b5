// The portal against a running demonstration.
import { story } from '@recert-clients/support/story';
import { pipe, subscribe } from 'wonka';
import WebSocket from 'ws';
import { CaseEvents, Queue, RefreshCase } from './documents.js';
import type { CaseStatus } from './gql/graphql.js';
import { connect } from './portal.js';

await story('urql', (addresses) => {
  const { client, socket } = connect({ ...addresses, webSocketImpl: WebSocket });
  const screen = new Map<string, { status: CaseStatus; version: number }>();
  const closes: number[] = [];
  socket.on('closed', (event) => closes.push((event as CloseEvent).code));
  return {
    closes,
    async queue(first) {
      const { data, error } = await client.query(Queue, { first, filter: { status: ['DUE'] } });
      if (error) throw error;
      return data?.cases.nodes ?? [];
    },
    async refresh(caseId) {
      const input = { caseId, purpose: 'RENEWAL', idempotencyKey: `urql-${caseId}` } as const;
      const { data, error } = await client.mutation(RefreshCase, { input });
      if (error) throw error;
      return data?.createRefreshOrder.userErrors ?? [];
    },
    listen(caseIds, show) {
      const { unsubscribe } = pipe(
        client.subscription(CaseEvents, { filter: { caseIds } }),
        subscribe(({ data, error }) => {
          if (error) throw error;
          if (!data) return;
          show(data.caseEvents);
          const { case: next } = data.caseEvents;
          // An event may come twice: a version that is not newer changes nothing.
          if (next && !((screen.get(next.id)?.version ?? -1) >= next.version)) screen.set(next.id, next);
        }),
      );
      return () => {
        unsubscribe();
        return socket.dispose();
      };
    },
    shown: (id) => screen.get(id)?.status,
  };
});
