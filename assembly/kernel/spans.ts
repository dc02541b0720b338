// Owns trace contexts and spans: which trace a call belongs to, whether it is sampled (decided
// once, at the root), and the record of each sampled call in the lane's span ring. Refused calls
// have no span. W3C Trace Context, level 1: ids are bytes, kept in that order; all zero is no id.
//
//   lane block, L_TRACE:  16 B trace id | 8 B span id | state    the context of the call in hand
//   span ring:  tail (listener) .. head | .. next                written, still without their end
//
// In a drain nothing has an end yet: settle() gives all spans since the last one the same, then
// shows them. A ring that is full loses the newest; how many is counted.

import {
  L_SPANS_LOST, L_TRACE, L_TRACE_STATE, PART_SPANS_WORD, RING_DATA,
  RING_HEAD, RING_TAIL, SPAN_BYTES, TRACE_HELD, TRACE_NONE, TRACE_SAMPLED, TRACE_UNSAMPLED, X_END,
  X_ROUTE, X_SPAN, X_TRACE, Y_SAMPLE,
} from '../shared/layout';
import { SPANS } from '../shared/limits';
import { collecting, lane, now, part } from './lane';
import { draw, mixed, STEP } from './random';

/** Offset of the span id inside a context. */
const SPAN_ID: u32 = 16;

let ring: usize = 0;
/** Spans up to `shown` have their end; those up to `next` are written. */
let shown: u32 = 0;
let next: u32 = 0;
/** No span is written at `limit` before the tail was read again. */
let limit: u32 = 0;
/** Ids of the span of the call in hand and of its parent; both hold while `isOpen`. */
export let own: u64 = 0;
/** Another one for every worker: what one number makes of a trace is its own. */
let salt: u64 = 0;
export let parent: u64 = 0;
/** The call in hand has a span of its own. */
export let isOpen: bool = false;

export function attachSpans(): void {
  ring = part(PART_SPANS_WORD);
  salt = mixed(draw()) | 1;
  shown = load<u32>(ring + RING_HEAD);
  next = shown;
  limit = shown;
  isOpen = false;
}

@inline
export function traceState(): u32 {
  return load<u32>(lane + L_TRACE_STATE);
}

/** The call in hand came with the context at `p`: 16 B trace id, 8 B span id, 1 B flags. */
export function adopt(p: usize): void {
  const trace = v128.load(p), span = load<u64>(p, SPAN_ID);
  if (!v128.any_true(trace) || !span) return;
  hold(trace, span, TRACE_HELD | <u32>load<u8>(p, 24));
}

/** Sets the context. Two stores of 16 bytes: every access costs a bounds check, and what is read
 *  wider than it was just written waits for the store, 4 ns. */
@inline
function hold(trace: v128, span: u64, state: u64): void {
  v128.store(lane + L_TRACE, trace);
  v128.store(lane + L_TRACE, pair(span, state), SPAN_ID);
}

@inline
function pair(low: u64, high: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

/** The call in hand is over: the next one has no context. */
@inline
export function dropTrace(): void {
  store<u32>(lane + L_TRACE_STATE, TRACE_NONE);
}

/** Begins a span for a call whose policy asks for one: it becomes the context that the call runs
 *  in. False: the trace is not sampled. */
@inline
export function beginSpan(policy: usize): bool {
  const state = traceState();
  if (state == TRACE_NONE) return beginTrace(policy);
  if (!(state & TRACE_SAMPLED)) return false;
  parent = load<u64>(lane + L_TRACE, SPAN_ID);
  own = mixed(draw()) | 1;
  store<u64>(lane + L_TRACE, own, SPAN_ID);
  return true;
}

/** At the root it is decided whether a trace is sampled: by its id, as OpenTelemetry's
 *  TraceIdRatioBased does. All ids come from one number: 3 ns less than from three. */
@inline
function beginTrace(policy: usize): bool {
  const low = mixed(draw());
  if (<u32>(low >> 33) >= load<u32>(policy + Y_SAMPLE)) {
    store<u32>(lane + L_TRACE_STATE, TRACE_UNSAMPLED);
    return false;
  }
  parent = 0;
  own = (low * STEP) | 1;
  hold(pair((low ^ salt) * STEP, low), own, TRACE_HELD | TRACE_SAMPLED);
  return true;
}

/** The call in hand goes on, after the span of a call that it made. */
@inline
export function resume(id: u64, under: u64): void {
  own = id;
  parent = under;
}

/** beginSpan() for a call that came in a frame. */
@inline
export function openSpan(policy: usize): void {
  isOpen = collecting && beginSpan(policy);
}

/** Ends what openSpan() began. `code`: 0, or status | reason << 8. */
@inline
export function closeSpan(route: u32, code: u32, stamp: u32, flags: u32): void {
  if (isOpen) close(route, code, stamp, flags);
}

@inline
function close(route: u32, code: u32, stamp: u32, flags: u32): void {
  isOpen = false;
  record(lane + L_TRACE, own, parent, route, code, stamp, flags);
}

/** The span of the call in hand becomes a waiting call's: it ends when that one does. */
@inline
export function handSpan(): void {
  isOpen = false;
}

/** Looks how far the listener has taken spans; false: the ring is full. */
function measure(): bool {
  limit = atomic.load<u32>(ring + RING_TAIL) + SPANS;
  return next != limit;
}

/** Writes the span `id`, child of `under` (0: a root), in the trace whose id lies at `trace`. */
@inline
export function record(
  trace: usize, id: u64, under: u64, route: u32, code: u32, stamp: u32, flags: u32,
): void {
  if (next == limit && !measure()) {
    store<u64>(lane + L_SPANS_LOST, load<u64>(lane + L_SPANS_LOST) + 1);
    return;
  }
  const at = ring + RING_DATA + (next & (SPANS - 1)) * SPAN_BYTES;
  v128.store(at, v128.load(trace), X_TRACE);
  v128.store(at, pair(id, under), X_SPAN);
  const what = <u64>route | (<u64>code << 32), how = <u64>stamp | (<u64>flags << 32);
  v128.store(at, pair(what, how), X_ROUTE);
  next++;
}

/** Gives all spans written since an end, and shows them to the listener. */
export function settleSpans(): void {
  if (shown == next) return;
  for (; shown != next; shown++) {
    store<i64>(ring + RING_DATA + (shown & (SPANS - 1)) * SPAN_BYTES, now, X_END);
  }
  atomic.store<u32>(ring + RING_HEAD, next);
}

export function invariantsOfSpans(): void {
  assert(next - load<u32>(ring + RING_TAIL) <= SPANS);
  assert(next - shown <= SPANS);
}
