// Owns the numbers that the benchmarks must hold, once: `suite/name` -> bound. Never measures.
// bench/run.ts prints them beside what was seen; `--strict` turns a miss into an exit code.

/** A bound for one row: `value op hold` must be true. Same unit as the row. */
export interface Target {
  hold: number;
  op: '<=' | '>=';
}

const most = (hold: number): Target => ({ hold, op: '<=' });
const least = (hold: number): Target => ({ hold, op: '>=' });

export const targets: Readonly<Record<string, Target>> = {
  'kernel/refused': most(6),
  'kernel/echo-64': most(25),
  'kernel/overhead-total': most(30),
  'kernel/overhead-vs-express': least(700),
  'macros/auth': most(3),
  'macros/limit': most(5),
  'macros/span': most(10),
  'macros/counter': most(10),
  'macros/cache-hit': most(100),
  'macros/five-refused': most(60),
  'macros/five-kept': most(60),
  'macros/five-served': most(60),
  'macros/call-same-lane': most(60),
  'ring/rtt-spin': most(300),
  'ring/throughput': least(15e6),
  'wire/ratio-single-inline': least(0.85),
  'wire/ratio-batch64-inline': least(0.85),
  'wire/ratio-single-lane': least(0.75),
  'wire/ratio-batch64-lane': least(0.7),
  'wire/latency-ratio-inline': most(1.1),
  'wire/latency-ratio-lane': most(1.6),
  'wire/client': least(700_000),
  'wire/waiting': most(3),
  'faults/trap': most(200),
  'faults/stuck-lane': most(30),
  'peers/best-throughput': least(10),
  'peers/best-cpu': least(15),
  'density/cells': least(10_000),
  'density/resident': most(80),
  'codec/user-encode': least(1.8),
  'codec/user-decode': least(1.8),
  'codec/user-encode-guest': least(1.8),
  'codec/user-decode-guest': least(1.8),
  'build/warm-unchanged': most(300),
  'build/warm-one': most(1000),
  'build/cold': most(3000),
  'compile/100-sites-front': most(60),
  'compile/100-sites-asc': most(600),
  'compile/100-sites-unchanged': most(300),
  'compile/requests-a-round': most(1),
  'compile/1000-sites': most(15_000),
  'compile/1000-sites-memory': most(2048),
  'compile/editor-first': most(3000),
  'compile/editor-next': most(50),
  'sql/find': least(0.8),
  'sql/insert': least(0.8),
  'sql/query-100-rows': least(0.8),
  'sql/build-20-tables-100-queries-unchanged': most(500),
  'sql/build-20-tables-100-queries-one': most(1500),
  'storage/persist': least(0.5),
};

/** Whether `value` is within the target of `suite/name`; null when there is none. */
export function held(suite: string, name: string, value: number): boolean | null {
  const target = targets[`${suite}/${name}`];
  if (target === undefined) return null;
  if (Number.isNaN(value)) return false;
  return target.op === '<=' ? value <= target.hold : value >= target.hold;
}
