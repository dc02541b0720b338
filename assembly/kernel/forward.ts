// Owns the passing of a frame to the lane where its actor lives. Never waits: a full ring refuses.
// The other lane answers through its own out ring; here the frame is finished once it is passed.

import {
  HANDOVER_LANE, L_BELL_WORD, L_SLEEPS_WORD, PART_FORWARD_WORD, RECORD_BYTES, RECORD_SKIP,
  RING_DATA, RING_HEAD, RING_TAIL,
} from '../shared/layout';
import { REASON_LANE_FULL, REASON_LANE_LOST, REASON_PAYLOAD_TOO_LARGE } from '../shared/reason';
import { RESOURCE_EXHAUSTED, UNAVAILABLE } from '../shared/status';
import { handOver } from './hand';
import { base, forwardBytes, lanes, part, lane, self } from './lane';
import { progress } from './ring';
import { ringBell } from './reply';

/** The forward ring from this lane in lane `home`. All lanes have the same parts. */
@inline
export function forwardRing(home: u32): usize {
  const parts = part(PART_FORWARD_WORD) - lane;
  return base(home) + parts + self * (RING_DATA + forwardBytes);
}

/** Passes `bytes` of frame at `p`, finished at input position `after`. 0, or status | reason << 8.
 *  The limit of half a ring is what keeps the waste at its end from ever blocking it. */
export function pass(
  home: u32, p: usize, bytes: u32, key: u64, stamp: u32, after: u32,
): u32 {
  if (home >= lanes) return UNAVAILABLE | (REASON_LANE_LOST << 8);
  const ring = forwardRing(home);
  const need = (RECORD_BYTES + bytes + 15) & ~15;
  if (need > forwardBytes >> 1) return RESOURCE_EXHAUSTED | (REASON_PAYLOAD_TOO_LARGE << 8);
  let head = load<u32>(ring + RING_HEAD);
  let at = head & (forwardBytes - 1);
  const waste = forwardBytes - at < need ? forwardBytes - at : 0;
  if (head - atomic.load<u32>(ring + RING_TAIL) + waste + need > forwardBytes) {
    return UNAVAILABLE | (REASON_LANE_FULL << 8);
  }
  if (waste) {
    store<u32>(ring + RING_DATA + at, RECORD_SKIP);
    at = 0;
  }
  const record = ring + RING_DATA + at;
  store<u32>(record, bytes);
  store<u64>(record, key, 4);
  store<u32>(record, stamp, 12);
  memory.copy(record + RECORD_BYTES, p, bytes);
  head += waste + need;
  handOver(HANDOVER_LANE | home, head);
  atomic.store<u32>(ring + RING_HEAD, head);
  progress(after);
  handOver(0, 0);
  ringBell(base(home) + (L_SLEEPS_WORD << 2), base(home) + (L_BELL_WORD << 2));
  return 0;
}

/** recover(): whether the frame in hand had reached lane `home`. */
export function passed(home: u32, head: u32): bool {
  return home < lanes && load<u32>(forwardRing(home) + RING_HEAD) == head;
}
