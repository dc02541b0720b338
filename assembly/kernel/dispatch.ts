// Owns the entering of cells through their membranes, and what becomes of the answer. A trap passes
// through and leaves the frame in hand.

import { HEADER_BYTES } from '../shared/frame';
import { DISPATCH_HELD, R_SLOT, RECORD_DATA } from '../shared/layout';
import { REASON_REPLY_TOO_LARGE } from '../shared/reason';
import { RESOURCE_EXHAUSTED } from '../shared/status';
import { messageBytes } from './lane';
import { begin, complete, inside, respond, room } from './reply';

/** Where dispatchRow()'s answer lies, and the bytes of its payload. */
export let replyAt: usize = 0;
export let replySize: u32 = 0;

/** Enters the cell; 1 when it failed. */
@inline
export function dispatch(
  at: usize, entry: u32, method: u32, args: usize, bytes: u32, key: u64, call: u32,
): u32 {
  let answer = call_indirect<u64>(entry, method, args, bytes, at + HEADER_BYTES, room());
  if (answer >> 32 == 0) {
    respond(at, call, <u32>answer);
    return 0;
  }
  if (answer >> 32 == DISPATCH_HELD) {
    answer = refetch(entry, <u32>answer, key);
    at = inside();
  }
  const code = <u32>(answer >> 32);
  complete(at, call, code, 0, <u32>answer);
  return code ? 1 : 0;
}

/** Enters the cell of the route's row; 0, or status | reason << 8. Says where the answer lies. */
@inline
export function dispatchRow(
  at: usize, row: usize, args: usize, bytes: u32, key: u64, call: u32,
): u32 {
  const both = load<u64>(row + R_SLOT), entry = <u32>both, method = <u32>(both >> 32);
  let answer = call_indirect<u64>(entry, method, args, bytes, at + HEADER_BYTES, room());
  if (answer >> 32 == DISPATCH_HELD) {
    answer = refetch(entry, <u32>answer, key);
    at = inside();
  }
  const code = <u32>(answer >> 32);
  replyAt = at;
  replySize = <u32>answer;
  complete(at, call, code, 0, <u32>answer);
  return code;
}

/** The reply did not fit before the ring's end: it goes to the start. */
function refetch(entry: u32, bytes: u32, key: u64): u64 {
  if (bytes > messageBytes) {
    begin(key, RECORD_DATA, HEADER_BYTES);
    return <u64>(RESOURCE_EXHAUSTED | (REASON_REPLY_TOO_LARGE << 8)) << 32;
  }
  begin(key, RECORD_DATA, HEADER_BYTES + ((bytes + 7) & ~7));
  return call_indirect<u64>(entry + 1, inside() + HEADER_BYTES);
}
