// Owns one REQUEST that authorize.ts let through: limits, then pass on, queue or dispatch, with
// exactly one of them done, or a refusal. Words of the frame come as arguments: each is read once.

import { FLAG_CHANNEL_MASK, FLAG_EXT, HEADER_BYTES } from '../shared/frame';
import { HOME_ANY, R_FLAGS, R_HOME, ROUTE_POLICY, ROUTE_WAITING } from '../shared/layout';
import {
  REASON_DEADLINE_QUEUED, REASON_LANE_LOST, REASON_PAYLOAD_TOO_LARGE, REASON_RATE_ROUTE,
  REASON_RATE_SESSION,
} from '../shared/reason';
import { DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE } from '../shared/status';
import { authorizeAgain, authorizeOn, identity, perSession, standing } from './authorize';
import { passed } from './deadline';
import { dispatch } from './dispatch';
import { extensionBytes, traceAt, walkExtensions } from './extension';
import { pass } from './forward';
import { begin as beginHand } from './hand';
import { rowOf, self } from './lane';
import { charge, retryMs } from './limiter';
import { count } from './metrics';
import { accept } from './pending';
import { serveByPolicy, waitByPolicy } from './policy';
import { refused } from './refusal';
import { place } from './reply';
import { progress } from './ring';
import { adopt, dropTrace } from './spans';

/** Any REQUEST at `p`, whose `step` bytes end at input position `after`. `trusted`: another lane
 *  has judged it. authorize.read() was done for its session. */
export function request(
  p: usize, w0: u64, step: u32, after: u32, slot: usize, key: u64, stamp: u32, trusted: bool,
): void {
  const route = <u32>(w0 >> 48), flags = <u32>(w0 >> 40) & 255;
  let code: u32 = 0, skip: u32 = 0;
  if (trusted) code = authorizeAgain(route, standing);
  else code = authorizeOn(flags & FLAG_CHANNEL_MASK, route);
  if (!code && (flags & FLAG_EXT)) {
    code = walkExtensions(p + HEADER_BYTES, <u32>w0);
    skip = extensionBytes;
    if (!code && traceAt) adopt(traceAt);
  }
  if (code) {
    refused(key, load<u32>(p, 8), code, 0, route, stamp, after);
    return;
  }
  admit(place(key, HEADER_BYTES), p, skip, w0, step, after, slot, key, stamp, trusted);
  if (flags & FLAG_EXT) dropTrace();
}

/** A call that may be made; its arguments begin `skip` bytes after the header, its reply goes to
 *  `at`, where place() would put it. */
@inline
export function admit(
  at: usize, p: usize, skip: u32, w0: u64, step: u32, after: u32, slot: usize, key: u64, stamp: u32,
  trusted: bool,
): void {
  const route = <u32>(w0 >> 48), bytes = <u32>w0 - skip, w1 = load<u64>(p, 8), row = rowOf(route);
  // Neighbours are read as one: every access costs a bounds check of four instructions.
  const at32 = v128.load(row, R_HOME), home = <u32>i32x4.extract_lane(at32, 0);
  const perRoute = <u32>i32x4.extract_lane(at32, 1);
  let code: u32 = 0;
  if (bytes > <u32>i32x4.extract_lane(at32, 3)) {
    code = RESOURCE_EXHAUSTED | (REASON_PAYLOAD_TOO_LARGE << 8);
  } else if (perSession | perRoute) {
    if (!trusted) code = charge(slot, row, route, perSession, perRoute);
  }
  if (!code && passed(<u32>(w1 >> 32), stamp)) {
    code = DEADLINE_EXCEEDED | (REASON_DEADLINE_QUEUED << 8);
  }
  if (code) {
    const isRate = code >> 8 == REASON_RATE_ROUTE || code >> 8 == REASON_RATE_SESSION;
    refused(key, <u32>w1, code, isRate ? retryMs : 0, route, stamp, after);
    return;
  }
  beginHand(route, after - step);
  const at16 = v128.load(row, R_FLAGS);
  const more = i32x4.extract_lane(at16, 0) & (ROUTE_WAITING | ROUTE_POLICY);
  const isHere = home == HOME_ANY || home == self, args = p + HEADER_BYTES + skip;
  if (isHere && !more) {
    const entry = i32x4.extract_lane(at16, 1), method = i32x4.extract_lane(at16, 2);
    const failed = dispatch(at, entry, method, args, bytes, key, <u32>w1);
    progress(after);
    count(route, stamp, failed);
  } else if (isHere && more == ROUTE_POLICY) {
    serveByPolicy(at, args, bytes, key, w1, stamp, route, after);
  } else {
    hand(at, p, args, bytes, step, after, home, key, w1, stamp, route, trusted);
  }
}

/** A call that is not answered here and now: on to its actor's lane, or into the pending table. */
function hand(
  at: usize, p: usize, args: usize, bytes: u32, step: u32, after: u32, home: u32, key: u64, w1: u64,
  stamp: u32, route: u32, trusted: bool,
): void {
  // Passed on once at most: an actor that has moved meanwhile is lost to this call.
  let code: u32 = UNAVAILABLE | (REASON_LANE_LOST << 8);
  if (home == HOME_ANY || home == self) {
    if (load<u32>(rowOf(route) + R_FLAGS) & ROUTE_POLICY) {
      waitByPolicy(at, args, bytes, key, w1, stamp, route, after);
      return;
    }
    const who = <u32>identity, ms = <u32>(w1 >> 32);
    code = accept(args, bytes, key, <u32>w1, route, stamp, ms, after, who, 0, 0, 0);
  } else if (!trusted) {
    code = pass(home, p, step, key, stamp, after);
  }
  if (code) refused(key, <u32>w1, code, 0, route, stamp, after);
}
