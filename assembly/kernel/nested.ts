// Owns calls from cell to cell within this lane: judged like a frame's, then entered on the stack
// of the caller, without JavaScript. Answers nothing and touches no ring: the answer goes back to
// the membrane that asked (call.wat), which lies on the stack below.
//
//   caller's memory -> PART_CALL, 1st half -> called cell     arguments, copied before it runs
//   called cell     -> PART_CALL, 2nd half -> caller's memory   the reply, taken before others run
//
// While calls nest nothing on the stack may stand still, so there is one such stack in a lane.
// L_NESTED says how deep it is; a trap leaves it that way, and PART_BUSY names the cells whose
// instances died with it (host/lane/crossing.ts).

import {
  CALL_CONCLUDES, CALL_WAITS, DISPATCH_HELD, HOME_ANY, K_CODE, K_ROUTE, K_TEXT, K_TEXT_BYTES,
  L_GENERATION, L_INNER_ROUTE_WORD, L_NESTED_WORD, L_SESSION, L_TRACE, L_TRACE_STATE, NEST_BYTES,
  PART_BUSY_WORD, POLICY_SPAN, R_CELL, R_FLAGS, R_HOME, R_INTERVAL, R_METHOD, R_PAYLOAD_BYTES,
  R_POLICY, R_ROLES_ANY, R_SCOPES_ALL, R_SLOT, ROUTE_LIVE, ROUTE_POLICY, ROUTE_PUBLIC,
  ROUTE_RATE_METHOD, ROUTE_WAITING, S_EXPIRY, S_GENERATION, S_ROLES, S_SCOPES,
  SESSION_AUTHENTICATED, SESSION_REVOKED, SPAN_NESTED, Y_FLAGS,
} from '../shared/layout';
import { CALL_DEPTH, CELLS } from '../shared/limits';
import {
  REASON_CALL_CYCLE, REASON_CALL_DEPTH, REASON_CANCELLED, REASON_EXPIRED, REASON_NO_CELL,
  REASON_NO_ROUTE, REASON_NO_SESSION, REASON_PAYLOAD_TOO_LARGE, REASON_REPLY_TOO_LARGE,
  REASON_REVOKED, REASON_ROLE, REASON_SCOPE,
} from '../shared/reason';
import {
  ABORTED, CANCELLED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAUTHENTICATED, UNAVAILABLE,
  UNIMPLEMENTED,
} from '../shared/status';
import { caller } from './hand';
import {
  answersAt, argumentsAt, collecting, lane, messageBytes, now, part, routeCount, rowOf, self, word,
} from './lane';
import { charge } from './limiter';
import { countNow } from './metrics';
import { hasKept, openNested } from './nested-policy';
import { beginSpan, dropTrace, own, parent, record, resume } from './spans';

/** In place of a session: the caller of the frame in hand. */
const IN_HAND: u32 = 0xffffffff;
/** In place of the calling cell: its instance serves a waiting call, not the pure ones. */
const ASIDE: u32 = 0xffffffff;

/** Calls what `link` (byte offset) leads to, with `bytes` of arguments. `session`, `generation`:
 *  who calls, or IN_HAND; `trace`: its context (0: the one in hand). `from`: index of the calling
 *  cell when its instance for pure calls is the caller, else ASIDE. Answers as a membrane's
 *  dispatch does, | CALL_CONCLUDES << 32; or CALL_WAITS << 32 | route: it may be made, by one who
 *  can stand still. */
export function nested(
  link: usize, bytes: u32, session: u32, generation: u32, trace: usize, from: u32,
): u64 {
  const target = atomic.load<u32>(link + K_ROUTE), route = target - 1;
  if (!target) return unlinked(link);
  if (route >= routeCount) return refusal(UNIMPLEMENTED | (REASON_NO_ROUTE << 8));
  if (session == IN_HAND) {
    session = load<u32>(lane + L_SESSION);
    generation = load<u32>(lane + L_GENERATION);
  }
  const row = rowOf(route), flags = load<u32>(row, R_FLAGS);
  const code = judge(row, flags, route, session, generation, bytes);
  if (code) {
    countNow(route, 1);
    return refusal(code);
  }
  if (flags & ROUTE_POLICY) {
    const policy: usize = load<u32>(row, R_POLICY);
    const size = hasKept(policy, route, session, argumentsAt(), bytes, answersAt());
    if (size >= 0) {
      countNow(route, 0);
      return size;
    }
  }
  const home = load<u32>(row, R_HOME);
  if ((home == HOME_ANY || home == self) && !(flags & ROUTE_WAITING)) {
    return enter(row, flags, route, bytes, session, generation, trace, from);
  }
  return <u64>route | (<u64>CALL_WAITS << 32);
}

@inline
function refusal(code: u32): u64 {
  return <u64>code << 32;
}

/** Nobody to call: the link says why, and may have an error record. */
function unlinked(link: usize): u64 {
  const code = load<u32>(link, K_CODE), text = load<u32>(link, K_TEXT);
  if (!code) return refusal(UNAVAILABLE | (REASON_NO_CELL << 8));
  if (!text) return refusal(code);
  const bytes = load<u32>(link, K_TEXT_BYTES);
  memory.copy(answersAt(), text, bytes);
  return (<u64>(code & 255) << 32) | <u64>bytes;
}

/** Who calls may call this, so large, so often: 0, or status | reason << 8. The slot's fields are
 *  one session's when its generation is the same before and after (authorize.ts). */
@inline
function judge(
  row: usize, flags: u32, route: u32, slot: u32, generation: u32, bytes: u32,
): u32 {
  if (!(flags & ROUTE_LIVE)) return UNIMPLEMENTED | (REASON_NO_ROUTE << 8);
  if (slot) {
    const state = atomic.load<u64>(slot + S_GENERATION);
    if (<u32>state != generation) return CANCELLED | (REASON_CANCELLED << 8);
    const mode = <u32>(state >> 32);
    if (mode & SESSION_REVOKED) return UNAUTHENTICATED | (REASON_REVOKED << 8);
    if (!(flags & ROUTE_PUBLIC)) {
      const code = entitled(row, slot, mode);
      if (code) return code;
      if (atomic.load<u64>(slot + S_GENERATION) != state) {
        return CANCELLED | (REASON_CANCELLED << 8);
      }
    }
  } else if (!(flags & ROUTE_PUBLIC)) return UNAUTHENTICATED | (REASON_NO_SESSION << 8);
  if (bytes > load<u32>(row, R_PAYLOAD_BYTES)) {
    return RESOURCE_EXHAUSTED | (REASON_PAYLOAD_TOO_LARGE << 8);
  }
  const interval = load<u32>(row, R_INTERVAL);
  // The session's own limit counts what comes from outside. Nobody has no bucket of its own.
  if (!interval || !(slot || flags & ROUTE_RATE_METHOD)) return 0;
  return charge(slot, row, route, 0, interval);
}

@inline
function entitled(row: usize, slot: usize, mode: u32): u32 {
  if (!(mode & SESSION_AUTHENTICATED)) return UNAUTHENTICATED | (REASON_NO_SESSION << 8);
  if (load<i64>(slot, S_EXPIRY) <= now) return UNAUTHENTICATED | (REASON_EXPIRED << 8);
  const any = load<u64>(row, R_ROLES_ANY), all = load<u64>(row, R_SCOPES_ALL);
  if (any && !(any & load<u64>(slot, S_ROLES))) return PERMISSION_DENIED | (REASON_ROLE << 8);
  if ((load<u64>(slot, S_SCOPES) & all) != all) return PERMISSION_DENIED | (REASON_SCOPE << 8);
  return 0;
}

/** Into the cell, which is pure: it answers before anything else runs. */
@inline
function enter(
  row: usize, flags: u32, route: u32, bytes: u32, session: u32, generation: u32, trace: usize,
  from: u32,
): u64 {
  const depth = load<u32>(word(L_NESTED_WORD)), busy = part(PART_BUSY_WORD);
  const called = busy + load<u32>(row, R_CELL);
  if (depth >= CALL_DEPTH) return refusal(RESOURCE_EXHAUSTED | (REASON_CALL_DEPTH << 8));
  // The instance is in a call that led here: entered again it would lose that call's memory.
  if (load<u8>(called) || (from != ASIDE && called == busy + from)) {
    return refusal(ABORTED | (REASON_CALL_CYCLE << 8));
  }
  const outer = load<u32>(word(L_INNER_ROUTE_WORD));
  if (from != ASIDE) store<u8>(busy + from, 1);
  store<u8>(called, 1);
  store<u32>(word(L_NESTED_WORD), depth + 1);
  store<u32>(word(L_INNER_ROUTE_WORD), route);
  const nest = busy + CELLS + depth * NEST_BYTES;
  store<u32>(nest, route);
  caller(session, generation);
  let answer: u64;
  if (trace || flags & ROUTE_POLICY) answer = traced(row, flags, route, bytes, trace, nest);
  else answer = dispatchNested(row, bytes);
  store<u32>(word(L_INNER_ROUTE_WORD), outer);
  store<u32>(word(L_NESTED_WORD), depth);
  store<u8>(called, 0);
  // A caller that was called itself stays busy: whoever called it clears it.
  if (from != ASIDE && !depth) store<u8>(busy + from, 0);
  countNow(route, answer >> 32 ? 1 : 0);
  return flags & ROUTE_POLICY ? answer | (<u64>CALL_CONCLUDES << 32) : answer;
}

@inline
function dispatchNested(row: usize, bytes: u32): u64 {
  const answer = call_indirect<u64>(
    load<u32>(row, R_SLOT), load<u32>(row, R_METHOD), <u32>argumentsAt(), bytes, <u32>answersAt(),
    messageBytes,
  );
  // An error record larger than a message, where messages are small.
  return answer >> 32 == DISPATCH_HELD
    ? refusal(RESOURCE_EXHAUSTED | (REASON_REPLY_TOO_LARGE << 8))
    : answer;
}

/** dispatchNested() in its trace: a span of its own where the policy asks for one, else its
 *  caller's. */
function traced(
  row: usize, flags: u32, route: u32, bytes: u32, trace: usize, nest: usize,
): u64 {
  const policy: usize = flags & ROUTE_POLICY ? load<u32>(row, R_POLICY) : 0;
  if (policy) openNested(policy, nest, load<u32>(lane + L_SESSION));
  if (trace) {
    v128.store(lane + L_TRACE, v128.load(trace));
    v128.store(lane + L_TRACE, v128.load(trace, 16), 16);
  }
  const spans = policy && load<u32>(policy + Y_FLAGS) & POLICY_SPAN && collecting;
  if (!spans) {
    const answer = dispatchNested(row, bytes);
    if (trace) dropTrace();
    return answer;
  }
  const span = load<u64>(lane + L_TRACE, 16), state = load<u32>(lane + L_TRACE_STATE);
  const outer = own, above = parent, isOpen = beginSpan(policy), id = own, under = parent;
  const answer = dispatchNested(row, bytes);
  if (isOpen) record(lane + L_TRACE, id, under, route, <u32>(answer >> 32), <u32>now, SPAN_NESTED);
  resume(outer, above);
  store<u64>(lane + L_TRACE, span, 16);
  store<u32>(lane + L_TRACE_STATE, state);
  if (trace) dropTrace();
  return answer;
}
