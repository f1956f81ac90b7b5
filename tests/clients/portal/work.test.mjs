// A caseworker's day in the portal, in a real browser: every story goes through the page and the public API alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, control, demo, refresh, settles, token } from '@recert-clients/support/demo';
import { focused, openPage, reads, rowOf, signIn, startBrowser, stopBrowser } from './browser.mjs';
import { casePage, clientLogsIn, dueCase, queueOf } from './county.mjs';

const MOST_BYTES = 150_000;
let page;
let faults;
/** A view of the portal, in the same document: what is marked on its window shows that nothing was loaded anew. */
const show = async (view) => {
  await page.evaluate((hash) => (location.hash = hash), view);
};
const status = () => page.getByRole('status');
const live = () => page.locator('.live');

before(async () => {
  await startBrowser();
  ({ page, faults } = await openPage());
});
after(() => stopBrowser());

test('the first view is small, comes from here alone, and asks for a token', async (t) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  const response = await page.goto(demo.portal);
  assert.match(response.headers()['content-security-policy'], /^default-src 'self';/);
  assert.ok(!(await response.text()).includes(demo.tokens.supervisor), 'the page holds no token');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Access token').fill('nonsense');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await reads(page.locator('form'), 'This is no token');
  await page.getByLabel('Access token').fill(token());
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('table').waitFor();
  await page.waitForLoadState('networkidle');
  assert.ok(bytes > 10_000 && bytes < MOST_BYTES, `${bytes} bytes`);
  t.diagnostic(`${bytes} bytes`);
  await reads(live(), 'Live');
});

test('a link with a token signs in, and the token is nowhere but in the memory of the tab', async () => {
  await signIn(page, demo.portal, demo.tokens.supervisor);
  await page.getByRole('table').waitFor();
  assert.ok(!page.url().includes(demo.tokens.supervisor));
  assert.ok(!(await page.content()).includes(demo.tokens.supervisor));
  assert.deepEqual(await page.evaluate(() => [Object.keys(sessionStorage), Object.keys(localStorage), document.cookie]), [['recert.token'], [], '']);
  await page.evaluate(() => (globalThis.isSamePage = true));
});

test('a refresh is seen in its row until it is ready for review, without a reload', async () => {
  const found = await dueCase();
  await show(queueOf(found));
  const row = rowOf(page, found.number);
  await reads(row, 'Due');
  await row.getByRole('button', { name: `Refresh case ${found.number}` }).click();
  await reads(status(), `New data was asked for: case ${found.number}`);
  await reads(row, 'Ready for review');
  await reads(row, 'Review and decide');
  assert.equal(await page.evaluate(() => globalThis.isSamePage), true);
  await reads(status(), new RegExp(`${found.number}.*ready for review|changed`));
});

test('a refresh that fails says why, and the client is sent a link', async () => {
  const found = await dueCase();
  await show(casePage(found));
  await page.getByRole('heading', { name: found.client.displayName }).waitFor();
  await control('PUT', 'scenario', { scenario: 'login_error' });
  await page.getByRole('button', { name: 'Refresh' }).click();
  const panel = page.getByRole('region', { name: 'The payroll provider refused the sign-in' });
  await reads(panel, 'The client must log in again');
  await control('PUT', 'scenario', { scenario: 'ok' });
  await panel.getByRole('button', { name: 'Send link' }).click();
  const dialog = page.getByRole('dialog', { name: `Send ${found.client.displayName} a link` });
  await dialog.getByLabel('No message').check();
  await dialog.getByRole('button', { name: 'Send link' }).click();
  await dialog.waitFor({ state: 'detached' });
  const link = page.getByLabel('Link for the client');
  await link.waitFor();
  assert.match(await link.inputValue(), /^https?:/);
  await reads(page.locator('.title'), 'Waiting on client');
  await clientLogsIn(found.id);
  await reads(page.locator('.title'), 'Ready for review');
  await page.getByRole('region', { name: 'What changed' }).getByText('Monthly income').first().waitFor();
});

test('a review shows what changed, and is decided', async () => {
  const found = await dueCase();
  await control('PUT', 'scenario', { scenario: 'ok_new_stub' });
  await refresh(found.id);
  await settles(found.id, 'READY_FOR_REVIEW');
  await control('PUT', 'scenario', { scenario: 'ok' });
  await show(casePage(found));
  await page.getByRole('heading', { name: found.client.displayName }).waitFor();
  await reads(page.locator('.statements').first(), 'New since last time');
  const { case: read } = await ask(
    'query($id: ID!) { case(by: { id: $id }) { review { changes { label isMaterial } } } }',
    { id: found.id },
  );
  const { changes } = read.review;
  assert.ok(changes.length > 0);
  const lines = page.locator('.column-main > [data-key="review"] > table tbody th');
  const shown = await lines.evaluateAll((all) => all.map((line) => line.firstChild.textContent));
  assert.deepEqual(shown, changes.map(({ label }) => label), 'material changes come first');
  await page.getByRole('button', { name: 'Record decision' }).click();
  await reads(page.getByRole('alert'), 'Choose one of the four');
  await page.getByLabel('Confirmed', { exact: true }).check();
  await page.getByLabel('Note for the file').fill('Seen with the client.');
  await page.getByRole('button', { name: 'Record decision' }).click();
  await reads(status(), 'Recorded: confirmed. The next due date is');
  await reads(page.locator('.title'), 'Not due');
  assert.match(await focused(page), /^<h1/, 'the focus is not lost with the form');
});

test('what would move rows waits for a press, and the row under the focus stays', async () => {
  const found = await dueCase();
  await show(`#/?status=DUE&search=${found.number}`);
  const row = rowOf(page, found.number);
  await row.getByRole('link', { name: found.number }).focus();
  await refresh(found.id);
  await reads(row, 'No longer in this list');
  assert.match(await focused(page), new RegExp(found.number));
  const updates = page.getByRole('button', { name: '1 update: show' });
  await updates.click();
  await reads(page.locator('main'), 'No case meets these filters');
  await page.getByRole('button', { name: 'Up to date' }).waitFor();
});

test('paused, the page stands still and counts; resumed, it shows what came', async () => {
  const found = await dueCase();
  await show(queueOf(found));
  const row = rowOf(page, found.number);
  await reads(row, 'Due');
  await page.getByRole('button', { name: 'Pause updates' }).click();
  await reads(live(), 'Paused');
  await refresh(found.id);
  await settles(found.id, 'READY_FOR_REVIEW');
  await reads(page.locator('.held'), /\d cases? changed since/);
  assert.match(await row.innerText(), /\bDue\b[^]*Ask for new data/);
  await page.getByRole('button', { name: 'Resume updates' }).click();
  await reads(row, 'Ready for review');
  await reads(live(), 'Live');
});

test('data that comes while somebody decides waits until it is asked for', async () => {
  const found = await dueCase();
  await refresh(found.id);
  await settles(found.id, 'READY_FOR_REVIEW');
  await show(casePage(found));
  await page.getByLabel('Rejected').check();
  await control('PUT', 'scenario', { scenario: 'ok_new_stub' });
  await refresh(found.id);
  await settles(found.id, 'READY_FOR_REVIEW');
  await control('PUT', 'scenario', { scenario: 'ok' });
  const updates = page.getByRole('button', { name: /updates?: show/ });
  await updates.waitFor();
  assert.ok(await page.getByLabel('Rejected').isChecked());
  await updates.click();
  await updates.waitFor({ state: 'detached' });
});

test('the lineage is a picture and a list of the same orders', async () => {
  const found = await dueCase();
  await refresh(found.id);
  await settles(found.id, 'READY_FOR_REVIEW');
  await show(`${casePage(found)}/lineage`);
  const { case: read } = await ask(
    'query($id: ID!) { case(by: { id: $id }) { lineage { entries { order { truvOrderId } } } } }',
    { id: found.id },
  );
  const orders = read.lineage.entries.map(({ order }) => order.truvOrderId);
  assert.ok(orders.length >= 2);
  await page.getByRole('img', { name: `Tree of ${orders.length} orders` }).waitFor();
  assert.equal(await page.locator('.tree .node').count(), orders.length);
  assert.deepEqual(await page.locator('.orders code').allInnerTexts(), orders);
});

test('nothing went wrong on the way', () => {
  assert.deepEqual(faults, []);
});
