// Owns the out ring: records are opened, filled with frames and published here and nowhere else.
// Never looks at what frames mean. A frame counts as written once RING_PROGRESS (or L_COMPLETION)
// names the head after it; until then a dead lane's writing is as if it had not happened.
//
//   published          record                head            safe            edge
//   |                  |                     |               |               |
//   | whole records    | size? | frames ...  | free          | a largest reply may not fit
//   +------------------+-------+-------------+---------------+---------------+ ring's end
//
// A record's size is written when it is closed; L_OUT_RECORD lets recover() close it instead.
// While head < stop, all is ready for one more frame of `owner`: its record is open, a header
// fits before the edge, a largest reply fits, nothing is due to be published. One comparison.

import { AT_CALL, HEADER_BYTES, KIND_ERROR, KIND_RESPONSE } from '../shared/frame';
import {
  CONTROL, C_HOST_BELL_WORD, C_HOST_SLEEPS_WORD, L_OUT_RECORD_WORD, L_STALLED_WORD, PART_OUT_WORD,
  RECORD_BYTES, RECORD_DATA, RECORD_SKIP, RING_DATA, RING_HEAD, RING_TAIL,
} from '../shared/layout';
import { messageBytes, part, ringBytes, word } from './lane';

/** Bytes of replies after which the listener is shown what there is. Larger: later; smaller:
 *  more fences and more records. */
export const PUBLISH_BYTES: u32 = 16384;
const NOBODY: u64 = 0xffffffff_ffffffff;

let ring: usize = 0;
let data: usize = 0;
let mask: u32 = 0;
/** Bytes that a largest reply may take, with its record's header and rounding. */
let largest: u32 = 0;
let payloadMost: u32 = 0;
/** Position after the last frame. */
export let head: u32 = 0;
let published: u32 = 0;
/** Position of the open record; only meaningful while `isOpen`. */
let record: u32 = 0;
let isOpen: bool = false;
/** connection | generation << 32 of the open record that takes more frames, or NOBODY. */
export let owner: u64 = NOBODY;
let edge: u32 = 0;
let safe: u32 = 0;
export let stop: u32 = 0;

export function attachReplies(): void {
  ring = part(PART_OUT_WORD);
  data = ring + RING_DATA;
  mask = ringBytes - 1;
  payloadMost = messageBytes & ~7;
  largest = ((messageBytes + 15) & ~15) + RECORD_BYTES + HEADER_BYTES + 32;
  resume(load<u32>(ring + RING_HEAD));
}

/** Goes on at `position` with no record open: at attach, and after recover() closed it. */
export function resume(position: u32): void {
  head = position;
  published = position;
  safe = position;
  edge = position;
  stop = position;
  owner = NOBODY;
  isOpen = false;
}

/** Makes head < stop true for `key`: publishes what is due, opens a record. False: the ring is
 *  full, and L_STALLED says so. Progress must have been stored: frames may become visible. */
export function prepare(key: u64): bool {
  if (head - published >= PUBLISH_BYTES) publishReplies();
  if (!roomy()) return false;
  if (key != owner || edge - head < HEADER_BYTES) begin(key, RECORD_DATA, HEADER_BYTES);
  const straight = edge - head - HEADER_BYTES + 1;
  stop = head + min(min(safe - head, straight), published + PUBLISH_BYTES - head);
  // Opening a record may have used up what safe promised; the next frame measures again.
  if (<i32>(stop - head) <= 0) stop = head + 1;
  return true;
}

/** The next frame must prepare() again. */
@inline
export function halt(): void {
  stop = head;
}

/** Where the frame at position `at` of the open record lies. */
@inline
export function addressOf(at: u32): usize {
  return data + (at & mask);
}

/** Frames up to `position` were written by the caller itself, at addressOf(). */
@inline
export function moveTo(position: u32): void {
  head = position;
}

/** True when a largest reply fits, wherever the ring's end is. Loads the tail only when unsure. */
@inline
export function ready(): bool {
  return <i32>(safe - head) > 0 || measure();
}

/** As ready(), and tells the listener when not: it rings the lane's bell once it has taken
 *  replies. The flag goes up before the second look, so its ring cannot be missed. */
@inline
export function roomy(): bool {
  return ready() || stall();
}

function stall(): bool {
  atomic.store<u32>(word(L_STALLED_WORD), 1);
  if (!measure()) return false;
  atomic.store<u32>(word(L_STALLED_WORD), 0);
  return true;
}

/** At the start of a drain: the flag goes down once there is room again. */
@inline
export function unstall(): void {
  if (load<u32>(word(L_STALLED_WORD)) && ready()) atomic.store<u32>(word(L_STALLED_WORD), 0);
}

function measure(): bool {
  const free = mask + 1 - (head - atomic.load<u32>(ring + RING_TAIL));
  const straight = mask + 1 - (head & mask);
  if (free >= straight + largest) safe = head + straight;
  else if (free >= largest && straight >= largest) safe = head + min(free, straight) - largest + 1;
  else return false;
  return true;
}

/** Where a frame of `bytes` (header included) for `key` goes. Room was made sure of by ready(). */
@inline
export function place(key: u64, bytes: u32): usize {
  if (key != owner || edge - head < bytes) begin(key, RECORD_DATA, bytes);
  return data + (head & mask);
}

/** Bytes of payload that fit at the head, behind a header, before the ring's end. A multiple of
 *  8, so padding fits too. */
@inline
export function room(): u32 {
  return min(edge - head - HEADER_BYTES, payloadMost);
}

/** Opens a record for connection | generation << 32 with `bytes` in one piece. */
export function begin(key: u64, tag: u32, bytes: u32): void {
  close();
  let at = head & mask;
  if (mask + 1 - at < RECORD_BYTES + bytes) {
    store<u32>(data + at, RECORD_SKIP);
    head += mask + 1 - at;
    at = 0;
  }
  store<u64>(data + at, key, 4);
  store<u32>(data + at, tag, 12);
  record = head;
  isOpen = true;
  store<u32>(word(L_OUT_RECORD_WORD), head + 1);
  edge = (head & ~mask) + mask + 1;
  head += RECORD_BYTES;
  owner = tag == RECORD_DATA ? key : NOBODY;
  halt();
}

/** Where begin()'s record takes its bytes. */
@inline
export function inside(): usize {
  return data + (head & mask);
}

function close(): void {
  if (!isOpen) return;
  store<u32>(data + (record & mask), head - record - RECORD_BYTES);
  head = (head + 15) & ~15;
  isOpen = false;
  owner = NOBODY;
  halt();
}

/** Completes the frame at `at`, whose payload of `bytes` is in place. `code` 0: RESPONSE. */
@inline
export function complete(at: usize, call: u32, code: u32, retryMs: u32, bytes: u32): void {
  const kind: u64 = code ? KIND_ERROR : KIND_RESPONSE;
  store<u64>(at, <u64>bytes | (kind << 32) | (<u64>code << 48));
  store<u64>(at, <u64>call | (<u64>retryMs << 32), AT_CALL);
  finishFrame(at, bytes);
}

/** complete() for a RESPONSE. */
@inline
export function respond(at: usize, call: u32, bytes: u32): void {
  store<u64>(at, <u64>bytes | (<u64>KIND_RESPONSE << 32));
  store<u64>(at, <u64>call, AT_CALL);
  finishFrame(at, bytes);
}

/** An ERROR without payload at `at`; the caller steps over it. */
@inline
export function writeError(at: usize, call: u32, code: u32): void {
  store<u64>(at, (<u64>KIND_ERROR << 32) | (<u64>code << 48));
  store<u64>(at, <u64>call, AT_CALL);
}

/** Zeroes the padding (the ring holds older replies of others) and steps over the frame. */
@inline
export function finishFrame(at: usize, bytes: u32): void {
  const step = (HEADER_BYTES + bytes + 7) & ~7;
  if (bytes & 7) {
    // Up to 7 bytes beyond the frame, which are free: `largest` has room to spare. Reading what the
    // membrane has just written in smaller pieces would wait for its stores: 4 ns.
    if (edge - head >= step + 8) store<u64>(at + bytes, 0, HEADER_BYTES);
    else clearTail(at + HEADER_BYTES + (bytes & ~7), bytes);
  }
  head += step;
}

/** Zeroes the padding in the last word of a frame, at `last`: the ring ends behind it. */
function clearTail(last: usize, bytes: u32): void {
  store<u64>(last, load<u64>(last) & (((<u64>1) << ((bytes & 7) << 3)) - 1));
}

/** Steps over raw bytes of a CLOSE or CONTROL record. A multiple of 8. */
@inline
export function advance(bytes: u32): void {
  head += bytes;
}

/** Shows the listener all frames so far. */
export function publishReplies(): void {
  close();
  if (head == published) return;
  atomic.store<u32>(ring + RING_HEAD, head);
  published = head;
  store<u32>(word(L_OUT_RECORD_WORD), 0);
}

/** Rings the listener's bell when it sleeps. After publishReplies: the head must be seen first. */
export function wakeListener(): void {
  ringBell(CONTROL + (C_HOST_SLEEPS_WORD << 2), CONTROL + (C_HOST_BELL_WORD << 2));
}

/** One who sleeps set `sleeps` to 1, looked again and waits on `bell`; the bell only grows. */
export function ringBell(sleeps: usize, bell: usize): void {
  if (atomic.load<u32>(sleeps) == 0) return;
  if (atomic.cmpxchg<u32>(sleeps, 1, 0) != 1) return;
  atomic.add<u32>(bell, 1);
  atomic.notify(bell, 1);
}

/** recover(): all before `position` is whole and no record is open: shows it, goes on there. */
export function adopt(position: u32): void {
  resume(publishedHead());
  head = position;
  publishReplies();
  store<u32>(word(L_OUT_RECORD_WORD), 0);
}

/** recover(): gives the record at `position` the size that ends it at `end`. */
export function closeAt(position: u32, end: u32): void {
  store<u32>(data + (position & mask), end - position - RECORD_BYTES);
}

@inline
export function publishedHead(): u32 {
  return load<u32>(ring + RING_HEAD);
}

/** Bytes written and not yet taken by the listener, if `position` were the head. */
@inline
export function usedAt(position: u32): u32 {
  return position - atomic.load<u32>(ring + RING_TAIL);
}

export function invariantsOfReplies(): void {
  assert((head & 7) == 0);
  assert(usedAt(head) <= mask + 1);
  assert(head - published <= mask + 1);
  if (!isOpen) return;
  assert((record & 15) == 0);
  assert(head - record >= RECORD_BYTES && edge - head <= mask + 1);
  assert(record - published <= mask + 1);
}
