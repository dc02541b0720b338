// Owns the sums over the lanes' metrics. It reads while lanes write: a snapshot may lack the newest
// calls, never shows torn counts that matter (each word is written whole). Buckets as in
// kernel/metrics.ts.
import {
  M_BUCKETS,
  M_COUNT,
  M_ERRORS,
  M_KEPT,
  M_MADE,
  M_STALE,
  M_SUM,
  METRIC_BUCKETS,
} from '../../assembly/shared/layout.ts';
import type { MethodStats } from './contract.ts';
import type { SharedMemory } from './memory.ts';

/** Microseconds in the middle of a bucket: 0 1 2 3, then four steps for every power of two. */
export function bucketUs(bucket: number): number {
  if (bucket < 4) return bucket;
  const power = (bucket >> 2) + 1;
  const step = 2 ** (power - 2);
  return (4 + (bucket & 3)) * step + (step - 1) / 2;
}

/** The latency below which `share` of the counted calls lie, to the bucket. 0 without calls. */
export function quantileUs(buckets: readonly number[], share: number): number {
  const total = buckets.reduce((sum, n) => sum + n, 0);
  if (total === 0) return 0;
  let left = Math.ceil(total * share);
  for (const [i, n] of buckets.entries()) {
    left -= n;
    if (left <= 0) return bucketUs(i);
  }
  return bucketUs(buckets.length - 1);
}

/** Sums of one route over all lanes. */
export function routeStats(
  memory: SharedMemory,
  route: number,
): Omit<MethodStats, 'cell' | 'method'> {
  const { view } = memory;
  const buckets = new Array<number>(METRIC_BUCKETS).fill(0);
  let count = 0;
  let errors = 0;
  let sum = 0;
  let memoHits = 0;
  let memoStale = 0;
  let memoMisses = 0;
  const u64 = (at: number): number =>
    view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  for (let lane = 0; lane < memory.lanes; lane++) {
    const at = memory.metricsAt(lane, route);
    count += u64(at + M_COUNT);
    errors += u64(at + M_ERRORS);
    sum += u64(at + M_SUM);
    memoHits += u64(at + M_KEPT);
    memoStale += u64(at + M_STALE);
    memoMisses += u64(at + M_MADE);
    for (let i = 0; i < METRIC_BUCKETS; i++) {
      buckets[i] += view.getUint32(at + M_BUCKETS + 4 * i, true);
    }
  }
  return {
    count,
    errors,
    meanUs: count === 0 ? 0 : sum / count,
    p50Us: quantileUs(buckets, 0.5),
    p99Us: quantileUs(buckets, 0.99),
    sumUs: sum,
    buckets,
    memoHits,
    memoStale,
    memoMisses,
  };
}
