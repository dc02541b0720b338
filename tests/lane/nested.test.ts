// Calls from cell to cell that are answered on the caller's stack, without JavaScript.
import test from 'ava';
import {
  S_CALLER,
  S_EXPIRY,
  S_FLAGS,
  S_ROLES,
  S_SCOPES,
  S_SUBJECT,
  SESSION_AUTHENTICATED,
  SESSION_REVOKED,
} from '../../assembly/shared/layout.ts';
import {
  REASON_NO_CELL,
  REASON_NO_ROUTE,
  REASON_NO_SESSION,
  REASON_RATE_ROUTE,
  REASON_REPLY_TOO_LARGE,
  REASON_REPLY_WILD,
  REASON_REVOKED,
  REASON_ROLE,
  REASON_SCOPE,
} from '../../assembly/shared/reason.ts';
import * as S from '../../assembly/shared/status.ts';
import { type CallerOptions, caller, outcome, type Way } from './callers.ts';
import { ECHO, number, reply, type WatCell, type WatMethod } from './cells.ts';
import { Desk, messageOf } from './desk.ts';
import { readU32, u32 } from './waiters.ts';

const echo = { name: 'echo', methods: [{ name: 'echo', body: ECHO }] };
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

for (const lanes of [0, 1, 2]) {
  test.serial(`a pure cell calls a pure cell, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const a = await desk.load(caller('a', [{ name: 'call', target: 'echo.echo' }]));
    const early = outcome(await desk.call(a, text('early')));
    t.is(early.status, S.UNAVAILABLE);
    t.is(early.reason, REASON_NO_CELL);
    await desk.load(echo);
    for (const payload of ['', 'x', 'hello there, all of you', 'y'.repeat(5000)]) {
      const answer = outcome(await desk.call(a, text(payload)));
      t.is(answer.status, 0);
      t.is(Buffer.from(answer.payload).toString(), payload);
    }
  });
}

type T = Parameters<typeof Desk.open>[0];

/** A desk with a cell `b` of these methods and a cell `a` that calls them; the route of `a`. */
async function pair(
  t: T,
  b: Partial<WatCell> & { methods: WatMethod[] },
  ways: Way[],
  options: CallerOptions & { lanes?: number } = {},
): Promise<{ desk: Desk; a: number }> {
  const { lanes = 0, ...more } = options;
  const desk = await Desk.open(t, { lanes });
  desk.session(1);
  await desk.load({ name: 'b', ...b });
  const a = await desk.load(caller('a', ways, more), { call: ['b'] });
  return { desk, a };
}

test('payloads of every length up to the limit, and one byte more', async (t) => {
  const desk = await Desk.open(t, { lanes: 0, memoryOptions: { ringBytes: 1 << 16 } });
  desk.session(1);
  const most = desk.memory.messageBytes;
  const shrink: WatMethod = { name: 'size', body: number('(local.get $len)') };
  const grow: WatMethod = {
    name: 'grow',
    body: reply('(i32.const 1024)', '(i32.load (local.get $ptr))'),
  };
  await desk.load({ name: 'b', methods: [...echo.methods, shrink, grow] });
  const ways = ['b.echo', 'b.size', 'b.grow'].map((target) => ({ name: target.slice(2), target }));
  const a = await desk.load(caller('a', ways), { call: ['b'] });
  for (const length of [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 64, 127, 128, 129, 1000, 4097]) {
    const payload = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
    const answer = outcome(await desk.call(a, payload));
    t.is(answer.status, 0);
    t.deepEqual(answer.payload, payload, `${length} bytes`);
  }
  const size = async (n: number) => outcome(await desk.call(a + 1, new Uint8Array(n)));
  t.is(readU32((await size(most - 16)).payload), most - 16);
  const larger = async (n: number) => outcome(await desk.call(a + 2, u32(n)));
  t.is((await larger(most - 8)).payload.length, most - 8);
  const refused = await larger(most + 1);
  t.deepEqual([refused.status, refused.reason], [S.RESOURCE_EXHAUSTED, REASON_REPLY_TOO_LARGE]);
});

test('a guest that lies about where and how much is a trap, or is told', async (t) => {
  const call = (args: string) => ({
    body: `(drop (call $to_b ${args})) ${ECHO}`,
    calls: ['b.echo'],
  });
  const methods = [
    { name: 'wild', ...call('(i32.const 0) (i32.const -16) (i32.const 8)') },
    { name: 'past', ...call('(i32.const 0) (i32.const 2097150) (i32.const 3)') },
    { name: 'huge', ...call('(i32.const 0) (i32.const 8) (i32.const -1)') },
    { name: 'nothing', body: `(call $take (i32.const 64)) ${ECHO}` },
  ];
  const far = {
    name: 'far',
    calls: ['b.echo'],
    body: `(drop (call $to_b (i32.const 0) (i32.const 0) (i32.const 64)))
      (call $take (i32.const 2097120)) ${ECHO}`,
  };
  const { desk, a } = await pair(
    t,
    { methods: echo.methods },
    [
      { name: 'index', target: 'b.echo', index: 1 },
      { name: 'minus', target: 'b.echo', index: -1 },
      { name: 'fine', target: 'b.echo' },
    ],
    { methods: [...methods, far] },
  );
  for (const route of [a, a + 1]) {
    const { status, reason } = outcome(await desk.call(route, u32(1)));
    t.deepEqual([status, reason], [S.UNIMPLEMENTED, REASON_NO_ROUTE]);
  }
  for (const [i, { name }] of [...methods, far].entries()) {
    const answer = await desk.call(a + 3 + i, u32(1));
    t.is(answer.status, S.INTERNAL, name);
    t.regex(messageOf(answer), /unreachable/, name);
    t.is(outcome(await desk.call(a + 2, u32(5))).status, 0, 'its next call is served');
  }
});

test('what one call left is not there for the next', async (t) => {
  const b = { methods: echo.methods };
  const { desk, a } = await pair(t, b, [{ name: 'fine', target: 'b.echo' }], {
    extra: '(global $asked (mut i32) (i32.const 0))',
    methods: [
      {
        name: 'ask',
        calls: ['b.echo'],
        body: `(drop (call $to_b (i32.const 0) (local.get $ptr) (local.get $len))) ${ECHO}`,
      },
      { name: 'later', body: `(call $take (i32.const 64)) ${ECHO}` },
    ],
  });
  const other = await desk.load(caller('c', [{ name: 'fine', target: 'b.echo' }]), {
    call: ['b'],
  });
  t.is((await desk.call(a + 1, u32(7))).status, 0);
  t.is(outcome(await desk.call(other, u32(9))).status, 0, "another cell's call is in between");
  const late = await desk.call(a + 2, u32(1));
  t.is(late.status, S.INTERNAL, 'it does not see the bytes of the other');
});

test('a called cell that lies is answered for, and its caller goes on', async (t) => {
  const { desk, a } = await pair(
    t,
    {
      memory: '1 16',
      imports: '(import "cell:core" "fail" (func $fail (param i32 i32 i32)))',
      methods: [
        { name: 'wild', body: reply('(i32.const -1)', '(i32.const 8)') },
        {
          name: 'fails',
          body: '(call $fail (i32.const 77) (i32.const -1) (i32.const 5)) (unreachable)',
        },
        { name: 'trap', body: '(unreachable)' },
        { name: 'deep', body: '(call $again (i32.const 0)) ' + ECHO },
      ],
      extra: '(func $again (param i32) (call $again (i32.add (local.get 0) (i32.const 1))))',
    },
    ['wild', 'fails', 'trap', 'deep'].map((name) => ({ name, target: `b.${name}` })),
  );
  const wild = outcome(await desk.call(a, u32(1)));
  t.deepEqual([wild.status, wild.reason], [S.INTERNAL, REASON_REPLY_WILD]);
  const fails = outcome(await desk.call(a + 1, u32(1)));
  t.is(fails.status, S.INTERNAL, 'a record outside its memory');
  for (const route of [a + 2, a + 3]) {
    const answer = await desk.call(route, u32(1));
    t.is(answer.status, S.INTERNAL);
    t.regex(messageOf(answer), /^in `b`: (unreachable|stack overflow)/);
    t.is(outcome(await desk.call(a, u32(1))).reason, REASON_REPLY_WILD, 'both are there again');
  }
});

test("the caller's rights count, as they are now", async (t) => {
  const access = { public: false, anyRole: ['admin'], scopes: ['write'] };
  const { desk, a } = await pair(
    t,
    {
      methods: [
        { name: 'open', body: ECHO },
        { name: 'closed', body: ECHO, access },
      ],
    },
    ['closed', 'open'].map((name) => ({ name, target: `b.${name}` })),
  );
  const { view } = desk.memory;
  const at = desk.memory.sessionAt(1);
  const told = async (route = a) => {
    const { status, reason } = outcome(await desk.call(route, u32(1)));
    return [status, reason];
  };
  t.deepEqual(await told(), [S.PERMISSION_DENIED, REASON_ROLE]);
  view.setBigUint64(at + S_ROLES, ~0n, true);
  t.deepEqual(await told(), [S.PERMISSION_DENIED, REASON_SCOPE]);
  view.setBigUint64(at + S_SCOPES, ~0n, true);
  t.deepEqual(await told(), [0, 0]);
  view.setBigInt64(at + S_EXPIRY, 1n, true);
  t.deepEqual(await told(), [S.UNAUTHENTICATED, REASON_NO_SESSION], 'an expired one is nobody');
  t.deepEqual(await told(a + 1), [0, 0], 'and may call what is public');
  view.setBigInt64(at + S_EXPIRY, 1n << 62n, true);
  view.setUint32(at + S_FLAGS, 0, true);
  t.deepEqual(await told(), [S.UNAUTHENTICATED, REASON_NO_SESSION]);
  view.setUint32(at + S_FLAGS, SESSION_AUTHENTICATED | SESSION_REVOKED, true);
  t.is((await desk.call(a, u32(1))).reason, REASON_REVOKED, 'the caller itself is refused');
});

test('sizes and rates of the called method hold', async (t) => {
  const desk = await Desk.open(t, {
    lanes: 0,
    limits: { methods: { 'b.echo': { perSecond: 0.01, burst: 2 } } },
  });
  desk.session(1);
  desk.session(2);
  desk.memory.view.setUint32(desk.memory.sessionAt(1) + S_SUBJECT, 1, true);
  desk.memory.view.setUint32(desk.memory.sessionAt(2) + S_SUBJECT, 2, true);
  await desk.load({ name: 'b', methods: echo.methods });
  const a = await desk.load(caller('a', [{ name: 'echo', target: 'b.echo' }]), { call: ['b'] });
  const told = async (connection: number) => {
    const { status, reason } = outcome(await desk.call(a, u32(1), { connection }));
    return [status, reason];
  };
  t.deepEqual(await told(1), [0, 0]);
  t.deepEqual(await told(1), [0, 0]);
  t.deepEqual(await told(1), [S.RESOURCE_EXHAUSTED, REASON_RATE_ROUTE]);
  t.deepEqual(await told(2), [0, 0], 'each subject has its own');
  const stats = desk.lanes.methods().find((m) => m.cell === 'b');
  t.deepEqual([stats?.count, stats?.errors], [4, 1]);
});

test('a host that serves another signature says so, both of them', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  const known = { b: { echo: 'b.echo(u32,i64)->bytes' } };
  const a = await desk.load(caller('a', [{ name: 'echo', target: 'b.echo' }], { known }), {
    call: ['b'],
  });
  await desk.load({ name: 'b', methods: echo.methods });
  const answer = await desk.call(a, u32(1));
  const { status, reason, payload } = outcome(answer);
  t.deepEqual([status, reason], [S.FAILED_PRECONDITION, 0]);
  const text = messageOf({ ...answer, payload });
  t.regex(text, /`b\.echo` has changed: parameter 1: u32 was removed/);
  t.regex(text, /parameter 2: i64 was removed/);
  t.is(desk.log.filter((l) => l.text === text && l.level === 'warn').length, 1);
});

test('kept replies, tags and counters of the called method', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  desk.memory.view.setUint32(desk.memory.sessionAt(1) + S_CALLER, 5, true);
  const counted: WatMethod = {
    name: 'counted',
    body: `(global.set $n (i32.add (global.get $n) (i32.const 1))) ${number('(global.get $n)')}`,
  };
  await desk.load({
    name: 'b',
    extra: '(global $n (mut i32) (i32.const 0))',
    methods: [
      {
        ...counted,
        policies: {
          memo: { ttlMs: 60_000, swrMs: 0, shared: false, tags: [['all']] },
          counters: [{ name: 'asked', labels: [] }],
        },
      },
      { name: 'change', body: ECHO, policies: { forget: [['all']] } },
    ],
  });
  const ways = ['counted', 'change'].map((name) => ({ name, target: `b.${name}` }));
  const a = await desk.load(caller('a', ways), { call: ['b'] });
  const none = new Uint8Array();
  const ask = async () => readU32(outcome(await desk.call(a, none)).payload);
  t.deepEqual([await ask(), await ask(), await ask()], [1, 1, 1]);
  t.is(outcome(await desk.call(a + 1, none)).status, 0);
  t.deepEqual([await ask(), await ask()], [2, 2]);
  const stats = desk.lanes.methods().find((m) => m.method === 'counted');
  t.deepEqual([stats?.memoHits, stats?.memoMisses], [3, 2]);
  const counts = desk.lanes.counters().map(({ name, value }) => [name, value]);
  t.deepEqual(counts, [['asked', 2]]);
});
