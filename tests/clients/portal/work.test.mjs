// A caseworker's day in the portal, in a real browser: every story goes through the page and the public API alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { ask, control, demo, refresh, settles, token } from '@recert-clients/support/demo';
import { focused, openPage, reads, rowOf, signIn, startBrowser, stopBrowser, tabTo } from './browser.mjs';
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

test('after its token’s end the page goes on with the next one, and has missed nothing', async () => {
  const found = await dueCase();
  let own;
  // A token has to live until the page stands, and that takes as long as the machine is busy.
  for (const seconds of [5, 15, 45]) {
    own = await openPage();
    await signIn(own.page, demo.portal, token(seconds), queueOf(found));
    const row = rowOf(own.page, found.number).filter({ hasText: 'Due' });
    const over = own.page.locator('form.sign-in');
    await row.or(over).first().waitFor();
    if (await row.isVisible()) break;
    await own.context.close();
  }
  const dialog = own.page.getByRole('dialog', { name: 'Your sign-in has ended' });
  await dialog.waitFor();
  await refresh(found.id);
  await settles(found.id, 'READY_FOR_REVIEW');
  await dialog.getByLabel('Access token').fill(token());
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.waitFor({ state: 'detached' });
  await reads(rowOf(own.page, found.number), 'Ready for review');
  await reads(own.page.locator('.live'), 'Live');
  // The browser itself reports the request that the old token was refused for.
  assert.deepEqual(own.faults.filter((fault) => !fault.includes('401')), []);
  await own.context.close();
});

test('an event of a kind that is not known is ignored', async () => {
  const found = await dueCase();
  const own = await openPage();
  /** @type {((kind: string) => void) | undefined} */
  let invent;
  await own.page.routeWebSocket(/\/graphql$/, (socket) => {
    const gateway = socket.connectToServer();
    socket.onMessage((message) => gateway.send(message));
    gateway.onMessage((message) => {
      const { type, id, payload } = JSON.parse(String(message));
      if (type === 'next' && payload.data.caseEvents?.kind === 'STREAM_OPENED') {
        const { cursor, occurredAt } = payload.data.caseEvents;
        const event = { __typename: 'Invented', id: 'new', cursor, kind: 'INVENTED', occurredAt, case: { id: found.id } };
        invent = () => socket.send(JSON.stringify({ type: 'next', id, payload: { data: { caseEvents: event } } }));
      }
      socket.send(message);
    });
  });
  await signIn(own.page, demo.portal, token(), queueOf(found));
  const row = rowOf(own.page, found.number);
  await reads(row, 'Due');
  const before = await row.innerText();
  invent();
  // What is known after it is shown, so the invented one has been read by then.
  assert.equal(await row.innerText(), before);
  await refresh(found.id);
  await reads(row, 'Ready for review');
  assert.deepEqual(own.faults, []);
  await own.context.close();
});

test('everything is done with the keyboard', async () => {
  const found = await dueCase();
  const own = await openPage();
  await signIn(own.page, demo.portal, token(), queueOf(found));
  const keyboard = own.page.keyboard;
  await reads(rowOf(own.page, found.number), 'Due');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  assert.match(await focused(own.page), /id="main"/, 'the first stop leads past the head of the page');
  const button = rowOf(own.page, found.number).getByRole('button');
  await tabTo(own.page, button);
  await keyboard.press('Enter');
  await reads(rowOf(own.page, found.number), 'Ready for review');
  assert.match(await focused(own.page), /data-key="act-/, 'the focus stays where it was');
  // The button that has become another one answers a moment later, so that a press too many does nothing.
  await own.page.waitForFunction(() => document.activeElement?.textContent?.startsWith('Review'));
  await own.page.waitForFunction(() => {
    if (location.hash.startsWith('#/cases/')) return true;
    document.activeElement.click();
    return false;
  });
  await own.page.getByRole('heading', { name: found.client.displayName }).waitFor();
  await own.page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  await tabTo(own.page, own.page.getByLabel('Confirmed', { exact: true }));
  await keyboard.press('Space');
  await tabTo(own.page, own.page.getByRole('button', { name: 'Record decision' }));
  await keyboard.press('Enter');
  await reads(own.page.getByRole('status'), 'Recorded: confirmed');
  assert.deepEqual(own.faults, []);
  await own.context.close();
});

test('nothing went wrong on the way', () => {
  assert.deepEqual(faults, []);
});
