// Owns what a request costs in Express and in Fastify before the handler's own work, measured in
// this process and in this run: the suite `kernel` sets Cell's own steps beside it
// (kernel/overhead-*). Never starts a server: requests are handed to the frameworks' own entry,
// without sockets.

import { installed } from './peers.ts';

/** Nanoseconds a request, medians. */
export interface Overhead {
  /** From the framework's entry to the handler: its route, and the token checked. */
  routeTokenNs: number;
  /** One pino line, one counter and one histogram of prom-client. */
  logMetricsNs: number;
  /** Samples behind `routeTokenNs`. */
  n: number;
}

/** What bench/peers/routes.ts exports; it has the dependencies, this file has none. */
interface Routes {
  measureExpress(seconds: number): Promise<Overhead>;
  measureFastify(seconds: number): Promise<Overhead>;
}

async function routes(): Promise<Routes> {
  if (!installed()) throw new Error('peers are not installed; run: npm ci --prefix bench/peers');
  return (await import(new URL('peers/routes.ts', import.meta.url).href)) as Routes;
}

/** Express 5: a route, `jsonwebtoken`, pino, prom-client; about 2 * `seconds` of measuring. */
export async function measureExpress(seconds = 1): Promise<Overhead> {
  return (await routes()).measureExpress(seconds);
}

/** Fastify 5: a route, `@fastify/jwt`, pino, prom-client; about 2 * `seconds` of measuring. */
export async function measureFastify(seconds = 1): Promise<Overhead> {
  return (await routes()).measureFastify(seconds);
}
