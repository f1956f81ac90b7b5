// The portal against a running demonstration.
import { readFileSync } from 'node:fs';
import { story } from '@recert-clients/support/story';
import { gql } from '@apollo/client';
import { connect } from './portal.mjs';

const operation = (name) =>
  gql(readFileSync(new URL(`../../../schema/operations/${name}.graphql`, import.meta.url), 'utf8'));
const status = gql('fragment Status on Case { status }');

await story('apollo', (addresses) => {
  const client = connect(addresses);
  return {
    async queue(first) {
      const { data } = await client.query({ query: operation('Queue'), variables: { first } });
      return data.cases.nodes;
    },
    async refresh(caseId) {
      const input = { caseId, purpose: 'RENEWAL', idempotencyKey: `apollo-${caseId}` };
      const { data } = await client.mutate({ mutation: operation('CreateRefreshOrder'), variables: { input } });
      return data.createRefreshOrder.userErrors;
    },
    listen(caseIds, show) {
      const events = client.subscribe({ query: operation('CaseEvents'), variables: { filter: { caseIds } } });
      const running = events.subscribe(({ data, error }) => {
        if (error) throw error;
        show(data.caseEvents);
      });
      return () => {
        running.unsubscribe();
        client.stop();
      };
    },
    // The screen reads the normalised cache: events, mutations and queries all end up there.
    shown: (id) => client.readFragment({ id: client.cache.identify({ __typename: 'Case', id }), fragment: status })?.status,
  };
});
