// The audits of the `graphql-http` package ("GraphQL over HTTP"): no error, no warning, and no notice but those below.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demo, token } from '@recert-clients/support/demo';
import { serverAudits } from 'graphql-http';

// GET is off unless `graphql.get` is set, and what it may carry is therefore not accepted.
const JUSTIFIED = {
  '5A70': 'MAY accept application/x-www-form-urlencoded formatted GET requests',
  D6D5: 'MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json',
  '6A70': 'MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json',
};

const bearer = `Bearer ${token()}`;
const signedIn = (url, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set('authorization', bearer);
  return fetch(url, { ...init, headers });
};

for (const audit of serverAudits({ url: demo.graphql, fetchFn: signedIn })) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    if (audit.id in JUSTIFIED) {
      assert.equal(JUSTIFIED[audit.id], audit.name);
      assert.equal(result.status, 'notice', 'the notice is gone: take it out of the list and out of docs/front-end.md');
    } else {
      assert.equal(result.status, 'ok', result.reason);
    }
  });
}
