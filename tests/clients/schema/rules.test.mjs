// The rule sets of @graphql-eslint for schemas and for Relay; eslint.config.mjs says what is left out, and why.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { buildSchema, isObjectType } from 'graphql';
import { read, root } from './sdl.mjs';

test('@graphql-eslint has nothing to say', async () => {
  const config = fileURLToPath(new URL('eslint.config.mjs', import.meta.url));
  const results = await new ESLint({ cwd: root, overrideConfigFile: config }).lintFiles(['schema/schema.graphql']);
  const said = results.flatMap(({ messages }) => messages.map(({ line, ruleId, message }) => `${line}: ${ruleId}: ${message}`));
  assert.equal(results.length, 1);
  assert.deepEqual(said, []);
});

// Rows of operators' lists: their ids are unique, so a normalised cache may keep them, but nothing refetches one.
const rows = ['Delivery', 'LedgerLine', 'TokenRevocation'];

test('what has an id is a Node', () => {
  const types = Object.values(buildSchema(read('schema.graphql')).getTypeMap()).filter(isObjectType);
  for (const type of types) {
    const hasId = type.getFields().id !== undefined && !rows.includes(type.name);
    assert.equal(hasId, type.getInterfaces().some(({ name }) => name === 'Node'), type.name);
  }
});
