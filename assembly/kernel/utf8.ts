// Owns the hashing of texts that must be UTF-8: what is malformed reads as U+FFFD in a cell, so two
// different texts may be one there. Unicode 16, table 3-7: well-formed byte sequences.

import { TAG_PRIME } from '../shared/layout';

/** `hash` with the `n` bytes at `p` added; 0 when they are no UTF-8. */
export function text(hash: u64, p: usize, n: u32): u64 {
  const end = p + n;
  while (p < end) {
    const lead = <u32>load<u8>(p);
    const more: u32 = lead < 0x80 ? 0 : following(lead);
    if (more > 3 || <u32>(end - p) <= more) return 0;
    if (more && !isTail(lead, <u32>load<u8>(p, 1))) return 0;
    for (let i: u32 = 2; i <= more; i++) {
      if ((<u32>load<u8>(p + i) & 0xc0) != 0x80) return 0;
    }
    for (let i: u32 = 0; i <= more; i++) hash = (hash ^ <u64>load<u8>(p + i)) * TAG_PRIME;
    p += more + 1;
  }
  return hash ? hash : 1;
}

/** Bytes that follow a lead byte; more than 3: it is none. */
@inline
function following(lead: u32): u32 {
  if (lead < 0xc2) return 9;
  if (lead < 0xe0) return 1;
  if (lead < 0xf0) return 2;
  return lead < 0xf5 ? 3 : 9;
}

/** The second byte: neither too long a form, nor a surrogate, nor above U+10FFFF. */
@inline
function isTail(lead: u32, byte: u32): bool {
  if ((byte & 0xc0) != 0x80) return false;
  if (lead == 0xe0) return byte >= 0xa0;
  if (lead == 0xed) return byte < 0xa0;
  if (lead == 0xf0) return byte >= 0x90;
  return lead != 0xf4 || byte < 0x90;
}
