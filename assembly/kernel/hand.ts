// Owns the words that say what the lane has in hand: read by the watchdog while it runs, by
// recover() when it has died. A frame is in hand from begin() until RING_PROGRESS passes it.

import {
  L_BUDGET_WORD, L_CPU_SLOT_WORD, L_GENERATION, L_HANDOVER_HEAD_WORD, L_HANDOVER_WORD,
  L_ROUTE_WORD, L_SEQUENCE_WORD, L_SESSION,
} from '../shared/layout';
import { lane, word } from './lane';

export const NO_ROUTE: u32 = 0xffffffff;

/** The frame at input `position`, a call of `route`, is begun. One store: the watchdog never sees
 *  one word without the other, and positions serve as the sequence, since each call has another. */
@inline
export function begin(route: u32, position: u32): void {
  store<u64>(word(L_SEQUENCE_WORD), <u64>position | (<u64>route << 32));
}

/** Nothing is in hand: a drain has ended. */
@inline
export function rest(): void {
  store<u32>(word(L_ROUTE_WORD), NO_ROUTE);
}

/** Whether the frame at `position` is in hand. The words also say which waiting guest has the CPU
 *  (host/lane/marks.ts), but then a slot or a budget of its own stands beside them. */
export function isBegun(position: u32): bool {
  if (routeInHand() == NO_ROUTE || load<u32>(word(L_SEQUENCE_WORD)) != position) return false;
  return !load<u32>(word(L_CPU_SLOT_WORD)) && !load<u32>(word(L_BUDGET_WORD));
}

@inline
export function routeInHand(): u32 {
  return load<u32>(word(L_ROUTE_WORD));
}

/** Who calls: byte offset of the slot (0: nobody) and its generation, for the membrane. */
@inline
export function caller(slot: usize, generation: u32): void {
  store<u64>(lane + L_SESSION, <u64>slot | (<u64>generation << ((L_GENERATION - L_SESSION) << 3)));
}

/** The frame in hand is being given to a pending slot or a lane; 0: it was, or was not. */
@inline
export function handOver(to: u32, head: u32): void {
  store<u32>(word(L_HANDOVER_HEAD_WORD), head);
  store<u32>(word(L_HANDOVER_WORD), to);
}

@inline
export function handedTo(): u32 {
  return load<u32>(word(L_HANDOVER_WORD));
}

@inline
export function handedHead(): u32 {
  return load<u32>(word(L_HANDOVER_HEAD_WORD));
}
