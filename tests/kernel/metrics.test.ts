import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import { assemble, ECHO } from './cells.ts';
import { debugModules } from './modules.ts';
import { Random } from './random.ts';
import { frame, join, World } from './world.ts';

interface Row {
  count: number;
  errors: number;
  sum: number;
  buckets: number[];
}

function row(w: World, route: number): Row {
  const at = w.shared.metricsAt(w.lane, route);
  const { view } = w.shared;
  return {
    count: Number(view.getBigUint64(at + layout.M_COUNT, true)),
    errors: Number(view.getBigUint64(at + layout.M_ERRORS, true)),
    sum: Number(view.getBigUint64(at + layout.M_SUM, true)),
    buckets: Array.from({ length: layout.METRIC_BUCKETS }, (_, i) =>
      view.getUint32(at + layout.M_BUCKETS + 4 * i, true),
    ),
  };
}

/** Lower bound in microseconds of each bucket, from the drawing in metrics.ts. */
const lower = Array.from({ length: layout.METRIC_BUCKETS }, (_, i) =>
  i < 4 ? i : (4 + (i % 4)) * 2 ** (Math.floor(i / 4) - 1),
);

function bucketOf(us: number): number {
  return lower.findLastIndex((bound) => bound <= us);
}

function world(): World {
  const w = new World({ modules: debugModules });
  const slot = w.install(assemble(ECHO));
  for (let route = 0; route < 4; route++) w.route(route, { slot });
  w.route(3, { slot, rolesAny: 1n });
  w.session(1);
  return w;
}

test('every latency falls into its bucket, the last one takes all above', (t) => {
  const w = world();
  const edges = lower.flatMap((bound) => [Math.max(bound - 1, 0), bound, bound + 1]);
  const expected = Array(layout.METRIC_BUCKETS).fill(0);
  for (const us of [...edges, 2 ** 27, 2 ** 31 - 1]) {
    w.ask(1, frame({ route: 1 }), 1, us);
    w.kernel.settle(w.now);
    expected[bucketOf(us)]++;
  }
  t.deepEqual(row(w, 1).buckets, expected);
});

test('a stamp ahead of the clock counts as 0', (t) => {
  const w = world();
  w.ask(1, frame({ route: 1 }), 1, -5);
  w.kernel.settle(w.now);
  t.is(row(w, 1).buckets[0], 1);
  t.is(row(w, 1).sum, 0);
});

test('latency runs until settle', (t) => {
  const w = world();
  w.ask(1, frame({ route: 1 }));
  t.is(row(w, 1).count, 0);
  w.kernel.settle(w.now + 1000);
  t.deepEqual([row(w, 1).count, row(w, 1).sum], [1, 1000]);
});

test('calls, errors and latencies of random traffic against a model', (t) => {
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  const w = world();
  const model = new Map<number, Row>();
  for (let route = 0; route < 4; route++) {
    const buckets = Array(layout.METRIC_BUCKETS).fill(0);
    model.set(route, { count: 0, errors: 0, sum: 0, buckets });
  }
  for (let i = 0; i < 400; i++) {
    const routes = Array.from({ length: 1 + random.below(60) }, () => random.below(5));
    const age = random.below(1 << 20);
    w.ask(1, join(...routes.map((route) => frame({ route }))), 1, age);
    const waited = random.below(5000);
    w.now += waited;
    w.kernel.settle(w.now);
    for (const route of routes) {
      const one = model.get(route);
      if (one === undefined) continue; // route 4 is unknown: it has no metrics
      one.count++;
      if (route === 3) one.errors++;
      one.sum += age + waited;
      one.buckets[bucketOf(age + waited)]++;
    }
  }
  for (const [route, expected] of model) t.deepEqual(row(w, route), expected, `route ${route}`);
});

test('more runs than there is room for are settled on the way, none is lost', (t) => {
  const w = world();
  const calls = 3 * layout.RUNS + 7;
  for (let i = 0; i < calls; i++) w.push(1, frame({ route: i % 3 }), 1, i);
  let drains = 0;
  let served = 0;
  for (let n = 1; n > 0; served += n) {
    n = w.drain();
    drains++;
  }
  t.is(served, calls);
  t.true(drains > 3, 'a drain ends when its runs are used up');
  w.kernel.settle(w.now);
  t.is(row(w, 0).count + row(w, 1).count + row(w, 2).count, calls);
  t.is(w.replies().length, calls);
});
