// Owns what a waiting call's pending slot carries of its route's policy, from accept to answer: its
// trace and span, the tags that it forgets, the entry that its reply is to fill, and whom it
// counts for.

import {
  L_TRACE, P_CONNECTION, P_FORGET_COUNT, P_FORGETS, P_LABELS, P_MEMO, P_PARENT, P_POLICY, P_ROUTE,
  P_SESSION, P_STAMP, P_TRACE, P_TRACE_STATE, POLICY_COUNT, POLICY_FORGET, POLICY_SHARED, S_CALLER,
  S_GENERATION, TRACE_OPEN, Y_FLAGS, Y_FORGETS,
} from '../shared/layout';
import { labelsOf, tally } from './counters';
import { lane } from './lane';
import { abandonEntry, fillEntry, ownerOfEntry, prepareEntry } from './memo';
import { isOpen, parent, record, traceState } from './spans';
import { clock, forget, tagsOf } from './tags';

/** Fills the policy's part of the slot at `at`; the trace context too. */
export function carry(
  at: usize, slot: u32, policy: usize, owner: u32, hash: u32, args: usize, bytes: u32,
  route: u32, session: usize,
): void {
  const flags = load<u32>(policy + Y_FLAGS);
  store<u32>(at + P_LABELS, labelsOf(session));
  store<u64>(at + P_PARENT, parent);
  if (isOpen) store<u32>(at + P_TRACE_STATE, load<u32>(at + P_TRACE_STATE) | TRACE_OPEN);
  let forgets: u32 = 0;
  if (flags & POLICY_FORGET) {
    forgets = load<u32>(policy + Y_FORGETS);
    tagsOf(policy, Y_FORGETS, args, bytes, at + P_FORGETS);
  }
  store<u32>(at + P_FORGET_COUNT, forgets);
  let entry: usize = 0;
  if (owner) entry = prepareEntry(policy, hash, route, owner, args, bytes, clock(), slot);
  store<u32>(at + P_MEMO, <u32>entry);
}

/** The context of the call in hand goes into the slot at `at`. */
@inline
export function carryTrace(at: usize): void {
  const state = traceState();
  store<u32>(at + P_TRACE_STATE, state);
  if (!state) return;
  v128.store(at + P_TRACE, v128.load(lane + L_TRACE));
  store<u64>(at + P_TRACE, load<u64>(lane + L_TRACE, 16), 16);
}

/** The slot at `at` is given up before its call began. */
export function uncarry(at: usize): void {
  const entry: usize = load<u32>(at + P_MEMO);
  if (entry) abandonEntry(entry);
}

/** The waiting call in the slot at `at` ends: `code` 0 with a reply of `size` bytes. Before its
 *  answer is committed. */
export function concludeByPolicy(at: usize, code: u32, reply: usize, size: u32): void {
  const policy: usize = load<u32>(at + P_POLICY), flags = load<u32>(policy + Y_FLAGS);
  const entry: usize = load<u32>(at + P_MEMO);
  if (!code) forgetCarried(at);
  if (entry) {
    if (code || !isStill(at, flags)) abandonEntry(entry);
    else fillEntry(entry, policy, reply, size);
    store<u32>(at + P_MEMO, 0);
  }
}

/** Counts and spans of a waiting call that was answered. */
export function countByPolicy(at: usize, code: u32): void {
  const policy: usize = load<u32>(at + P_POLICY);
  const flags = load<u32>(policy + Y_FLAGS);
  if (!code && flags & POLICY_COUNT) tally(policy, load<u32>(at + P_LABELS));
  if (!(load<u32>(at + P_TRACE_STATE) & TRACE_OPEN)) return;
  const trace = at + P_TRACE, stamp = load<u32>(at + P_STAMP);
  const id = load<u64>(trace, 16), under = load<u64>(at + P_PARENT);
  record(trace, id, under, load<u32>(at + P_ROUTE), code, stamp, 0);
}

/** The tags that the waiting call in the slot at `at` forgets. Again does no harm. */
export function forgetCarried(at: usize): void {
  forget(at + P_FORGETS, load<u32>(at + P_FORGET_COUNT));
}

/** Whether the caller is who it was when the call was accepted: no other rights since. */
function isStill(at: usize, flags: u32): bool {
  if (flags & POLICY_SHARED) return true;
  const slot: usize = load<u32>(at + P_SESSION);
  if (load<u32>(slot + S_GENERATION) != load<u32>(at + P_CONNECTION, 4)) return false;
  return atomic.load<u32>(slot + S_CALLER) == ownerOfEntry(load<u32>(at + P_MEMO));
}
