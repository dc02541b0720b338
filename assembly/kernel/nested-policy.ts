// Owns what policies mean for calls from cell to cell: kept replies, tags, counters, and the spans
// of those that wait. The arguments may have been overwritten by calls that the called cell made:
// call.wat puts them back before it concludes.

import {
  CONTEXT_BYTES, L_SLOTS, M_KEPT, M_MADE, M_STALE, METRIC_BYTES,
  NEST_BYTES, PART_BUSY_WORD, PART_CONTEXTS_WORD, PART_METRICS_WORD, POLICY_COUNT, POLICY_FORGET,
  POLICY_MEMO, POLICY_SHARED, POLICY_SPAN, L_GENERATION, L_NESTED_WORD, L_SESSION, R_FLAGS,
  R_POLICY,
  ROUTE_POLICY, S_CALLER, SPAN_NESTED, TRACE_SAMPLED, TRACE_HELD, Y_EPOCH, Y_FLAGS, Y_FORGETS,
} from '../shared/layout';
import { CELLS } from '../shared/limits';
import { isStillOf } from './authorize';
import { labelsOf, tally } from './counters';
import { answersAt, argumentsAt, collecting, lane, part, rowOf, word } from './lane';
import { find, hashOf, isStale, keep, readReply, replyBytes, SHARED } from './memo';
import { countNow } from './metrics';
import { draw, mixed } from './random';
import { record } from './spans';
import { clock, forget, tagsOf } from './tags';

/** Offsets in a nest, behind the route: layout.ts PART_BUSY_WORD. */
const N_EPOCH: u32 = 4;
const N_CLOCK: u32 = 8;
const N_OWNER: u32 = 16;
/** Offsets in a context. */
const SPAN_ID: u32 = 16;
const STATE: u32 = 24;

/** Who kept replies are for; 0: nothing is kept for them. */
@inline
function ownerOf(flags: u32, slot: usize): u32 {
  if (!(flags & POLICY_MEMO)) return 0;
  if (flags & POLICY_SHARED) return SHARED;
  return slot ? atomic.load<u32>(slot + S_CALLER) : 0;
}

/** Bytes of the kept reply that answers this call, copied to `to`; -1: there is none. */
export function hasKept(
  policy: usize, route: u32, slot: usize, args: usize, bytes: u32, to: usize,
): i64 {
  const owner = ownerOf(load<u32>(policy + Y_FLAGS), slot);
  if (!owner) return -1;
  const entry = find(policy, hashOf(route, owner, args, bytes), route, owner, args, bytes);
  const at = part(PART_METRICS_WORD) + route * METRIC_BYTES +
    (entry ? isStale ? M_STALE : M_KEPT : M_MADE);
  store<u64>(at, load<u64>(at) + 1);
  if (!entry) return -1;
  readReply(entry, to);
  return <i64>replyBytes(entry);
}

/** Before a call by the session in `slot`: what tells afterwards whether something was forgotten
 *  meanwhile, and for whom the reply is. */
export function openNested(policy: usize, nest: usize, slot: usize): void {
  store<u32>(nest, atomic.load<u32>(policy + Y_EPOCH), N_EPOCH);
  store<u64>(nest, clock(), N_CLOCK);
  store<u32>(nest, ownerOf(load<u32>(policy + Y_FLAGS), slot), N_OWNER);
}

/** After a call of `route` with a policy, its `bytes` of arguments in their place again. `code`: 0,
 *  or status | reason << 8; `size`: of the reply. `at`: context of a call that has waited, `trace`:
 *  its caller's, `start` (unix microseconds): when it began; 0: it was answered at once. */
export function conclude(
  route: u32, bytes: u32, slot: u32, code: u32, size: u32, at: usize, trace: usize, start: i64,
): void {
  const nest = part(PART_BUSY_WORD) + CELLS + load<u32>(word(L_NESTED_WORD)) * NEST_BYTES;
  // The link that named the route may lead elsewhere by now.
  if (!start) route = load<u32>(nest);
  const row = rowOf(route);
  if (start) countNow(route, code ? 1 : 0);
  if (!(load<u32>(row + R_FLAGS) & ROUTE_POLICY)) return;
  const policy: usize = load<u32>(row + R_POLICY), flags = load<u32>(policy + Y_FLAGS);
  if (at && load<u32>(at, STATE) & CHILD) {
    const id = load<u64>(at, SPAN_ID), under = load<u64>(trace, SPAN_ID);
    record(at, id, under, route, code, <u32>start, SPAN_NESTED);
  }
  if (code) return;
  const args = argumentsAt(), session = slot == 0xffffffff ? load<u32>(lane + L_SESSION) : slot;
  if (flags & POLICY_COUNT) tally(policy, labelsOf(session));
  if (flags & POLICY_FORGET) {
    const slots = lane + L_SLOTS;
    tagsOf(policy, Y_FORGETS, args, bytes, slots);
    forget(slots, load<u32>(policy + Y_FORGETS));
  }
  // What waited is kept when clients call it: its nest is not there any more.
  const owner = start ? 0 : load<u32>(nest, N_OWNER);
  if (!owner) return;
  if (owner != SHARED && !isStillOf(owner, session, load<u32>(lane + L_GENERATION))) return;
  const hash = hashOf(route, owner, args, bytes);
  const epoch = load<u32>(nest, N_EPOCH), since = load<u64>(nest, N_CLOCK);
  keep(policy, hash, route, owner, args, bytes, since, epoch, answersAt(), size);
}

/** In the state of a context: the span is the called cell's own, not its caller's. */
const CHILD: u32 = 0x1000;

/** Makes the trace context of a call of `route` that waits in crossing `n`: its caller's (at
 *  `trace`, 0 = none), or a span of its own below it. Returns where it is; 0: there is no trace. */
export function context(n: u32, trace: usize, route: u32): u32 {
  if (!trace) return 0;
  const at = part(PART_CONTEXTS_WORD) + n * CONTEXT_BYTES;
  const state = load<u32>(trace, STATE) & ~CHILD;
  v128.store(at, v128.load(trace));
  store<u64>(at, load<u64>(trace, SPAN_ID), SPAN_ID);
  store<u32>(at, state, STATE);
  const row = rowOf(route);
  const both = TRACE_HELD | TRACE_SAMPLED;
  if (load<u32>(row + R_FLAGS) & ROUTE_POLICY && (state & both) == both && collecting) {
    if (load<u32>(<usize>load<u32>(row + R_POLICY) + Y_FLAGS) & POLICY_SPAN) {
      store<u64>(at, mixed(draw()) | 1, SPAN_ID);
      store<u32>(at, state | CHILD, STATE);
    }
  }
  return <u32>at;
}
