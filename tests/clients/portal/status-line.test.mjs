// The line that sums up, on a clock of its own: what somebody has done stays long enough to be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusLine } from '../../../src/portal/status-line.js';

const PACE = 4_000;
const event = (id) => ({ case: { id, number: `SNAP-${id}`, client: { displayName: 'Rosa Ortiz' }, status: 'REFRESHING' } });

/** The line, and how time passes for it. */
function line(t) {
  let now = 100_000;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const element = { textContent: '' };
  const pass = (milliseconds) => {
    now += milliseconds;
    t.mock.timers.tick(milliseconds);
  };
  return { status: new StatusLine(element), element, pass };
}

test('what changes is summed up, one sum at a time', (t) => {
  const { status, element, pass } = line(t);
  status.sum([event('1')]);
  pass(0);
  assert.equal(element.textContent, 'Case SNAP-1, Rosa Ortiz: refreshing.');
  status.sum([event('2')]);
  status.sum([event('3'), event('2')]);
  pass(PACE - 1);
  assert.equal(element.textContent, 'Case SNAP-1, Rosa Ortiz: refreshing.');
  pass(1);
  assert.equal(element.textContent, '2 cases changed: 2 refreshing.');
});

test('a sum that is about to come does not wipe away what somebody has just done', (t) => {
  const { status, element, pass } = line(t);
  status.say('New data was asked for.');
  status.sum([event('1')]);
  pass(PACE - 1);
  status.say('Recorded: confirmed.');
  pass(PACE - 1);
  assert.equal(element.textContent, 'Recorded: confirmed.');
  pass(1);
  assert.equal(element.textContent, 'Case SNAP-1, Rosa Ortiz: refreshing.');
});
