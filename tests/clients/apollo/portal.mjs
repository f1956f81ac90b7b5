// A portal's connection to Recert with Apollo Client, subscriptions as multipart answers over plain HTTP. Copy this file.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { getMainDefinition } from '@apollo/client/utilities';
import { Observable } from 'rxjs';

/**
 * @param {object} options
 * @param {string} options.url `https://…/graphql`
 * @param {() => string} options.token the signed-in person's token, renewed when it is about to expire
 */
export function connect({ url, token }) {
  const authorize = new SetContextLink(({ headers }) => ({
    headers: { ...headers, authorization: `Bearer ${token()}` },
  }));
  return new ApolloClient({
    // `resume` comes first, so that every new attempt asks for the token again.
    link: ApolloLink.from([resume(), authorize, new HttpLink({ uri: url })]),
    cache: new InMemoryCache({ typePolicies: { Case: { merge: newest }, Order: { merge: newest } } }),
  });
}

const PASSING = new Set(['UNAUTHENTICATED', 'RATE_LIMITED', 'SERVICE_UNAVAILABLE']);

/**
 * Goes on after a break, the token's end (both are an error here, "premature end of multipart body"), and a restart of
 * the gateway: the next attempt asks for what follows the last event. Select `cursor`, and take the variable `$after`.
 */
function resume() {
  return new ApolloLink((operation, forward) => {
    if (getMainDefinition(operation.query).operation !== 'subscription') return forward(operation);
    return new Observable((observer) => {
      let attempt = 0;
      let running;
      let timer;
      const again = () => {
        running?.unsubscribe();
        timer = setTimeout(start, Math.random() * Math.min(30_000, 250 * 2 ** attempt));
        attempt += 1;
      };
      const start = () => {
        running = forward(operation).subscribe({
          next(result) {
            // A refusal comes as an answer without data: until there is a new token, or until it passes.
            if (PASSING.has(result.errors?.[0]?.extensions?.code)) return again();
            attempt = 0;
            const cursor = result.data?.caseEvents?.cursor;
            if (cursor) operation.variables.after = cursor;
            // With neither it is a notice to this link, such as `extensions.tokenExpiring`.
            if (result.data || result.errors) observer.next(result);
          },
          error: again,
          complete: () => observer.complete(),
        });
      };
      start();
      return () => {
        clearTimeout(timer);
        running.unsubscribe();
      };
    });
  });
}

/** An event may come twice, and late: of two copies the one with the larger version stays. */
function newest(held, incoming, { readField, mergeObjects }) {
  const isOlder = readField('version', incoming) < readField('version', held);
  return isOlder ? held : mergeObjects(held, incoming);
}
