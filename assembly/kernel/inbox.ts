// Owns the cutting of a byte stream into frames, for sockets that keep no message boundaries.
// Looks at headers only; what they mean is judged when the lane serves them.

import { HEADER_BYTES, KIND_HELLO, KIND_PUBLISH } from '../shared/frame';
import { messageBytes } from './lane';

export const MALFORMED: u32 = 0xffffffff;

/** Bytes of whole frames, padding included, among the `have` bytes at `ptr`, cut anywhere. 0: none
 *  yet. MALFORMED: a kind that does not exist or a frame above the message limit, as soon as its
 *  header is there, so nobody waits for a gigabyte. The sum stays within the message limit. */
export function inbox(ptr: usize, have: u32): u32 {
  let whole: u32 = 0;
  while (have - whole >= HEADER_BYTES) {
    const word = load<u64>(ptr + whole);
    const length = <u32>word;
    const kind = <u32>(word >> 32) & 255;
    if (kind < KIND_HELLO || kind > KIND_PUBLISH) return MALFORMED;
    if (length > messageBytes - HEADER_BYTES) return MALFORMED;
    const step = (HEADER_BYTES + length + 7) & ~7;
    if (step > have - whole || whole + step > messageBytes) break;
    whole += step;
  }
  return whole;
}
