// Policies on the whole road of a call, in every mode: rows written by Routes, kept replies in the
// lane that serves, tags across lanes, and what becomes of them when an instance or a lane is lost.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { CHANNEL_MACRO } from '../../assembly/shared/frame.ts';
import {
  P_STATE,
  R_FLAGS,
  R_INTERVAL,
  R_TOLERANCE,
  ROUTE_CHANNEL_MASK,
  ROUTE_CHANNEL_SHIFT,
  ROUTE_RATE_METHOD,
  S_CALLER,
} from '../../assembly/shared/layout.ts';
import { REASON_CHANNEL, REASON_RATE_ROUTE } from '../../assembly/shared/reason.ts';
import * as S from '../../assembly/shared/status.ts';
import type { SpanRecord } from '../../host/lane/contract.ts';
import { createMemory } from '../../host/lane/memory.ts';
import { Routes } from '../../host/lane/routes.ts';
import type { Policies } from '../../host/schema/types.ts';
import { createRights } from '../../host/session/bits.ts';
import { number, schemaOf, type WatCell } from './cells.ts';
import { Desk, type DeskOptions } from './desk.ts';
import { BLOB_IMPORTS, readU32, u32 } from './waiters.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-policies-'));
fs.writeFileSync(path.join(root, 'a'), 'five!');
test.after.always(() => fs.rmSync(root, { recursive: true }));

const COUNT = `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
  ${number('(global.get $calls)')}`;
const WAIT = `(local $n i32)
  (local.set $n (i32.load (local.get $ptr)))
  (loop $again
    (drop (call $size (i32.const 16) (i32.const 1)))
    (br_if $again (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
  ${COUNT}`;

const memo: Policies['memo'] = { ttlMs: 3_600_000, swrMs: 0, shared: false, tags: [['all']] };
const [KEPT, FORGETS, LIMITED, TRAPS, COUNTED] = [0, 1, 2, 3, 4];
const [WAITS, WAIT_FORGETS] = [5, 6];

const cell = (actor: boolean): WatCell => ({
  name: 'kept',
  actor,
  memory: '2 32',
  imports: BLOB_IMPORTS,
  extra: '(data (i32.const 16) "a") (global $calls (mut i32) (i32.const 0))',
  methods: [
    { name: 'kept', body: COUNT, policies: { memo, span: { name: 'kept', ratio: 1 } } },
    { name: 'forgets', body: COUNT, policies: { forget: [['all']] } },
    { name: 'limited', body: COUNT, policies: { rate: { perSecond: 1, burst: 2, per: 'method' } } },
    { name: 'traps', body: '(unreachable)' },
    { name: 'counted', body: COUNT, policies: { counters: [{ name: 'n', labels: [] }] } },
    // An actor with one waiting method queues all its calls.
    ...(['waits', 'waitForgets'] as const).map((name) => ({
      name,
      body: actor ? COUNT : WAIT,
      ...(actor ? {} : { tier: 'waiting' as const }),
      policies: name === 'waits' ? { memo } : { forget: [['all']] },
    })),
  ],
});

type Teardown = Parameters<typeof Desk.open>[0];

async function open(t: Teardown, options: DeskOptions, actor = false): Promise<Desk> {
  const desk = await Desk.open(t, options);
  for (const connection of [1, 2]) {
    desk.session(connection);
    const at = desk.memory.sessionAt(connection) + S_CALLER;
    desk.memory.view.setUint32(at, connection, true);
  }
  await desk.load(cell(actor), { blob: { root } });
  return desk;
}

const made = async (desk: Desk, route: number, lane = 0, connection = 1, args = u32(1)) =>
  readU32((await desk.call(route, args, { lane, connection })).payload);

/** Spans that have ended; the lanes show them when they have settled. */
async function spans(desk: Desk, count: number): Promise<SpanRecord[]> {
  const all: SpanRecord[] = [];
  await desk.soon(() => {
    desk.lanes.spans((span) => all.push(span), 1000);
    return all.length >= count;
  });
  return all;
}

/** Whether a guest of lane 0 runs or stands still for a waiting call. */
const isRunning = (desk: Desk) =>
  Array.from({ length: 8 }, (_, slot) => desk.memory.pendingAt(0, slot) + P_STATE).some(
    (at) => desk.memory.view.getUint32(at, true) === 2,
  );

for (const lanes of [0, 1, 2]) {
  test.serial(`kept replies, tags, spans and counters, --lanes ${lanes}`, async (t) => {
    const desk = await open(t, { lanes });
    desk.lanes.collectSpans(true);
    t.is(await made(desk, KEPT), 1);
    t.is(await made(desk, KEPT), 1);
    t.is(await made(desk, KEPT, 0, 2), 2, 'another caller');
    t.is(await made(desk, FORGETS), 3);
    t.is(await made(desk, KEPT), 4);
    const ended = await spans(desk, 4);
    t.deepEqual(
      ended.map((span) => [span.route, span.kept]),
      [
        [KEPT, false],
        [KEPT, true],
        [KEPT, false],
        [KEPT, false],
      ],
    );
    t.is(new Set(ended.map((span) => span.spanId)).size, 4);
    t.is(desk.lanes.spansLost(), 0);
    await made(desk, COUNTED);
    t.deepEqual(desk.lanes.counters(), [
      { cell: 'kept', method: 'counted', name: 'n', labels: [], set: 0, value: 1 },
    ]);
    const [kept] = desk.lanes.methods();
    t.like(kept, { method: 'kept', memoHits: 1, memoMisses: 3, memoStale: 0 });
    t.is(await made(desk, LIMITED), 6);
    t.is(await made(desk, LIMITED, 0, 2), 7);
    const refused = await desk.call(LIMITED, u32(1));
    t.is(refused.reason, REASON_RATE_ROUTE);
    t.true(refused.retryMs > 0);
  });

  test.serial(`waiting calls: kept, forgotten, withdrawn, --lanes ${lanes}`, async (t) => {
    const desk = await open(t, { lanes });
    const first = await made(desk, WAITS);
    t.is(await made(desk, WAITS), first, 'answered without waiting');
    await made(desk, WAIT_FORGETS);
    const second = await made(desk, WAITS);
    const after = await desk.call(WAITS, u32(1));
    t.is(readU32(after.payload), second);
    // Withdrawn while it runs: it goes on, and forgets when it has done its work.
    desk.push(0, 1, [{ route: WAIT_FORGETS, id: 77, payload: u32(400) }]);
    await desk.soon(() => isRunning(desk));
    desk.cancel(0, 1, WAIT_FORGETS, 77);
    await desk.until(() => desk.got(77).length > 0);
    t.is(desk.got(77)[0].status, S.CANCELLED);
    const clock = new BigInt64Array(desk.memory.buffer);
    await desk.soon(() => Atomics.load(clock, desk.memory.tagsAt >>> 3) === 2n);
    t.not(await made(desk, WAITS), second);
  });
}

test.serial('a tag is forgotten in all lanes; each lane keeps what it serves', async (t) => {
  const desk = await open(t, { lanes: 2 });
  t.is(await made(desk, KEPT, 0), 1);
  t.is(await made(desk, KEPT, 1), 1, 'another instance, another count');
  t.is(await made(desk, KEPT, 0), 1);
  await made(desk, FORGETS, 1);
  t.is(await made(desk, KEPT, 0), 2);
  t.is(await made(desk, KEPT, 1), 3);
});

test.serial('replies of an actor are kept in its own lane, whoever calls', async (t) => {
  const desk = await open(t, { lanes: 2 }, true);
  t.is(await made(desk, KEPT, 0), 1);
  t.is(await made(desk, KEPT, 1), 1);
  t.is(await made(desk, FORGETS, 1), 2);
  t.is(await made(desk, KEPT, 0), 3);
  t.is(await made(desk, KEPT, 1), 3);
});

for (const lanes of [0, 2]) {
  test.serial(`an actor that traps is another one: --lanes ${lanes}`, async (t) => {
    const desk = await open(t, { lanes }, true);
    await made(desk, COUNTED);
    t.is(await made(desk, KEPT), 2);
    t.is((await desk.call(TRAPS)).status, S.INTERNAL);
    t.is(await made(desk, KEPT), 1, 'it counts from the beginning');
  });
}

test.serial('a lane that was lost keeps nothing; spans of its successor are new', async (t) => {
  const desk = await open(t, { lanes: 1 });
  desk.lanes.collectSpans(true);
  await made(desk, COUNTED);
  t.is(await made(desk, KEPT), 2);
  // Only spans that were settled outlive their lane.
  const before = await spans(desk, 1);
  const { seats } = desk.lanes as unknown as { seats: { thread: { end(): void } | null }[] };
  seats[0].thread?.end();
  await desk.until(() => desk.log.some((line) => /lane 0 was lost/.test(line.text)));
  await desk.soon(() => desk.lanes.stats()[0].state === 'ready');
  t.is(await made(desk, KEPT), 1);
  await made(desk, COUNTED);
  const after = await spans(desk, 1);
  t.not(after[0].traceId, before[0].traceId);
  t.is(desk.lanes.counters()[0].value, 2, 'what was counted stays');
});

test.serial('a frame on another channel than its route is refused', async (t) => {
  const desk = await open(t, { lanes: 0 });
  const flags = (desk.memory.routeAt(KEPT) + R_FLAGS) >>> 2;
  Atomics.or(desk.memory.words, flags, CHANNEL_MACRO << ROUTE_CHANNEL_SHIFT);
  const answer = await desk.call(KEPT, u32(1));
  t.deepEqual([answer.status, answer.reason], [S.UNIMPLEMENTED, REASON_CHANNEL]);
});

test('rows: the configured rate replaces the decorator’s, the channel is the method’s', (t) => {
  const memory = createMemory({ lanes: 1, routes: 16 });
  const rates = { 'kept.limited': { perSecond: 1000, burst: 5 } };
  const options = { rights: createRights(), rates, cpuMs: 100 };
  const routes = new Routes(memory, options);
  const schema = schemaOf(cell(false));
  schema.methods[KEPT].channel = 'macro';
  const limits = { pages: 16, cpuMs: 100, payloadBytes: 1000 };
  const spec = { name: 'kept', schema, firstRoute: 0, index: 0, manifest: { limits } };
  const part = { index: 0, home: -1, methods: schema.methods.map(() => ({ waiting: false })) };
  routes.write(spec as never, part as never);
  const word = (route: number, at: number) =>
    memory.view.getUint32(memory.routeAt(route) + at, true);
  t.deepEqual([word(LIMITED, R_INTERVAL), word(LIMITED, R_TOLERANCE)], [1000, 4000]);
  t.is(word(LIMITED, R_FLAGS) & ROUTE_RATE_METHOD, ROUTE_RATE_METHOD, 'per is the decorator’s');
  t.is((word(KEPT, R_FLAGS) & ROUTE_CHANNEL_MASK) >>> ROUTE_CHANNEL_SHIFT, CHANNEL_MACRO);
  t.is(word(FORGETS, R_FLAGS) & ROUTE_CHANNEL_MASK, 0);
});

test('a cell whose policies ask for too much has no row at all', (t) => {
  const memory = createMemory({ lanes: 1, routes: 16 });
  const routes = new Routes(memory, { rights: createRights(), rates: {}, cpuMs: 100 });
  const schema = schemaOf(cell(false));
  schema.methods[COUNTED].policies = { span: { name: 'x', ratio: 2 } };
  const limits = { pages: 16, cpuMs: 100, payloadBytes: 1000 };
  const spec = { name: 'kept', schema, firstRoute: 0, index: 0, manifest: { limits } };
  const part = { index: 0, home: -1, methods: schema.methods.map(() => ({ waiting: false })) };
  t.throws(() => routes.write(spec as never, part as never), { instanceOf: RangeError });
  for (const i of schema.methods.keys()) {
    t.is(memory.view.getUint32(memory.routeAt(i) + R_FLAGS, true), 0);
  }
});
