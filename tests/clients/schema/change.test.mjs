// What was promised is kept: schema/released.graphql is the contract of the version that Cargo.toml names, and nothing a
// client may rely on has gone from it since. With a new version the printed schema is copied over it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import { read, root } from './sdl.mjs';

const released = read('released.graphql');

test('nothing that was released has changed or gone', async (t) => {
  const changes = await diff(buildSchema(released), buildSchema(read('schema.graphql')));
  const of = (wanted) => changes.filter(({ criticality }) => criticality.level === wanted).map(({ message }) => message);
  assert.deepEqual(of(CriticalityLevel.Breaking), []);
  // New enum values and new members of unions: allowed, and announced.
  for (const message of of(CriticalityLevel.Dangerous)) t.diagnostic(message);
  t.diagnostic(`${changes.length} changes since the release`);
});

test('the released contract is that of this version', () => {
  const version = /^version = "(.+)"$/m.exec(readFileSync(`${root}/Cargo.toml`, 'utf8'))[1];
  assert.equal(released.split('\n', 1)[0], `# Recert ${version}`);
});
