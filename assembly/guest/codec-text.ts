// Owns text between UTF-8 in payloads and the UTF-16 of strings. Invalid UTF-8 reads as U+FFFD and
// unpaired surrogates are written as U+FFFD (VALUES rule 7), exactly as TextDecoder and TextEncoder
// do, because both ends must agree on every byte (https://encoding.spec.whatwg.org/#utf-8-decoder).
// ASCII goes 8 characters at a time; that beats the library's decodeUnsafe from 5 characters on.

const REPLACEMENT: u16 = 0xfffd;
const HIGH_BITS: u64 = 0x8080808080808080;

/** The string of n bytes of UTF-8 at p. */
export function decodeText(p: usize, n: u32): string {
  if (n == 0) return "";
  const s = __new(<usize>n << 1, idof<string>());
  let i: u32 = 0;
  if (n >= 8) {
    const last = n - 8;
    for (;;) {
      const eight = load<u64>(p + i);
      if (eight & HIGH_BITS) return decodeWide(p, n, s, i);
      v128.store(s + (<usize>i << 1), i16x8.extend_low_i8x16_u(i64x2.splat(eight)));
      if (i == last) return changetype<string>(s);
      i = min(i + 8, last);
    }
  }
  for (; i < n; i++) {
    const byte = load<u8>(p + i);
    if (byte > 0x7f) return decodeWide(p, n, s, i);
    store<u16>(s + (<usize>i << 1), byte);
  }
  return changetype<string>(s);
}

/** Goes on at byte `from`; all before it was ASCII. Never makes more units than there are bytes. */
function decodeWide(p: usize, n: u32, s: usize, from: u32): string {
  let at = s + (<usize>from << 1);
  const end = p + n;
  p += from;
  while (p < end) {
    const lead = <u32>load<u8>(p++);
    if (lead < 0x80) {
      store<u16>(at, lead);
      at += 2;
      continue;
    }
    let more: u32 = 0;
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    let point: u32 = 0;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
      point = lead & 0x1f;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      point = lead & 0xf;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      point = lead & 7;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    let whole = more > 0;
    for (; more; more--) {
      const next = p < end ? <u32>load<u8>(p) : 0;
      if (next < low || next > high) {
        whole = false;
        break;
      }
      p++;
      low = 0x80;
      high = 0xbf;
      point = (point << 6) | (next & 0x3f);
    }
    if (!whole) {
      store<u16>(at, REPLACEMENT);
    } else if (point < 0x10000) {
      store<u16>(at, point);
    } else {
      store<u16>(at, 0xd7c0 + (point >> 10));
      store<u16>(at + 2, 0xdc00 | (point & 0x3ff));
      at += 2;
    }
    at += 2;
  }
  return changetype<string>(__renew(s, at - s));
}

/** Writes the UTF-8 of `value` at `at`, at most 3 bytes a unit; returns how many bytes. */
export function encodeText(value: string, at: usize): u32 {
  const n = <u32>value.length;
  const p = changetype<usize>(value);
  let i: u32 = 0;
  if (n >= 8) {
    const last = n - 8;
    for (;;) {
      const eight = v128.load(p + (<usize>i << 1));
      if (v128.any_true(v128.and(eight, i16x8.splat(-128)))) return encodeWide(p, n, at);
      v128.store64_lane(at + i, i8x16.narrow_i16x8_u(eight, eight), 0);
      if (i == last) return n;
      i = min(i + 8, last);
    }
  }
  for (; i < n; i++) {
    const unit = load<u16>(p + (<usize>i << 1));
    if (unit > 0x7f) return encodeWide(p, n, at);
    store<u8>(at + i, unit);
  }
  return n;
}

function encodeWide(p: usize, n: u32, at: usize): u32 {
  const mode = String.UTF8.ErrorMode.REPLACE;
  return <u32>String.UTF8.encodeUnsafe(p, <i32>n, at, false, mode);
}
