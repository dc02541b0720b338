import test from 'ava';
import { BUCKETS } from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { assemble, ECHO } from './cells.ts';
import { debugModules } from './modules.ts';
import { Random } from './random.ts';
import { frame, join, type Reply, World, type WorldOptions } from './world.ts';

function world(options: Partial<WorldOptions> = {}): World {
  const w = new World({ modules: debugModules, buckets: 64, ...options });
  const slot = w.install(assemble(ECHO));
  w.route(0, { slot, interval: 1000, tolerance: 4000 });
  w.route(1, { slot, interval: 1000, tolerance: 0 });
  w.route(2, { slot });
  w.session(1);
  return w;
}

const say = (reply: Reply) => [reply.status, reply.reason, reply.extra];
const many = (n: number, route = 0) => join(...Array.from({ length: n }, () => frame({ route })));
const byRoute = (ms: number) => [status.RESOURCE_EXHAUSTED, reason.REASON_RATE_ROUTE, ms];
const bySession = (ms: number) => [status.RESOURCE_EXHAUSTED, reason.REASON_RATE_SESSION, ms];

test('a burst of N passes, N + 1 is refused and told when to come again', (t) => {
  const w = world();
  const replies = w.ask(1, many(6)).map(say);
  t.deepEqual(replies, [...Array(5).fill([0, 0, 0]), byRoute(1)]);
  w.now += 999;
  t.deepEqual(w.ask(1, many(1)).map(say), [byRoute(1)], 'a microsecond early');
  w.now += 1;
  t.deepEqual(w.ask(1, many(2)).map(say), [[0, 0, 0], byRoute(1)]);
  t.deepEqual(w.ask(1, many(2, 1)).map(say), [[0, 0, 0], byRoute(1)], 'no tolerance: no burst');
});

test('retry-after is rounded up to whole milliseconds', (t) => {
  const w = world();
  w.route(1, { interval: 10_001, tolerance: 0 });
  t.deepEqual(w.ask(1, many(2, 1)).map(say), [[0, 0, 0], byRoute(11)]);
  w.now += 9_001;
  t.deepEqual(w.ask(1, many(1, 1)).map(say), [byRoute(1)]);
});

test('a limit is per subject: reconnecting does not refill it, others have their own', (t) => {
  const w = world();
  w.session(2, { subject: 1 });
  w.session(3, { subject: 3 });
  t.is(w.ask(1, many(5)).filter((reply) => reply.status === 0).length, 5);
  t.deepEqual(w.ask(2, many(1)).map(say), [byRoute(1)]);
  t.deepEqual(w.ask(3, many(1)).map(say), [[0, 0, 0]]);
});

test("a session's limit counts over all routes, and pays first", (t) => {
  const w = world();
  w.session(1, { interval: 5000, tolerance: 5000 });
  t.deepEqual(w.ask(1, join(many(1, 2), many(1), many(1, 2))).map(say), [
    [0, 0, 0],
    [0, 0, 0],
    bySession(5),
  ]);
});

test('a call that may not be made at all costs nothing', (t) => {
  const w = world();
  w.route(0, { interval: 1000, tolerance: 0, rolesAny: 1n });
  t.true(w.ask(1, many(10)).every((reply) => reply.reason === reason.REASON_ROLE));
  w.session(1, { roles: 1n });
  t.deepEqual(w.ask(1, many(1)).map(say), [[0, 0, 0]]);
});

test('subject 0 and route 0 have buckets like any other', (t) => {
  const w = world();
  w.session(1, { subject: 0, interval: 1000, tolerance: 0 });
  w.route(0, { interval: 5000, tolerance: 0 });
  t.deepEqual(w.ask(1, many(2)).map(say), [[0, 0, 0], bySession(1)]);
  w.now += 1000;
  t.deepEqual(w.ask(1, many(1)).map(say), [byRoute(4)]);
});

test('two lanes share one budget', (t) => {
  const a = world({ lanes: 2 });
  const b = new World({ modules: debugModules, shared: a.shared, lane: 1 });
  b.install(assemble(ECHO));
  let passed = 0;
  for (let i = 0; i < 6; i++) {
    const w = i % 2 ? a : b;
    passed += w.ask(1, many(1)).filter((reply) => reply.status === 0).length;
  }
  t.is(passed, 5);
});

test('GCRA against a model, random rates and times', (t) => {
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  const w = world({ buckets: BUCKETS });
  for (let route = 3; route < 8; route++) {
    w.route(route, { interval: 1 + random.below(3000), tolerance: random.below(9000) });
  }
  const model = new Map<string, number>();
  for (let subject = 0; subject < 8; subject++) w.session(10 + subject, { subject });
  for (let i = 0; i < 4000; i++) {
    w.now += random.below(800);
    const subject = random.below(8);
    const route = 3 + random.below(5);
    const { view } = w.shared;
    const interval = view.getUint32(w.shared.routeAt(route) + 36, true);
    const tolerance = view.getUint32(w.shared.routeAt(route) + 40, true);
    const key = `${subject} ${route}`;
    const start = Math.max(model.get(key) ?? 0, w.now);
    const early = start - w.now - tolerance;
    const [reply] = w.ask(10 + subject, many(1, route));
    if (early > 0) {
      t.deepEqual(say(reply), byRoute(Math.ceil(early / 1000)), `call ${i}`);
    } else {
      t.is(reply.status, 0, `call ${i}`);
      model.set(key, start + interval);
    }
  }
});

test('expired buckets are reused; when none is, a new subject is refused, not let through', (t) => {
  const w = world({ buckets: 16 });
  w.route(0, { interval: 1_000_000, tolerance: 0 });
  const ask = (subject: number) => {
    w.session(1, { subject });
    return w.ask(1, many(1)).map(say)[0];
  };
  for (let subject = 0; subject < 16; subject++) t.deepEqual(ask(subject), [0, 0, 0]);
  w.now += 400_000;
  t.deepEqual(ask(16), byRoute(600), 'told when the first bucket expires');
  for (let subject = 0; subject < 16; subject++) t.deepEqual(ask(subject), byRoute(600));
  w.now += 600_000;
  for (let subject = 20; subject < 36; subject++) t.deepEqual(ask(subject), [0, 0, 0]);
  t.deepEqual(ask(36), byRoute(1000));
});
