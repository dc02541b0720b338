// Lanes that end in mid-load, by themselves or from outside: every accepted call has exactly one
// answer.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { REASON_LANE_LOST, REASON_QUARANTINE } from '../../assembly/shared/reason.ts';
import * as S from '../../assembly/shared/status.ts';
import type { WorkerLanes } from '../../host/lane/worker-lanes.ts';
import { ECHO, number, type WatCell } from '../lane/cells.ts';
import { Desk } from '../lane/desk.ts';
import { BLOB_IMPORTS, readU32, u32, waiter } from '../lane/waiters.ts';

const SEED = Number(process.env.CELL_SEED ?? 20261120);

/** A small generator (mulberry32), so that a failure can be repeated with CELL_SEED. */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const worker: WatCell = {
  name: 'worker',
  methods: [
    { name: 'echo', body: ECHO },
    {
      name: 'work',
      body: `(local $n i32) (local.set $n (i32.const 20000))
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) ${ECHO}`,
    },
  ],
};
const counter: WatCell = {
  name: 'counter',
  actor: true,
  extra: '(global $n (mut i32) (i32.const 0))',
  methods: [
    {
      name: 'next',
      body: `(global.set $n (i32.add (global.get $n) (i32.const 1))) ${number('(global.get $n)')}`,
    },
  ],
};

/** Ends the thread of a lane as from outside. */
function end(desk: Desk, lane: number): void {
  const { seats } = desk.lanes as unknown as { seats: { thread: { end(): void } | null }[] };
  seats[lane].thread?.end();
}

test.serial('two lanes ended again and again under load of three connections', async (t) => {
  t.log(`CELL_SEED=${SEED}`);
  const next = random(SEED);
  const desk = await Desk.open(t, { lanes: 2, debug: false });
  for (const connection of [1, 2, 3]) desk.session(connection);
  const route = await desk.load(worker);
  const actor = await desk.load(counter);
  const lanes = [0, 1, 0];
  const expected = new Map<string, number>();
  let id = 0;
  const burst = (): void => {
    for (const [i, lane] of lanes.entries()) {
      const calls = Array.from({ length: 40 }, () => {
        const pick = next();
        const target = pick < 0.2 ? actor : pick < 0.3 ? route + 1 : route;
        return { route: target, id: id++, payload: u32(id) };
      });
      desk.push(lane, i + 1, calls);
      for (const call of calls) expected.set(`${i + 1}.1.${call.id}`, call.route);
    }
  };
  for (let round = 0; round < 40; round++) {
    burst();
    if (round % 12 === 5) end(desk, round % 24 === 5 ? 0 : 1);
    if (next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    else await desk.soon(() => expected.size - desk.total < 400);
  }
  await desk.until(() => desk.total >= expected.size);
  await desk.soon(() => desk.lanes.stats().every((s) => s.state === 'ready'));
  let lost = 0;
  for (const key of expected.keys()) {
    const answers = desk.answers.get(key) ?? [];
    t.is(answers.length, 1, key);
    const { status, reason } = answers[0];
    if (status !== S.OK) {
      lost++;
      t.deepEqual([status, reason], [S.UNAVAILABLE, answers[0].reason], key);
    }
  }
  t.is(desk.total, expected.size);
  t.true(lost < 2000, `${lost} of ${expected.size} were lost`);
  t.true(desk.lanes.stats().some((s) => s.restarts > 0));
  t.is((await desk.call(route, u32(1))).status, S.OK);
});

test.serial('an actor whose lane is lost begins again in the same lane', async (t) => {
  const desk = await Desk.open(t, { lanes: 2 });
  desk.session(1);
  const route = await desk.load(counter);
  t.is(readU32((await desk.call(route)).payload), 1);
  t.is(readU32((await desk.call(route, undefined, { lane: 1 })).payload), 2);
  end(desk, 0);
  await desk.soon(() => desk.lanes.stats()[0].restarts === 1);
  const { status, payload } = await desk.call(route, undefined, { lane: 1 });
  t.is(status, S.OK);
  t.is(readU32(payload), 1);
  t.deepEqual(
    desk.lanes.stats().map((s) => s.restarts),
    [1, 0],
  );
});

test.serial(
  'a start() that never ends the second time: its neighbours get their lane back',
  async (t) => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-lost-'));
    t.teardown(() => fs.rmSync(root, { recursive: true }));
    fs.writeFileSync(path.join(root, 'a'), 'five!');
    const desk = await Desk.open(t, { lanes: 1, startCpuMs: 100 });
    desk.session(1);
    const route = await desk.load(worker);
    const moody: WatCell = {
      ...counter,
      name: 'moody',
      imports: BLOB_IMPORTS,
      extra: `(data (i32.const 16) "a") ${counter.extra}`,
      start: `(if (i64.lt_s (call $size (i32.const 16) (i32.const 1)) (i64.const 0))
      (then (loop $l (br $l))))`,
    };
    const other = await desk.load(moody, { blob: { root } });
    t.is(readU32((await desk.call(other)).payload), 1);
    fs.rmSync(path.join(root, 'a'));
    end(desk, 0);
    // Lost once from outside, then once for every strike, then without the cell.
    await desk.soon(() => desk.log.some((l) => /`moody` is in quarantine/.test(l.text)));
    let answer = await desk.call(route, u32(1));
    while (answer.status !== S.OK) answer = await desk.call(route, u32(1));
    const refused = await desk.call(other);
    t.deepEqual([refused.status, refused.reason], [S.UNAVAILABLE, REASON_QUARANTINE]);
  },
);

test.serial(
  'a lane ended with nothing in hand answers nobody wrongly; calls that come meanwhile are kept',
  async (t) => {
    const desk = await Desk.open(t, { lanes: 1 });
    desk.session(1);
    const route = await desk.load(worker);
    t.is((await desk.call(route)).status, S.OK);
    end(desk, 0);
    const calls = Array.from({ length: 500 }, (_, id) => ({ route, id, payload: u32(id) }));
    desk.push(0, 1, calls);
    await desk.until(() => desk.total === 501);
    const failed = calls.filter(({ id }) => desk.got(id)[0].status !== S.OK);
    t.true(failed.length <= 1, `${failed.length} failed`);
    for (const { id } of failed) t.is(desk.got(id)[0].reason, REASON_LANE_LOST);
    t.true((desk.lanes as WorkerLanes).count === 1);
  },
);

for (const actor of [false, true]) {
  const kind = actor ? 'an actor' : 'a stateless cell';
  test.serial(`a lane ended while calls of ${kind} wait: one answer each`, async (t) => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-lost-'));
    t.teardown(() => fs.rmSync(root, { recursive: true }));
    fs.writeFileSync(path.join(root, 'a'), 'five!');
    const desk = await Desk.open(t, { lanes: 1 });
    desk.session(1);
    const route = await desk.load(waiter('waiter', actor), { blob: { root } });
    const calls = Array.from({ length: 200 }, (_, id) => ({
      route,
      id,
      payload: u32(1 + (id % 7)),
    }));
    for (let round = 0; round < 3; round++) {
      desk.push(
        0,
        1,
        calls.map((c) => ({ ...c, id: c.id + round * 1000 })),
      );
      await desk.until(() => desk.total > round * 200 + 20);
      const { restarts } = desk.lanes.stats()[0];
      end(desk, 0);
      await desk.until(() => desk.total === (round + 1) * 200);
      await desk.soon(() => {
        const [{ state, restarts: now }] = desk.lanes.stats();
        return state === 'ready' && now > restarts;
      });
    }
    t.is(desk.answers.size, 600);
    for (const [key, answers] of desk.answers) {
      t.is(answers.length, 1, key);
      const { status, reason, payload } = answers[0];
      if (status === S.OK) t.is(readU32(payload), 5);
      else t.is(status, S.UNAVAILABLE, `${key}: reason ${reason}`);
    }
    t.is(desk.lanes.stats()[0].waiting, 0);
    t.is((await desk.call(route, u32(1))).status, S.OK);
  });
}
