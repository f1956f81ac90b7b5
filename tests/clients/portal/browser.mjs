// The portal in a headless Chromium: opened, signed in, watched for faults, and looked at through its roles and names.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = 60_000;

/** @type {import('playwright-core').Browser | undefined} */
let browser;

export async function startBrowser() {
  const name = process.env.RECERT_TEST_CHROMIUM ?? 'chromium';
  const executablePath = name.includes('/') ? name : execFileSync('which', [name], { encoding: 'utf8' }).trim();
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  return browser;
}

export const stopBrowser = () => browser?.close();

/**
 * A page in a context of its own. `faults` holds everything that went wrong in it: errors on its console, exceptions,
 * requests to another server, and answers of the server that say so.
 */
export async function openPage({ width = 1440, height = 900, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'en-US', acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const faults = [];
  const own = new Set();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => faults.push(error.stack ?? error.message));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (own.size === 0) own.add(origin);
    if (!own.has(origin) && protocol !== 'blob:') faults.push(`asked ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500) faults.push(`${response.url()} answered ${response.status()}`);
  });
  return { page, context, faults };
}

/** Opens a view of the portal, signed in by a link such as the demonstration prints. */
export async function signIn(page, portal, token, view = '#/') {
  await page.goto(`${portal}#token=${token}`);
  await page.locator('body[data-ready]').waitFor();
  if (view !== '#/') await page.evaluate((hash) => (location.hash = hash), view);
}

/** The row of a case in the queue. */
export const rowOf = (page, number) => page.getByRole('row').filter({ has: page.getByRole('link', { name: number, exact: true }) });

/** What axe finds wrong with the page as it stands, one line each. */
export async function violations(page) {
  // Not by a script element, which the page's policy forbids.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`));
}

/** How far the page is wider than the window. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Waits until a text of the page matches. */
export async function reads(locator, pattern) {
  await locator.filter({ hasText: pattern }).first().waitFor({ timeout: PATIENCE });
}

/** Presses Tab until an element has the focus; fails when the focus goes round without reaching it. */
export async function tabTo(page, locator, most = 120) {
  const wanted = await locator.elementHandle();
  for (let pressed = 0; pressed < most; pressed += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`not reached with ${most} presses of Tab: ${await wanted.evaluate((element) => element.outerHTML)}`);
}

/** What has the focus, for the words of a failure. */
export const focused = (page) => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
