// Calls through the lanes: real kernel, real workers, 0 (inline), 1 and 2 lanes.
import test from 'ava';
import { KIND_HELLO, KIND_PING, KIND_PONG, KIND_RESPONSE } from '../../assembly/shared/frame.ts';
import { CELLS } from '../../assembly/shared/limits.ts';
import {
  CLOSE_FRAME_KIND,
  REASON_RATE_ROUTE,
  REASON_REPLY_TOO_LARGE,
} from '../../assembly/shared/reason.ts';
import * as S from '../../assembly/shared/status.ts';
import { ECHO, number, reply } from './cells.ts';
import { Desk, frames, messageOf } from './desk.ts';
import { readU32, u32 } from './waiters.ts';

const LANES = [0, 1, 2];
const echo = { name: 'echo', memory: '20 32', methods: [{ name: 'echo', body: ECHO }] };
const counter = {
  name: 'counter',
  actor: true,
  extra: '(global $n (mut i32) (i32.const 0))',
  methods: [
    {
      name: 'add',
      body: `(global.set $n (i32.add (global.get $n) (i32.load (local.get $ptr))))
        ${number('(global.get $n)')}`,
    },
  ],
};

for (const count of LANES) {
  test.serial(`echo, --lanes ${count}: every call once, bytes as sent, any size`, async (t) => {
    const desk = await Desk.open(t, { lanes: count });
    desk.session(1);
    desk.session(2);
    const route = await desk.load(echo);
    const sizes = [0, 1, 7, 8, 9, 64, 511, 512, 513, 4096, 65536, (1 << 20) - 16];
    for (const [i, size] of sizes.entries()) {
      const payload = Uint8Array.from({ length: size }, (_, k) => k * 7 + i);
      const lane = i % Math.max(1, count);
      const answer = await desk.call(route, payload, { lane, connection: 1 + (i & 1) });
      t.is(answer.kind, KIND_RESPONSE);
      t.true(Buffer.from(answer.payload).equals(payload), `${size} bytes`);
    }
    const many = Array.from({ length: 3000 }, (_, id) => ({ route, id, payload: u32(id) }));
    for (let i = 0; i < many.length; i += 100) {
      desk.push((i / 100) % Math.max(1, count), 1, many.slice(i, i + 100));
    }
    await desk.until(() => desk.total === many.length + sizes.length);
    for (const { id } of many) {
      t.is(desk.got(id).length, 1);
      t.is(readU32(desk.got(id)[0].payload), id);
    }
    const stats = desk.lanes.methods();
    t.deepEqual([stats[0].cell, stats[0].method], ['echo', 'echo']);
    t.is(stats[0].errors, 0);
    t.true(stats[0].p99Us >= stats[0].p50Us && stats[0].meanUs > 0);
    await desk.lanes.stop();
    t.is(desk.lanes.methods()[0].count, many.length + sizes.length);
  });

  test.serial(`an actor, --lanes ${count}: one state, whichever lane is asked`, async (t) => {
    const desk = await Desk.open(t, { lanes: count });
    desk.session(1);
    const first = await desk.load(counter);
    // With two lanes the second actor gets the other lane: both directions of forwarding.
    const second = await desk.load({ ...counter, name: 'other' });
    let sum = 0;
    for (let i = 1; i <= 20; i++) {
      sum += i;
      for (const route of [first, second]) {
        const answer = await desk.call(route, u32(i), { lane: i % Math.max(1, count) });
        t.is(readU32(answer.payload), sum);
      }
    }
  });

  test.serial(
    `a trap, --lanes ${count}: INTERNAL with its message, and the next call is served`,
    async (t) => {
      const desk = await Desk.open(t, { lanes: count });
      desk.session(1);
      const route = await desk.load({
        name: 'traps',
        methods: [
          { name: 'echo', body: ECHO },
          { name: 'unreachable', body: '(unreachable)' },
          { name: 'divide', body: `(i64.div_s (i64.const 1) (i64.const 0))` },
          { name: 'wild', body: `(i64.load (i32.const -8))` },
        ],
      });
      const calls = [0, 1, 0, 2, 0, 3, 0].map((m, id) => ({
        route: route + m,
        id,
        payload: u32(id),
      }));
      desk.push(0, 1, calls);
      await desk.until(() => desk.total === calls.length);
      t.deepEqual(
        calls.map(({ id }) => desk.got(id).length),
        calls.map(() => 1),
      );
      t.deepEqual(
        calls.map(({ id }) => desk.got(id)[0].status),
        [S.OK, S.INTERNAL, S.OK, S.INTERNAL, S.OK, S.INTERNAL, S.OK],
      );
      t.is(messageOf(desk.got(1)[0]), 'unreachable');
      t.is(messageOf(desk.got(3)[0]), 'divide by zero');
      t.is(messageOf(desk.got(5)[0]), 'memory access out of bounds');
      await desk.until(() => desk.log.length >= 3);
      t.is(desk.log[0].cell, 'traps');
      t.regex(desk.log[0].text, /^unreachable: unreachable/);
    },
  );
}

for (const count of [0, 1]) {
  test.serial(`what a cell logged stands before its trap, --lanes ${count}`, async (t) => {
    const desk = await Desk.open(t, { lanes: count });
    desk.session(1);
    const route = await desk.load({
      name: 'talks',
      imports: '(import "cell:log" "write" (func $write (param i32 i32 i32)))',
      extra: '(data (i32.const 64) "before")',
      methods: [
        {
          name: 'talk',
          // More lines than one look at the ring takes.
          body: `(local $n i32)
            (loop $again
              (call $write (i32.const 1) (i32.const 64) (i32.const 6))
              (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1)))
                (i32.const 300))))
            (unreachable)`,
        },
      ],
    });
    t.is((await desk.call(route)).status, S.INTERNAL);
    await desk.until(() => desk.log.some((line) => line.level === 'error'));
    const told = desk.log.findIndex((line) => line.level === 'error');
    t.regex(desk.log[told].text, /^talk: unreachable/);
    t.is(desk.log.slice(0, told).filter((line) => line.text === 'before').length, 300);
  });
}

test.serial('a state that a trap destroyed begins anew', async (t) => {
  const desk = await Desk.open(t, { lanes: 1 });
  desk.session(1);
  const route = await desk.load({
    ...counter,
    methods: [...counter.methods, { name: 'trap', body: '(unreachable)' }],
  });
  t.is(readU32((await desk.call(route, u32(5))).payload), 5);
  t.is((await desk.call(route + 1)).status, S.INTERNAL);
  t.is(readU32((await desk.call(route, u32(1))).payload), 1);
});

test.serial('replies of N and N + 1 of the limit', async (t) => {
  const desk = await Desk.open(t, { lanes: 1, memoryOptions: { ringBytes: 1 << 16 } });
  desk.session(1);
  const route = await desk.load({
    name: 'large',
    methods: [{ name: 'make', body: reply('(i32.const 0)', '(i32.load (local.get $ptr))') }],
  });
  const limit = desk.memory.messageBytes;
  t.is((await desk.call(route, u32(limit))).payload.length, limit);
  const over = await desk.call(route, u32(limit + 1));
  t.deepEqual([over.status, over.reason], [S.RESOURCE_EXHAUSTED, REASON_REPLY_TOO_LARGE]);
});

test.serial('a full ring refuses, takes again after onRoom, and loses nothing', async (t) => {
  const desk = await Desk.open(t, { lanes: 1, memoryOptions: { ringBytes: 4096 } });
  desk.session(1);
  const route = await desk.load(echo);
  let next = 0;
  let rooms = 0;
  const total = 600;
  const fill = (): void => {
    while (next < total) {
      const call = frames([{ route, id: next, payload: new Uint8Array(200) }]);
      if (!desk.lanes.push(0, 1, 1, call)) return;
      next++;
    }
  };
  desk.lanes.onRoom = (lane) => {
    t.is(lane, 0);
    rooms++;
    fill();
  };
  fill();
  t.true(next < total, 'the ring never filled');
  await desk.until(() => desk.total === total);
  t.true(rooms > 0);
  for (let id = 0; id < total; id++) t.is(desk.got(id).length, 1);
});

test.serial(
  'PING is answered, a second HELLO goes to the session, a bad frame ends its connection only',
  async (t) => {
    const desk = await Desk.open(t, { lanes: 1 });
    desk.session(1);
    desk.session(2);
    const route = await desk.load(echo);
    desk.push(0, 1, [
      { route: 0, id: 9, kind: KIND_PING },
      { route: 0, id: 8, kind: KIND_HELLO, payload: u32(77) },
    ]);
    desk.push(0, 2, [{ route: 0, id: 1, kind: 99 }]);
    t.is((await desk.call(route)).status, S.OK);
    t.is(desk.got(9)[0].kind, KIND_PONG);
    t.is(desk.controls.length, 1);
    t.deepEqual(desk.closed, [{ connection: 2, reason: CLOSE_FRAME_KIND }]);
  },
);

test.serial(
  'rates from the configuration, roles and the CPU bound stand in the rows',
  async (t) => {
    const desk = await Desk.open(t, {
      lanes: 0,
      limits: { methods: { 'limited.echo': { perSecond: 0.01, burst: 2 } }, cpuMs: 50 },
    });
    desk.session(1);
    const route = await desk.load({
      name: 'limited',
      methods: [
        { name: 'echo', body: ECHO },
        { name: 'admin', body: ECHO, access: { public: false, anyRole: ['admin'] } },
      ],
    });
    t.is((await desk.call(route)).status, S.OK);
    t.is((await desk.call(route)).status, S.OK);
    const third = await desk.call(route);
    t.deepEqual([third.status, third.reason], [S.RESOURCE_EXHAUSTED, REASON_RATE_ROUTE]);
    t.true(third.retryMs > 0 && third.retryMs <= 100_000);
    t.is((await desk.call(route + 1)).status, S.PERMISSION_DENIED);
  },
);

test.serial('a cell has its place: twice, beyond the last, too many methods', async (t) => {
  const desk = await Desk.open(t, { lanes: 0, memoryOptions: { routes: 2 } });
  await desk.load(echo);
  const two = { ...echo, name: 'two', methods: [echo.methods[0], { name: 'more', body: ECHO }] };
  await t.throwsAsync(desk.load(two), { message: /at most 2 methods/ });
  const spec = { name: 'x', index: 0, firstRoute: 0, schema: { methods: [] } } as never;
  await t.throwsAsync(desk.lanes.load(spec), { message: /has index 0/ });
  const far = { name: 'x', index: CELLS, firstRoute: 0, schema: { methods: [] } } as never;
  await t.throwsAsync(desk.lanes.load(far), { message: /at most 1024 cells/ });
});

test.serial('memory made for another number of lanes is refused', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  const { memory } = desk;
  const { startLanes } = await import('../../host/lane/lanes.ts');
  const options = {
    lanes: 2,
    memory,
    deliver: desk,
    events: { log: () => {} },
    rights: {} as never,
  };
  await t.throwsAsync(startLanes(options), { message: /has 1 lanes, not 2/ });
});

test.serial('connections are spread over the lanes', async (t) => {
  const desk = await Desk.open(t, { lanes: 2 });
  const given = Array.from({ length: 10 }, () => desk.lanes.assign());
  t.is(given.filter((lane) => lane === 0).length, 5);
  t.is(given.filter((lane) => lane === 1).length, 5);
  t.deepEqual(
    desk.lanes.stats().map((s) => s.state),
    ['ready', 'ready'],
  );
});

for (const count of LANES) {
  test.serial(
    `stop() answers what was accepted, refuses what comes after, --lanes ${count}`,
    async (t) => {
      const desk = await Desk.open(t, { lanes: count });
      desk.session(1);
      const route = await desk.load(echo);
      const lanes = Math.max(1, count);
      for (let i = 0; i < 20; i++) {
        const calls = Array.from({ length: 50 }, (_, k) => ({ route, id: i * 50 + k }));
        desk.push(i % lanes, 1, calls);
      }
      await desk.lanes.stop();
      t.is(desk.total, 1000);
      t.false(desk.lanes.push(0, 1, 1, frames([{ route, id: 5000 }])));
      await desk.lanes.stop();
      t.deepEqual(
        desk.lanes.stats().map((s) => s.state),
        Array.from({ length: lanes }, () => 'stopped'),
      );
    },
  );
}
