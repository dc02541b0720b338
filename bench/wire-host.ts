// Owns the servers of the suite `wire`: `raw` sends every message back as it came, `inline` and
// `lane` serve the module given as second argument. Started by wire.ts only; ends with it.

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startHost } from '../host/host.ts';
import { loadUws } from '../host/listen/glibc.ts';
import type { ServerReady, ServerUsage } from './wire-orders.ts';

async function raw(): Promise<ServerReady> {
  const { uws, why } = await loadUws();
  if (!uws)
    throw new Error(`the suite wire measures against uWebSockets.js, which is not here: ${why}`);
  const app = uws.App().ws('/*', {
    maxPayloadLength: 1 << 20,
    maxBackpressure: 64 << 20,
    idleTimeout: 0,
    message: (socket, message) => {
      socket.send(message, true);
    },
  });
  const token = await new Promise<unknown>((resolve) => app.listen('127.0.0.1', 0, resolve));
  const port = uws.us_socket_local_port(token as Parameters<typeof uws.us_socket_local_port>[0]);
  return { port, url: `ws://127.0.0.1:${port}/`, token: '' };
}

async function cell(kind: string, module: string): Promise<ServerReady> {
  const cwd = join(dirname(module), kind);
  mkdirSync(cwd, { recursive: true });
  const host = await startHost({
    cwd,
    modules: [module],
    config: {},
    lanes: kind === 'inline' ? 0 : 1,
    port: 0,
    host: '127.0.0.1',
    events: { log: ({ level, text }) => level === 'error' && console.error(text) },
  });
  if (host.mintToken === undefined) throw new Error('the host has no development issuer');
  const token = await host.mintToken({ subject: 'bench' });
  return { port: host.port, url: host.url, token };
}

const [kind, module = ''] = process.argv.slice(2);
try {
  process.send?.(kind === 'raw' ? await raw() : await cell(kind, module));
} catch (error) {
  process.send?.({ failed: (error as Error).stack ?? String(error) });
}
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system } satisfies ServerUsage);
});
process.on('disconnect', () => process.exit());
