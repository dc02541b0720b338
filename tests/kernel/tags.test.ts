import test from 'ava';
import type { Policies } from '../../host/schema/types.ts';
import { args, ID, id, nullable, PolicyWorld, text, u32 } from './policy-world.ts';
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
