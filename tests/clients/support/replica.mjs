// Further gateways on the database of the demonstration: `recert serve`, each a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { demo, until } from './demo.mjs';

const secret = readFileSync(path.join(path.dirname(process.env.RECERT_TEST_DEMO), 'demo.secret'), 'utf8').trim();

export class Replica {
  #process;

  /** @param settings further `RECERT_…` variables */
  constructor(name, settings = {}) {
    this.name = name;
    this.settings = settings;
  }

  /** Starts it on the ports of its first start, and waits until it is ready. */
  async start() {
    this.port ??= await freePort();
    this.adminPort ??= await freePort();
    const env = {
      PATH: process.env.PATH,
      RECERT_LISTEN: `127.0.0.1:${this.port}`,
      RECERT_ADMIN_LISTEN: `127.0.0.1:${this.adminPort}`,
      RECERT_DATABASE_URL: process.env.RECERT_TEST_REPLICAS_DATABASE,
      RECERT_TRUV_URL: `${demo.simulator_api}/`,
      RECERT_AGENCY: 'demo-county',
      RECERT_TRUV_ENVIRONMENT: 'sandbox',
      RECERT_TRUV_CLIENT_ID: demo.client_id,
      RECERT_TRUV_SECRETS: demo.access_secret,
      RECERT_AUTH_HMAC_SECRET: secret,
      RECERT_LOG: 'warn',
      ...this.settings,
    };
    this.#process = spawn(process.env.RECERT_TEST_BINARY, ['serve'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    this.#process.stderr.on('data', (chunk) => (log += chunk));
    this.exited = once(this.#process, 'exit').then(([code, signal]) => ({ code, signal, log }));
    const gone = this.exited.then(({ log }) => {
      throw new Error(`${this.name} has ended by itself: ${log}`);
    });
    await Promise.race([gone, until(`${this.name} is ready`, () => this.isReady())]);
    gone.catch(() => {});
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/graphql`;
  }

  async isReady() {
    const answer = await fetch(`http://127.0.0.1:${this.adminPort}/readyz`).catch(() => undefined);
    await answer?.text();
    return answer?.ok ?? false;
  }

  /** SIGTERM, as an orchestrator sends it; answers how the process has ended. */
  async stop() {
    if (this.#process?.exitCode === null) this.#process.kill('SIGTERM');
    return this.exited;
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
