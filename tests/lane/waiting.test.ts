// The waiting tier: calls that wait for a capability overlap in a stateless cell and queue in an
// actor, and each has exactly one answer, whatever ends it. A call's length is how often it asks.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { SUSPENDED, WAITING } from '../../assembly/shared/limits.ts';
import {
  REASON_CANCELLED,
  REASON_CPU,
  REASON_DEADLINE_QUEUED,
  REASON_DEADLINE_RUNNING,
  REASON_DUPLICATE_CALL,
  REASON_LANE_LOST,
  REASON_WAIT_FULL,
} from '../../assembly/shared/reason.ts';
import * as S from '../../assembly/shared/status.ts';
import { number } from './cells.ts';
import { Desk, frames, messageOf } from './desk.ts';
import * as W from './waiters.ts';
import { readU32, u32 } from './waiters.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-waiting-'));
fs.writeFileSync(path.join(root, 'a'), 'five!');
test.after.always(() => fs.rmSync(root, { recursive: true }));
const grants = { blob: { root } };
/** Asks so often that nothing else in a test lasts as long. */
const LONG = u32(3000);
const SHORT = u32(1);

type Teardown = Parameters<typeof Desk.open>[0];

async function open(
  t: Teardown,
  lanes: number,
  actor = false,
): Promise<{ desk: Desk; route: number }> {
  const desk = await Desk.open(t, { lanes });
  desk.session(1);
  desk.session(2);
  const route = await desk.load(W.waiter('waiter', actor), grants);
  return { desk, route };
}

for (const lanes of [0, 1, 2]) {
  test.serial(`calls overlap in a stateless cell, --lanes ${lanes}`, async (t) => {
    const { desk, route } = await open(t, lanes);
    desk.push(0, 1, [
      { route, id: 1, payload: u32(200) },
      { route, id: 2, payload: SHORT },
      { route: route + W.ECHO_METHOD, id: 3, payload: SHORT },
    ]);
    await desk.until(() => desk.total === 3);
    t.deepEqual([...desk.answers.keys()], ['1.1.3', '1.1.2', '1.1.1']);
    t.deepEqual(
      [1, 2].map((id) => readU32(desk.got(id)[0].payload)),
      [5, 5],
    );
  });

  test.serial(`calls queue in an actor, pure ones too, --lanes ${lanes}`, async (t) => {
    const { desk, route } = await open(t, lanes, true);
    const lane = lanes === 2 ? 1 : 0;
    desk.push(lane, 1, [
      { route, id: 1, payload: u32(50) },
      { route, id: 2, payload: SHORT },
      { route: route + W.ECHO_METHOD, id: 3, payload: SHORT },
      { route: route + W.COUNT, id: 4 },
      { route: route + W.COUNT, id: 5 },
    ]);
    await desk.until(() => desk.total === 5);
    t.deepEqual(
      [...desk.answers.keys()],
      [1, 2, 3, 4, 5].map((id) => `1.1.${id}`),
    );
    t.deepEqual(
      [4, 5].map((id) => readU32(desk.got(id)[0].payload)),
      [1, 2],
    );
  });
}

test.serial('more calls than stacks: all are served', async (t) => {
  const { desk, route } = await open(t, 1);
  const count = SUSPENDED * 4;
  const calls = Array.from({ length: count }, (_, id) => ({ route, id, payload: u32(3) }));
  desk.push(0, 1, calls);
  await desk.until(() => desk.total === count);
  for (const { id } of calls) t.is(readU32(desk.got(id)[0].payload), 5);
  t.is(desk.lanes.stats()[0].waiting, 0);
});

test.serial('WAITING calls are taken, the next one is refused', async (t) => {
  const { desk, route } = await open(t, 1, true);
  const calls = Array.from({ length: WAITING + 1 }, (_, id) => ({
    route: route + (id === 0 ? W.ASK : W.ECHO_METHOD),
    id,
    payload: id === 0 ? u32(300) : SHORT,
  }));
  desk.push(0, 1, calls);
  await desk.until(() => desk.total === calls.length);
  const last = desk.got(WAITING)[0];
  t.is(last.reason, REASON_WAIT_FULL);
  t.is([...desk.answers.values()].filter(([a]) => a.status === S.OK).length, WAITING);
});

test.serial('arguments above WAITING_BYTES are refused, and their room comes back', async (t) => {
  const { desk, route } = await open(t, 1, true);
  const large = new Uint8Array(1 << 19);
  large.set(u32(1));
  desk.push(0, 1, [{ route, id: 0, payload: u32(3000) }]);
  for (let id = 1; id <= 40; id++) {
    while (!desk.lanes.push(0, 1, 1, frames([{ route, id, payload: large }]))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await desk.until(() => desk.total === 41);
  const refused = [...desk.answers.values()].filter(([a]) => a.reason === REASON_WAIT_FULL);
  t.true(refused.length >= 8, `${refused.length} refused`);
  t.true(refused.every(([a]) => a.status === S.RESOURCE_EXHAUSTED));
  t.is((await desk.call(route, large)).status, S.OK);
});

test.serial('a duplicate of a live call id is refused; the call itself goes on', async (t) => {
  const { desk, route } = await open(t, 1);
  desk.push(0, 1, [
    { route, id: 7, payload: u32(100) },
    { route, id: 7, payload: SHORT },
  ]);
  await desk.until(() => desk.total === 2);
  const [first, second] = desk.got(7);
  t.deepEqual([first.status, first.reason], [S.ALREADY_EXISTS, REASON_DUPLICATE_CALL]);
  t.is(second.status, S.OK);
  t.is((await desk.call(route, SHORT, { id: 7, connection: 2 })).status, S.OK);
});

test.serial('a trap, an overflow and a failure end their call only', async (t) => {
  const { desk, route } = await open(t, 1);
  desk.push(0, 1, [
    { route, id: 1, payload: u32(100) },
    { route: route + W.TRAP, id: 2 },
    { route: route + W.DEEP, id: 3 },
    { route: route + W.FAIL, id: 4, payload: new Uint8Array(32) },
    { route: route + W.LIES, id: 5 },
    { route, id: 6, payload: SHORT },
  ]);
  await desk.until(() => desk.total === 6);
  const status = (id: number): number => desk.got(id)[0].status;
  t.deepEqual([1, 2, 3, 4, 5, 6].map(status), [
    0,
    S.INTERNAL,
    S.INTERNAL,
    S.NOT_FOUND,
    S.INTERNAL,
    0,
  ]);
  t.is(messageOf(desk.got(2)[0]), 'unreachable');
  t.is(messageOf(desk.got(3)[0]), 'stack overflow');
  t.deepEqual(desk.got(4)[0].payload, new Uint8Array(32));
  t.regex(messageOf(desk.got(5)[0]), /^`lies` waits for a capability/);
});

test.serial('a trapped actor begins anew and serves its queue', async (t) => {
  const { desk, route } = await open(t, 1, true);
  desk.push(0, 1, [
    { route: route + W.COUNT, id: 1 },
    { route: route + W.TRAP, id: 2 },
    { route: route + W.COUNT, id: 3 },
    { route: route + W.COUNT, id: 4 },
  ]);
  await desk.until(() => desk.total === 4);
  t.is(desk.got(2)[0].status, S.INTERNAL);
  t.deepEqual(
    [1, 3, 4].map((id) => readU32(desk.got(id)[0].payload)),
    [1, 1, 2],
  );
});

for (const lanes of [0, 1]) {
  test.serial(
    `cancelled while queued and while running: one answer at once, --lanes ${lanes}`,
    async (t) => {
      const { desk, route } = await open(t, lanes, true);
      desk.push(0, 1, [
        { route, id: 1, payload: u32(400) },
        { route, id: 2, payload: SHORT },
        { route, id: 3, payload: SHORT },
      ]);
      desk.cancel(0, 1, route, 2);
      desk.cancel(0, 2, route, 3);
      await desk.until(() => desk.got(2).length > 0);
      t.deepEqual([desk.got(2)[0].status, desk.got(2)[0].reason], [S.CANCELLED, REASON_CANCELLED]);
      t.is(desk.got(1).length, 0, 'the running call is not done yet');
      desk.cancel(0, 1, route, 1);
      desk.cancel(0, 1, route, 1);
      await desk.until(() => desk.got(3).length > 0);
      t.deepEqual(
        [1, 2, 3].map((id) => desk.got(id).length),
        [1, 1, 1],
      );
      t.is(desk.got(1)[0].status, S.CANCELLED);
      t.is(desk.got(3)[0].status, S.OK, 'another connection cannot cancel it');
    },
  );

  test.serial(`deadlines, queued and running, --lanes ${lanes}`, async (t) => {
    const { desk, route } = await open(t, lanes, true);
    const free = await desk.load(W.waiter('free', false), grants);
    desk.push(0, 1, [
      { route, id: 1, payload: u32(300) },
      { route, id: 2, payload: SHORT, remainingMs: 5 },
      { route, id: 3, payload: SHORT, remainingMs: 600_000 },
      { route: free, id: 4, payload: LONG, remainingMs: 100 },
    ]);
    await desk.until(() => desk.total === 4);
    const end = (id: number): number[] => [desk.got(id)[0].status, desk.got(id)[0].reason];
    t.deepEqual(end(2), [S.DEADLINE_EXCEEDED, REASON_DEADLINE_QUEUED]);
    t.deepEqual(end(4), [S.DEADLINE_EXCEEDED, REASON_DEADLINE_RUNNING]);
    t.deepEqual(
      [end(1), end(3)],
      [
        [0, 0],
        [0, 0],
      ],
    );
    t.is(desk.total, 4);
  });
}

test.serial('calls of a closed connection do not run any more', async (t) => {
  const { desk, route } = await open(t, 1, true);
  desk.push(0, 1, [{ route, id: 1, payload: u32(1000) }]);
  desk.push(0, 2, [{ route: route + W.COUNT, id: 2 }]);
  await desk.soon(() => desk.lanes.stats()[0].waiting === 2);
  desk.session(2, 2);
  await desk.until(() => desk.got(1).length > 0);
  t.is(readU32((await desk.call(route + W.COUNT)).payload), 1);
});

test.serial('replies that found the out ring full are sent when there is room', async (t) => {
  const desk = await Desk.open(t, { lanes: 1, memoryOptions: { ringBytes: 8192 } });
  desk.session(1);
  const body =
    '(drop (call $size (i32.const 16) (i32.const 1)))' +
    '(i64.or (i64.shl (i64.const 0) (i64.const 32)) (i64.const 2000))';
  const route = await desk.load(
    {
      name: 'large',
      imports: W.BLOB_IMPORTS,
      extra: '(data (i32.const 16) "a")',
      methods: [{ name: 'get', tier: 'waiting', body }],
    },
    grants,
  );
  const calls = Array.from({ length: 60 }, (_, id) => ({ route, id }));
  desk.push(0, 1, calls);
  await desk.until(() => desk.total === calls.length);
  t.true([...desk.answers.values()].every(([a]) => a.payload.length === 2000));
});

test.serial('a guest that loops after a wait: it is blamed, its mates are not', async (t) => {
  const { desk, route } = await open(t, 1);
  desk.push(0, 1, [
    { route, id: 1, payload: LONG },
    { route: route + W.LOOP, id: 2 },
  ]);
  await desk.until(() => desk.total === 2);
  t.deepEqual([desk.got(2)[0].status, desk.got(2)[0].reason], [S.DEADLINE_EXCEEDED, REASON_CPU]);
  t.deepEqual([desk.got(1)[0].status, desk.got(1)[0].reason], [S.UNAVAILABLE, REASON_LANE_LOST]);
  t.is((await desk.call(route, SHORT)).status, S.OK);
});

const starting = (name: string, start: string, more = ''): Parameters<Desk['load']>[0] => ({
  name,
  start: `(global.set $size (i32.wrap_i64 (call $size (i32.const 16) (i32.const 1)))) ${start}`,
  imports: `${W.BLOB_IMPORTS} (import "cell:core" "fail" (func $fail (param i32 i32 i32)))`,
  extra: `(data (i32.const 16) "a") (global $size (mut i32) (i32.const 0)) ${more}`,
  methods: [
    { name: 'get', body: number('(global.get $size)') },
    { name: 'trap', body: '(unreachable)' },
    {
      name: 'slow',
      tier: 'waiting',
      body: `(drop (call $size (i32.const 16) (i32.const 1))) ${number('(global.get $size)')}`,
    },
  ],
});

for (const lanes of [0, 1]) {
  test.serial(
    `start() runs before a cell is ready, and again after a trap, --lanes ${lanes}`,
    async (t) => {
      const desk = await Desk.open(t, { lanes });
      desk.session(1);
      const route = await desk.load(starting('starts', ''), grants);
      t.is(readU32((await desk.call(route)).payload), 5);
      t.is(readU32((await desk.call(route + 2)).payload), 5);
      t.is((await desk.call(route + 1)).status, S.INTERNAL);
      for (;;) {
        const answer = await desk.call(route);
        if (answer.status === S.OK) {
          t.is(readU32(answer.payload), 5);
          break;
        }
        t.is(answer.status, S.UNAVAILABLE);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  );

  test.serial(
    `a start() that fails or traps refuses the load with its words, --lanes ${lanes}`,
    async (t) => {
      const desk = await Desk.open(t, { lanes });
      const record =
        '(data (i32.const 128) "\\20\\00\\00\\00\\18\\00\\00\\00\\01\\00\\00\\00\\04\\00\\00\\00' +
        `${'\\00'.repeat(17)}gone")`;
      const fails = starting(
        'fails',
        '(call $fail (i32.const 5) (i32.const 128) (i32.const 37))',
        record,
      );
      await t.throwsAsync(desk.load(fails, grants), {
        message: /cell `fails` did not start: gone/,
      });
      const traps = starting('traps', '(unreachable)');
      await t.throwsAsync(desk.load(traps, grants), {
        message: /`traps` did not start: unreachable/,
      });
      const route = await desk.load(starting('works', ''), grants);
      desk.session(1);
      t.is(readU32((await desk.call(route)).payload), 5);
    },
  );
}
