// Owns which metrics a host tells and from what they are read. It reads what lanes and session
// count anyway: a scrape costs the listener thread some microseconds a method, a call nothing.

import type { Lanes, MethodStats } from '../lane/contract.ts';
import { Exposition, isLabelName, isMetricName, type LabelPairs } from './exposition.ts';
import type { Labels } from './labels.ts';

/** Bounds of the latency histogram: powers of two, from 8 us to 16.8 s. */
const POWERS = Array.from({ length: 22 }, (_, i) => i + 3);
const BOUNDS = POWERS.map((power) => String(2 ** power / 1e6));
/** Names that the host's own metrics begin with: no counter of a cell may. */
export const OWN_PREFIXES = ['cell_', 'process_'];

/** What export.ts tells of itself. */
export interface ExportStats {
  exported: number;
  /** Spans that were thrown away: the queue was full, or the receiver would not have them. */
  dropped: { queue: number; receiver: number };
  failures: number;
}

/** Where the numbers come from. */
export interface MetricSources {
  version: string;
  lanes: Pick<Lanes, 'stats' | 'methods' | 'counters' | 'spansLost'>;
  labels: Pick<Labels, 'value'>;
  /** Connections and sessions: the reception's. */
  counts(): { connections: number; sessions: number };
  /** null: spans are not exported. */
  exports(): ExportStats | null;
}

/**
 * Calls below each bound. A bucket of the kernel's ends where a power of two begins, so the sums
 * are exact: latencies are whole microseconds, rounded down.
 */
export function cumulative(buckets: readonly number[]): number[] {
  let sum = 0;
  let next = 0;
  return POWERS.map((power) => {
    for (const end = (power - 1) << 2; next < end; next++) sum += buckets[next] ?? 0;
    return sum;
  });
}

const whose = ({ cell, method }: { cell: string; method: string }): LabelPairs => [
  ['cell', cell],
  ['method', method],
];

function tellCalls(out: Exposition, methods: readonly MethodStats[]): void {
  const calls = out.family('cell_calls_total', 'counter', 'Calls that were answered.');
  for (const m of methods) calls.sample(whose(m), m.count);
  const errors = out.family(
    'cell_call_errors_total',
    'counter',
    'Calls that were answered with an error, refused ones included.',
  );
  for (const m of methods) errors.sample(whose(m), m.errors);
  const times = out.family(
    'cell_call_duration_seconds',
    'histogram',
    'Time from receipt of a call to its answer, of methods that were called.',
  );
  for (const m of methods) {
    if (m.count === 0) continue;
    // The lanes go on counting while this is read: +Inf must be no smaller than the last bound.
    const counts = cumulative(m.buckets);
    const all = m.buckets.reduce((sum, n) => sum + n, 0);
    times.histogram(whose(m), BOUNDS, counts, all, m.sumUs / 1e6);
  }
  const kept = out.family(
    'cell_kept_replies_total',
    'counter',
    'Calls of methods with kept replies: answered with a fresh or a stale one, or by the cell.',
  );
  for (const m of methods) {
    if (m.memoHits + m.memoStale + m.memoMisses === 0) continue;
    kept.sample([...whose(m), ['state', 'fresh']], m.memoHits);
    kept.sample([...whose(m), ['state', 'stale']], m.memoStale);
    kept.sample([...whose(m), ['state', 'made']], m.memoMisses);
  }
}

function tellLanes(out: Exposition, { lanes, counts }: MetricSources): void {
  const stats = lanes.stats();
  const up = out.family('cell_lane_ready', 'gauge', 'Whether a lane takes calls: 1 or 0.');
  for (const s of stats) up.sample([['lane', String(s.lane)]], s.state === 'ready' ? 1 : 0);
  const restarts = out.family(
    'cell_lane_restarts_total',
    'counter',
    'Times that a lane was lost and begun again.',
  );
  for (const s of stats) restarts.sample([['lane', String(s.lane)]], s.restarts);
  const waiting = out.family(
    'cell_lane_waiting_calls',
    'gauge',
    'Calls that wait on a capability or for an actor.',
  );
  for (const s of stats) waiting.sample([['lane', String(s.lane)]], s.waiting);
  const { connections, sessions } = counts();
  out.family('cell_connections', 'gauge', 'Connections of any state.').sample([], connections);
  out.family('cell_sessions', 'gauge', 'Sessions that are open.').sample([], sessions);
}

function tellSpans(out: Exposition, { lanes, exports }: MetricSources): void {
  const told = exports();
  if (told === null) return;
  out
    .family('cell_spans_exported_total', 'counter', 'Spans that the receiver has taken.')
    .sample([], told.exported);
  out
    .family('cell_spans_dropped_total', 'counter', 'Spans that were lost, by where.')
    .sample([['where', 'lane']], lanes.spansLost())
    .sample([['where', 'queue']], told.dropped.queue)
    .sample([['where', 'receiver']], told.dropped.receiver);
  out
    .family('cell_span_export_failures_total', 'counter', 'Requests to the receiver that failed.')
    .sample([], told.failures);
}

/** Counters of cells: one family a name, a series a set of labels; equal ones are added up. */
function tellCounters(out: Exposition, { lanes, labels }: MetricSources): void {
  const families = new Map<string, Map<string, { pairs: LabelPairs; value: number }>>();
  for (const row of lanes.counters()) {
    const own = OWN_PREFIXES.some((prefix) => row.name.startsWith(prefix));
    if (own || !isMetricName(row.name)) continue;
    const pairs: [string, string][] = [['cell', row.cell]];
    for (const { key, value } of row.labels) {
      if (!isLabelName(key) || pairs.some(([name]) => name === key)) continue;
      pairs.push([key, value ?? labels.value(row.set, key)]);
    }
    const series = families.get(row.name) ?? new Map();
    families.set(row.name, series);
    const key = JSON.stringify(pairs);
    const known = series.get(key);
    if (known === undefined) series.set(key, { pairs, value: row.value });
    else known.value += row.value;
  }
  for (const [name, series] of [...families].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const family = out.family(name, 'counter', 'Calls that succeeded, by @Telemetry.metrics.');
    for (const { pairs, value } of series.values()) family.sample(pairs, value);
  }
}

function tellProcess(out: Exposition, version: string): void {
  const { user, system } = process.cpuUsage();
  out
    .family('process_cpu_seconds_total', 'counter', 'CPU time of the host, all its threads.')
    .sample([], (user + system) / 1e6);
  out
    .family('process_resident_memory_bytes', 'gauge', 'Memory of the host that is resident.')
    .sample([], process.memoryUsage.rss());
  out
    .family('process_start_time_seconds', 'gauge', 'When the host began, in unix time.')
    .sample([], Math.round(performance.timeOrigin) / 1000);
  out
    .family('cell_build_info', 'gauge', 'Version of the host; the value is always 1.')
    .sample([['version', version]], 1);
}

/** All metrics of a host, as Prometheus reads them. */
export function metricsText(sources: MetricSources): string {
  const out = new Exposition();
  tellCalls(out, sources.lanes.methods());
  tellLanes(out, sources);
  tellSpans(out, sources);
  tellCounters(out, sources);
  tellProcess(out, sources.version);
  return out.toString();
}
