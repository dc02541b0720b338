// Owns reading a decimal text as the nearest float, ties to even. The library's parseFloat misses
// one number in sixty by powers of ten. Exact by arithmetic on whole numbers: what is read is
// D * 10^e = D * 5^e * 2^e, and 5^e is at most 800 bits long. 20 ns for short numbers, some
// microseconds for those of extreme exponents.

/** Limbs of 32 bits, least significant first. 5^343 * 2^65 has 863 bits: 27 limbs. */
const LIMBS: usize = 32;
const rest: usize = memory.data(4 * 32, 16);
const power: usize = memory.data(4 * 32, 16);
/** Significant digits that are read: PostgreSQL writes at most 17. */
const DIGITS: u32 = 19;

/** The number of the n bytes at p; `floatFault` says whether there was one. */
export let floatFault: bool = false;

/** NaN and infinities are written out; else `-12.5e-7`, with at most 19 digits that count. */
export function readFloat(p: usize, n: u32): f64 {
  floatFault = false;
  const end = p + n;
  const minus = n > 0 && load<u8>(p) == 0x2d;
  if (minus) p++;
  if (p < end && <u32>load<u8>(p) - 0x30 > 9) return special(p, <u32>(end - p), minus);
  let digits: u64 = 0;
  let count: u32 = 0;
  /** Zeros that count only when a digit follows. */
  let zeros: u32 = 0;
  let exponent: i32 = 0;
  let seen = false;
  let pointed = false;
  for (; p < end; p++) {
    const byte = <u32>load<u8>(p);
    if (byte == 0x2e && !pointed) {
      pointed = true;
      continue;
    }
    const digit = byte - 0x30;
    if (digit > 9) break;
    seen = true;
    if (pointed) exponent--;
    if (digit == 0) {
      if (count) zeros++;
      continue;
    }
    for (; zeros; zeros--, count++) digits *= 10;
    digits = digits * 10 + digit;
    if (++count > DIGITS) return fault();
  }
  exponent += <i32>zeros;
  if (!seen) return fault();
  if (p < end) exponent += readExponent(p, end);
  if (floatFault) return NaN;
  const value = digits == 0 ? 0 : nearest(digits, exponent);
  return minus ? -value : value;
}

function fault(): f64 {
  floatFault = true;
  return NaN;
}

function special(p: usize, n: u32, minus: bool): f64 {
  if (n == 3 && !minus && load<u16>(p) == 0x614e && load<u8>(p, 2) == 0x4e) return NaN;
  // "Infinity" as the eight bytes that it is
  if (n == 8 && load<u64>(p) == 0x7974696e69666e49) return minus ? -Infinity : Infinity;
  return fault();
}

/** `e+22`, up to the end. */
function readExponent(p: usize, end: usize): i32 {
  if (load<u8>(p) != 0x65 && load<u8>(p) != 0x45) return <i32>fault();
  const sign = p + 1 < end ? load<u8>(p, 1) : 0;
  p += sign == 0x2d || sign == 0x2b ? 2 : 1;
  if (p == end || end - p > 5) return <i32>fault();
  let value = 0;
  for (; p < end; p++) {
    const digit = <u32>load<u8>(p) - 0x30;
    if (digit > 9) return <i32>fault();
    value = value * 10 + <i32>digit;
  }
  return sign == 0x2d ? -value : value;
}

/** digits * 10^exponent. Where both are floats, one operation rounds once (Clinger, 1990). */
function nearest(digits: u64, exponent: i32): f64 {
  if (digits <= 1 << 53 && exponent >= -22 && exponent <= 22) {
    const ten = tenTo(exponent < 0 ? -exponent : exponent);
    return exponent < 0 ? <f64>digits / ten : <f64>digits * ten;
  }
  if (exponent > 310) return Infinity;
  if (exponent < -345) return 0;
  return exponent < 0 ? quotient(digits, -exponent) : product(digits, exponent);
}

function tenTo(n: i32): f64 {
  let value: f64 = 1;
  for (; n > 0; n--) value *= 10;
  return value;
}

// ---- whole numbers of LIMBS limbs

/** value * 5^n, at `at`. */
function setTimesFive(at: usize, value: u64, n: i32): void {
  memory.fill(at, 0, 4 * LIMBS);
  store<u64>(at, value);
  for (; n >= 13; n -= 13) multiply(at, 1_220_703_125);
  let five: u32 = 1;
  for (; n > 0; n--) five *= 5;
  multiply(at, five);
}

function multiply(at: usize, by: u32): void {
  let carry: u64 = 0;
  for (let i: usize = 0; i < LIMBS; i++) {
    carry += <u64>load<u32>(at + 4 * i) * by;
    store<u32>(at + 4 * i, <u32>carry);
    carry >>>= 32;
  }
}

function bitsOf(at: usize): i32 {
  for (let i = <i32>LIMBS - 1; i >= 0; i--) {
    const limb = load<u32>(at + 4 * <usize>i);
    if (limb) return 32 * i + 32 - clz<i32>(limb);
  }
  return 0;
}

function shiftLeft(at: usize, by: i32): void {
  const whole = <usize>(by >>> 5);
  const part = <u32>by & 31;
  for (let i = LIMBS; i-- > 0; ) {
    const high = i >= whole ? load<u32>(at + 4 * (i - whole)) : 0;
    const low = i >= whole + 1 ? load<u32>(at + 4 * (i - whole - 1)) : 0;
    store<u32>(at + 4 * i, part ? (high << part) | (low >>> (32 - part)) : high);
  }
}

/** Whether the first `limbs` limbs at a are at least those at b. */
function isAtLeast(a: usize, b: usize, limbs: usize): bool {
  for (let i = limbs; i-- > 0; ) {
    const x = load<u32>(a + 4 * i);
    const y = load<u32>(b + 4 * i);
    if (x != y) return x > y;
  }
  return true;
}

function subtract(a: usize, b: usize, limbs: usize): void {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < limbs; i++) {
    borrow += <i64>load<u32>(a + 4 * i) - <i64>load<u32>(b + 4 * i);
    store<u32>(a + 4 * i, <u32>borrow);
    borrow >>= 32;
  }
}

function twice(at: usize, limbs: usize): void {
  let carry: u32 = 0;
  for (let i: usize = 0; i < limbs; i++) {
    const limb = load<u32>(at + 4 * i);
    store<u32>(at + 4 * i, (limb << 1) | carry);
    carry = limb >>> 31;
  }
}

/** digits * 5^n * 2^n. */
function product(digits: u64, n: i32): f64 {
  setTimesFive(rest, digits, n);
  const bits = bitsOf(rest);
  shiftLeft(rest, 32 * <i32>LIMBS - bits);
  const top = load<u64>(rest, 4 * (32 - 2));
  let sticky = false;
  for (let i: usize = 0; i < LIMBS - 2; i++) sticky = sticky || load<u32>(rest + 4 * i) != 0;
  return rounded(top, sticky, bits - 1 + n);
}

/** digits / 5^n / 2^n: 64 bits of the quotient, one at a time. */
function quotient(digits: u64, n: i32): f64 {
  setTimesFive(power, 1, n);
  setTimesFive(rest, digits, 0);
  const gap = bitsOf(rest) - bitsOf(power);
  shiftLeft(gap < 0 ? rest : power, gap < 0 ? -gap : gap);
  const limbs = <usize>(bitsOf(power) + 2 + 31) >>> 5;
  let exponent = gap - n;
  if (!isAtLeast(rest, power, limbs)) {
    twice(rest, limbs);
    exponent--;
  }
  let top: u64 = 0;
  for (let i = 0; i < 64; i++) {
    top <<= 1;
    if (isAtLeast(rest, power, limbs)) {
      subtract(rest, power, limbs);
      top |= 1;
    }
    twice(rest, limbs);
  }
  return rounded(top, bitsOf(rest) != 0, exponent);
}

/** top / 2^63 * 2^exponent, and something more when `sticky`; the highest bit of top is set. */
function rounded(top: u64, sticky: bool, exponent: i32): f64 {
  if (exponent > 1023) return Infinity;
  // Below 2^-1022 bits of the fraction are lost, one for each power.
  const drop = 11 + max(0, -1022 - exponent);
  if (drop > 64) return 0;
  let kept: u64 = drop == 64 ? 0 : top >>> <u64>drop;
  const half: u64 = (<u64>1) << (<u64>(drop - 1));
  const lost: u64 = drop == 64 ? top : top & ((half << 1) - 1);
  if (lost > half || (lost == half && (sticky || (kept & 1) != 0))) kept++;
  // A carry out of the fraction goes into the exponent, as it should.
  const biased = <u64>max(0, exponent + 1022);
  return reinterpret<f64>((biased << 52) + kept);
}
