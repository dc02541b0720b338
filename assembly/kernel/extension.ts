// Owns the walk over a frame's extensions. Of the types known so far the trace context is found,
// the others (idempotency key) are even and may be passed over.
//
//   u16 total | u8 type | u8 words | words * 4 bytes | u8 type | ... | padding to 8 | payload

import { EXT_BEHALF, EXT_TRACE } from '../shared/frame';
import { REASON_EXTENSION } from '../shared/reason';
import { INVALID_ARGUMENT, PERMISSION_DENIED, UNIMPLEMENTED } from '../shared/status';

/** Bytes from the extensions' start to the payload, when walk() answered 0. */
export let extensionBytes: u32 = 0;
/** Where the frame's trace context lies, 0 = it has none: 16 B trace id, 8 B span id, 1 B flags. */
export let traceAt: usize = 0;
/** 25 bytes, in words of 4. */
const TRACE_WORDS: u32 = 7;

/** Extensions at `p` in `length` bytes. 0, or status | reason << 8. An odd type must be understood;
 *  EXT_BEHALF is, and is refused: no link between hosts exists yet whose word would count. */
export function walkExtensions(p: usize, length: u32): u32 {
  extensionBytes = 0;
  traceAt = 0;
  if (length < 2) return INVALID_ARGUMENT | (REASON_EXTENSION << 8);
  const total = <u32>load<u16>(p);
  const padded = (total + 7) & ~7;
  if (total < 2 || padded > length) return INVALID_ARGUMENT | (REASON_EXTENSION << 8);
  let at: u32 = 2;
  while (at + 2 <= total) {
    const item = <u32>load<u16>(p + at);
    const type = item & 255;
    const data = p + at + 2;
    at += 2 + ((item >> 8) << 2);
    if (at > total) return INVALID_ARGUMENT | (REASON_EXTENSION << 8);
    if (type == EXT_BEHALF) return PERMISSION_DENIED | (REASON_EXTENSION << 8);
    if (type == EXT_TRACE && item >> 8 == TRACE_WORDS) traceAt = data;
    if (type & 1) return UNIMPLEMENTED | (REASON_EXTENSION << 8);
  }
  extensionBytes = padded;
  return 0;
}
