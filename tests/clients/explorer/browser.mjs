// A headless Chromium, spoken to by its own protocol: start, evaluate, type, stop.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';

/** Opens a page. Everything that it logs as an error, and every request that leaves its origin, fails `assertQuiet`. */
export async function open(address) {
  const profile = mkdtempSync(path.join(tmpdir(), 'recert-explorer-'));
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--window-size=1440,900',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
  ];
  const browser = spawn(process.env.RECERT_TEST_CHROMIUM ?? 'chromium', [...flags, 'about:blank']);
  const devtools = await new Promise((resolve, reject) => {
    let said = '';
    browser.on('error', reject);
    browser.on('exit', () => reject(new Error(`Chromium has ended: ${said}`)));
    browser.stderr.on('data', (data) => {
      said += data;
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
  });
  const socket = new WebSocket(devtools);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const waiting = new Map();
  const faults = [];
  let last = 0;
  let session;
  const call = (method, params = {}) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject, method });
      socket.send(JSON.stringify({ id: last, method, params, ...(session && { sessionId: session }) }));
    });
  socket.on('message', (data) => {
    const { id, result, error, method, params } = JSON.parse(data);
    if (id) {
      const { resolve, reject, method: asked } = waiting.get(id);
      waiting.delete(id);
      return error ? reject(new Error(`${asked}: ${error.message}`)) : resolve(result);
    }
    if (method === 'Runtime.exceptionThrown') faults.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === 'Log.entryAdded' && params.entry.level === 'error' && !params.entry.url?.endsWith('/favicon.ico')) faults.push(params.entry.text);
    const url = params?.request?.url ?? '';
    if (method === 'Network.requestWillBeSent' && new URL(url).origin !== new URL(address).origin && url !== 'about:blank') faults.push(`asked ${url}`);
  });
  const { targetInfos } = await call('Target.getTargets');
  const { targetId } = targetInfos.find(({ type }) => type === 'page');
  ({ sessionId: session } = await call('Target.attachToTarget', { targetId, flatten: true }));
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await call(`${domain}.enable`);
  await call('Page.navigate', { url: address });

  /** The value of an expression in the page. */
  async function evaluate(expression) {
    const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }
  return {
    evaluate,
    faults,
    /** Types text where the focus is, as a keyboard does. */
    type: (text) => call('Input.insertText', { text }),
    async press(key, modifiers = 0) {
      const code = { Enter: 13, Tab: 9, ' ': 32, Escape: 27 }[key];
      const event = { key, code: key === ' ' ? 'Space' : key, windowsVirtualKeyCode: code, modifiers };
      await call('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...event });
      await call('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    async screenshot() {
      return Buffer.from((await call('Page.captureScreenshot', { format: 'png' })).data, 'base64');
    },
    async close() {
      socket.close();
      browser.removeAllListeners('exit');
      const ended = new Promise((resolve) => browser.once('exit', resolve));
      browser.kill();
      await ended;
      await remove(profile);
    },
  };
}

/** Removes a folder. The browser's helpers end a moment after it, and until then they may still write there. */
async function remove(folder) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' || attempt === 100) throw error;
      await delay(50);
    }
  }
}
