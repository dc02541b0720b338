// Owns the walk over one input: records, their frames, one switch on kind. A frame that breaks the
// protocol ends its connection (one CLOSE record) and drops the rest of its record; nothing else.

import {
  FLAGS_KNOWN, HEADER_BYTES, KIND_CANCEL, KIND_CREDIT, KIND_HELLO, KIND_PING, KIND_PONG,
  KIND_REQUEST,
} from '../shared/frame';
import {
  HOME_ANY, L_WAITING_WORD, L_YIELD_WORD, R_HOME, RECORD_BYTES, RECORD_CLOSE, RECORD_CONTROL,
  RECORD_SKIP,
} from '../shared/layout';
import { HELLO_BYTES } from '../shared/limits';
import {
  CLOSE_FRAME_FLAGS, CLOSE_FRAME_KIND, CLOSE_FRAME_LENGTH, CLOSE_TRUNCATED,
} from '../shared/reason';
import { authorize, read, roles, scopes, standing, word, wordOf } from './authorize';
import { pass } from './forward';
import { begin as beginHand, rest } from './hand';
import { invariants } from './invariants';
import {
  now, routeCount, rowOf, self, sessionCount, sessionOf, word as laneWord,
} from './lane';
import { count, runsFull } from './metrics';
import {
  addressOf, advance, begin, finishFrame, halt, head, inside, moveTo, owner, place, prepare,
  publishReplies, stop, writeError,
} from './reply';
import { admit, request } from './request';
import {
  at, done, end, free, freeDue, markDone, next, open, positionOf, progress, record,
} from './ring';

/** No kind and flags ever look like this: a forwarded frame takes the general road. */
const NEVER: u32 = 0x10000;

@external('env', 'cancel')
declare function cancel(connection: u32, generation: u32, call: u32): void;

/** Serves up to `budget` frames of `source`; ends early when the out ring is full (L_STALLED), the
 *  metrics have no run left, or the listener asks for it (L_YIELD: then as if the budget were used
 *  up). Returns the frames; a dropped record counts as one. */
export function serve(source: u32, budget: u32): u32 {
  let frames: u32 = 0;
  open(source);
  while (at != end) {
    const r = record(), size = load<u32>(r);
    if (size != RECORD_SKIP && done < size) {
      if (frames >= budget) break;
      frames += frameRun(r, size, source, budget - frames);
      if (done < size) break;
    }
    next(size);
    if (freeDue()) free();
  }
  rest();
  // Replies first: the fence of the tail would hold them back by the time of a cache miss.
  publishReplies();
  free();
  return frames;
}

/** Serves frames of the record at `r` until all are done, or `budget` or the room is used up;
 *  stores how far it got in ring.done. A plain REQUEST that is refused is only written, at `out`:
 *  it counts as answered once answered() is called (6 memory accesses a frame). */
function frameRun(r: usize, size: u32, source: u32, budget: u32): u32 {
  const key = load<u64>(r, 4), stamp = load<u32>(r, 12), connection = <u32>key;
  const slot = connection < sessionCount ? sessionOf(connection) : 0;
  if (!slot || !read(slot, <u32>(key >> 32))) return drop(size);
  const position = positionOf(0), plain: u32 = source ? NEVER : KIND_REQUEST;
  let offset = done, left = budget, out = head;
  if (owner != key) halt();
  while (offset < size) {
    if (!left || <i32>(stop - out) <= 0) {
      answered(out, position + offset);
      if (!left || runsFull || !prepare(key)) break;
      out = head;
    }
    left--;
    const p = r + RECORD_BYTES + offset, w0 = load<u64>(p), length = <u32>w0;
    if ((<u32>(w0 >> 32) & 0xffff) == plain) {
      if (<u64>length + HEADER_BYTES <= <u64>((size & ~7) - offset)) {
        const route = <u32>(w0 >> 48), step = (HEADER_BYTES + length + 7) & ~7;
        const code = authorize(route, standing, roles, scopes);
        if (code) {
          writeError(addressOf(out), load<u32>(p, 8), code);
          out += HEADER_BYTES;
          count(route, stamp, 1);
          offset += step;
          continue;
        }
        answered(out, position + offset);
        if (wordOf(slot) == word) {
          const after = position + offset + step;
          admit(addressOf(out), p, 0, w0, step, after, slot, key, stamp, false);
          offset += step;
          if (due()) left = 0;
        } else {
          // Revoked, refreshed or closed since: judged again.
          if (!read(slot, <u32>(key >> 32))) return budget - left + drop(size);
          left++;
        }
        out = head;
        invariants();
        continue;
      }
    }
    answered(out, position + offset);
    if (!read(slot, <u32>(key >> 32))) return budget - left + drop(size);
    offset = frame(p, w0, offset, size, slot, key, stamp, source);
    if (due()) left = 0;
    out = head;
    invariants();
  }
  answered(out, position + offset);
  markDone(offset);
  return budget - left;
}

/** The listener finds that this drain has run for long enough. */
@inline
function due(): bool {
  return load<u32>(laneWord(L_YIELD_WORD)) == (<u32>now | 1);
}

/** Nobody is there to be answered: the record goes silently. */
function drop(size: u32): u32 {
  progress(positionOf(size));
  markDone(size);
  return 1;
}

/** The refusals up to `out` are written: out head and input position follow in one step. */
@inline
function answered(out: u32, position: u32): void {
  if (out == head) return;
  moveTo(out);
  progress(position);
}

/**
 * Any frame: `w0` at `p`, `offset` bytes into a record of `size`; returns where the next begins.
 */
function frame(
  p: usize, w0: u64, offset: u32, size: u32, slot: usize, key: u64, stamp: u32, source: u32,
): u32 {
  const left = size - offset, length = <u32>w0;
  if (left < HEADER_BYTES) return fatal(key, size, CLOSE_TRUNCATED);
  if (length > left - HEADER_BYTES) return fatal(key, size, CLOSE_FRAME_LENGTH);
  const step = (HEADER_BYTES + length + 7) & ~7;
  if (step > left) return fatal(key, size, CLOSE_TRUNCATED);
  if (<u32>(w0 >> 40) & 255 & ~FLAGS_KNOWN) return fatal(key, size, CLOSE_FRAME_FLAGS);
  if ((<u32>(w0 >> 32) & 255) != KIND_REQUEST) {
    return other(p, w0, offset, step, size, key, stamp, source);
  }
  request(p, w0, step, positionOf(offset + step), slot, key, stamp, source != 0);
  return offset + step;
}

/** All kinds but REQUEST. */
function other(
  p: usize, w0: u64, offset: u32, step: u32, size: u32, key: u64, stamp: u32, source: u32,
): u32 {
  const after = positionOf(offset + step);
  switch (<u32>(w0 >> 32) & 255) {
    case KIND_PING: { // call id -> PONG with the same call id, no payload
      const o = place(key, HEADER_BYTES);
      store<u64>(o, <u64>KIND_PONG << 32);
      store<u64>(o, <u64>load<u32>(p, 8), 8);
      finishFrame(o, 0);
      break;
    }
    case KIND_CANCEL: // call id, and the route it was sent to
      withdraw(p, w0, step, key, stamp, after, source);
      break;
    case KIND_HELLO: // a refreshed token: the session's business
      if (step > HELLO_BYTES) return fatal(key, size, CLOSE_FRAME_LENGTH);
      begin(key, RECORD_CONTROL, step);
      memory.copy(inside(), p, step);
      advance(step);
      break;
    case KIND_PONG:
    case KIND_CREDIT: // nothing streams to a client yet
      break;
    default: // WELCOME, RESPONSE, ERROR, ITEM, END, PUBLISH are not for a client to send
      return fatal(key, size, CLOSE_FRAME_KIND);
  }
  progress(after);
  return offset + step;
}

/** A CANCEL goes to the calls that wait here, and on to the lane of the actor whose route it names.
 *  What is lost with a full ring is only the wish; the call is answered all the same. */
function withdraw(
  p: usize, w0: u64, step: u32, key: u64, stamp: u32, after: u32, source: u32,
): void {
  if (load<u32>(laneWord(L_WAITING_WORD))) {
    cancel(<u32>key, <u32>(key >> 32), load<u32>(p, 8));
  }
  const route = <u32>(w0 >> 48);
  const home: u32 = route < routeCount ? load<u32>(rowOf(route) + R_HOME) : HOME_ANY;
  if (source != 0 || home == HOME_ANY || home == self) return;
  beginHand(route, after - step);
  pass(home, p, step, key, stamp, after);
}

/** Ends the connection: CLOSE record with `reason`; what is left of the input record is dropped. */
function fatal(key: u64, size: u32, reason: u32): u32 {
  begin(key, RECORD_CLOSE, 8);
  store<u64>(inside(), reason);
  advance(8);
  progress(positionOf(size));
  return size;
}
