// A TCP switch between a client and the gateway: it can cut every connection, let nobody in, and lead elsewhere.
import net from 'node:net';

export class Switch {
  #pairs = new Set();
  #target;
  #server = net.createServer((client) => this.#connect(client));
  #open = true;

  constructor(url) {
    this.leadTo(url);
  }

  /** Listens on a free port of this machine. */
  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  /** The same address through the switch. */
  through(url) {
    const other = new URL(url);
    other.port = String(this.#server.address().port);
    return other.href;
  }

  /** New connections go to this address; those that stand are left alone. */
  leadTo(url) {
    const { hostname, port } = new URL(url);
    this.#target = { host: hostname, port: Number(port) };
  }

  /** The connections that stand. */
  get connections() {
    return this.#pairs.size;
  }

  /** Breaks every connection without a word, as a network does. With `closed`, nobody gets in until `admit`. */
  cut({ closed = false } = {}) {
    this.#open = !closed;
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  admit() {
    this.#open = true;
  }

  async stop() {
    this.cut({ closed: true });
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(client) {
    if (!this.#open) return client.resetAndDestroy();
    const gateway = net.connect(this.#target);
    const pair = [client, gateway];
    this.#pairs.add(pair);
    for (const [socket, other] of [pair, [gateway, client]]) {
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
      // `end` is passed on by pipe, so that a close handshake goes through.
      socket.pipe(other);
    }
  }
}
