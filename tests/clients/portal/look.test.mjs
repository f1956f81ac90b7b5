// How every screen looks to those who hear it, magnify it or hold it in a hand: axe, 320 pixels, in empty and in busy state.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ask, control, demo, refresh, settles, token } from '@recert-clients/support/demo';
import { openPage, overflow, reads, signIn, startBrowser, stopBrowser, violations } from './browser.mjs';
import { casePage, dueCase } from './county.mjs';

/** Screens by name: the address, and what is there once the screen stands. @type {Map<string, [string, string]>} */
const screens = new Map();
const WIDTHS = [1440, 768, 320];
let page;
let faults;

async function start(name) {
  const { startRenewalBatch } = await ask(
    'mutation($input: StartRenewalBatchInput!) { startRenewalBatch(input: $input) { batch { id } } }',
    { input: { name, filter: {}, maxCases: 40, idempotencyKey: name } },
  );
  return startRenewalBatch.batch.id;
}

before(async () => {
  await startBrowser();
  ({ page, faults } = await openPage({ reducedMotion: 'reduce' }));
  screens.set('queue, empty', ['#/?search=nobody-has-this-number', '.empty']);
  const untouched = await dueCase();
  const failed = await dueCase();
  const reviewed = await dueCase();
  const waiting = await dueCase();
  screens.set('batches, empty', ['#/batches', '.empty']);
  screens.set('case, nothing asked', [casePage(untouched), '[data-key="next-step"]']);
  screens.set('lineage', [`${casePage(reviewed)}/lineage`, '.tree']);
  screens.set('case, failed', [casePage(failed), '.panel-bad']);
  screens.set('case, to be reviewed', [casePage(reviewed), 'form[data-act="decide"]']);
  screens.set('case, waiting', [casePage(waiting), '#link']);
  screens.set('case, absent', ['#/cases/Q2FzZTpub3RoaW5n', '.alert-error']);
  await refresh(reviewed.id);
  await settles(reviewed.id, 'READY_FOR_REVIEW');
  await control('PUT', 'scenario', { scenario: 'login_error' });
  await refresh(failed.id);
  await settles(failed.id, 'NEEDS_CLIENT');
  await refresh(waiting.id);
  await settles(waiting.id, 'NEEDS_CLIENT');
  await control('PUT', 'scenario', { scenario: 'ok' });
  await ask(
    'mutation($input: SendVerificationLinkInput!) { sendVerificationLink(input: $input) { userErrors { __typename } } }',
    { input: { caseId: waiting.id, channels: ['NONE'], idempotencyKey: `look-${waiting.id}` } },
  );
});
after(() => stopBrowser());

/** Keeps a picture where the environment names a folder. */
async function keep(name, width) {
  const folder = process.env.RECERT_TEST_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name.replaceAll(/\W+/g, '-')}-${width}.png`), fullPage: true });
}

/** What stands on the page, at every width. */
async function look(name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await violations(page), [], `${name} at ${width} pixels`);
    assert.ok((await overflow(page)) <= 0, `${name} is wider than ${width} pixels`);
    await keep(name, width);
  }
  assert.deepEqual(faults, [], name);
}

/** A view of the portal, and then `look`. */
async function visit(name, [view, mark]) {
  await page.evaluate((hash) => (location.hash = hash), view);
  await page.locator(mark).first().waitFor();
  await look(name);
}

test('every screen, quiet', async (t) => {
  await page.goto(demo.portal);
  await page.locator('form.sign-in').waitFor();
  await t.test('signed out', () => look('signed out'));
  await signIn(page, demo.portal, token());
  await page.getByRole('table').waitFor();
  for (const [name, screen] of screens) await t.test(name, () => visit(name, screen));
});

test('every screen while a batch runs', async (t) => {
  const batch = await start('Busy');
  const busy = new Map([
    ['queue, busy', ['#/', 'table']],
    ['batches, busy', ['#/batches', '.card']],
    ['batch, busy', [`#/batches/${encodeURIComponent(batch)}`, 'progress']],
  ]);
  for (const [name, screen] of busy) await t.test(name, () => visit(name, screen));
  await t.test('dry run', async () => {
    await page.evaluate(() => (location.hash = '#/batches'));
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByRole('heading', { name: 'Dry run: nothing' }).waitFor();
    await look('dry run');
  });
  await t.test('the dialog that sends a link', async () => {
    await page.evaluate((hash) => (location.hash = hash), screens.get('case, failed')[0]);
    await page.getByRole('button', { name: 'Send link' }).click();
    await page.getByRole('dialog').waitFor();
    await look('dialog');
  });
});

test('a caseworker sees no batches, and pay data only with its scope', async () => {
  const own = await openPage();
  await signIn(own.page, demo.portal, demo.tokens.operator, screens.get('case, to be reviewed')[0]);
  await reads(own.page.locator('.alert'), 'Income and pay data are not shown');
  assert.equal(await own.page.getByRole('link', { name: 'Renewal batches' }).count(), 0);
  assert.deepEqual(await violations(own.page), []);
  await own.context.close();
});
