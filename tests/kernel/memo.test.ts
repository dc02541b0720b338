import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import { MEMO_ENTRY_BYTES, REFRESH_MS } from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import { forgetReplies } from '../../host/lane/policies.ts';
import type { Policies } from '../../host/schema/types.ts';
import { args, ID, id, nullable, PolicyWorld, SECOND, text, u32 } from './policy-world.ts';
import { frame, join } from './world.ts';

const memo = (more: Partial<NonNullable<Policies['memo']>> = {}): Policies => ({
  memo: { ttlMs: 10_000, swrMs: 0, shared: false, tags: [], ...more },
});
const KEPT = 0;
const FORGETS = 1;

function world(more: Partial<NonNullable<Policies['memo']>> = {}): PolicyWorld {
  const w = new PolicyWorld();
  w.policy(KEPT, memo(more));
  return w;
}

test('a kept reply answers the same arguments, and no others', (t) => {
  const w = world();
  t.is(w.made(KEPT, id(7)), 1);
  t.is(w.made(KEPT, id(7)), 1);
  t.is(w.made(KEPT, id(8)), 2);
  t.is(w.made(KEPT, id(7)), 1);
  t.is(w.made(KEPT, new Uint8Array(0)), 3, 'no arguments are arguments too');
  t.is(w.made(KEPT, new Uint8Array(0)), 3);
  const { memoHits, memoMisses, count, errors } = w.stats(KEPT);
  t.deepEqual([memoHits, memoMisses], [3, 3]);
  w.kernel.settle(w.now);
  t.deepEqual([w.stats(KEPT).count, errors, count], [6, 0, 0]);
});

test('arguments are compared byte by byte: each length, each differing byte', (t) => {
  const w = world();
  const lengths = [1, 7, 8, 9, 15, 16, 17, 31, 159, 160, 161, 400, 401, 900, 4000];
  let calls = 0;
  for (const length of lengths) {
    const bytes = new Uint8Array(length).fill(length);
    const first = ++calls;
    t.is(w.made(KEPT, bytes), first);
    t.is(w.made(KEPT, bytes), first, `${length} bytes are found again`);
    for (const at of new Set([0, length >> 1, length - 1])) {
      const other = bytes.slice();
      other[at] ^= 0x80;
      calls++;
      t.is(w.made(KEPT, other), calls, `${length} bytes, another one at ${at}`);
    }
    t.is(w.made(KEPT, bytes), first);
  }
});

test('the reply is the one of the first call, to the byte, at every length', (t) => {
  const w = world();
  for (const length of [0, 1, 11, 12, 13, 60, 150, 156, 157, 400, 5000, 30_000]) {
    const bytes = new Uint8Array(length).map((_, i) => i * 7 + length);
    const first = w.one(KEPT, bytes).payload;
    const again = w.one(KEPT, bytes).payload;
    t.is(first.length, length + 4);
    t.deepEqual(again, first, `${length} bytes`);
  }
});

test('a reply is kept for its caller; shared ones are for all', (t) => {
  const w = world();
  w.policy(FORGETS, memo({ shared: true }));
  t.is(w.made(KEPT, id(1), 1), 1);
  t.is(w.made(KEPT, id(1), 2), 2);
  t.is(w.made(KEPT, id(1), 1), 1);
  t.is(w.made(KEPT, id(1), 2), 2);
  t.is(w.made(FORGETS, id(1), 1), 3);
  t.is(w.made(FORGETS, id(1), 2), 3);
  w.session(3, { caller: 2 });
  t.is(w.made(KEPT, id(1), 3), 1, 'the same subject with the same rights on another connection');
});

test('a token with other rights never gets what was kept for the old one', (t) => {
  const w = world();
  w.session(1, { subject: 5, caller: 100 });
  t.is(w.made(KEPT, id(1)), 1);
  w.session(1, { subject: 5, caller: 101 });
  t.is(w.made(KEPT, id(1)), 2);
  w.session(1, { subject: 5, caller: 0 });
  t.is(w.made(KEPT, id(1)), 3, 'while the text of the caller changes nothing is kept');
  t.is(w.made(KEPT, id(1)), 4);
  w.session(1, { subject: 5, caller: 100 });
  t.is(w.made(KEPT, id(1)), 1);
});

test('who may call is judged before anything kept is looked at', (t) => {
  const w = new PolicyWorld();
  w.policy(KEPT, memo({ shared: true }), { rolesAny: 2n });
  w.session(1, { roles: 2n });
  t.is(w.made(KEPT, id(1)), 1);
  const refused = (fields: object) => {
    w.session(1, fields);
    return w.one(KEPT, id(1)).reason;
  };
  t.is(refused({ roles: 4n }), reason.REASON_ROLE);
  const flags = layout.SESSION_AUTHENTICATED | layout.SESSION_REVOKED;
  t.is(refused({ roles: 2n, flags }), reason.REASON_REVOKED);
  t.is(refused({ roles: 2n, expiry: 1n }), reason.REASON_EXPIRED);
  t.is(refused({ roles: 2n, flags: 0 }), reason.REASON_NO_SESSION);
  w.session(1, { roles: 2n });
  w.policy(KEPT, memo({ shared: true }), { interval: 1000, tolerance: 0 });
  t.is(w.made(KEPT, id(1)), 2, 'another record, another cell for all that is known');
  t.is(w.one(KEPT, id(1)).reason, reason.REASON_RATE_ROUTE, 'a kept reply is limited like a call');
});

test('an expired caller of a public method is nobody: only shared replies are for it', (t) => {
  const w = new PolicyWorld();
  const flags = layout.ROUTE_LIVE | layout.ROUTE_PUBLIC;
  w.policy(KEPT, memo(), { flags });
  w.policy(FORGETS, memo({ shared: true }), { flags });
  t.is(w.made(KEPT, id(1)), 1);
  w.session(1, { expiry: 1n });
  t.is(w.made(KEPT, id(1)), 2);
  t.is(w.made(KEPT, id(1)), 3);
  t.is(w.made(FORGETS, id(1)), 4);
  t.is(w.made(FORGETS, id(1)), 4);
});

test('failures and traps are not kept', (t) => {
  const w = world();
  w.policy(2, memo(), { method: 1 });
  t.is(w.made(2, id(1)), -1);
  t.is(w.made(2, id(1)), -1);
  t.is(w.made(KEPT, id(1)), 3, 'the cell was asked both times');
  w.policy(3, memo(), { method: 2 });
  w.push(1, frame({ route: 3, call: 90, payload: id(1) }));
  t.throws(() => w.drain(), { instanceOf: WebAssembly.RuntimeError });
  w.kernel.failCurrent(13, 0, 0, 0);
  w.kernel.publish();
  t.is(w.replies()[0].status, 13);
  t.is(w.made(KEPT, id(1)), 3);
});

test('a reply is fresh for its time to the microsecond', (t) => {
  const w = world({ ttlMs: 1000 });
  t.is(w.made(KEPT, id(1)), 1);
  w.now += SECOND - 1;
  t.is(w.made(KEPT, id(1)), 1);
  w.now += 1;
  t.is(w.made(KEPT, id(1)), 2);
  w.now += SECOND - 1;
  t.is(w.made(KEPT, id(1)), 2);
});

test('stale: one call refreshes, the others are answered at once', (t) => {
  const w = world({ ttlMs: 1000, swrMs: 5000 });
  t.is(w.made(KEPT, id(1)), 1);
  w.now += SECOND;
  t.is(w.made(KEPT, id(1)), 2, 'the refresher gets the new reply');
  t.is(w.made(KEPT, id(1)), 2);
  w.now += SECOND + 5 * SECOND;
  t.is(w.made(KEPT, id(1)), 3, 'beyond stale there is nothing');
  t.is(w.stats(KEPT).memoStale, 0);
});

test('stale: a refresh that fails is tried again after a second, by one', (t) => {
  const w = world({ ttlMs: 1000, swrMs: 60_000 });
  t.is(w.made(KEPT, id(1)), 1);
  w.now += SECOND;
  const { view } = w.shared;
  const method = w.shared.routeAt(KEPT) + layout.R_METHOD;
  view.setUint32(method, 1, true);
  t.is(w.made(KEPT, id(1)), -1, 'it is told the truth');
  for (let i = 0; i < 5; i++) t.is(w.made(KEPT, id(1)), 1, 'the others do not notice');
  w.now += REFRESH_MS * 1000 - 1;
  t.is(w.made(KEPT, id(1)), 1);
  w.now += 1;
  t.is(w.made(KEPT, id(1)), -1);
  view.setUint32(method, 0, true);
  w.now += REFRESH_MS * 1000;
  t.is(w.made(KEPT, id(1)), 4);
  t.is(w.stats(KEPT).memoStale, 6);
});

test('what was kept is void when the cell is loaded anew, or told so', (t) => {
  const w = world();
  t.is(w.made(KEPT, id(1)), 1);
  forgetReplies(w.shared, w.shared.view.getUint32(w.shared.routeAt(KEPT) + layout.R_POLICY, true));
  t.is(w.made(KEPT, id(1)), 2);
  t.is(w.made(KEPT, id(1)), 2);
});

test('what a new kernel finds is empty: a lane that was lost keeps nothing', (t) => {
  const w = world();
  t.is(w.made(KEPT, id(1)), 1);
  w.kernel.attach(0);
  t.is(w.made(KEPT, id(1)), 2);
  t.is(w.made(KEPT, id(1)), 2);
});

test('N bytes of arguments and reply are kept, N + 1 are not', (t) => {
  const w = world();
  // The reply has four bytes more than the arguments.
  const fit = new Uint8Array(((MEMO_ENTRY_BYTES - 4 - 15) >> 1) & ~15);
  t.is(w.made(KEPT, fit), 1);
  t.is(w.made(KEPT, fit), 1);
  const padded = MEMO_ENTRY_BYTES >> 1;
  const large = new Uint8Array(padded - 3);
  t.is(w.made(KEPT, large), 2);
  t.is(w.made(KEPT, large), 3);
  const edge = new Uint8Array(padded - 4);
  t.is(w.made(KEPT, edge), 4, 'arguments padded to half the limit, and a reply of the other half');
  t.is(w.made(KEPT, edge), 4);
});

test('the one used longest ago goes first', (t) => {
  const w = new PolicyWorld({ memoBytes: 4096 });
  w.policy(KEPT, memo());
  // 15 blocks of one entry each.
  for (let i = 0; i < 15; i++) t.is(w.made(KEPT, id(i)), i + 1);
  t.is(w.made(KEPT, id(0)), 1, 'all 15 fit; the first is the newest now');
  t.is(w.made(KEPT, id(15)), 16);
  t.is(w.made(KEPT, id(0)), 1);
  t.is(w.made(KEPT, id(2)), 3);
  t.is(w.made(KEPT, id(1)), 17, 'the second was the oldest');
});

test('an entry larger than the whole store is not kept, and pushes nothing out', (t) => {
  const w = new PolicyWorld({ memoBytes: 4096 });
  w.policy(KEPT, memo());
  t.is(w.made(KEPT, id(1)), 1);
  const large = new Uint8Array(4000);
  t.is(w.made(KEPT, large), 2);
  t.is(w.made(KEPT, large), 3);
  t.is(w.made(KEPT, id(1)), 1);
});

const TAGGED: (string | number)[][] = [['account:', 0, '']];

test('a tag is forgotten by another method, in all that has it and nothing else', (t) => {
  const w = world({ tags: TAGGED });
  w.policy(FORGETS, { forget: TAGGED });
  t.deepEqual([w.made(KEPT, id(1)), w.made(KEPT, id(2))], [1, 2]);
  t.is(w.made(FORGETS, id(1)), 3);
  t.is(w.made(KEPT, id(2)), 2);
  t.is(w.made(KEPT, id(1)), 4);
  t.is(w.made(KEPT, id(1)), 4);
});

test('only what succeeds forgets', (t) => {
  const w = world({ tags: TAGGED });
  w.policy(FORGETS, { forget: TAGGED }, { method: 1 });
  t.is(w.made(KEPT, id(1)), 1);
  t.is(w.made(FORGETS, id(1)), -1);
  t.is(w.made(KEPT, id(1)), 1);
});

test('all lanes see that a tag was forgotten', (t) => {
  const a = new PolicyWorld({ lanes: 2 });
  const b = new PolicyWorld({ shared: a.shared, lane: 1 });
  a.policy(KEPT, memo({ tags: TAGGED }));
  a.policy(FORGETS, { forget: TAGGED });
  t.deepEqual([a.made(KEPT, id(1)), b.made(KEPT, id(1))], [1, 1]);
  t.is(b.made(FORGETS, id(1)), 2);
  t.is(a.made(KEPT, id(1)), 2);
  t.is(b.made(KEPT, id(1)), 3);
  t.is(a.made(KEPT, id(1)), 2);
});

test('a number and its text are one tag, whatever the type of the parameter', (t) => {
  const kinds = ['u8', 'i16', 'u16', 'i32', 'u64', 'i64'] as const;
  const w = new PolicyWorld();
  w.policy(KEPT, memo({ tags: TAGGED }));
  let calls = 1;
  t.is(w.made(KEPT, id(77)), calls);
  for (const [i, scalar] of kinds.entries()) {
    const params = [
      { name: 'flag', type: { kind: 'scalar', scalar: 'bool' } as const },
      { name: 'id', type: { kind: 'scalar', scalar } as const },
    ];
    const wide = scalar === 'u64' || scalar === 'i64';
    const value = { flag: true, id: wide ? 77n : 77 };
    w.policy(10 + i, { forget: [['account:', 1, '']] }, { params });
    t.is(w.made(10 + i, args(params, value)), ++calls, scalar);
    t.is(w.made(KEPT, id(77)), ++calls, scalar);
  }
  const params = [{ name: 'id', type: text }];
  w.policy(20, { forget: TAGGED }, { params });
  t.is(w.made(20, args(params, { id: '77' })), ++calls);
  t.is(w.made(KEPT, id(77)), ++calls, 'string');
  w.policy(21, { forget: [['account:77']] }, { params: [] });
  t.is(w.made(21, new Uint8Array(0)), ++calls);
  t.is(w.made(KEPT, id(77)), ++calls, 'fixed text');
});

test('negative numbers, nulls, enums, uuids and dates have tags of their own', (t) => {
  const w = new PolicyWorld();
  const uuid = '00112233-4455-6677-8899-aabbccddeeff';
  const cases: [object, unknown, string][] = [
    [{ kind: 'scalar', scalar: 'i32' }, -2147483648, '-2147483648'],
    [{ kind: 'scalar', scalar: 'i64' }, -9223372036854775808n, '-9223372036854775808'],
    [{ kind: 'scalar', scalar: 'u64' }, 18446744073709551615n, '18446744073709551615'],
    [{ kind: 'scalar', scalar: 'i8' }, -7, '-7'],
    [{ kind: 'scalar', scalar: 'bool' }, true, '1'],
    [{ kind: 'scalar', scalar: 'instant' }, 1767225600000000n, '1767225600000000'],
    [{ kind: 'uuid' }, uuid, uuid],
    [{ kind: 'decimal' }, '12.5', '12.5'],
    [{ kind: 'string' }, 'grüße €𝄞', 'grüße €𝄞'],
    [{ kind: 'nullable', of: { kind: 'scalar', scalar: 'u16' } }, 9, '9'],
    [{ kind: 'nullable', of: { kind: 'string' } }, 'x', 'x'],
    [{ kind: 'nullable', of: { kind: 'uuid' } }, uuid, uuid],
  ];
  let calls = 0;
  for (const [i, [type, value, told]] of cases.entries()) {
    const params = [{ name: 'id', type: type as never }];
    const [keeps, other, forgets] = [10 * i, 10 * i + 1, 10 * i + 2];
    w.policy(keeps, memo({ tags: [['t', i.toString(), ':', 0]] }), { params });
    w.policy(other, { forget: [[`t${i}:another`]] }, { params: [] });
    w.policy(forgets, { forget: [[`t${i}:${told}`]] }, { params: [] });
    const bytes = args(params, { id: value });
    t.is(w.made(keeps, bytes), ++calls);
    t.is(w.made(other, new Uint8Array(0)), ++calls);
    t.is(w.made(keeps, bytes), calls - 1, told);
    t.is(w.made(forgets, new Uint8Array(0)), ++calls);
    t.is(w.made(keeps, bytes), ++calls, `${told} was forgotten`);
  }
});

test('arguments that cannot be read are not kept; what they forget is every tag', (t) => {
  const params = [
    { name: 'name', type: text },
    { name: 'more', type: nullable(u32) },
  ];
  const w = new PolicyWorld();
  w.policy(KEPT, memo({ tags: [['n:', 0]] }), { params });
  w.policy(FORGETS, { forget: [['n:', 0]] }, { params });
  w.policy(2, memo());
  const good = args(params, { name: 'abc', more: 5 });
  const view = new DataView(good.buffer);
  const spoilt = [
    good.slice(0, 8),
    good.slice(0, good.length - 1),
    ...[0, 8, 12].flatMap((at) =>
      [at === 12 ? 5 : 0, 4, 0x7fffffff, 0xffffffff].map((value) => {
        const bytes = good.slice();
        new DataView(bytes.buffer).setUint32(at, value, true);
        return bytes;
      }),
    ),
    ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]].map(
      (bytes) => {
        const name = 'x'.repeat(bytes.length);
        const whole = args(params, { name, more: null });
        whole.set(bytes, whole.length - bytes.length);
        return whole;
      },
    ),
  ];
  t.is(view.getUint32(12, true), 3, 'the text has its length there');
  let calls = 0;
  for (const [i, bytes] of spoilt.entries()) {
    t.is(w.made(KEPT, good), ++calls);
    t.is(w.made(KEPT, good), calls);
    t.is(w.made(2, id(1)), i === 0 ? ++calls : 2, 'a reply without tags stays');
    t.is(w.made(KEPT, bytes), ++calls, `${i}: ${bytes}`);
    const again = w.made(KEPT, bytes);
    t.is(again, ++calls, `${i}: ${bytes}`);
    t.is(w.made(FORGETS, bytes), ++calls);
  }
});

test('an argument appended later reads as null for a client that does not know it', (t) => {
  const params = [...ID, { name: 'region', type: nullable(text) }];
  const w = new PolicyWorld();
  w.policy(KEPT, memo({ tags: [['a:', 0, ':', 1]] }), { params });
  w.policy(FORGETS, { forget: [['a:', 0, ':', 1]] }, { params });
  t.is(w.made(KEPT, id(3)), 1);
  t.is(w.made(KEPT, id(3)), 1);
  t.is(w.made(FORGETS, args(params, { id: 3, region: null })), 2);
  t.is(w.made(KEPT, id(3)), 3);
});

test('a burst of calls in one message: each finds what the one before has kept', (t) => {
  const w = world({ tags: TAGGED });
  w.policy(FORGETS, { forget: TAGGED });
  const call = (route: number, n: number) => frame({ route, payload: id(n) });
  const replies = w.ask(
    1,
    join(call(KEPT, 1), call(KEPT, 1), call(FORGETS, 1), call(KEPT, 1), call(KEPT, 1)),
  );
  const made = replies.map(({ payload }) => new DataView(payload.buffer).getUint32(0, true));
  t.deepEqual(made, [1, 1, 2, 3, 3]);
});

test('replies that cross the end of a small out ring are kept and answered whole', (t) => {
  const w = new PolicyWorld({ ringBytes: 16384, start: -4096 });
  w.policy(KEPT, memo());
  const sizes = [2990, 1, 1700, 900, 3001, 64];
  const bytes = sizes.map((size, n) => new Uint8Array(size).map((_, i) => i * 3 + n));
  const first = bytes.map((each) => w.one(KEPT, each).payload);
  for (let round = 0; round < 40; round++) {
    const n = (round * 5) % sizes.length;
    t.deepEqual(w.one(KEPT, bytes[n]).payload, first[n], `round ${round}`);
  }
  t.is(w.stats(KEPT).memoHits, 40);
  for (let round = 0; round < 40; round++) {
    const other = bytes[round % sizes.length].slice();
    other[0] = 100 + round;
    const { payload } = w.one(KEPT, other);
    t.deepEqual(payload.slice(4), other);
    t.deepEqual(w.one(KEPT, other).payload, payload);
  }
});
