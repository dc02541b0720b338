// Owns the counting of answered calls. In a drain nothing has a duration yet: calls of one route
// and one stamp are only counted, as a run (2 ns a call); settle() puts whole runs into the
// histograms when the drain is over. One lane writes one lane's metrics; the listener adds up.
//
// Bucket of a latency in microseconds, log-linear with 4 steps per power of two (HDR style):
//   0 1 2 3 | 4 5 6 7 | 8-9 10-11 12-13 14-15 | 16-19 ... | up to 2^26 us and everything above

import {
  L_RUN_COUNT, L_RUNS, M_BUCKETS, M_COUNT, M_ERRORS, M_SUM, METRIC_BUCKETS, METRIC_BYTES,
  PART_METRICS_WORD, RUNS,
} from '../shared/layout';
import { age, lane, part, routeCount } from './lane';
import { halt } from './reply';

const NOTHING: u64 = 0xffffffff_ffffffff;
const RUN_BYTES: u32 = 16;

/** stamp | route << 32 of the run that is being counted, its calls | errors << 32, its address. */
let key: u64 = NOTHING;
let calls: u64 = 0;
let run: usize = 0;
/** No run is left: settle before more calls are answered. */
export let runsFull: bool = false;

export function attachMetrics(): void {
  key = NOTHING;
  runsFull = load<u32>(lane + L_RUN_COUNT) >= RUNS;
}

/** One answer of `route`, received at `stamp`. `failed` is 0 or 1. */
@inline
export function count(route: u32, stamp: u32, failed: u32): void {
  const wanted = <u64>stamp | (<u64>route << 32);
  if (wanted != key) turn(wanted);
  calls += 1 | (<u64>failed << 32);
}

/** Puts what was counted into its run. */
function keepCount(): void {
  // Calls of an unknown route have no metrics: they are counted and forgotten.
  if (key != NOTHING && <u32>(key >> 32) < routeCount) store<u64>(run, calls, 8);
}

function turn(wanted: u64): void {
  keepCount();
  calls = 0;
  key = wanted;
  if (<u32>(wanted >> 32) >= routeCount) return;
  if (runsFull) settleRuns();
  const runs = load<u32>(lane + L_RUN_COUNT);
  run = lane + L_RUNS + runs * RUN_BYTES;
  store<u64>(run, wanted);
  store<u64>(run, 0, 8);
  store<u32>(lane + L_RUN_COUNT, runs + 1);
  runsFull = runs + 1 >= RUNS;
  if (runsFull) halt();
  key = wanted;
  calls = 0;
}

/** Puts all runs into the histograms; their latency is their age now. */
export function settleRuns(): void {
  keepCount();
  const runs = load<u32>(lane + L_RUN_COUNT);
  const metrics = part(PART_METRICS_WORD);
  for (let i: u32 = 0; i < runs; i++) {
    const from = lane + L_RUNS + i * RUN_BYTES;
    const count = load<u32>(from, 8);
    const us = age(load<u32>(from));
    const row = metrics + load<u32>(from, 4) * METRIC_BYTES;
    store<u64>(row, load<u64>(row, M_COUNT) + count, M_COUNT);
    store<u64>(row, load<u64>(row, M_ERRORS) + load<u32>(from, 12), M_ERRORS);
    store<u64>(row, load<u64>(row, M_SUM) + <u64>us * count, M_SUM);
    const bucket = row + (bucketOf(us) << 2);
    store<u32>(bucket, load<u32>(bucket, M_BUCKETS) + count, M_BUCKETS);
  }
  store<u32>(lane + L_RUN_COUNT, 0);
  key = NOTHING;
  runsFull = false;
}

@inline
function bucketOf(us: u32): u32 {
  if (us < 4) return us;
  const power = 31 - clz(us);
  return min(((power - 1) << 2) + ((us >> (power - 2)) & 3), METRIC_BUCKETS - 1);
}

/** Counts a call that takes less than a step of the clock: one from cell to cell. */
@inline
export function countNow(route: u32, failed: u32): void {
  const row = part(PART_METRICS_WORD) + route * METRIC_BYTES;
  store<u64>(row, load<u64>(row, M_COUNT) + 1, M_COUNT);
  store<u32>(row, load<u32>(row, M_BUCKETS) + 1, M_BUCKETS);
  if (failed) store<u64>(row, load<u64>(row, M_ERRORS) + 1, M_ERRORS);
}

export function invariantsOfMetrics(): void {
  assert(load<u32>(lane + L_RUN_COUNT) <= RUNS);
}
