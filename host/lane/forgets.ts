// Owns the forgetting of tags on JavaScript's side: for waiting calls whose end the kernel does not
// see, since they were answered before (cancelled, out of time) or trapped. Same clocks and same
// order as assembly/kernel/tags.ts; no locks.

import { P_FORGET_COUNT, P_FORGETS, P_POLICY, TAGS_AT } from '../../assembly/shared/layout.ts';
import type { SharedMemory } from './memory.ts';

/** Slots of the tags that the call in a pending slot forgets by its success; null: none. */
export function forgetsOf(memory: SharedMemory, lane: number, slot: number): number[] | null {
  const { view } = memory;
  const at = memory.pendingAt(lane, slot);
  if (view.getUint32(at + P_POLICY, true) === 0) return null;
  const count = view.getUint32(at + P_FORGET_COUNT, true);
  if (count === 0) return null;
  return Array.from({ length: count }, (_, i) => view.getUint16(at + P_FORGETS + 2 * i, true));
}

/** Forgets tags by their slots: no lane serves what was kept under them before. */
export function forgetTags(memory: SharedMemory, slots: number[] | null): void {
  if (slots === null) return;
  const clocks = new BigInt64Array(memory.buffer);
  const time = Atomics.add(clocks, memory.tagsAt >>> 3, 1n) + 1n;
  for (const slot of slots) {
    const at = (memory.tagsAt + TAGS_AT + 8 * slot) >>> 3;
    for (let was = Atomics.load(clocks, at); was < time; ) {
      const seen = Atomics.compareExchange(clocks, at, was, time);
      if (seen === was) break;
      was = seen;
    }
  }
}
