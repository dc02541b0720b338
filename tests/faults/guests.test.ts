// Guests at fault: each gets a clear status, everyone else gets served, and the host stays.
import test from 'ava';
import { POOL_BYTES } from '../../assembly/shared/limits.ts';
import { REASON_CPU, REASON_QUARANTINE, REASON_REPLY_WILD } from '../../assembly/shared/reason.ts';
import * as S from '../../assembly/shared/status.ts';
import { ECHO, number, reply, type WatCell } from '../lane/cells.ts';
import { Desk, messageOf } from '../lane/desk.ts';
import { readU32, u32 } from '../lane/waiters.ts';

const good: WatCell = { name: 'good', methods: [{ name: 'echo', body: ECHO }] };

const bad: WatCell = {
  name: 'bad',
  imports: `(import "cell:log" "write" (func $log (param i32 i32 i32)))
    (import "cell:core" "fail" (func $fail (param i32 i32 i32)))
    (import "cell:core" "attempt" (func $attempt (param i32 i32) (result i32)))`,
  extra: `(func $deep (param i32) (result i32)
      (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
    (func $logging (param i32) (result i32)
      (call $log (i32.const 1) (i32.const 0) (i32.const 8))
      (i32.add (call $logging (local.get 0)) (i32.const 1)))
    (data (i32.const 0) "deep log")`,
  memory: '1 8',
  cpuMs: 150,
  methods: [
    { name: 'deep', body: `(drop (call $deep (i32.const 0))) ${ECHO}` },
    { name: 'logging', body: `(drop (call $logging (i32.const 0))) ${ECHO}` },
    {
      name: 'grow',
      body: `(loop $more (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1))
        (then (unreachable))) (br $more)) (unreachable)`,
    },
    { name: 'wildReply', body: reply('(i32.const -16)', '(i32.const 64)') },
    { name: 'longReply', body: reply('(i32.const 65535)', '(i32.const 0x7fffffff)') },
    {
      name: 'wildFail',
      body: '(call $fail (i32.const 5) (i32.const -4) (i32.const 400)) (unreachable)',
    },
    {
      name: 'oddStatus',
      body: '(call $fail (i32.const 777) (i32.const 0) (i32.const 0)) (unreachable)',
    },
    { name: 'wildLog', body: `(call $log (i32.const 9) (i32.const -4) (i32.const 400)) ${ECHO}` },
    { name: 'noFunction', body: number('(call $attempt (i32.const 1000000) (i32.const 0))') },
    { name: 'loop', body: '(loop $l (br $l)) (unreachable)' },
  ],
};

const METHOD = Object.fromEntries(bad.methods.map((m, i) => [m.name, i]));

for (const lanes of [0, 1]) {
  test.serial(
    `what a guest does wrong is answered, its neighbours are served, --lanes ${lanes}`,
    async (t) => {
      const desk = await Desk.open(t, { lanes });
      desk.session(1);
      const fine = await desk.load(good);
      const route = await desk.load(bad);
      const expected: [string, number, number, RegExp][] = [
        ['deep', S.INTERNAL, 0, /^stack overflow$/],
        ['logging', S.INTERNAL, 0, /^stack overflow$/],
        ['grow', S.INTERNAL, 0, /^unreachable$/],
        ['wildReply', S.INTERNAL, REASON_REPLY_WILD, /^$/],
        ['longReply', S.INTERNAL, REASON_REPLY_WILD, /^$/],
        ['wildFail', S.INTERNAL, REASON_REPLY_WILD, /^$/],
        ['oddStatus', S.UNKNOWN, 0, /^$/],
        ['wildLog', S.INTERNAL, 0, /^unreachable$/],
        ['noFunction', S.INTERNAL, 0, /table/],
      ];
      for (const [name, status, reason, message] of expected) {
        const ids = { before: desk.total, at: desk.total + 1, after: desk.total + 2 };
        desk.push(0, 1, [
          { route: fine, id: ids.before, payload: u32(1) },
          { route: route + METHOD[name], id: ids.at },
          { route: fine, id: ids.after, payload: u32(2) },
        ]);
        await desk.until(() => desk.got(ids.after).length > 0);
        const answer = desk.got(ids.at);
        t.is(answer.length, 1, name);
        t.deepEqual([answer[0].status, answer[0].reason], [status, reason], name);
        t.regex(messageOf(answer[0]), message, name);
        t.is(readU32(desk.got(ids.before)[0].payload), 1);
        t.is(readU32(desk.got(ids.after)[0].payload), 2);
      }
      t.is(desk.lanes.stats()[0].restarts, 0);
    },
  );
}

test.serial(
  'an endless loop costs its lane, its call DEADLINE_EXCEEDED, and others nothing but time',
  async (t) => {
    const desk = await Desk.open(t, { lanes: 2 });
    desk.session(1);
    desk.session(2);
    const fine = await desk.load(good);
    const route = await desk.load(bad);
    desk.push(0, 1, [
      { route: fine, id: 1, payload: u32(1) },
      { route: route + METHOD.loop, id: 2 },
      { route: fine, id: 3, payload: u32(3) },
    ]);
    desk.push(0, 2, [{ route: fine, id: 4, payload: u32(4) }]);
    desk.push(1, 2, [{ route: fine, id: 5, payload: u32(5) }]);
    await desk.until(() => desk.total === 5);
    t.deepEqual([desk.got(2)[0].status, desk.got(2)[0].reason], [S.DEADLINE_EXCEEDED, REASON_CPU]);
    t.deepEqual(
      [desk.got(1)[0], desk.got(3)[0]].map((a) => readU32(a.payload)),
      [1, 3],
    );
    t.deepEqual(
      [desk.got(4, 2)[0], desk.got(5, 2)[0]].map((a) => readU32(a.payload)),
      [4, 5],
    );
    await desk.soon(() => desk.lanes.stats().every((s) => s.state === 'ready'));
    t.deepEqual(
      desk.lanes.stats().map((s) => s.restarts),
      [1, 0],
    );
    t.true(desk.log.some((l) => l.cell === 'bad' && /used up its CPU budget/.test(l.text)));
  },
);

test.serial(
  'an input that kills its lane again and again ends in quarantine; neighbours go on',
  async (t) => {
    const desk = await Desk.open(t, { lanes: 1 });
    desk.session(1);
    const fine = await desk.load(good);
    const route = await desk.load(bad);
    const reasons = [];
    for (let i = 0; i < 5; i++) {
      const answer = await desk.call(route + METHOD.loop);
      reasons.push(answer.reason);
      t.is((await desk.call(fine, u32(i))).status, S.OK);
    }
    const C = REASON_CPU;
    t.deepEqual(reasons, [C, C, C, REASON_QUARANTINE, REASON_QUARANTINE]);
    const other = await desk.call(route + METHOD.grow);
    t.deepEqual([other.status, other.reason], [S.UNAVAILABLE, REASON_QUARANTINE]);
    t.is(desk.lanes.stats()[0].restarts, 3);
    t.true(desk.log.some((l) => /`bad` is in quarantine/.test(l.text)));
    const { quarantine } = desk.lanes as unknown as { quarantine: { release(cell: number): void } };
    quarantine.release(1);
    let after = await desk.call(route + METHOD.grow);
    while (after.status === S.UNAVAILABLE) {
      await new Promise((resolve) => setImmediate(resolve));
      after = await desk.call(route + METHOD.grow);
    }
    t.deepEqual(
      [after.status, messageOf(after)],
      [S.INTERNAL, 'unreachable'],
      'it is entered again',
    );
  },
);

test.serial(
  'a start() and an initialiser that never end refuse the load, not the host',
  async (t) => {
    const desk = await Desk.open(t, { lanes: 1, startCpuMs: 100 });
    desk.session(1);
    const fine = await desk.load(good);
    const endless: WatCell = { ...good, name: 'endless', start: '(loop $l (br $l))' };
    await t.throwsAsync(desk.load(endless), { message: /`endless` did not start: .*CPU budget/ });
    const early: WatCell = {
      ...good,
      name: 'early',
      extra: '(func (export "_initialize") (loop $l (br $l)))',
    };
    await t.throwsAsync(desk.load(early), { message: /`early` did not start: .*CPU budget/ });
    t.is((await desk.call(fine, u32(1))).status, S.OK);
  },
);

test.serial('a guest that logs without end loses lines, not the host', async (t) => {
  const desk = await Desk.open(t, { lanes: 1 });
  desk.session(1);
  const route = await desk.load({
    name: 'chatty',
    imports: '(import "cell:log" "write" (func $log (param i32 i32 i32)))',
    extra: '(data (i32.const 0) "line\\07\\n")',
    methods: [
      {
        name: 'chat',
        body: `(local $n i32) (local.set $n (i32.const 20000))
          (loop $more (call $log (i32.const 2) (i32.const 0) (i32.const 5))
            (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) ${ECHO}`,
      },
    ],
  });
  t.is((await desk.call(route)).status, S.OK);
  await desk.until(() => desk.log.some((l) => /lines were lost/.test(l.text)));
  const lines = desk.log.filter((l) => l.cell === 'chatty');
  t.true(lines.length > 100 && lines.length <= 2000, `${lines.length} lines`);
  t.deepEqual([lines[0].text, lines[0].level], ['line\ufffd', 'warn']);
});

test.serial(
  'a guest that fills its memory and traps again and again: memory is bounded',
  async (t) => {
    const desk = await Desk.open(t, { lanes: 1 });
    desk.session(1);
    const route = await desk.load({
      name: 'hog',
      memory: '1 1024',
      cpuMs: 5000,
      methods: [
        {
          name: 'fill',
          body: `(drop (memory.grow (i32.const 500)))
          (memory.fill (i32.const 65536) (i32.const 1) (i32.const 0x1f00000)) (unreachable)`,
        },
      ],
    });
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 60; i++) t.is((await desk.call(route)).status, S.INTERNAL);
    const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
    t.true(grown < 1000, `60 times 31 MB left ${grown} MB`);
  },
);

test.serial('waiting guests that hoard memory: few at a time, all served', async (t) => {
  const driver = { size: async () => 5, read: async () => 0 };
  const desk = await Desk.open(t, { lanes: 0, drivers: { blob: () => driver } });
  desk.session(1);
  const wait = '(drop (call $size (i32.const 16) (i32.const 1)))';
  const hoard: WatCell = {
    name: 'hoard',
    memory: '1 1024',
    imports: '(import "cell:blob" "size" (func $size (param i32 i32) (result i64)))',
    methods: [
      {
        name: 'hoard',
        tier: 'waiting',
        body: `(drop (memory.grow (i32.const 800))) ${wait} ${wait} ${number('(memory.size)')}`,
      },
    ],
  };
  const route = await desk.load(hoard, { blob: { root: '.' } });
  const calls = Array.from({ length: 200 }, (_, id) => ({ route, id }));
  desk.push(0, 1, calls);
  await desk.until(() => desk.total === 200);
  for (const { id } of calls) t.true(readU32(desk.got(id)[0].payload) >= 801);
  const { lane } = desk.lanes as unknown as { lane: { cells: { pool: { live: number } }[] } };
  const { live } = lane.cells[0].pool;
  t.true(live * 801 * 65536 <= POOL_BYTES + 801 * 65536, `${live} instances stayed`);
});
