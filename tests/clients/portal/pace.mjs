// How responsive the queue stays while much changes: `node portal/pace.mjs`, with RECERT_TEST_DEMO naming the demo.json of a
// demonstration of 10,000 cases (`recert demo --cases 10000`). Cases are put into other caseloads at a steady pace through
// the public API, and the page's long tasks (longer than 50 ms, as browsers define them) are listed.
import { performance } from 'node:perf_hooks';
import { ask, demo } from '@recert-clients/support/demo';
import { openPage, signIn, startBrowser, stopBrowser } from './browser.mjs';

const RATE = Number(process.env.RATE ?? 50);
const SECONDS = Number(process.env.SECONDS ?? 30);

/** The cases that the page shows, and as many others as there are changes in a quarter of a minute. */
const query = 'query($after: String) { cases(first: 100, after: $after, sort: [{ field: DUE_ON }]) { totalCount pageInfo { endCursor } nodes { id assignee { id } } } }';
const cases = [];
let total;
for (let after = null; cases.length < RATE * 15; ) {
  const { cases: page } = await ask(query, { after });
  cases.push(...page.nodes);
  total = page.totalCount;
  after = page.pageInfo.endCursor;
}
const staff = [...new Set(cases.map(({ assignee }) => assignee?.id).filter(Boolean))];

await startBrowser();
const { page } = await openPage();
let frames = 0;
page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => (frames += String(payload).includes('"caseEvents"') ? 1 : 0)));
await signIn(page, process.env.PORTAL ?? demo.portal, demo.tokens.supervisor);
await page.getByRole('table').waitFor();
await page.evaluate(() => {
  globalThis.tasks = [];
  new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
});

const mutation = 'mutation($input: AssignCaseInput!) { assignCase(input: $input) { userErrors { __typename } } }';
const begun = performance.now();
const sent = new Set();
let changed = 0;
let step = 0;
while (performance.now() - begun < SECONDS * 1000) {
  const isDue = (performance.now() - begun) / 1000 * RATE > changed;
  if (!isDue || sent.size >= 32) {
    await (sent.size >= 32 ? Promise.race(sent) : new Promise((resolve) => setTimeout(resolve, 5)));
    continue;
  }
  const found = cases[changed % cases.length];
  const assigneeId = staff[(changed + step) % staff.length];
  changed += 1;
  if (changed % cases.length === 0) step += 1;
  const answer = ask(mutation, { input: { caseId: found.id, assigneeId } }).finally(() => sent.delete(answer));
  sent.add(answer);
  // Somebody uses the page meanwhile.
  if (changed % (RATE * 5) === 0) {
    await page.mouse.wheel(0, 300);
    await page.getByRole('button', { name: /show|Up to date/ }).focus();
  }
}
await Promise.all(sent);
const seconds = (performance.now() - begun) / 1000;
const tasks = await page.evaluate(() => globalThis.tasks);
const longest = Math.round(Math.max(0, ...tasks));
console.log(`${total} cases; ${changed} changes in ${seconds.toFixed(1)} s (${(changed / seconds).toFixed(1)} a second), ${frames} events on the page`);
console.log(`${tasks.length} long tasks, the longest ${longest} ms`);
await stopBrowser();
process.exitCode = longest < 100 ? 0 : 1;
