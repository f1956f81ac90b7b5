// The explorer in a real browser: a query, completion, the documentation, a subscription, all under its strict policy.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { demo, freshCases, refresh, token, until } from '@recert-clients/support/demo';
import { open } from './browser.mjs';

const CTRL = 2;
let page;
const text = (id) => page.evaluate(`document.getElementById('${id}').innerText`);
const set = (text) => page.evaluate(`(() => {
  const area = document.querySelector('#query textarea');
  area.value = ${JSON.stringify(text)};
  area.setSelectionRange(area.value.length, area.value.length);
  area.dispatchEvent(new Event('input'));
  area.focus();
})()`);
const run = () => page.evaluate(`document.getElementById('run').click()`);

before(async () => {
  page = await open(demo.explorer);
  await until('the page is ready', () => page.evaluate(`document.body?.dataset.ready === 'true'`));
  await page.evaluate(`(() => {
    const token = document.getElementById('token');
    token.value = ${JSON.stringify(token())};
    token.dispatchEvent(new Event('change'));
  })()`);
});
after(() => page?.close());

test('the documentation is read with the token, and leads from type to type', async () => {
  await until('the types are listed', async () => (await text('page')).includes('CaseConnection'));
  await page.evaluate(`document.querySelector('#page a[href="#Case"]').click()`);
  const shown = await text('page');
  assert.match(shown, /type Case/);
  assert.match(shown, /employerLinks: \[EmployerLink!\]!/);
  await page.evaluate(`document.querySelector('#page a[href="#EmployerLink"]').click()`);
  assert.match(await text('page'), /LinkHealth/);
});

test('a query is run from the keyboard and its cost is shown', async () => {
  await set('query Some { cases(first: 2) { totalCount nodes { number } } }');
  await page.press('Enter', CTRL);
  await until('an answer', async () => (await text('result')).includes('totalCount'));
  assert.match(await text('status'), /^200 in \d+ ms, cost \d+ of 10000$/);
});

test('what may stand at the caret is offered and taken over', async () => {
  await set('{ cases(first: 2, filter: { status: [DUE] }) { nodes { vi');
  await page.press(' ', CTRL);
  assert.match(await page.evaluate(`document.querySelector('#query ul').innerText`), /viewerCan/);
  await page.press('Enter');
  assert.match(await page.evaluate(`document.querySelector('#query textarea').value`), /nodes \{ viewerCan$/);
});

test('an error is shown as it comes', async () => {
  await set('{ nothing }');
  await run();
  await until('the error', async () => (await text('result')).includes('GRAPHQL_VALIDATION_FAILED'));
  assert.match(await text('status'), /^400 /);
});

test('a subscription shows events as they come, until it is stopped', async () => {
  const [found] = await freshCases(1);
  await page.evaluate(`(() => {
    const examples = document.getElementById('examples');
    examples.value = 'Case events';
    examples.dispatchEvent(new Event('change'));
  })()`);
  await run();
  await until('the stream is open', async () => (await text('result')).includes('STREAM_OPENED'));
  await refresh(found.id);
  await until('an event of the case', async () => (await text('result')).includes(found.number));
  await run();
  assert.match(await text('status'), /received, stopped$/);
});

test('the policy was kept and nothing was fetched from elsewhere', async () => {
  if (process.env.RECERT_TEST_SCREENSHOT) writeFileSync(process.env.RECERT_TEST_SCREENSHOT, await page.screenshot());
  // The browser reports the refused query of the test above as an error of its own.
  assert.deepEqual(page.faults.filter((fault) => !fault.includes('status of 400')), []);
});
