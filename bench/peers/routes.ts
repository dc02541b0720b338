// Owns Express and Fastify in process, without sockets: what bench/overhead.ts measures. The
// handlers end where a service's own work would begin, so neither the reply nor the transport is
// counted. `benchmark` is taken from the project's own dependencies.

import { createRequire } from 'node:module';
import jwt from '@fastify/jwt';
import express, { type NextFunction, type Request, type Response } from 'express';
import fastify from 'fastify';
import jsonwebtoken from 'jsonwebtoken';
import pino from 'pino';
import prometheus from 'prom-client';
import type { Overhead } from '../overhead.ts';
import { ROLE, SECRET, userId } from './peer.ts';
import { mintToken } from './token.ts';

interface Deferred {
  resolve(): void;
}

interface Bench {
  stats: { sample: number[] };
  error?: Error;
  on(event: 'complete', act: () => void): Bench;
  run(options: { async: boolean }): Bench;
}

interface BenchOptions {
  defer?: boolean;
  maxTime: number;
  fn: (deferred: Deferred) => void;
}

const Benchmark = createRequire(import.meta.url)('benchmark') as new (o: BenchOptions) => Bench;

/** Requests an iteration: a deferred iteration of `benchmark` costs a microsecond of its own. */
const BATCH = 64;

/** Runs `fn` for about `seconds`; median nanoseconds an iteration, and the samples. */
function time(options: BenchOptions): Promise<{ ns: number; n: number }> {
  return new Promise((resolve, reject) => {
    const bench = new Benchmark(options);
    bench.on('complete', () => {
      if (bench.error !== undefined) return reject(bench.error);
      const sample = [...bench.stats.sample].sort((a, b) => a - b);
      resolve({ ns: 1e9 * sample[sample.length >> 1], n: sample.length });
    });
    bench.run({ async: true });
  });
}

/** A log line and two metrics, as a request leaves them. The line goes to the null device. */
async function logAndMetrics(seconds: number): Promise<number> {
  const log = pino(pino.destination({ dest: '/dev/null', sync: false }));
  const registers = [new prometheus.Registry()];
  const labelNames = ['method', 'route', 'status'] as const;
  const about = { help: 'measured', labelNames, registers };
  const count = new prometheus.Counter({ name: 'requests_total', ...about });
  const latency = new prometheus.Histogram({ name: 'request_seconds', ...about });
  const labels = { method: 'GET', route: '/users/:id', status: '200' };
  const { ns } = await time({
    maxTime: seconds,
    fn: () => {
      log.info({ method: 'GET', url: '/users/user-0007', status: 200, ms: 1.25 }, 'request');
      count.inc(labels);
      latency.observe(labels, 0.00125);
    },
  });
  return ns;
}

/** Express: `seconds` for the route, `seconds` for log and metrics. */
export async function measureExpress(seconds: number): Promise<Overhead> {
  const app = express();
  app.disable('x-powered-by');
  let reached = 0;
  const authenticate = (request: Request, _: Response, next: NextFunction) => {
    const token = request.headers.authorization?.slice(7) ?? '';
    const claims = jsonwebtoken.verify(token, SECRET, { algorithms: ['HS256'] });
    if ((claims as { roles: string[] }).roles.includes(ROLE)) next();
    else next(new Error('role'));
  };
  app.get('/users/:id', authenticate, (request: Request<{ id: string }>) => {
    if (request.params.id !== '') reached += 1;
  });
  const headers = { host: 'localhost', authorization: `Bearer ${mintToken()}` };
  let sent = 0;
  const send = app as unknown as (request: object, response: object) => void;
  const { ns, n } = await time({
    maxTime: seconds,
    fn: () => {
      const url = `/users/${userId(sent)}`;
      sent += 1;
      send({ method: 'GET', url, originalUrl: url, headers }, {});
    },
  });
  if (reached !== sent) throw new Error(`express: ${sent - reached} requests were refused`);
  return { routeTokenNs: ns, logMetricsNs: await logAndMetrics(seconds), n };
}

/** Fastify: `seconds` for the route, `seconds` for log and metrics. */
export async function measureFastify(seconds: number): Promise<Overhead> {
  const app = fastify({ logger: false });
  await app.register(jwt, { secret: SECRET });
  let reached: () => void = () => {};
  app.get<{ Params: { id: string } }>(
    '/users/:id',
    {
      onRequest: async (request) => {
        const claims = await request.jwtVerify<{ roles: string[] }>();
        if (!claims.roles.includes(ROLE)) throw new Error('role');
      },
    },
    (request, reply) => {
      reply.hijack();
      if (request.params.id !== '') reached();
    },
  );
  const refused = Promise.withResolvers<never>();
  app.setErrorHandler((error) => refused.reject(error));
  await app.ready();
  const headers = { host: 'localhost', authorization: `Bearer ${mintToken()}` };
  const send = app.routing as unknown as (request: object, response: object) => void;
  let sent = 0;
  const timed = time({
    defer: true,
    maxTime: seconds,
    fn: (deferred) => {
      let left = BATCH;
      const one = () => {
        const url = `/users/${userId(sent)}`;
        sent += 1;
        send({ method: 'GET', url, headers, socket: {} }, { on() {}, setHeader() {} });
      };
      reached = () => {
        left -= 1;
        if (left > 0) one();
        else deferred.resolve();
      };
      one();
    },
  });
  const { ns, n } = await Promise.race([timed, refused.promise]);
  await app.close();
  return { routeTokenNs: ns / BATCH, logMetricsNs: await logAndMetrics(seconds), n };
}
