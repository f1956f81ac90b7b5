// How responsive the queue stays while much changes: `node portal/pace.mjs`, with RECERT_TEST_DEMO naming the demo.json of a
// running demonstration. Between page and gateway stands a socket that adds events of 10,000 cases at a steady pace, made
// after the rows that the page shows; somebody scrolls and moves the focus meanwhile. The page's long tasks (longer than
// 50 ms, as browsers define them) are counted.
import { ask, demo } from '@recert-clients/support/demo';
import { openPage, signIn, startBrowser, stopBrowser } from './browser.mjs';

const CASES = Number(process.env.CASES ?? 10_000);
const RATE = Number(process.env.RATE ?? 50);
const SECONDS = Number(process.env.SECONDS ?? 30);
/** Of so many events one is about a case that is on the page. */
const SHOWN = 4;

const row = `id number program status nextAction nextActor dueOn isOverdue version updatedAt
  client { id displayName } assignee { id displayName }
  latestOrder { id status failure { reason nextAction nextActor retryAt message } }
  viewerCan { createRefreshOrder sendVerificationLink completeReview assign }`;
const { cases } = await ask(`{ cases(first: 25, filter: { status: [DUE] }, sort: [{ field: DUE_ON }]) { nodes { ${row} } } }`);
const shown = cases.nodes;
const others = Array.from({ length: CASES - shown.length }, (_, place) => {
  const like = shown[place % shown.length];
  return { ...like, id: `other-${place}`, number: `OTHER-${place}`, client: { ...like.client, displayName: `Other ${place}` } };
});
const standings = [
  ['REFRESHING', 'WAIT', 'GATEWAY'],
  ['READY_FOR_REVIEW', 'REVIEW', 'CASEWORKER'],
  ['NEEDS_CLIENT', 'SEND_VERIFICATION_LINK', 'CLIENT'],
];

await startBrowser();
const { page } = await openPage();
let send;
await page.routeWebSocket(/\/graphql$/, (socket) => {
  const gateway = socket.connectToServer();
  socket.onMessage((message) => gateway.send(message));
  gateway.onMessage((message) => {
    const { type, id, payload } = JSON.parse(String(message));
    if (type === 'next' && payload.data.caseEvents?.kind === 'STREAM_OPENED') {
      const { cursor } = payload.data.caseEvents;
      send = (found) =>
        socket.send(JSON.stringify({ type: 'next', id, payload: { data: { caseEvents: {
          __typename: 'CaseStatusChanged', id: `event-${found.id}-${found.version}`, cursor, kind: 'CASE_STATUS_CHANGED',
          occurredAt: new Date().toISOString(), previousStatus: 'DUE', case: found,
        } } } }));
    }
    socket.send(message);
  });
});
await signIn(page, process.env.PORTAL ?? demo.portal, demo.tokens.supervisor, '#/?status=DUE');
await page.getByRole('table').waitFor();
await page.evaluate(() => {
  globalThis.tasks = [];
  new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
});

const begun = performance.now();
let changed = 0;
let next = 0;
while (performance.now() - begun < SECONDS * 1000) {
  while (changed < ((performance.now() - begun) / 1000) * RATE) {
    const list = changed % SHOWN === 0 ? shown : others;
    const place = list === shown ? (changed / SHOWN) % shown.length : (next += 1) % others.length;
    const [status, nextAction, nextActor] = standings[changed % standings.length];
    list[place] = { ...list[place], status, nextAction, nextActor, version: list[place].version + 1, updatedAt: new Date().toISOString() };
    send(list[place]);
    changed += 1;
    if (changed % (RATE * 3) === 0) {
      await page.mouse.wheel(0, 200);
      await page.keyboard.press('Tab');
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const seconds = (performance.now() - begun) / 1000;
const { tasks, updates } = await page.evaluate(() => ({ tasks: globalThis.tasks, updates: document.querySelector('[data-key="updates"]').textContent }));
const longest = Math.round(Math.max(0, ...tasks));
console.log(`${CASES} cases, ${changed} changes in ${seconds.toFixed(1)} s (${(changed / seconds).toFixed(1)} a second); the page says “${updates}”`);
console.log(`${tasks.length} long tasks, the longest ${longest} ms`);
await stopBrowser();
process.exitCode = longest < 100 ? 0 : 1;
