// Owns the suite `codec`: one User, encoded and decoded by the generated codecs in TypeScript and
// in the guest, beside JSON, msgpackr and protobufjs, or in the guest beside hand-written
// MessagePack and protobuf (bench/as/peers.ts). Sides take turns in one run; numbers are medians,
// `ratio` is the best other one's time over ours.

import Benchmark from 'benchmark';
import {
  cellWay,
  jsonWay,
  loadUserCodec,
  msgpackWay,
  protobufWay,
  sink,
  user,
  userSchema,
  type Way,
} from './codec-client.ts';
import { type GuestLoops, startLoops } from './codec-guest.ts';

export const suite = 'codec';

/** Turns of a loop inside the guest, so that entering it costs nothing. */
const TURNS = 2000;

/** Operations before anything is timed, so that what runs is what a busy server runs. */
const WARM = 100_000;

/**
 * Seconds. Samples are short, so that on a busy machine most of them are not interrupted, and
 * many, so that the median is one of those.
 */
const SAMPLING = {
  quick: { minTime: 0.005, maxTime: 0.05, minSamples: 10 },
  full: { minTime: 0.005, maxTime: 0.3, minSamples: 30 },
};

type Emit = (row: { name: string; unit: string; value: number; n: number }) => void;

interface Case {
  name: string;
  /** Operations that one run of `run` makes. */
  turns: number;
  run: () => void;
}

/** Nanoseconds of each case: medians over the samples of rounds in which the cases take turns. */
function measure(cases: Case[], quick: boolean): { ns: Map<string, number>; n: number } {
  const rounds = quick ? 3 : 7;
  const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  let n = 0;
  for (const { run, turns } of cases) for (let i = 0; i < WARM / turns; i++) run();
  for (let round = 0; round < rounds; round++) {
    for (const { name, turns, run } of cases) {
      const bench = new Benchmark(run, SAMPLING[quick ? 'quick' : 'full']);
      bench.run();
      n += bench.count * turns;
      samples.get(name)!.push(...bench.stats.sample.map((seconds) => (seconds * 1e9) / turns));
    }
  }
  const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;
  return { ns: new Map([...samples].map(([name, list]) => [name, median(list)])), n };
}

function report(emit: Emit, prefix: string, cases: Case[], quick: boolean): void {
  const { ns, n } = measure(cases, quick);
  const [ours, ...others] = [...ns];
  for (const [name, value] of ns) emit({ name: `${prefix}-${name}`, unit: 'ns', value, n });
  const best = Math.min(...others.map(([, value]) => value));
  emit({ name: prefix, unit: 'ratio', value: best / ours![1], n });
}

function sides(ways: Way[], side: 'encode' | 'decode'): Case[] {
  return ways.map((way) => ({ name: way.name, turns: 1, run: way[side] }));
}

/** Fills the guest's input; returns the length. */
function give(guest: GuestLoops, bytes: Uint8Array): number {
  new Uint8Array(guest.memory.buffer).set(bytes, guest.inputAt());
  return bytes.length;
}

/** Bytes that the guest wrote for the User that it keeps. */
function guestBytes(guest: GuestLoops, packed: bigint | number): Uint8Array {
  const at =
    typeof packed === 'bigint' ? Number(BigInt.asUintN(32, packed >> 32n)) : guest.outputAt();
  const length = typeof packed === 'bigint' ? Number(BigInt.asUintN(32, packed)) : packed;
  return new Uint8Array(guest.memory.buffer).slice(at, at + length);
}

export async function run(emit: Emit, { quick }: { quick: boolean }): Promise<void> {
  const schema = userSchema();
  const ways = [cellWay(await loadUserCodec(schema)), jsonWay(), msgpackWay(), protobufWay()];
  ways[0]!.decode();
  const back = sink.value as typeof user;
  if (back.email !== user.email || back.balance !== user.balance) throw new Error('the codec lies');
  for (const way of ways) {
    emit({ name: `user-bytes-${way.name}`, unit: 'bytes', value: way.bytes.length, n: 1 });
  }
  report(emit, 'user-encode', sides(ways, 'encode'), quick);
  report(emit, 'user-decode', sides(ways, 'decode'), quick);

  const guest = await startLoops(schema);
  guest.keep(give(guest, ways[0]!.bytes));
  const written = guestBytes(guest, guest.cellWrite(1));
  if (Buffer.compare(written, ways[0]!.bytes) !== 0) throw new Error('guest and client differ');
  const write = { turns: TURNS };
  report(
    emit,
    'user-encode-guest',
    [
      { name: 'cell', ...write, run: () => void guest.cellWrite(TURNS) },
      { name: 'protobuf', ...write, run: () => void guest.protobufWrites(TURNS) },
      { name: 'msgpack', ...write, run: () => void guest.msgpackWrites(TURNS) },
    ],
    quick,
  );
  reportReads(emit, guest, ways[0]!.bytes, quick);
}

/** Each reader gets the bytes of its own kind, made by its own writer. */
function reportReads(emit: Emit, guest: GuestLoops, cell: Uint8Array, quick: boolean): void {
  const protobuf = guestBytes(guest, guest.protobufWrites(1));
  const msgpack = guestBytes(guest, guest.msgpackWrites(1));
  const read = (
    name: string,
    bytes: Uint8Array,
    loop: (n: number, length: number) => number,
  ): Case => ({
    name,
    turns: TURNS,
    run: () => {
      sink.value = loop(TURNS, give(guest, bytes));
    },
  });
  const cases = [
    read('cell', cell, guest.cellRead),
    read('protobuf', protobuf, guest.protobufReads),
    read('msgpack', msgpack, guest.msgpackReads),
  ];
  const sums = new Set<unknown>();
  for (const { run } of cases) {
    run();
    sums.add(sink.value);
  }
  if (sums.size !== 1) throw new Error('the readers of the guest disagree');
  report(emit, 'user-decode-guest', cases, quick);
}
