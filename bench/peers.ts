// Owns the suite `peers`: the same authenticated call, `users.get(id)`, on Cell and on other
// stacks, side by side in one run. Each server and each client is a process of its own; all stand
// before the first round; rounds are short, many, and go over all stacks in turn, so that a noisy
// machine is noisy for all.
//
//   this process --IPC--> peers/server.ts <stack>   serves; answers what CPU it used
//                --IPC--> peers/load.ts <stack>     the stack's own client; N calls in flight
//
// Rows: `<stack>-throughput` is Cell's calls/s over the stack's; `<stack>-cpu` is the stack's
// server CPU per call over Cell's (both: larger is better for Cell); `best-*` is the smallest of
// them, that is, against the best of the stacks. `<stack>-calls`, `-cpu-us`, `-p50`, `-p99` are
// absolute.

import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Stack } from './peers/peer.ts';
import type { LoadOrder, LoadReply, Run, ServerOrder, ServerReply } from './peers/protocol.ts';
import type { Measure } from './report.ts';

export const suite = 'peers';

/** Milliseconds that a process has to start, to answer, or to finish a run beyond its time. */
const PATIENCE_MS = 30_000;

interface Plan {
  stacks: readonly Stack[];
  rounds: number;
  warmMs: number;
  loadedMs: number;
  singleMs: number;
}

interface Sample {
  callsPerSecond: number;
  cpuUs: number;
  p50: number;
  p99: number;
  calls: number;
}

/** A stack that stands: its two processes and what was measured on them. */
interface Standing {
  stack: Stack;
  server: ChildProcess;
  client: ChildProcess;
  loaded: Sample[];
  single: Sample[];
}

const file = (name: string): string => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

/** Whether bench/peers was installed (`npm ci` in that folder). */
export function installed(): boolean {
  return existsSync(file('node_modules/fastify/package.json'));
}

function start(name: string, args: string[]): ChildProcess {
  return fork(file(name), args, {
    execArgv: [],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
  });
}

/** The next message of a process. Rejects when it failed, ended, or was silent for `ms`. */
function next<R extends { kind: string }>(child: ChildProcess, ms: number): Promise<R> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      act();
    };
    const onMessage = (message: R & { why?: string }) =>
      settle(() => (message.kind === 'failed' ? reject(new Error(message.why)) : resolve(message)));
    const onExit = (code: number | null) =>
      settle(() => reject(new Error(`${child.spawnargs.slice(-3).join(' ')}: exit code ${code}`)));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`${child.spawnargs.join(' ')}: silent for ${ms} ms`))),
      ms,
    );
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}

function order(child: ChildProcess, what: ServerOrder | LoadOrder): void {
  child.send(what);
}

/** Asks a process to end, so that a host removes its files; ends it when it does not. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    if (child.connected) order(child, 'stop');
    else child.kill('SIGKILL');
  });
}

async function stand(stack: Stack, all: ChildProcess[]): Promise<Standing> {
  const server = start('server.ts', [stack]);
  all.push(server);
  const ready = await next<ServerReply & { kind: 'ready' }>(server, PATIENCE_MS);
  const client = start('load.ts', [stack, ready.url, ready.token]);
  all.push(client);
  await next<LoadReply>(client, PATIENCE_MS);
  return { stack, server, client, loaded: [], single: [] };
}

async function cpu(server: ChildProcess): Promise<number> {
  order(server, 'cpu');
  return (await next<ServerReply & { kind: 'cpu' }>(server, PATIENCE_MS)).us;
}

async function sample(it: Standing, inFlight: number, ms: number): Promise<Sample> {
  const before = await cpu(it.server);
  order(it.client, { kind: 'run', inFlight, ms });
  const reply = await next<LoadReply & { kind: 'run' }>(it.client, ms + PATIENCE_MS);
  const used = (await cpu(it.server)) - before;
  const run: Run = reply.run;
  return {
    callsPerSecond: (run.calls / run.ms) * 1000,
    cpuUs: used / run.calls,
    p50: run.p50,
    p99: run.p99,
    calls: run.calls,
  };
}

/** The middle value; of an even number the lower of the two, so that it was really seen. */
export function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

function report(standing: Standing[], emit: (measure: Measure) => void): void {
  for (const { stack, loaded, single } of standing) {
    const of = (samples: Sample[], key: keyof Sample) => median(samples.map((one) => one[key]));
    const n = loaded.reduce((sum, one) => sum + one.calls, 0);
    const singles = single.reduce((sum, one) => sum + one.calls, 0);
    emit({ name: `${stack}-calls`, unit: '1/s', value: of(loaded, 'callsPerSecond'), n });
    emit({ name: `${stack}-cpu-us`, unit: 'us', value: of(loaded, 'cpuUs'), n });
    emit({ name: `${stack}-p50`, unit: 'us', value: of(single, 'p50'), n: singles });
    emit({ name: `${stack}-p99`, unit: 'us', value: of(single, 'p99'), n: singles });
  }
  const cell = standing.find((one) => one.stack === 'cell');
  if (cell === undefined) return;
  const best = { throughput: Infinity, cpu: Infinity };
  const rounds = cell.loaded.length;
  for (const { stack, loaded } of standing) {
    if (stack === 'cell') continue;
    const pairs = loaded.map((theirs, round) => ({ theirs, ours: cell.loaded[round] }));
    const throughput = median(pairs.map((p) => p.ours.callsPerSecond / p.theirs.callsPerSecond));
    const cpuRatio = median(pairs.map((p) => p.theirs.cpuUs / p.ours.cpuUs));
    best.throughput = Math.min(best.throughput, throughput);
    best.cpu = Math.min(best.cpu, cpuRatio);
    emit({ name: `${stack}-throughput`, unit: 'x', value: throughput, n: rounds });
    emit({ name: `${stack}-cpu`, unit: 'x', value: cpuRatio, n: rounds });
  }
  if (best.cpu === Infinity) return;
  emit({ name: 'best-throughput', unit: 'x', value: best.throughput, n: rounds });
  emit({ name: 'best-cpu', unit: 'x', value: best.cpu, n: rounds });
}

/**
 * Measures the stacks of `plan`. A stack that cannot stand is left out and named in the error that
 * this rejects with after the others were measured and emitted.
 */
export async function measure(plan: Plan, emit: (measure: Measure) => void): Promise<void> {
  if (!installed()) throw new Error('peers are not installed; run: npm ci --prefix bench/peers');
  const children: ChildProcess[] = [];
  const wrong: string[] = [];
  const standing: Standing[] = [];
  const attempt = async (stack: Stack, act: () => Promise<void>) => {
    await act().catch((error: Error) => wrong.push(`${stack}: ${error.message}`));
  };
  try {
    for (const stack of plan.stacks) {
      await attempt(stack, async () => {
        standing.push(await stand(stack, children));
      });
    }
    const lost = new Set<Standing>();
    const turn = async (act: (it: Standing) => Promise<void>) => {
      for (const it of standing) {
        if (lost.has(it)) continue;
        const before = wrong.length;
        await attempt(it.stack, () => act(it));
        if (wrong.length > before) lost.add(it);
      }
    };
    await turn(async (it) => void (await sample(it, 256, plan.warmMs)));
    for (let round = 0; round < plan.rounds; round += 1) {
      await turn(async (it) => void it.loaded.push(await sample(it, 256, plan.loadedMs)));
    }
    await turn(async (it) => void it.single.push(await sample(it, 1, plan.singleMs)));
    report(
      standing.filter((it) => !lost.has(it)),
      emit,
    );
  } finally {
    await Promise.all(children.map(end));
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

/** The suite; at most 90 s, with `quick` 25 s. */
export async function run(
  emit: (measure: Measure) => void,
  options: { quick: boolean },
): Promise<void> {
  const stacks: Stack[] = ['cell', 'fastify', 'express', 'trpc-http', 'trpc-ws', 'grpc', 'capnweb'];
  const plan = options.quick
    ? { stacks, rounds: 3, warmMs: 300, loadedMs: 200, singleMs: 200 }
    : { stacks, rounds: 12, warmMs: 1000, loadedMs: 400, singleMs: 600 };
  await measure(plan, emit);
}
