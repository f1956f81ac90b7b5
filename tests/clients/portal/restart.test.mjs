// The gateway is killed and started again while a page is open: the page says so, comes back, and has missed nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertWhole, demo, refresh, settles, token, until } from '@recert-clients/support/demo';
import { Switch } from '@recert-clients/support/switch';
import { openPage, reads, rowOf, signIn, startBrowser, stopBrowser } from './browser.mjs';
import { dueCase, queueOf } from './county.mjs';

/** The demonstration that the tests were given; this test ends it and puts another one in its place. */
const first = Number(process.env.RECERT_TEST_DEMO_PID);
const folder = path.dirname(process.env.RECERT_TEST_DEMO);
const line = new Switch(demo.graphql);
let second;

before(async () => {
  assert.ok(first > 0, 'RECERT_TEST_DEMO_PID names no process; start the tests with tests/clients/run');
  await startBrowser();
  await line.start();
});
after(async () => {
  await stopBrowser();
  await line.stop();
  if (second?.exitCode === null) {
    const ended = once(second, 'exit');
    second.kill('SIGTERM');
    await ended;
  }
});

/** Starts the gateway again where it was, on what it has stored. */
async function startAgain() {
  rmSync(process.env.RECERT_TEST_DEMO);
  const { port } = new URL(demo.graphql);
  const flags = ['demo', '--keep', '--port', port, '--simulator-port', '0', '--data-dir', folder];
  second = spawn(process.env.RECERT_TEST_BINARY, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  second.stderr.on('data', (chunk) => (log += chunk));
  await until(() => `the gateway is there again: ${log}`, () => {
    assert.equal(second.exitCode, null, log);
    try {
      return JSON.parse(readFileSync(process.env.RECERT_TEST_DEMO, 'utf8')).graphql === demo.graphql;
    } catch {
      return false;
    }
  });
}

test('a gateway that is killed and comes back costs the page nothing but time', async () => {
  const [early, late] = [await dueCase(), await dueCase()];
  const { page, faults } = await openPage();
  /** Every event that the page has been sent, over all its sockets. */
  const received = [];
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const event = JSON.parse(String(payload)).payload?.data?.caseEvents;
      if (event) received.push(event);
    }),
  );
  const portal = line.through(demo.portal);
  await signIn(page, portal, token(), queueOf(late));
  await reads(page.locator('.live'), 'Live');
  await page.evaluate(() => (globalThis.isSamePage = true));
  await refresh(early.id);
  await until('the page has heard of the first case', () => received.some(({ case: found }) => found?.id === early.id && found.status === 'READY_FOR_REVIEW'));

  line.cut({ closed: true });
  process.kill(first, 'SIGKILL');
  await reads(page.locator('.live'), 'Reconnecting');
  await startAgain();
  // The page is kept out until all of it has happened, so that it has to catch up.
  await refresh(late.id);
  await settles(late.id, 'READY_FOR_REVIEW');
  await reads(rowOf(page, late.number), 'Due');
  line.admit();

  await reads(rowOf(page, late.number), 'Ready for review');
  await reads(page.locator('.live'), 'Live');
  assert.equal(await page.evaluate(() => globalThis.isSamePage), true);
  await assertWhole(received, [early.id, late.id]);
  assert.deepEqual(faults.filter((fault) => !/WebSocket connection|ERR_/.test(fault)), []);
});
