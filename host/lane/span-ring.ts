// Owns the listener's end of the span rings: spans that have ended leave shared memory as plain
// records. Never judges them. Layout: assembly/shared/layout.ts, X_*.

import {
  L_SPANS_LOST,
  RING_DATA,
  RING_HEAD,
  RING_TAIL,
  SPAN_BYTES,
  SPAN_KEPT,
  SPAN_NESTED,
  X_END,
  X_FLAGS,
  X_PARENT,
  X_ROUTE,
  X_SPAN,
  X_STAMP,
  X_STATUS,
  X_TRACE,
} from '../../assembly/shared/layout.ts';
import { SPANS } from '../../assembly/shared/limits.ts';
import type { SpanRecord } from './contract.ts';
import type { SharedMemory } from './memory.ts';

function hex(bytes: Uint8Array, at: number, length: number): string {
  // A Buffer over shared memory reads it in place.
  return Buffer.from(bytes.buffer, at, length).toString('hex');
}

function read(memory: SharedMemory, at: number, lane: number): SpanRecord {
  const { bytes, view } = memory;
  const status = view.getUint32(at + X_STATUS, true);
  const flags = view.getUint32(at + X_FLAGS, true);
  const endUs = Number(view.getBigInt64(at + X_END, true));
  // A stamp that lies ahead is a clock that was set back.
  const lasted = (endUs - view.getUint32(at + X_STAMP, true)) % 2 ** 32;
  const isRoot = view.getBigUint64(at + X_PARENT, true) === 0n;
  return {
    traceId: hex(bytes, at + X_TRACE, 16),
    spanId: hex(bytes, at + X_SPAN, 8),
    parentId: isRoot ? '' : hex(bytes, at + X_PARENT, 8),
    lane,
    route: view.getUint32(at + X_ROUTE, true),
    status: status & 255,
    reason: status >>> 8,
    startUs: endUs - (lasted < 2 ** 31 ? lasted : 0),
    endUs,
    kept: (flags & SPAN_KEPT) !== 0,
    nested: (flags & SPAN_NESTED) !== 0,
  };
}

/**
 * Hands at most `most` spans that have ended to `each`, lane after lane, oldest first in each, and
 * gives their room back. What `each` throws passes through; its span counts as taken. Returns how
 * many were handed over.
 */
export function takeSpans(
  memory: SharedMemory,
  each: (span: SpanRecord) => void,
  most: number,
): number {
  const { words } = memory;
  let taken = 0;
  for (let lane = 0; lane < memory.lanes && taken < most; lane++) {
    const ring = memory.spansAt(lane);
    const tail = (ring + RING_TAIL) >>> 2;
    const head = Atomics.load(words, (ring + RING_HEAD) >>> 2);
    let at = words[tail];
    try {
      while (at !== head && taken < most) {
        const from = ring + RING_DATA + (at & (SPANS - 1)) * SPAN_BYTES;
        at = (at + 1) | 0;
        taken++;
        each(read(memory, from, lane));
      }
    } finally {
      Atomics.store(words, tail, at);
    }
  }
  return taken;
}

/** Spans of all lanes that found their ring full, since the host began. */
export function spansLost(memory: SharedMemory): number {
  let lost = 0;
  for (let lane = 0; lane < memory.lanes; lane++) {
    lost += Number(memory.view.getBigUint64(memory.laneBase(lane) + L_SPANS_LOST, true));
  }
  return lost;
}
