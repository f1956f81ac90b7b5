// Renewal batches in the portal: a dry run, one that ends, one that is stopped.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { control, demo, token } from '@recert-clients/support/demo';
import { openPage, reads, signIn, startBrowser, stopBrowser } from './browser.mjs';

let page;
let faults;
const show = async (view) => {
  await page.evaluate((hash) => (location.hash = hash), view);
};

before(async () => {
  await startBrowser();
  ({ page, faults } = await openPage());
  await signIn(page, demo.portal, token());
});
after(() => stopBrowser());

test('a renewal batch: dry run, start, pause, resume, outcomes, file', async () => {
  await show('#/batches');
  await page.getByLabel('Program').selectOption('LIHEAP');
  await page.getByRole('button', { name: 'Dry run' }).click();
  await page.getByRole('heading', { name: 'Dry run: nothing has been asked for' }).waitFor();
  await reads(page.locator('.figures'), 'connections billed');
  await page.getByLabel('Program').selectOption('');
  await page.getByLabel('Most cases').fill('12');
  await page.getByLabel('Name').fill('Twelve of them');
  await page.getByRole('button', { name: 'Start batch' }).click();
  await page.getByRole('heading', { name: 'Twelve of them' }).waitFor();
  await page.getByRole('heading', { name: '12 of 12 cases have their outcome' }).waitFor();
  await reads(page.locator('.title'), 'Finished');
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download outcomes' }).click();
  const lines = readFileSync(await (await file).path(), 'utf8').trim().split('\r\n');
  assert.equal(lines[0], 'case,client,program,due,outcome,reason,attempts,settled_at');
  assert.equal(lines.length, 13);
});

test('a batch is paused, goes on, and is canceled by two presses', async () => {
  // Providers that take their time keep the batch open while it is looked at.
  await control('PUT', 'settings', { step_ms: 5_000 });
  await show('#/batches');
  await page.getByLabel('Name').fill('To be canceled');
  await page.getByRole('button', { name: 'Start batch' }).click();
  await page.getByRole('heading', { name: 'To be canceled' }).waitFor();
  await page.getByRole('button', { name: 'Pause batch' }).click();
  await reads(page.locator('.title'), 'Paused');
  await page.getByRole('button', { name: 'Resume batch' }).click();
  await page.getByRole('button', { name: 'Pause batch' }).waitFor();
  await page.getByRole('button', { name: 'Cancel batch' }).click();
  await page.getByRole('button', { name: 'Press again to cancel for good' }).click();
  await reads(page.locator('.title'), 'Canceled');
  await control('PUT', 'settings', { step_ms: 150 });
});

test('nothing went wrong on the way', () => {
  assert.deepEqual(faults, []);
});
