// The client against a running demonstration.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { demo, token } from '@recert-clients/support/demo';
import { story } from '@recert-clients/support/story';
import { connect } from './portal.mjs';

const operation = (name) =>
  readFileSync(new URL(`../../../schema/operations/${name}.graphql`, import.meta.url), 'utf8');

await story('sse', (addresses) => {
  const { ask, events } = connect(addresses);
  const screen = new Map();
  return {
    async queue(first) {
      const { cases } = await ask(operation('Queue'), { first });
      return cases.nodes;
    },
    async refresh(caseId) {
      const input = { caseId, purpose: 'RENEWAL', idempotencyKey: `sse-${caseId}` };
      const { createRefreshOrder } = await ask(operation('CreateRefreshOrder'), { input });
      return createRefreshOrder.userErrors;
    },
    listen(caseIds, show) {
      const over = new AbortController();
      const listening = (async () => {
        for await (const event of events(operation('CaseEvents'), { filter: { caseIds } }, { signal: over.signal })) {
          show(event);
          const held = event.case && screen.get(event.case.id);
          // An event may come twice: a version that is not newer changes nothing.
          if (event.case && !(held?.version >= event.case.version)) screen.set(event.case.id, event.case);
        }
      })();
      return () => {
        over.abort();
        return listening;
      };
    },
    shown: (id) => screen.get(id)?.status,
  };
});

test('sse: a refusal is not tried again', async () => {
  const { events } = connect({ url: demo.graphql, token });
  await assert.rejects(events('subscription { nothing }', {}).next(), /nothing/);
});
