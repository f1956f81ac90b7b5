// The printed schema composes into a supergraph once its entities have keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { read } from './sdl.mjs';

const recert = { name: 'recert', url: 'http://recert.test/graphql' };
const compose = (...subgraphs) => {
  const composed = composeServices(subgraphs.map(({ sdl, ...service }) => ({ ...service, typeDefs: parse(sdl) })));
  assert.deepEqual((composed.errors ?? []).map(({ message }) => message), []);
  return composed.supergraphSdl;
};

test('by itself, and with a subgraph that adds to its entities', () => {
  const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])\n';
  const keyed = /^type (Case|Client|Order|EmployerLink) implements [^{]+/gm;
  const sdl = link + read('schema.graphql').replace(keyed, '$&@key(fields: "id") ');
  assert.match(compose({ ...recert, sdl }), /type Case /);
  const notes = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
    type Query { noteCount: Int! }
    type Case @key(fields: "id") { id: ID! notes: [String!]! }
    type Client @key(fields: "id") { id: ID! languages: [String!]! }
    type Order @key(fields: "id") { id: ID! invoice: String }
    type EmployerLink @key(fields: "id") { id: ID! contact: String }`;
  const supergraph = compose({ ...recert, sdl }, { name: 'notes', url: 'http://notes.test/graphql', sdl: notes });
  assert.match(supergraph, /notes: \[String!\]!/);
});
