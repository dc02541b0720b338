// Owns the numbers of the kernel alone, in one thread, nanoseconds a frame: what a refusal costs,
// what a call into a sandboxed cell costs, and what each step before the cell adds, beside the
// same steps in Express and Fastify (bench/overhead.ts), all in one run. Messages of 64 frames, as
// a busy client sends them; `-single` rows have one frame a message.
//
// Steps are differences of medians. The cell behind them is a function that returns at once:
//   route      frame, route row, call_indirect, reply, counting     (public, no session needed)
//   authorize  + expiry, roles, scopes        limit  + one GCRA bucket
//   metrics    + settle() of every message's run        total  all of these, measured as one

import Benchmark from 'benchmark';
import * as layout from '../assembly/shared/layout.ts';
import { DRAIN_FRAMES } from '../assembly/shared/limits.ts';
import { loadModules } from '../host/lane/kernel.ts';
import { createMemory } from '../host/lane/memory.ts';
import { assemble, ECHO } from './kernel-cells.ts';
import { frame, join, World } from './kernel-world.ts';
import { measureExpress, measureFastify } from './overhead.ts';

export const suite = 'kernel';

type Emit = (row: { name: string; unit: string; value: number; n: number }) => void;

const ANONYMOUS = 0;
const MEMBER = 1;
const ECHO_ROUTE = 0;
const REFUSED = 1;
const OPEN = 2;
const GUARDED = 3;
const LIMITED = 4;

/** Returns at once: what is left is the kernel. */
const NOTHING = `(module
  (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64) (i64.const 0)))`;

function world(): World {
  const shared = createMemory({ lanes: 1 });
  const w = new World({ shared, modules: loadModules({ memory: shared.memory }) });
  const slot = w.install(assemble(ECHO));
  const nothing = 40;
  w.table.set(nothing, new WebAssembly.Instance(assemble(NOTHING)).exports.dispatch);
  const guard = { rolesAny: 0b10n, scopesAll: 0b11n };
  const { ROUTE_LIVE, ROUTE_PUBLIC } = layout;
  w.session(ANONYMOUS, { flags: 0, expiry: 0n });
  w.session(MEMBER, { roles: 0b10n, scopes: 0b111n });
  w.route(ECHO_ROUTE, { slot, ...guard });
  w.route(REFUSED, { slot, rolesAny: 0b100n });
  w.route(OPEN, { slot: nothing, flags: ROUTE_LIVE | ROUTE_PUBLIC });
  w.route(GUARDED, { slot: nothing, ...guard });
  // 1 us a call and a burst of an hour: the bucket is charged and never refuses.
  w.route(LIMITED, { slot: nothing, ...guard, interval: 1, tolerance: 3600_000_000 });
  return w;
}

interface Load {
  route: number;
  bytes: number;
  /** Frames a message. */
  per: number;
  connection?: number;
  /** settle() after every drain, and a stamp of its own for every message. */
  settle?: boolean;
}

/** A sample is ROUNDS batches: 100 to 500 us, short enough to fall between two other processes'
 *  turns, long enough that the 3 us of `benchmark` itself do not count. */
const FRAMES = 4096;
const ROUNDS = 4;
const INPUT_BYTES = 1 << 20;

/** Frames a batch: fewer when they are large. */
function batchOf(load: Load): number {
  return Math.min(FRAMES, Math.floor(INPUT_BYTES / (load.bytes + 32) / load.per) * load.per);
}

/** A function that serves one batch, the in ring wound back before each time. */
function server(load: Load): () => void {
  const w = world();
  const frames = batchOf(load);
  const one = frame({ route: load.route, payload: new Uint8Array(load.bytes) });
  const message = join(...Array.from({ length: load.per }, () => one));
  for (let i = 0; i < frames / load.per; i++) {
    w.push(load.connection ?? MEMBER, message, 1, load.settle ? i : 0);
  }
  const { words } = w.shared;
  const input = w.shared.inRing(0).at / 4;
  const output = w.shared.outRing(0).at / 4;
  const { kernel } = w;
  return () => {
    Atomics.store(words, input + layout.RING_TAIL / 4, 0);
    words[input + layout.RING_PROGRESS / 4] = 0;
    for (let left = frames; left > 0; ) {
      const served = kernel.drain(w.now, DRAIN_FRAMES);
      if (load.settle) kernel.settle(w.now);
      Atomics.store(words, output + layout.RING_TAIL / 4, words[output + layout.RING_HEAD / 4]);
      if (served === 0) throw new Error('the kernel has stalled');
      left -= served;
    }
  };
}

/** Median nanoseconds a frame, and the samples behind it. */
function measure(load: Load, quick: boolean): { ns: number; n: number } {
  const batch = server(load);
  const serve = () => {
    for (let i = 0; i < ROUNDS; i++) batch();
  };
  for (let i = 0; i < 50; i++) serve(); // until the optimising compiler has seen it
  const bench = new Benchmark(serve, {
    initCount: 1,
    minSamples: quick ? 100 : 400,
    maxTime: quick ? 0.2 : 1,
    minTime: 0.00002,
  });
  bench.run();
  if (bench.error) throw bench.error;
  const sorted = [...bench.stats.sample].sort((a, b) => a - b);
  return { ns: (sorted[sorted.length >> 1] * 1e9) / (ROUNDS * batchOf(load)), n: sorted.length };
}

/** Emits all rows; with `quick` in about three seconds. */
export async function run(emit: Emit, options: { quick: boolean }): Promise<void> {
  const row = (name: string, load: Load) => {
    const { ns, n } = measure(load, options.quick);
    emit({ name, unit: 'ns', value: ns, n });
    return ns;
  };
  row('refused', { route: REFUSED, bytes: 64, per: 64 });
  row('refused-stranger', { route: REFUSED, bytes: 64, per: 64, connection: ANONYMOUS });
  row('refused-single', { route: REFUSED, bytes: 64, per: 1 });
  row('echo-64', { route: ECHO_ROUTE, bytes: 64, per: 64 });
  row('echo-64-single', { route: ECHO_ROUTE, bytes: 64, per: 1 });
  row('echo-1024', { route: ECHO_ROUTE, bytes: 1024, per: 32 });

  const step = (load: Omit<Load, 'bytes' | 'per'>) =>
    measure({ bytes: 64, per: 64, ...load }, options.quick);
  const route = step({ route: OPEN, connection: ANONYMOUS });
  const authorize = step({ route: GUARDED });
  const limit = step({ route: LIMITED });
  const total = step({ route: LIMITED, settle: true });
  const overhead = (name: string, value: number) =>
    emit({ name: `overhead-${name}`, unit: 'ns', value, n: total.n });
  overhead('route', route.ns);
  overhead('authorize', authorize.ns - route.ns);
  overhead('limit', limit.ns - authorize.ns);
  overhead('metrics', total.ns - limit.ns);
  overhead('total', total.ns);
  await beside(emit, total.ns, options.quick);
}

/** The same steps in the frameworks that others use. */
async function beside(emit: Emit, ours: number, quick: boolean): Promise<void> {
  for (const [name, of] of [
    ['express', measureExpress],
    ['fastify', measureFastify],
  ] as const) {
    try {
      const { routeTokenNs, logMetricsNs, n } = await of(quick ? 0.3 : 1);
      emit({ name: `overhead-${name}-route-token`, unit: 'ns', value: routeTokenNs, n });
      emit({ name: `overhead-${name}-log-metrics`, unit: 'ns', value: logMetricsNs, n });
      const ratio = (routeTokenNs + logMetricsNs) / ours;
      emit({ name: `overhead-vs-${name}`, unit: 'ratio', value: ratio, n });
    } catch (error) {
      console.error(`kernel/overhead-vs-${name} was left out: ${(error as Error).message}`);
    }
  }
}
