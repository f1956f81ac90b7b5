// The line to the gateway as a page uses it: over a token's end, past events that are new, and with the keyboard alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { demo, refresh, settles, token } from '@recert-clients/support/demo';
import { focused, openPage, reads, rowOf, signIn, startBrowser, stopBrowser, tabTo } from './browser.mjs';
import { dueCase, queueOf } from './county.mjs';

before(() => startBrowser());
after(() => stopBrowser());

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
