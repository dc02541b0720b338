import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import {
  COUNTERS,
  FORGET_TAGS,
  LABEL_SETS,
  MEMO_TAGS,
  METHOD_COUNTERS,
  POLICIES_BYTES,
  TAG_BYTES,
} from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { args, ID, id, nullable, PolicyWorld, u32 } from './policy-world.ts';
import { frame } from './world.ts';

const counter = (name: string, labels: { key: string; value: string | null }[] = []) => ({
  name,
  labels,
});
const PLAN = [{ key: 'plan', value: null }];

test('a counter counts calls that have succeeded, by the labels of their callers', (t) => {
  const w = new PolicyWorld();
  w.policy(0, { counters: [counter('all'), counter('by_plan', PLAN)] });
  w.policy(1, { counters: [counter('failing')] }, { method: 1 });
  w.session(2, { labels: 3 });
  w.session(3, { labels: LABEL_SETS - 1 });
  for (const connection of [1, 2, 2, 3]) w.one(0, id(1), { connection });
  w.one(1, id(1));
  const seen = w.policies.read().map(({ method, name, set, value }) => [method, name, set, value]);
  t.deepEqual(seen, [
    ['m0', 'all', 0, 4],
    ['m0', 'by_plan', 0, 1],
    ['m0', 'by_plan', 3, 2],
    ['m0', 'by_plan', LABEL_SETS - 1, 1],
  ]);
  t.deepEqual(w.policies.read()[1].labels, PLAN);
});

test('kept replies count, waiting calls count by who called, an expired caller is nobody', (t) => {
  const taken: number[] = [];
  const wait = (slot: number) => {
    taken.push(slot);
    return 0;
  };
  const w = new PolicyWorld({ imports: { wait } });
  const counters = [counter('n', PLAN)];
  const memo = { ttlMs: 1000, swrMs: 0, shared: true, tags: [] };
  w.session(1, { labels: 5 });
  w.policy(0, { counters, memo });
  w.one(0, id(1));
  w.one(0, id(1));
  w.policy(1, { counters }, { flags: layout.ROUTE_LIVE | layout.ROUTE_WAITING });
  w.ask(1, frame({ route: 1 }));
  w.ask(1, frame({ route: 1 }));
  w.session(1, { labels: 6 });
  for (const [i, slot] of taken.entries()) {
    w.kernel.reserve(slot, 0);
    w.kernel.finish(slot, i, 0, 0);
  }
  w.policy(2, { counters }, { flags: layout.ROUTE_LIVE | layout.ROUTE_PUBLIC });
  w.session(1, { labels: 6, expiry: 1n });
  w.one(2, id(1));
  const seen = w.policies.read().map(({ method, set, value }) => [method, set, value]);
  t.deepEqual(seen, [
    ['m0', 5, 2],
    ['m1', 5, 1],
    ['m2', 0, 1],
  ]);
});

test('counts of all lanes are added', (t) => {
  const a = new PolicyWorld({ lanes: 2 });
  const b = new PolicyWorld({ shared: a.shared, lane: 1 });
  a.policy(0, { counters: [counter('n')] });
  a.one(0, id(1));
  b.one(0, id(1));
  b.one(0, id(1));
  t.is(a.policies.read()[0].value, 3);
});

test('one bucket for all callers of a method, over all lanes', (t) => {
  const a = new PolicyWorld({ lanes: 2 });
  const b = new PolicyWorld({ shared: a.shared, lane: 1 });
  const flags = layout.ROUTE_LIVE | layout.ROUTE_RATE_METHOD;
  a.route(0, { slot: a.slot, flags, interval: 1000, tolerance: 2000 });
  a.route(1, { slot: a.slot, flags, interval: 1000, tolerance: 0 });
  const statuses = [a.one(0, id(1)), b.one(0, id(1), { connection: 2 }), a.one(0, id(1))];
  t.deepEqual(
    statuses.map((reply) => reply.status),
    [0, 0, 0],
  );
  t.is(b.one(0, id(1), { connection: 3 }).reason, reason.REASON_RATE_ROUTE);
  t.is(a.one(1, id(1)).status, 0, 'another method has its own');
  t.is(a.one(1, id(1), { connection: 2 }).status, status.RESOURCE_EXHAUSTED);
});

test('N of everything that a policy may have, and N + 1', (t) => {
  const w = new PolicyWorld();
  const tags = (n: number) => Array.from({ length: n }, (_, i) => [`t${i}:`, 0]);
  const memo = (n: number) => ({ memo: { ttlMs: 1, swrMs: 0, shared: false, tags: tags(n) } });
  const counters = (n: number) => ({
    counters: Array.from({ length: n }, (_, i) => counter(`c${i}`)),
  });
  w.policy(0, memo(MEMO_TAGS));
  w.policy(0, { forget: tags(FORGET_TAGS) });
  w.policy(0, { forget: [['x'.repeat(TAG_BYTES), 0]] });
  w.policy(0, counters(METHOD_COUNTERS));
  w.one(0, id(1));
  t.is(w.policies.read().length, METHOD_COUNTERS);
  const refused = (policies: object, message: RegExp) =>
    t.throws(() => w.policy(0, policies), { instanceOf: RangeError, message });
  refused(memo(MEMO_TAGS + 1), /^`world\.m0` keeps replies under 9 tags: at most 8 are allowed$/);
  refused({ forget: tags(FORGET_TAGS + 1) }, /^`world\.m0` forgets 17 tags: at most 16/);
  refused({ forget: [['x'.repeat(TAG_BYTES), 'y']] }, /a tag of more than 256 bytes/);
  refused(counters(METHOD_COUNTERS + 1), /has 9 counters: at most 8 count one method/);
  refused({ memo: { ttlMs: -1, swrMs: 0, shared: false, tags: [] } }, /a kept reply lasts -1 ms/);
  refused({ memo: { ttlMs: 1, swrMs: 4e10, shared: false, tags: [] } }, /a stale reply lasts/);
  refused({ span: { name: 'x', ratio: 1.1 } }, /samples 1\.1 of its calls/);
  refused({ span: { name: 'x', ratio: Number.NaN } }, /samples NaN/);
  refused({ forget: [['x', 1]] }, /parameter 1, which has no text/);
  for (let n = METHOD_COUNTERS; n < COUNTERS; n++) {
    w.policy(n, { counters: [counter('one')] });
  }
  refused({ counters: [counter('more')] }, /no room for the counter `more`: .* at most 256/);
  w.policy(0, counters(METHOD_COUNTERS));
});

test('a parameter without a text cannot stand in a tag', (t) => {
  const w = new PolicyWorld();
  const types = [
    { kind: 'scalar', scalar: 'f64' },
    { kind: 'bytes' },
    { kind: 'list', of: u32 },
    { kind: 'record', name: 'R' },
    nullable({ kind: 'scalar', scalar: 'f32' }),
  ] as const;
  for (const type of types) {
    const params = [{ name: 'x', type }];
    t.throws(() => w.policy(0, { forget: [['x:', 0]] }, { params }), {
      instanceOf: RangeError,
      message: '`world.m0` forgets a tag with `x`, which has no text that names it',
    });
  }
});

test('the area of policies has an end, and says so', (t) => {
  const w = new PolicyWorld();
  const forget = Array.from({ length: FORGET_TAGS }, (_, i) => [0, `${i}`.padEnd(TAG_BYTES, 'x')]);
  const most = Math.ceil(POLICIES_BYTES / (FORGET_TAGS * TAG_BYTES));
  t.throws(
    () => {
      for (let i = 0; i <= most; i++) w.policy(0, { forget });
    },
    { instanceOf: RangeError, message: /have at most 1048576 bytes in one host/ },
  );
});

test('a method that asks for nothing has no record', (t) => {
  const w = new PolicyWorld();
  w.policy(0, { rate: { perSecond: 5, burst: 1, per: 'method' } });
  w.policy(1, { forget: [], counters: [] });
  for (const route of [0, 1]) {
    const row = w.shared.routeAt(route);
    t.is(w.shared.view.getUint32(row + layout.R_POLICY, true), 0);
    t.is(w.shared.view.getUint32(row + layout.R_FLAGS, true), layout.ROUTE_LIVE);
  }
  t.is(args(ID, { id: 1 }).length, id(1).length);
});
