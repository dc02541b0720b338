// Owns the arithmetic of deadlines. A frame carries the milliseconds that remained when it was
// sent, never a clock time; what it waited here since its receipt is taken off.

import { age, now } from './lane';

/** True when `remainingMs` (0: none) have gone by since `stamp`. */
@inline
export function passed(remainingMs: u32, stamp: u32): bool {
  return remainingMs != 0 && <u64>age(stamp) >= <u64>remainingMs * 1000;
}

/** Unix microseconds of the deadline; 0: none. */
export function deadlineOf(remainingMs: u32, stamp: u32): i64 {
  return remainingMs ? now - age(stamp) + <i64>remainingMs * 1000 : 0;
}
