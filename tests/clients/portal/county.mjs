// Cases of the demonstration for the tests of the portal.
import { ask, control } from '@recert-clients/support/demo';

const given = new Set();

/** A case that is due, whose refresh will succeed, and that no other test has had. */
export async function dueCase() {
  await control('PUT', 'scenario', { scenario: 'ok' });
  const query = `query($after: String) { cases(first: 50, after: $after, filter: { status: [DUE] }) {
    pageInfo { hasNextPage endCursor }
    nodes { id number dueOn client { displayName } viewerCan { createRefreshOrder } employerLinks { health } } } }`;
  for (let after = null, more = true; more; ) {
    const { cases } = await ask(query, { after });
    for (const found of cases.nodes) {
      const isFit = !given.has(found.id) && found.viewerCan.createRefreshOrder && found.employerLinks.every(({ health }) => health === 'HEALTHY');
      if (!isFit) continue;
      given.add(found.id);
      const { refreshPreview } = await ask('query($id: ID!) { refreshPreview(caseId: $id) { isAllowed } }', { id: found.id });
      if (refreshPreview?.isAllowed) return found;
    }
    ({ hasNextPage: more, endCursor: after } = cases.pageInfo);
  }
  throw new Error('the county has no further case that is due and whose refresh can succeed');
}

/** Plays the client who follows the newest link of the case. */
export async function clientLogsIn(caseId) {
  const { case: found } = await ask('query($id: ID!) { case(by: { id: $id }) { latestOrder { truvOrderId } } }', { id: caseId });
  await control('POST', `orders/${found.latestOrder.truvOrderId}/applicant`, { action: 'login' });
}

/** The address of the case's page. */
export const casePage = ({ id }) => `#/cases/${encodeURIComponent(id)}`;
/** The address of a queue with this case alone. */
export const queueOf = ({ number }) => `#/?search=${encodeURIComponent(number)}`;
