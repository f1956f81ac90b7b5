// Events from Recert in plain Node with graphql-sse. Copy this file: a batch job or a server-side page needs no more.
import { createClient } from 'graphql-sse';

/**
 * @param {object} options
 * @param {string} options.url `https://…/graphql`
 * @param {() => string} options.token the job's token, asked for with every request
 */
export function connect({ url, token }) {
  const headers = () => ({ authorization: `Bearer ${token()}` });
  // It would try again by itself, but from where the first request began, and whatever the refusal.
  const client = createClient({ url, headers, retryAttempts: 0 });

  /** A query or a mutation. */
  async function ask(query, variables) {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...headers(),
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
      },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    if (errors) throw Object.assign(new Error(errors[0].message), { status: response.status, errors });
    return data;
  }

  /**
   * All events of the subscription, whatever happens to the connection: after a break, an expired token or a restart of
   * the gateway it goes on after the last cursor. `query` takes the variable `$after` and selects `caseEvents.cursor`.
   */
  async function* events(query, variables, { signal } = {}) {
    let { after } = variables;
    for (let attempt = 0; !signal?.aborted; attempt += 1) {
      const results = client.iterate({ query, variables: { ...variables, after } });
      const abort = () => results.return();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        for await (const { data, errors } of results) {
          // A refusal is final: the document is wrong, or the token may not see this.
          if (errors) throw Object.assign(new Error(errors[0].message), { errors, isFinal: true });
          attempt = 0;
          after = data.caseEvents.cursor;
          yield data.caseEvents;
        }
        return;
      } catch (error) {
        // 401 until there is a new token, 429 and 5xx until it passes; what else the gateway refuses stays refused.
        const status = error.response?.status ?? 0;
        if (error.isFinal || (status >= 400 && status < 500 && status !== 401 && status !== 429)) throw error;
      } finally {
        signal?.removeEventListener('abort', abort);
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(30_000, 250 * 2 ** attempt)));
    }
  }

  return { ask, events };
}
