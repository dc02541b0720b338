// Owns a wire between a client and a server that can be cut at a word: before the server hears it,
// or before the client hears the answer.

import { once } from 'node:events';
import net from 'node:net';

export class Proxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #word: string | null = null;
  #heard = false;

  private constructor(port: number) {
    this.#server = net.createServer((client) => this.#serve(client, port));
  }

  static async to(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Cuts the next connection that says `word`; `heard`: the server hears it, and answers. */
  cutAt(word: string, heard: boolean): void {
    this.#word = word;
    this.#heard = heard;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: net.Socket, port: number): void {
    const server = net.connect(port, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    let cut = false;
    client.on('data', (bytes) => {
      if (this.#word !== null && bytes.includes(this.#word)) {
        this.#word = null;
        cut = true;
        if (!this.#heard) return client.destroy();
      }
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (cut) client.destroy();
      else client.write(bytes);
    });
  }
}
