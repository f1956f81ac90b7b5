// The portal against a running demonstration.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const relay = require('relay-runtime');
const WebSocket = require('ws');
const { Case, Events, Lineage, Queue, Refresh } = require('./Cases.js');
const LineageRefetch = require('./__generated__/CasesLineageRefetchQuery.graphql');
const { connect } = require('./environment.js');

/** Reads a case, and keeps it in the store as a mounted component would. */
async function mount(environment, id) {
  environment.retain(relay.createOperationDescriptor(relay.getRequest(Case), { id }));
  return (await relay.fetchQuery(environment, Case, { id }).toPromise()).case;
}

/** What a component with the fragment sees. */
function lineage(environment, shown) {
  const selector = relay.getSingularSelector(relay.getFragment(Lineage), shown);
  return environment.lookup(selector).data.lineage;
}

async function main() {
  const { story } = await import('@recert-clients/support/story');
  const closes = [];
  let environment;
  let listened = [];
  await story('relay', (addresses) => {
    const connected = connect({ ...addresses, webSocketImpl: WebSocket });
    const { socket } = connected;
    ({ environment } = connected);
    socket.on('closed', ({ code }) => closes.push(code));
    return {
      closes,
      async queue(first) {
        const { cases } = await relay.fetchQuery(environment, Queue, { first }).toPromise();
        return cases.edges;
      },
      refresh: (caseId) =>
        new Promise((resolve, reject) => {
          relay.commitMutation(environment, {
            mutation: Refresh,
            variables: { input: { caseId, purpose: 'RENEWAL', idempotencyKey: `relay-${caseId}` } },
            onCompleted: ({ createRefreshOrder }) => resolve(createRefreshOrder.userErrors),
            onError: reject,
          });
        }),
      async listen(caseIds, show) {
        listened = caseIds;
        for (const id of caseIds) await mount(environment, id);
        const { dispose } = relay.requestSubscription(environment, {
          subscription: Events,
          variables: { filter: { caseIds } },
          onNext: ({ caseEvents }) => show(caseEvents),
          onError(error) {
            throw error;
          },
        });
        return () => {
          dispose();
          return socket.dispose();
        };
      },
      // The screen reads the store: events, mutations and queries all end up there.
      shown: (id) => environment.getStore().getSource().get(id)?.status,
    };
  });

  test('relay: the lineage is fetched again by itself', async () => {
    const [id] = listened;
    const before = lineage(environment, await mount(environment, id)).entries.length;
    assert.ok(before > 1, 'the refresh of the story is in it');
    const { node } = await relay.fetchQuery(environment, LineageRefetch, { id }).toPromise();
    assert.equal(lineage(environment, node).entries.length, before);
  });
}

main();
