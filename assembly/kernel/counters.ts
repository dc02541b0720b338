// Owns the counters that methods ask for: how many of their calls have succeeded, by the caller's
// set of labels. One lane writes one lane's counts; the listener adds them up.
//
//   lane's counters:  COUNTERS rows of LABEL_SETS u64

import { COUNTER_CLAIMS, PART_COUNTERS_WORD, S_LABELS, Y_COUNTERS } from '../shared/layout';
import { LABEL_SETS } from '../shared/limits';
import { part } from './lane';

/** The set of labels of the session in `slot`; 0 = nobody, or none. */
@inline
export function labelsOf(slot: usize): u32 {
  return slot ? load<u32>(slot + S_LABELS) & (LABEL_SETS - 1) : 0;
}

let counters: usize = 0;

export function attachCounters(): void {
  counters = part(PART_COUNTERS_WORD);
}

/** One call of a route with this policy has succeeded. */
@inline
export function tally(policy: usize, labels: u32): void {
  const both = load<u64>(policy + Y_COUNTERS), count = <u32>both;
  const list = policy + <usize>(both >> 32);
  for (let i: u32 = 0; i < count; i++) {
    const word = load<u32>(list + (i << 2));
    const set: u32 = word & COUNTER_CLAIMS ? labels : 0;
    const at = counters + (((word & ~COUNTER_CLAIMS) * LABEL_SETS + set) << 3);
    store<u64>(at, load<u64>(at) + 1);
  }
}
