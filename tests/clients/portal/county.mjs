// Cases of the demonstration for the tests of the portal.
import { ask, control, until } from '@recert-clients/support/demo';

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

/** Plays the client who follows the newest link of the case, and logs in at one employer after the other. */
export async function clientLogsIn(caseId) {
  const query = 'query($id: ID!) { case(by: { id: $id }) { latestOrder { truvOrderId employers { status } } } }';
  const newest = async () => (await ask(query, { id: caseId })).case.latestOrder;
  const { truvOrderId, employers } = await newest();
  const connected = async () => (await newest()).employers.filter(({ status }) => status === 'COMPLETED').length;
  for (let logins = 1; logins <= employers.length; logins += 1) {
    await control('POST', `orders/${truvOrderId}/applicant`, { action: 'login' });
    await until(`login ${logins} of ${employers.length} has ended`, async () => (await connected()) >= logins);
  }
}

/** The address of the case's page. */
export const casePage = ({ id }) => `#/cases/${encodeURIComponent(id)}`;
/** The address of a queue with this case alone. */
export const queueOf = ({ number }) => `#/?search=${encodeURIComponent(number)}`;
