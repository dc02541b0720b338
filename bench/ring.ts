// Owns the numbers of the rings between two threads: a call to a lane and back while both spin, and
// how many 32-byte calls a second go through one lane into a sandboxed cell. The lane is a worker
// thread (bench/ring-lane.ts) with the kernel, the membrane and an echo cell; no session, no
// socket. rtt-floor, in the same run, is what two bare words need on this machine.

import { Worker } from 'node:worker_threads';
import { loadModules } from '../host/lane/kernel.ts';
import { createMemory } from '../host/lane/memory.ts';
import { ReplyReader, RingWriter } from '../host/lane/ring.ts';
import { frame, join } from './kernel-world.ts';

export const suite = 'ring';

type Emit = (row: { name: string; unit: string; value: number; n: number }) => void;

const BYTES = 32;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** Counts the frames of what is delivered; all replies have the size of their call. */
class Counter {
  bytes = 0;
  frames(_connection: number, _generation: number, bytes: Uint8Array): void {
    this.bytes += bytes.length;
  }
  close(): void {
    throw new Error('the lane closed the connection');
  }
  control(): void {
    throw new Error('the lane sent a control record');
  }
}

/** Starts the lane; `use` has both ends of its rings. */
async function withLane<T>(use: (writer: RingWriter, reader: ReplyReader) => T): Promise<T> {
  const shared = createMemory({ lanes: 1, sessions: 16, routes: 16 });
  const worker = new Worker(new URL('ring-lane.ts', import.meta.url), {
    workerData: { memory: shared.memory, modules: loadModules({ memory: shared.memory }) },
  });
  try {
    await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    worker.postMessage('go');
    return use(new RingWriter(shared, shared.inRing(0)), new ReplyReader(shared, 0));
  } finally {
    await worker.terminate();
  }
}

/** p50 and p99 in nanoseconds of one call in flight. */
function roundTrips(writer: RingWriter, reader: ReplyReader, calls: number): number[] {
  const message = frame({ payload: new Uint8Array(BYTES) });
  const counter = new Counter();
  const samples: number[] = [];
  for (let i = 0; i < calls; i++) {
    const began = process.hrtime.bigint();
    writer.push(1, 1, 0, message);
    while (!reader.waits());
    samples.push(Number(process.hrtime.bigint() - began));
    reader.read(counter);
  }
  samples.sort((a, b) => a - b);
  return [samples[samples.length >> 1], samples[Math.floor(samples.length * 0.99)]];
}

interface Rate {
  perSecond: number;
  /** Times that the system took the core from one of the threads meanwhile. */
  interruptions: number;
}

/** Calls a second over `calls` calls, `per` in a message. */
function throughput(writer: RingWriter, reader: ReplyReader, per: number, calls: number): Rate {
  const one = frame({ payload: new Uint8Array(BYTES) });
  const message = join(...Array.from({ length: per }, () => one));
  const counter = new Counter();
  const all = calls * one.length;
  let pushed = 0;
  const before = process.resourceUsage().involuntaryContextSwitches;
  const began = process.hrtime.bigint();
  while (counter.bytes < all) {
    for (let i = 0; i < 16 && pushed < all && writer.push(1, 1, 0, message); i++) {
      pushed += message.length;
    }
    reader.read(counter);
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const interruptions = process.resourceUsage().involuntaryContextSwitches - before;
  return { perSecond: calls / seconds, interruptions };
}

/** Median of the samples of `ms` milliseconds, of those in which both threads kept their core: on
 *  a machine that others use as well the rest measures them. Of all when there is none. */
function rateOf(sample: () => Rate, ms: number): { perSecond: number; n: number } {
  const all: Rate[] = [];
  for (const end = performance.now() + ms; performance.now() < end; ) all.push(sample());
  const alone = all.filter((rate) => rate.interruptions === 0);
  const used = alone.length > 0 ? alone : all;
  return { perSecond: median(used.map((rate) => rate.perSecond)), n: used.length };
}

/** Nanoseconds that two words need from thread to thread and back, p50: no ring can be faster. */
async function floor(rounds: number): Promise<number> {
  const words = new Int32Array(new SharedArrayBuffer(1024));
  const worker = new Worker(new URL('ring-floor.ts', import.meta.url), { workerData: words });
  await new Promise((resolve) => worker.once('message', resolve));
  worker.postMessage('go');
  const samples: number[] = [];
  for (let i = 1; i <= rounds; i++) {
    const began = process.hrtime.bigint();
    Atomics.store(words, 0, i);
    while (Atomics.load(words, 32) !== i);
    samples.push(Number(process.hrtime.bigint() - began));
  }
  await worker.terminate();
  return median(samples);
}

/** Emits all rows; with `quick` in about two seconds. */
export async function run(emit: Emit, options: { quick: boolean }): Promise<void> {
  const calls = options.quick ? 20_000 : 100_000;
  const ms = options.quick ? 400 : 4000;
  await withLane((writer, reader) => {
    roundTrips(writer, reader, 10_000);
    const [p50, p99] = roundTrips(writer, reader, calls);
    emit({ name: 'rtt-spin', unit: 'ns', value: p50, n: calls });
    emit({ name: 'rtt-spin-p99', unit: 'ns', value: p99, n: calls });
    for (const [name, per, size] of [
      ['throughput', 64, 32_768],
      ['throughput-single', 1, 8192],
    ] as const) {
      const sample = () => throughput(writer, reader, per, size);
      rateOf(sample, ms / 4);
      const { perSecond, n } = rateOf(sample, ms);
      emit({ name, unit: 'calls/s', value: perSecond, n });
    }
  });
  emit({ name: 'rtt-floor', unit: 'ns', value: await floor(calls), n: calls });
}
