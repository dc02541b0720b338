// Owns what macros cost a call in the kernel, nanoseconds, in one thread: the same call with and
// without each policy, in windows that take turns, so that both see the same machine. A row is the
// median of the differences of neighbouring windows.
//
//   auth limit span counter   added to a call of a cell that returns at once, 64 B of arguments;
//                             limit-lanes: in a host of several lanes, whose buckets they share
//   cache-hit                 a whole call that is answered with a kept reply, 64 B and 64 B
//   cache-refill, cache-fill  a whole call that is made and kept: over a reply that was forgotten;
//                             of arguments never seen, which push the oldest entry out
//   five-*                    the five decorators together, over the same call without any:
//                             refused by its role; answered with a kept reply; made, since what
//                             was kept was forgotten
//   call-same-lane            a call from cell to cell, over the called cell's own work: nested.ts

import { HEADER_BYTES } from '../assembly/shared/frame.ts';
import * as layout from '../assembly/shared/layout.ts';
import { DRAIN_FRAMES } from '../assembly/shared/limits.ts';
import { loadModules } from '../host/lane/kernel.ts';
import { createMemory, type SharedMemory } from '../host/lane/memory.ts';
import type { Policies } from '../host/schema/types.ts';
import { assemble, ECHO } from './kernel-cells.ts';
import { frame, join, type RouteFields, World } from './kernel-world.ts';
import { callSameLane } from './nested.ts';

export const suite = 'macros';

type Emit = (row: { name: string; unit: string; value: number; n: number }) => void;

const MEMBER = 1;
const ROUTE = 0;
const FRAMES = 1024;
const PER_MESSAGE = 64;
/** Drains of all frames in one window: 100 to 1000 us, so the clock's own time does not count. */
const ROUNDS = 8;

/** Returns at once: what is left is the kernel. */
const NOTHING = `(module
  (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64) (i64.const 0)))`;

/** 1 us a call and a burst of an hour: the bucket is charged and never refuses. */
const LIMIT: RouteFields = { interval: 1, tolerance: 3600_000_000 };
const GUARD: RouteFields = { rolesAny: 0b10n, scopesAll: 0b1n };
const SPAN: Policies = { span: { name: 'get', ratio: 1 } };
const COUNTER: Policies = {
  counters: [{ name: 'n', labels: [{ key: 'plan', value: null }] }],
};
const MEMO: Policies = {
  memo: { ttlMs: 3600_000, swrMs: 0, shared: false, tags: [['account:', 0]] },
};
const PARAMS = [{ name: 'id', type: { kind: 'scalar', scalar: 'u32' } as const }];
const FIVE: RouteFields = {
  ...GUARD,
  ...LIMIT,
  params: PARAMS,
  policies: { ...SPAN, ...COUNTER, ...MEMO },
};

interface Load {
  name: string;
  fields: RouteFields;
  /** The cell behind it echoes; otherwise it returns at once. */
  echo?: boolean;
  /** Before every round: what is kept is forgotten by its tags, or the arguments are new ones. */
  forget?: boolean;
  fill?: boolean;
  /** Lanes of the host, of which one is measured. */
  lanes?: number;
}

/** 64 bytes of arguments: header, root record of 52 bytes with the id first, text area. */
function argumentsOf(id: number): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 63, true);
  view.setUint32(4, 52, true);
  view.setUint32(8, id, true);
  return bytes;
}

/** A function that serves one window of a load; the in ring is wound back before each drain. */
function server(load: Load): () => void {
  const shared = createMemory({ lanes: load.lanes ?? 1 });
  const w = new World({ shared, modules: loadModules({ memory: shared.memory }) });
  const nothing = 40;
  w.table.set(nothing, new WebAssembly.Instance(assemble(NOTHING)).exports.dispatch);
  const slot = load.echo ? w.install(assemble(ECHO)) : nothing;
  w.session(MEMBER, { roles: 0b10n, scopes: 0b1n, labels: 3 });
  w.route(ROUTE, { slot, ...load.fields });
  const { words } = shared;
  words[layout.CONTROL / 4 + layout.C_COLLECT_SPANS_WORD] = 1;
  const one = (id: number) => frame({ route: ROUTE, payload: argumentsOf(id) });
  for (let i = 0; i < FRAMES; i += PER_MESSAGE) {
    w.push(MEMBER, join(...Array.from({ length: PER_MESSAGE }, (_, n) => one(i + n))));
  }
  const input = shared.inRing(0).at / 4;
  const output = shared.outRing(0).at / 4;
  const spans = shared.spansAt(0) / 4;
  const { kernel } = w;
  const drain = () => {
    if (load.forget) forgetAll(shared);
    if (load.fill) renew(shared);
    Atomics.store(words, input + layout.RING_TAIL / 4, 0);
    words[input + layout.RING_PROGRESS / 4] = 0;
    for (let left = FRAMES; left > 0; ) {
      const served = kernel.drain(w.now, DRAIN_FRAMES);
      kernel.settle(w.now);
      Atomics.store(words, output + layout.RING_TAIL / 4, words[output + layout.RING_HEAD / 4]);
      Atomics.store(words, spans + layout.RING_TAIL / 4, words[spans + layout.RING_HEAD / 4]);
      if (served === 0) throw new Error(`${load.name}: the kernel has stalled`);
      left -= served;
    }
  };
  return () => {
    for (let i = 0; i < ROUNDS; i++) drain();
  };
}

/** As if a call had forgotten a tag that every entry has. */
function forgetAll(shared: SharedMemory): void {
  const clock = shared.tagsAt / 4;
  const time = ++shared.words[clock];
  shared.words[clock + layout.TAGS_AT / 4] = time;
}

/** Other ids in the arguments of all frames. */
function renew(shared: SharedMemory): void {
  const ring = shared.inRing(0).at + layout.RING_DATA;
  const one = HEADER_BYTES + 64;
  const record = layout.RECORD_BYTES + PER_MESSAGE * one;
  for (let i = 0; i < FRAMES; i++) {
    const message = Math.floor(i / PER_MESSAGE) * record + layout.RECORD_BYTES;
    const args = ring + message + (i % PER_MESSAGE) * one + HEADER_BYTES;
    shared.words[(args + 8) / 4] += FRAMES;
  }
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Nanoseconds a call of one window. */
function time(serve: () => void): number {
  const began = performance.now();
  serve();
  return ((performance.now() - began) * 1e6) / (FRAMES * ROUNDS);
}

/** Windows of `load` and of `bare` in turn: medians of the call itself and of what is added. */
function compare(bare: () => void, load: () => void, windows: number) {
  for (let i = 0; i < 60; i++) {
    bare();
    load();
  }
  const whole: number[] = [];
  const added: number[] = [];
  for (let i = 0; i < windows; i++) {
    const before = time(bare);
    const with1 = time(load);
    const with2 = time(load);
    const after = time(bare);
    whole.push(Math.min(with1, with2));
    added.push((with1 + with2 - before - after) / 2);
  }
  return { whole: median(whole), added: median(added) };
}

/** Emits all rows; with `quick` in about two seconds. */
export async function run(emit: Emit, options: { quick: boolean }): Promise<void> {
  const windows = options.quick ? 150 : 1200;
  const row = (name: string, value: number) => emit({ name, unit: 'ns', value, n: windows });
  const bare = server({ name: 'bare', fields: {} });
  const added = (name: string, fields: RouteFields) =>
    row(name, compare(bare, server({ name, fields }), windows).added);
  row('bare', compare(bare, bare, windows).whole);
  added('off', {});
  added('auth', GUARD);
  added('limit', LIMIT);
  const crowd = server({ name: 'bare-lanes', fields: {}, lanes: 2 });
  const limit = server({ name: 'limit-lanes', fields: LIMIT, lanes: 2 });
  row('limit-lanes', compare(crowd, limit, windows).added);
  added('span', { policies: SPAN });
  added('span-not-sampled', { policies: { span: { name: 'get', ratio: 0 } } });
  added('counter', { policies: COUNTER });

  const echo = server({ name: 'bare-echo', fields: {}, echo: true });
  const against = (name: string, load: Omit<Load, 'name'>) =>
    compare(echo, server({ name, echo: true, ...load }), windows);
  const memo: RouteFields = { params: PARAMS, policies: MEMO };
  row('cache-hit', against('cache-hit', { fields: memo }).whole);
  row('cache-refill', against('cache-refill', { fields: memo, forget: true }).whole);
  row('cache-fill', against('cache-fill', { fields: memo, fill: true }).whole);
  row('five-refused', against('five-refused', { fields: { ...FIVE, rolesAny: 0b100n } }).added);
  row('five-kept', against('five-kept', { fields: FIVE }).added);
  row('five-served', against('five-served', { fields: FIVE, forget: true }).added);
  row('call-same-lane', await callSameLane(windows));
}
