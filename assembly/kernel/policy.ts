// Owns the road of a call whose route has a policy: span, kept reply, then the cell, then what its
// success means for tags, kept replies and counters. Authorization and limits were judged before:
// a caller who may not call never learns that a reply is kept.
//
//   begin span -> kept? answer -> dispatch or wait -> forget tags -> keep -> count -> end span
//
// A lane may be ended anywhere in between. Tags are forgotten before the answer is committed, and
// again by recover() for a call that was in hand: too much is forgotten then, never too little.

import { HEADER_BYTES } from '../shared/frame';
import {
  L_SLOTS, M_KEPT, M_MADE, M_STALE, METRIC_BYTES, PART_METRICS_WORD, POLICY_COUNT, POLICY_FORGET,
  POLICY_MEMO, POLICY_SHARED, POLICY_SPAN, R_POLICY, R_FLAGS, RECORD_DATA, ROUTE_POLICY, S_CALLER,
  SPAN_KEPT, Y_EPOCH, Y_FLAGS, Y_FORGETS,
} from '../shared/layout';
import { identity, isStillOf } from './authorize';
import { labelsOf, tally } from './counters';
import { lane, part, rowOf } from './lane';
import { find, hashOf, isStale, keep, readReply, replyBytes, SHARED } from './memo';
import { dispatchRow, replyAt, replySize } from './dispatch';
import { count } from './metrics';
import { accept } from './pending';
import { begin, inside, respond, room } from './reply';
import { refused } from './refusal';
import { progress } from './ring';
import { closeSpan, dropTrace, openSpan } from './spans';
import { clock, forget, tagsOf } from './tags';

/** Nothing is kept for a caller without a number. */
const NOBODY: u32 = 0;

/** Who kept replies of this policy are for. */
@inline
function ownerOf(flags: u32, slot: usize): u32 {
  if (flags & POLICY_SHARED) return SHARED;
  return slot ? atomic.load<u32>(slot + S_CALLER) : NOBODY;
}

let metrics: usize = 0;

export function attachPolicies(): void {
  metrics = part(PART_METRICS_WORD);
}

@inline
function tallyReplies(route: u32, which: u32): void {
  const at = metrics + route * METRIC_BYTES + which;
  store<u64>(at, load<u64>(at) + 1);
}

/** A call of `route`, pure, let in and at home in this lane; `at` is where place() would put its
 *  reply. */
export function serveByPolicy(
  at: usize, args: usize, bytes: u32, key: u64, w1: u64, stamp: u32, route: u32, after: u32,
): void {
  const row = rowOf(route);
  const policy: usize = load<u32>(row + R_POLICY), flags = load<u32>(policy + Y_FLAGS);
  if (flags & POLICY_SPAN) openSpan(policy);
  if (flags & (POLICY_MEMO | POLICY_FORGET)) {
    serveAtLength(at, row, policy, flags, args, bytes, key, w1, stamp, route, after);
  } else {
    const code = dispatchRow(at, row, args, bytes, key, <u32>w1);
    progress(after);
    ended(policy, flags, code, stamp, route, 0);
  }
  if (flags & POLICY_SPAN) dropTrace();
}

/** A call that may be answered with what is kept, or that forgets. */
function serveAtLength(
  at: usize, row: usize, policy: usize, flags: u32, args: usize, bytes: u32, key: u64, w1: u64,
  stamp: u32, route: u32, after: u32,
): void {
  const owner: u32 = flags & POLICY_MEMO ? ownerOf(flags, identity) : NOBODY;
  let hash: u32 = 0;
  if (owner) {
    hash = hashOf(route, owner, args, bytes);
    if (answered(at, policy, flags, hash, owner, args, bytes, key, w1, stamp, route, after)) return;
  }
  call(at, row, policy, flags, args, bytes, key, w1, stamp, route, after, owner, hash);
}

/** serveByPolicy() for a route that waits: answered with what is kept, or queued; what its end will
 *  mean goes along in its pending slot. */
export function waitByPolicy(
  at: usize, args: usize, bytes: u32, key: u64, w1: u64, stamp: u32, route: u32, after: u32,
): void {
  const policy: usize = load<u32>(rowOf(route) + R_POLICY), flags = load<u32>(policy + Y_FLAGS);
  if (flags & POLICY_SPAN) openSpan(policy);
  const owner: u32 = flags & POLICY_MEMO ? ownerOf(flags, identity) : NOBODY;
  const hash: u32 = owner ? hashOf(route, owner, args, bytes) : 0;
  const kept = owner &&
    answered(at, policy, flags, hash, owner, args, bytes, key, w1, stamp, route, after);
  if (!kept) {
    const who = <u32>identity, ms = <u32>(w1 >> 32), id = <u32>w1;
    const code = accept(args, bytes, key, id, route, stamp, ms, after, who, policy, owner, hash);
    if (code) {
      closeSpan(route, code, stamp, 0);
      refused(key, id, code, 0, route, stamp, after);
    }
  }
  dropTrace();
}

/** Answers with what is kept; false: nothing is, make the call. */
@inline
function answered(
  at: usize, policy: usize, flags: u32, hash: u32, owner: u32, args: usize, bytes: u32, key: u64,
  w1: u64, stamp: u32, route: u32, after: u32,
): bool {
  const entry = find(policy, hash, route, owner, args, bytes);
  tallyReplies(route, entry ? isStale ? M_STALE : M_KEPT : M_MADE);
  if (!entry) return false;
  answer(at, entry, key, <u32>w1);
  progress(after);
  ended(policy, flags, 0, stamp, route, SPAN_KEPT);
  return true;
}

/** Enters the cell; what its success means for others is done before the answer is committed. */
@inline
function call(
  at: usize, row: usize, policy: usize, flags: u32, args: usize, bytes: u32, key: u64, w1: u64,
  stamp: u32, route: u32, after: u32, owner: u32, hash: u32,
): void {
  const since = clock(), epoch = atomic.load<u32>(policy + Y_EPOCH);
  const code = dispatchRow(at, row, args, bytes, key, <u32>w1);
  if (!code) {
    if (flags & POLICY_FORGET) forgetOf(policy, args, bytes);
    const isTheirs = owner == SHARED || isStillOf(owner, identity, <u32>(key >> 32));
    if (owner && isTheirs) {
      const reply = replyAt + HEADER_BYTES;
      keep(policy, hash, route, owner, args, bytes, since, epoch, reply, replySize);
    }
  }
  progress(after);
  ended(policy, flags, code, stamp, route, 0);
}

/** The call has its answer: `code` 0, or status | reason << 8. */
@inline
function ended(
  policy: usize, flags: u32, code: u32, stamp: u32, route: u32, how: u32,
): void {
  if (!code && flags & POLICY_COUNT) tally(policy, labelsOf(identity));
  closeSpan(route, code, stamp, how);
  count(route, stamp, code ? 1 : 0);
}

/** A RESPONSE with the reply of `entry`. */
function answer(at: usize, entry: usize, key: u64, call: u32): void {
  const bytes = replyBytes(entry);
  if (room() < bytes) {
    begin(key, RECORD_DATA, HEADER_BYTES + ((bytes + 7) & ~7));
    at = inside();
  }
  readReply(entry, at + HEADER_BYTES);
  respond(at, call, bytes);
}

/** Forgets what a call with these arguments forgets. */
function forgetOf(policy: usize, args: usize, bytes: u32): void {
  const slots = lane + L_SLOTS;
  tagsOf(policy, Y_FORGETS, args, bytes, slots);
  forget(slots, load<u32>(policy + Y_FORGETS));
}

/** recover() and traps: the frame in hand, a call of `route`, may have done its work. */
export function forgetInHand(route: u32, args: usize, bytes: u32): void {
  const row = rowOf(route);
  if (!(load<u32>(row + R_FLAGS) & ROUTE_POLICY)) return;
  const policy: usize = load<u32>(row + R_POLICY);
  if (load<u32>(policy + Y_FLAGS) & POLICY_FORGET) forgetOf(policy, args, bytes);
}
