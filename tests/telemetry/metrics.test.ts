// What Prometheus is told: accepted by promtool, exact at the bounds, bounded for hostile cells.
import test from 'ava';
import { METRIC_BUCKETS } from '../../assembly/shared/layout.ts';
import { LABEL_SETS } from '../../assembly/shared/limits.ts';
import { Exposition } from '../../host/telemetry/exposition.ts';
import { Labels, OTHER_LABELS } from '../../host/telemetry/labels.ts';
import { cumulative, type MetricSources, metricsText } from '../../host/telemetry/metrics.ts';
import { promtool } from './promtool.ts';

type Counter = ReturnType<MetricSources['lanes']['counters']>[number];

function sources(counters: Counter[] = [], labels = new Labels()): MetricSources {
  const buckets = new Array<number>(METRIC_BUCKETS).fill(0);
  buckets[0] = 1;
  buckets[11] = 4;
  buckets[12] = 2;
  buckets[METRIC_BUCKETS - 1] = 3;
  const method = (name: string, memoHits: number) => ({
    ...{ cell: 'shop', method: name, count: 10, errors: 2, meanUs: 1, p50Us: 1, p99Us: 1 },
    ...{ buckets, sumUs: 1_500_000, memoHits, memoStale: 0, memoMisses: memoHits },
  });
  return {
    version: '1.2.3',
    labels,
    lanes: {
      stats: () => [{ lane: 0, state: 'ready', restarts: 1, waiting: 5 }],
      methods: () => [method('price', 0), method('basket', 7)],
      counters: () => counters,
      spansLost: () => 3,
    },
    counts: () => ({ connections: 4, sessions: 2 }),
    exports: () => ({ exported: 9, dropped: { queue: 1, receiver: 2 }, failures: 6 }),
  };
}

function counter(name: string, labels: [string, string | null][], set: number, value: number) {
  const pairs = labels.map(([key, fixed]) => ({ key, value: fixed }));
  return { cell: 'shop', method: 'price', name, labels: pairs, set, value };
}

const lines = (text: string, name: string): string[] =>
  text.split('\n').filter((line) => line.startsWith(name));

test('promtool accepts all of it', (t) => {
  const labels = new Labels();
  labels.demand(['plan']);
  const gold = labels.of({ plan: 'gold "\\\n' });
  const counters = [
    counter(
      'sales_total',
      [
        ['plan', null],
        ['tier', 'a'],
      ],
      gold,
      3,
    ),
    counter('visits_total', [], 0, 1),
  ];
  const text = metricsText(sources(counters, labels));
  const found = promtool(text);
  if (found === null) t.log('NOT JUDGED: there is no promtool here (Debian package prometheus)');
  t.is(found ?? '', '');
  t.deepEqual(lines(text, 'sales_total'), [
    'sales_total{cell="shop",plan="gold \\"\\\\\\n",tier="a"} 3',
  ]);
  t.true(text.endsWith('\n'));
});

test('promtool would find what is wrong', (t) => {
  const bad = promtool('# TYPE sales counter\nsales{ 3\n');
  if (bad === null) t.log('NOT JUDGED: there is no promtool here (Debian package prometheus)');
  t.not(bad, '');
});

test('calls, errors, lanes, sessions, spans', (t) => {
  const text = metricsText(sources());
  t.deepEqual(lines(text, 'cell_calls_total'), [
    'cell_calls_total{cell="shop",method="price"} 10',
    'cell_calls_total{cell="shop",method="basket"} 10',
  ]);
  t.is(lines(text, 'cell_call_errors_total{cell="shop",method="price"}')[0]?.split(' ')[1], '2');
  t.deepEqual(lines(text, 'cell_kept_replies_total'), [
    'cell_kept_replies_total{cell="shop",method="basket",state="fresh"} 7',
    'cell_kept_replies_total{cell="shop",method="basket",state="stale"} 0',
    'cell_kept_replies_total{cell="shop",method="basket",state="made"} 7',
  ]);
  t.deepEqual(lines(text, 'cell_lane_'), [
    'cell_lane_ready{lane="0"} 1',
    'cell_lane_restarts_total{lane="0"} 1',
    'cell_lane_waiting_calls{lane="0"} 5',
  ]);
  t.deepEqual(lines(text, 'cell_sessions'), ['cell_sessions 2']);
  t.deepEqual(lines(text, 'cell_spans_dropped_total'), [
    'cell_spans_dropped_total{where="lane"} 3',
    'cell_spans_dropped_total{where="queue"} 1',
    'cell_spans_dropped_total{where="receiver"} 2',
  ]);
  const off = metricsText({ ...sources(), exports: () => null });
  t.deepEqual(lines(off, 'cell_span'), [], 'nothing is told of spans that nobody wants');
});

test('the histogram is exact at powers of two, never falls, and ends with all', (t) => {
  const text = metricsText(sources());
  const mine = lines(text, 'cell_call_duration_seconds').filter((l) => l.includes('"price"'));
  const counts = mine.filter((l) => l.includes('_bucket')).map((l) => Number(l.split(' ')[1]));
  // Bucket 11 ends at 16 us, where bucket 12 begins.
  t.true(
    mine.includes('cell_call_duration_seconds_bucket{cell="shop",method="price",le="0.000008"} 1'),
  );
  t.true(
    mine.includes('cell_call_duration_seconds_bucket{cell="shop",method="price",le="0.000016"} 5'),
  );
  t.true(
    mine.includes('cell_call_duration_seconds_bucket{cell="shop",method="price",le="0.000032"} 7'),
  );
  t.deepEqual(
    counts,
    [...counts].sort((a, b) => a - b),
  );
  t.is(counts.at(-1), 10);
  t.true(mine.includes('cell_call_duration_seconds_count{cell="shop",method="price"} 10'));
  t.true(mine.includes('cell_call_duration_seconds_sum{cell="shop",method="price"} 1.5'));
  const ones = cumulative(new Array(METRIC_BUCKETS).fill(1));
  t.deepEqual(ones.slice(0, 3), [8, 12, 16], 'calls below 8, 16 and 32 us');
});

test("equal series are added up; names that are the host's or none are left out", (t) => {
  const text = metricsText(
    sources([
      counter('sales_total', [['a', 'x']], 0, 2),
      { ...counter('sales_total', [['a', 'x']], 0, 3), method: 'basket' },
      counter(
        'sales_total',
        [
          ['cell', 'bank'],
          ['__name__', 'y'],
          ['a', 'z'],
          ['a', 'w'],
        ],
        0,
        1,
      ),
      counter('cell_calls_total', [], 0, 99),
      counter('process_x', [], 0, 99),
      counter('evil 1\nfake_total', [], 0, 99),
    ]),
  );
  t.deepEqual(lines(text, 'sales_total'), [
    'sales_total{cell="shop",a="x"} 5',
    'sales_total{cell="shop",a="z"} 1',
  ]);
  for (const name of ['process_x', 'evil', 'fake_total']) t.false(text.includes(name), name);
  t.is(lines(text, 'cell_calls_total').length, 2);
  t.is(text.split('# TYPE sales_total').length, 2, 'a family is told once');
});

test('sets of labels: numbered as they come, bounded, and the rest together', (t) => {
  const labels = new Labels();
  t.is(labels.of({ plan: 'gold' }), 0, 'nobody asks for it');
  let grown = 0;
  labels.onGrow = () => grown++;
  labels.demand(['plan', 'plan']);
  labels.demand(['plan']);
  t.is(grown, 1);
  t.is(labels.of({}), 0);
  t.is(labels.of({ plan: 'gold', other: 'x' }), 1);
  t.is(labels.of({ plan: 'gold' }), 1);
  t.is(labels.value(1, 'plan'), 'gold');
  t.is(labels.value(1, 'toString'), '');
  for (let i = 2; i < LABEL_SETS - 1; i++) t.is(labels.of({ plan: `p${i}` }), i);
  t.is(labels.of({ plan: 'one too many' }), OTHER_LABELS);
  t.is(labels.of({ plan: 'p9' }), 9, 'those that are known stay');
  t.is(labels.value(OTHER_LABELS, 'plan'), 'other');
  t.is(OTHER_LABELS, 255);
  const [first] = [labels.of(Object.create({ plan: 'inherited' }))];
  t.is(first, 0);
});

test('a claim that counts later: sets that were met keep their numbers', (t) => {
  const labels = new Labels();
  labels.demand(['plan']);
  const gold = labels.of({ plan: 'gold', region: 'eu' });
  labels.demand(['region']);
  const both = labels.of({ plan: 'gold', region: 'eu' });
  t.not(both, gold);
  t.is(labels.value(gold, 'plan'), 'gold');
  t.is(labels.value(gold, 'region'), '');
  t.is(labels.value(both, 'region'), 'eu');
});

test('values of every kind, and families without samples', (t) => {
  const out = new Exposition();
  out.family('empty', 'gauge', 'x');
  const family = out.family('v', 'gauge', 'a\nb\\');
  for (const value of [0.1, 1e21, Number.NaN, Infinity, -Infinity]) family.sample([], value);
  t.is(String(out), '# HELP v a\\nb\\\\\n# TYPE v gauge\nv 0.1\nv 1e+21\nv NaN\nv +Inf\nv -Inf\n');
  const long = new Exposition();
  long.family('v', 'gauge', 'x').sample([['a', `${'y'.repeat(127)}\ud800z`]], 1);
  t.regex(String(long), /y{127}\ufffd"/, 'cut, and never half a character');
});
