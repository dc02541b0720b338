// Owns the buckets: how often a subject may call. Shared by all lanes, so every step is one
// compare-and-swap on the bucket's time. Never blocks, never allocates.
//
//   bucket, 16 bytes:  u64 key | i64 time
//   key: subject << 32 | route + 1, or | SESSION_KEY; one bucket for all: METHOD_KEY | route + 1
//
// GCRA (ITU-T I.371): `time` is when the next call would be on schedule; a call may come
// `tolerance` earlier. A bucket whose time has passed says nothing any more and is reused: the
// time is swapped first, so of two lanes that want a bucket one loses and looks again.
// A key lies within PROBES of its hash. With no room there the call is refused, not let through:
// a limiter that forgets under pressure is none. Two lanes that meet a new subject in the same
// nanoseconds may both open a bucket: at most one burst more, once.

import { R_FLAGS, R_TOLERANCE, ROUTE_RATE_METHOD, S_SUBJECT, S_TOLERANCE } from '../shared/layout';
import { REASON_RATE_ROUTE, REASON_RATE_SESSION } from '../shared/reason';
import { RESOURCE_EXHAUSTED } from '../shared/status';
import { bucketMask, buckets, lanes, now } from './lane';

const PROBES: u32 = 16;
const TRIES: u32 = 8;
/** Route ids are u16, so route + 1 never reaches this. */
const SESSION_KEY: u64 = 0x20000;
const METHOD_KEY: u64 = 0x40000;

/** After a refusal: milliseconds until the call would be let through, rounded up. */
export let retryMs: u32 = 0;

@inline
function bucketKey(slot: usize, row: usize, route: u32): u64 {
  if (load<u32>(row + R_FLAGS) & ROUTE_RATE_METHOD) return METHOD_KEY | (route + 1);
  return (<u64>load<u32>(slot + S_SUBJECT) << 32) | (route + 1);
}

@inline
function firstOf(key: u64): u32 {
  return <u32>((key * 0x9e3779b97f4a7c15) >> 32);
}

/** 0, or status | reason << 8. The session's bucket pays first, also for what its route refuses.
 *  `perSession`, `perRoute`: microseconds per call, 0 = no limit. In line what happens to most
 *  calls: the bucket is where it was looked for first, and has room (2 ns; 7 with a call). */
@inline
export function charge(
  slot: usize, row: usize, route: u32, perSession: u32, perRoute: u32,
): u32 {
  if (!perSession) {
    const key = bucketKey(slot, row, route);
    const bucket = buckets + ((firstOf(key) & bucketMask) << 4);
    if (atomic.load<u64>(bucket) == key) {
      const time = atomic.load<i64>(bucket, 8), start = max(time, now);
      if (start - now <= <i64>load<u32>(row + R_TOLERANCE)) {
        if (swap(bucket, time, start + <i64>perRoute)) return 0;
      }
    }
  }
  return chargeBoth(slot, row, route, perSession, perRoute);
}

function chargeBoth(
  slot: usize, row: usize, route: u32, perSession: u32, perRoute: u32,
): u32 {
  const session = (<u64>load<u32>(slot + S_SUBJECT) << 32) | SESSION_KEY;
  if (perSession && !take(session, perSession, load<u32>(slot + S_TOLERANCE))) {
    return RESOURCE_EXHAUSTED | (REASON_RATE_SESSION << 8);
  }
  const tolerance = load<u32>(row + R_TOLERANCE);
  if (perRoute && !take(bucketKey(slot, row, route), perRoute, tolerance)) {
    return RESOURCE_EXHAUSTED | (REASON_RATE_ROUTE << 8);
  }
  return 0;
}

/** Moves a bucket's time; false: another lane was faster. Alone nobody is, and a locked instruction
 *  costs 5 ns. */
@inline
function swap(bucket: usize, time: i64, next: i64): bool {
  if (lanes > 1) return atomic.cmpxchg<i64>(bucket, time, next, 8) == time;
  store<i64>(bucket, next, 8);
  return true;
}

@inline
function waitFor(us: i64): bool {
  retryMs = <u32>min<i64>((us + 999) / 1000, 0xffffffff);
  return false;
}

function take(key: u64, interval: u32, tolerance: u32): bool {
  const first = firstOf(key);
  for (let tries: u32 = 0; tries < TRIES; tries++) {
    let spare: usize = 0;
    let soonest: i64 = i64.MAX_VALUE;
    let found: usize = 0;
    for (let i: u32 = 0; i < PROBES; i++) {
      const bucket = buckets + (((first + i) & bucketMask) << 4);
      const holder = atomic.load<u64>(bucket);
      if (holder == key) {
        found = bucket;
        break;
      }
      const time = atomic.load<i64>(bucket + 8);
      if (time > now) soonest = min(soonest, time);
      else if (!spare) spare = bucket;
      if (!holder) break; // nobody was ever put further along
    }
    if (!found && !spare) return waitFor(soonest - now);
    const bucket = found ? found : spare;
    const time = atomic.load<i64>(bucket + 8);
    if (!found && time > now) continue;
    const start = max(time, now);
    if (start - now > <i64>tolerance) return waitFor(start - now - <i64>tolerance);
    if (!swap(bucket, time, start + <i64>interval)) continue;
    if (!found) atomic.store<u64>(bucket, key);
    return true;
  }
  return waitFor(1000);
}
