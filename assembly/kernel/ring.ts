// Owns the inputs: the in ring and the forward rings, as the lane reads them. Never writes a ring's
// head or data. Nothing about a position is kept between drains: tail and RING_PROGRESS say it all,
// so a drain that trapped, a new kernel and recover() find the same frame.
//
//   tail                 at                           head
//   | served, not freed  | record | frames ... | ...  |
//                                 ^ progress: after the last finished frame
//
// The tail is stored every FREE_BYTES and at the end of a drain, since its fence costs 6 ns.

import {
  L_SOURCE_WORD, PART_FORWARD_WORD, PART_IN_WORD, RECORD_BYTES, RECORD_SKIP, RING_DATA, RING_HEAD,
  RING_PROGRESS, RING_TAIL,
} from '../shared/layout';
import { forwardBytes, part, ringBytes, word } from './lane';
import { head as outHead } from './reply';

/** Bytes of served input after which the producer gets its room back. */
export const FREE_BYTES: u32 = 32768;

let ring: usize = 0;
let data: usize = 0;
let mask: u32 = 0;
let freed: u32 = 0;
/** Position of the current record; equal to `end` when there is none. */
export let at: u32 = 0;
/** Bytes of the current record's frames that are finished. */
export let done: u32 = 0;
/** The producer's head as seen by open(). */
export let end: u32 = 0;

function select(source: u32): void {
  if (source == 0) {
    ring = part(PART_IN_WORD);
    mask = ringBytes - 1;
  } else {
    ring = part(PART_FORWARD_WORD) + (source - 1) * (RING_DATA + forwardBytes);
    mask = forwardBytes - 1;
  }
  data = ring + RING_DATA;
}

/** True when `source` (0: in ring, 1 + n: forward ring of lane n) holds something. */
export function filled(source: u32): bool {
  select(source);
  return atomic.load<u32>(ring + RING_HEAD) != load<u32>(ring + RING_TAIL);
}

/** Begins to serve `source`: finds the first unfinished frame. */
export function open(source: u32): void {
  select(source);
  seek();
  // The newest out head is the one of the source named in L_SOURCE: see recover.ts.
  progress(load<u32>(ring + RING_PROGRESS));
  store<u32>(word(L_SOURCE_WORD), source);
}

/** Finds the first unfinished frame without taking the source over. */
export function look(source: u32): void {
  select(source);
  seek();
}

function seek(): void {
  const finished = load<u32>(ring + RING_PROGRESS);
  end = atomic.load<u32>(ring + RING_HEAD);
  at = load<u32>(ring + RING_TAIL);
  freed = at;
  done = 0;
  while (at != end) {
    const ahead = finished - at;
    if (<i32>ahead <= 0) return;
    const size = load<u32>(record());
    if (size != RECORD_SKIP && ahead < RECORD_BYTES + size) {
      done = ahead - RECORD_BYTES;
      return;
    }
    next(size);
  }
}

/** Address of the current record. */
@inline
export function record(): usize {
  return data + (at & mask);
}

/** Steps over the current record, whose size word was `size`. */
@inline
export function next(size: u32): void {
  if (size == RECORD_SKIP) at += mask + 1 - (at & mask);
  else at = (at + RECORD_BYTES + size + 15) & ~15;
  done = 0;
}

/** The current record's frames are finished up to `offset`. */
@inline
export function markDone(offset: u32): void {
  done = offset;
}

/** Position of the frame `offset` bytes into the current record's frames. */
@inline
export function positionOf(offset: u32): u32 {
  return at + RECORD_BYTES + offset;
}

/** Input up to `position` is answered, and the answers end at the out head. One store. */
@inline
export function progress(position: u32): void {
  store<u64>(ring + RING_PROGRESS, <u64>position | (<u64>outHead << 32));
}

/** The out head of the progress word that open() or look() selected. */
@inline
export function outHeadAt(): u32 {
  return load<u32>(ring + RING_PROGRESS, 4);
}

@inline
export function freeDue(): bool {
  return at - freed > FREE_BYTES;
}

/** Gives the producer the room of all records before the current one. */
export function free(): void {
  if (at == freed) return;
  atomic.store<u32>(ring + RING_TAIL, at);
  freed = at;
}

export function invariantsOfInput(): void {
  assert((at & 15) == 0);
  assert(end - freed <= mask + 1);
  assert(end - at <= mask + 1);
}
