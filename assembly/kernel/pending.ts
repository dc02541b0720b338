// Owns the pending table: calls that wait, from accept to answer. The lane's JavaScript runs them;
// the table is what is left of them when the lane dies.
//
//   reserve(slot, n) -> room at `payload`; JavaScript or a membrane writes; finish(slot, ...)

import { HEADER_BYTES } from '../shared/frame';
import {
  L_COMPLETION, L_SOURCE_WORD, L_WAITING_WORD, P_CALL, P_CONNECTION, P_DEADLINE, P_POLICY, P_ROUTE,
  P_SESSION, P_STAMP, P_STATE, RECORD_DATA, SOURCE_WAITING,
} from '../shared/layout';
import { WAITING } from '../shared/limits';
import { REASON_WAIT_FULL } from '../shared/reason';
import { INTERNAL, UNAVAILABLE } from '../shared/status';
import { carry, carryTrace, concludeByPolicy, countByPolicy, uncarry } from './carried';
import { deadlineOf } from './deadline';
import { handOver } from './hand';
import { lane, messageBytes, slotAt, word } from './lane';
import { count } from './metrics';
import { begin, complete, head, inside, place, room, roomy } from './reply';
import { progress } from './ring';
import { handSpan } from './spans';

@external('env', 'wait')
declare function wait(slot: u32, args: usize, bytes: u32): u32;

export const FREE: u32 = 0;
export const QUEUED: u32 = 1;

/** Where the search for a free slot begins; only a hint. */
let next: u32 = 0;
/** What reserve() made room for. */
let reserved: u32 = 0;
let reservedBytes: u32 = 0;
let payload: usize = 0;

@inline
export function stateOf(slot: u32): u32 {
  return load<u32>(slotAt(slot) + P_STATE);
}

export function attachPending(): void {
  next = 0;
  reserved = 0;
}

function find(): u32 {
  if (load<u32>(word(L_WAITING_WORD)) >= WAITING) return WAITING;
  for (let i: u32 = 0; i < WAITING; i++) {
    const slot = next;
    next = slot + 1 < WAITING ? slot + 1 : 0;
    if (stateOf(slot) == FREE) return slot;
  }
  return WAITING;
}

/** Queues a call whose arguments lie at `args`; it is finished input at `after`. `session`: byte
 *  offset of the caller's slot, 0 = nobody. `policy`: the route's record, 0 = none; `owner` and
 *  `hash`: of the reply that is to be kept, 0 = none. 0, or status | reason << 8. Killed between
 *  the state and the progress word, the hand-over names the slot. */
export function accept(
  args: usize, bytes: u32, key: u64, call: u32, route: u32, stamp: u32, remainingMs: u32,
  after: u32, session: u32, policy: usize, owner: u32, hash: u32,
): u32 {
  const slot = find();
  if (slot == WAITING) return UNAVAILABLE | (REASON_WAIT_FULL << 8);
  const at = slotAt(slot);
  store<u64>(at + P_CONNECTION, key);
  store<u32>(at + P_CALL, call);
  store<u32>(at + P_ROUTE, route);
  store<u32>(at + P_STAMP, stamp);
  store<i64>(at + P_DEADLINE, deadlineOf(remainingMs, stamp));
  store<u32>(at + P_SESSION, session);
  carryTrace(at);
  store<u32>(at + P_POLICY, <u32>policy);
  if (policy) carry(at, slot, policy, owner, hash, args, bytes, route, session);
  handOver(slot + 1, 0);
  store<u32>(at + P_STATE, QUEUED);
  const refusal = wait(slot, args, bytes);
  if (refusal) {
    if (policy) uncarry(at);
    store<u32>(at + P_STATE, FREE);
    handOver(0, 0);
    return refusal;
  }
  store<u32>(word(L_WAITING_WORD), load<u32>(word(L_WAITING_WORD)) + 1);
  progress(after);
  handOver(0, 0);
  handSpan();
  return 0;
}

/** Room for `bytes` of payload of the slot's answer: its address, or 0 when the ring is full,
 *  the slot is free or the bytes are above the limit. Nothing else may run before finish(). */
export function reserve(slot: u32, bytes: u32): u32 {
  if (slot >= WAITING || stateOf(slot) == FREE || bytes > messageBytes || !roomy()) return 0;
  const key = load<u64>(slotAt(slot) + P_CONNECTION);
  let at = place(key, HEADER_BYTES);
  if (room() < bytes) {
    begin(key, RECORD_DATA, HEADER_BYTES + ((bytes + 7) & ~7));
    at = inside();
  }
  reserved = slot + 1;
  reservedBytes = bytes;
  payload = at + HEADER_BYTES;
  return <u32>payload;
}

/** Completes what reserve() began and frees the slot. Without it, or with more bytes than were
 *  reserved, nothing happens: the answer is 0, else 1. */
export function finish(slot: u32, status: u32, reason: u32, bytes: u32): u32 {
  if (slot >= WAITING || reserved != slot + 1 || bytes > reservedBytes) return 0;
  const at = slotAt(slot);
  reserved = 0;
  if (load<u32>(word(L_SOURCE_WORD)) != SOURCE_WAITING) {
    store<u64>(lane + L_COMPLETION, <u64>head << 32);
    store<u32>(word(L_SOURCE_WORD), SOURCE_WAITING);
  }
  const failed = (status > 16 ? INTERNAL : status) | ((reason & 255) << 8);
  const code: u32 = status ? failed : 0;
  const policy = load<u32>(at + P_POLICY);
  if (policy) concludeByPolicy(at, code, payload, bytes);
  complete(payload - HEADER_BYTES, load<u32>(at + P_CALL), code, 0, bytes);
  store<u64>(lane + L_COMPLETION, <u64>(slot + 1) | (<u64>head << 32));
  if (policy) countByPolicy(at, code);
  release(slot);
  // The slot may be taken again from here on: the word must not name it any more.
  store<u64>(lane + L_COMPLETION, <u64>head << 32);
  count(load<u32>(at + P_ROUTE), load<u32>(at + P_STAMP), status ? 1 : 0);
  return 1;
}

export function release(slot: u32): void {
  store<u32>(slotAt(slot) + P_STATE, FREE);
  const waiting = load<u32>(word(L_WAITING_WORD));
  store<u32>(word(L_WAITING_WORD), waiting ? waiting - 1 : 0);
}
