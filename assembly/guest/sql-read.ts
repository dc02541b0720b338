// Owns reading what a database wrote: PostgreSQL's text format (sql-write.ts has the forms) into
// values. A database is not believed: every digit is looked at, and what is not in its form or does
// not fit the type sets `fault`. Never fails by itself: who reads knows which column it was.
import { decodeText } from "./codec-text";
import { floatFault, readFloat } from "./sql-float";
import { Decimal, Duration, Instant, Uuid } from "./values";

/** What was wrong with the value that was read last. */
export const SOUND: u32 = 0;
export const MALFORMED: u32 = 1;
/** It is one, but its type here cannot hold it. */
export const TOO_LARGE: u32 = 2;
export let fault: u32 = SOUND;

/** Before a value is read. */
export function believe(): void {
  fault = SOUND;
}

const DAY_MICROS: i64 = 86_400_000_000;
const SECOND: i64 = 1_000_000;
/** Days of an i64 of microseconds, the last ones in part: 292,277 years. */
const MOST_DAYS: i64 = 106_751_992;

// ---- numbers

/** A whole number of `bits` bits. */
export function readWhole(p: usize, n: u32, bits: u32, signed: bool): u64 {
  const minus = n > 0 && load<u8>(p) == 0x2d;
  const from: u32 = minus ? 1 : 0;
  if (n == from || n > from + 20) return refused(n == from ? MALFORMED : TOO_LARGE);
  let value: u64 = 0;
  for (let i: u32 = from; i < n; i++) {
    const digit = <u64>load<u8>(p + i) - 0x30;
    if (digit > 9) return refused(MALFORMED);
    if (value > (u64.MAX_VALUE - digit) / 10) return refused(TOO_LARGE);
    value = value * 10 + digit;
  }
  const most: u64 = signed ? (1 << <u64>(bits - 1)) - 1 : u64.MAX_VALUE >>> <u64>(64 - bits);
  if (minus && !signed && value != 0) return refused(TOO_LARGE);
  if (value > most + <u64>(minus && signed)) return refused(TOO_LARGE);
  return minus ? 0 - value : value;
}

function refused(why: u32): u64 {
  fault = why;
  return 0;
}

function readDecimal(p: usize, n: u32): Decimal {
  if (n <= 512) {
    const found = Decimal.parse(decodeText(p, n));
    if (found) return found;
  }
  // NaN and infinities are numbers for a database, and so are those of 131,072 digits.
  fault = isNumeric(p, n) ? TOO_LARGE : MALFORMED;
  return Decimal.ofInteger(0);
}

function isNumeric(p: usize, n: u32): bool {
  if (n && load<u8>(p) == 0x2d) {
    p++;
    n--;
  }
  if (n == 3) return load<u16>(p) == 0x614e && load<u8>(p, 2) == 0x4e;
  if (n == 8 && load<u64>(p) == 0x7974696e69666e49) return true; // Infinity
  let points: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const byte = <u32>load<u8>(p + i);
    if (byte == 0x2e) points++;
    else if (byte - 0x30 > 9) return false;
  }
  return n > points && points < 2;
}

// ---- bytes and ids

function nibble(byte: u32): u32 {
  if (byte - 0x30 <= 9) return byte - 0x30;
  const lower = (byte | 0x20) - 0x61;
  return lower <= 5 ? lower + 10 : 0x100;
}

function readBytes(p: usize, n: u32): Uint8Array {
  if (n < 2 || (n & 1) != 0 || load<u16>(p) != 0x785c) {
    fault = MALFORMED;
    return new Uint8Array(0);
  }
  const bytes = new Uint8Array(<i32>((n - 2) >>> 1));
  const to = bytes.dataStart;
  let odd: u32 = 0;
  for (let i: u32 = 2; i < n; i += 2) {
    const byte = (nibble(load<u8>(p + i)) << 4) | nibble(load<u8>(p + i, 1));
    odd |= byte;
    store<u8>(to + ((i - 2) >>> 1), <u8>byte);
  }
  if (odd > 0xff) fault = MALFORMED;
  return bytes;
}

function readUuid(p: usize, n: u32): Uuid {
  let high: u64 = 0;
  let low: u64 = 0;
  let odd: u32 = n == 36 ? 0 : 0x100;
  for (let i: u32 = 0, digits = 0; i < 36 && odd < 0x100; i++) {
    const byte = <u32>load<u8>(p + i);
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (byte != 0x2d) odd = 0x100;
      continue;
    }
    const digit = nibble(byte);
    odd |= digit;
    if (digits++ < 16) high = (high << 4) | digit;
    else low = (low << 4) | digit;
  }
  if (odd > 0xff) fault = MALFORMED;
  return new Uuid(high, low);
}

// ---- time: a cursor that never passes `end`

let at: usize = 0;
let end: usize = 0;

function open(p: usize, n: u32): void {
  at = p;
  end = p + n;
}

/** Takes at most `most` digits; -1 when there is none, or more than that. */
function digits(most: u32): i64 {
  let value: i64 = 0;
  let count: u32 = 0;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) break;
    if (++count > most) return -1;
    value = value * 10 + digit;
  }
  return count ? value : -1;
}

function takes(byte: u8): bool {
  if (at >= end || load<u8>(at) != byte) return false;
  at++;
  return true;
}

/** `.12` as microseconds; 0 when there is no point. More than six digits are no fraction. */
function fraction(): i64 {
  if (!takes(0x2e)) return 0;
  const from = at;
  let value = digits(6);
  if (value < 0) return -1;
  for (let n = at - from; n < 6; n++) value *= 10;
  return value;
}

/** Days since 1970 of a date of the proleptic Gregorian calendar; year 0 is 1 BC. */
function daysOf(year: i64, month: i64, day: i64): i64 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const ofEra = y - era * 400;
  const ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468;
}

/** `+00`, `-03:30`, `+00:19:32`, `Z`: seconds east; i64.MIN_VALUE when it is none. */
function offset(): i64 {
  if (takes(0x5a)) return 0;
  const west = takes(0x2d);
  if (!west && !takes(0x2b)) return i64.MIN_VALUE;
  let seconds = digits(2);
  if (seconds < 0) return i64.MIN_VALUE;
  for (let part = 0; part < 2; part++) {
    seconds *= 60;
    if (!takes(0x3a)) continue;
    const more = digits(2);
    if (more < 0) return i64.MIN_VALUE;
    seconds += more;
  }
  return west ? -seconds : seconds;
}

function readInstant(p: usize, n: u32): Instant {
  open(p, n);
  if (n >= 8 && load<u8>(p + n - 1) == 0x79) {
    // "infinity" and "-infinity" are instants of a database, and no moments
    fault = TOO_LARGE;
    return new Instant();
  }
  const year = digits(6);
  let sound = year >= 0 && takes(0x2d);
  const month = digits(2);
  sound = sound && month >= 1 && month <= 12 && takes(0x2d);
  const day = digits(2);
  sound = sound && day >= 1 && day <= 31 && (takes(0x20) || takes(0x54));
  const hour = digits(2);
  sound = sound && hour >= 0 && hour <= 24 && takes(0x3a);
  const minute = digits(2);
  sound = sound && minute >= 0 && minute < 60 && takes(0x3a);
  const second = digits(2);
  const part = fraction();
  const east = offset();
  sound = sound && second >= 0 && second <= 60 && part >= 0 && east != i64.MIN_VALUE;
  const past = takes(0x20);
  if (past) sound = sound && takes(0x42) && takes(0x43);
  if (!sound || at != end || (past && year == 0)) {
    fault = MALFORMED;
    return new Instant();
  }
  const days = daysOf(past ? 1 - year : year, month, day);
  const seconds = hour * 3600 + minute * 60 + second - east;
  const micros = days * DAY_MICROS + seconds * SECOND + part;
  // Over the end of an i64 the sum comes out at its other one.
  const wrapped = (days > 1 && micros < 0) || (days < -1 && micros > 0);
  const far = days > MOST_DAYS || days < -MOST_DAYS || micros == i64.MIN_VALUE;
  if (far || wrapped) fault = TOO_LARGE;
  return new Instant(micros);
}

/** `P1DT-2H-3M-4.5S`. A day is 24 hours; months have no length. */
function readDuration(p: usize, n: u32): Duration {
  open(p, n);
  let micros: i64 = 0;
  let timed = false;
  let sound = takes(0x50) && at < end;
  while (sound && at < end) {
    if (!timed && takes(0x54)) {
      timed = true;
      sound = at < end;
      continue;
    }
    const minus = takes(0x2d);
    const value = digits(18);
    const part = fraction();
    const unit: i64 = at < end ? microsOf(load<u8>(at++), timed) : -1;
    sound = value >= 0 && part >= 0 && unit >= 0 && (part == 0 || unit == SECOND);
    if (!sound) break;
    if (unit == 0) {
      if (value != 0) fault = TOO_LARGE;
    } else {
      micros = plus(micros, minus, value, unit, part);
    }
  }
  if (!sound) fault = MALFORMED;
  return new Duration(micros);
}

/** Microseconds of a unit; 0 of those without a length, -1 of what is no unit. */
function microsOf(unit: u8, timed: bool): i64 {
  if (timed) {
    if (unit == 0x48) return 3600 * SECOND;
    if (unit == 0x4d) return 60 * SECOND;
    return unit == 0x53 ? SECOND : -1;
  }
  if (unit == 0x44) return DAY_MICROS;
  if (unit == 0x57) return 7 * DAY_MICROS;
  return unit == 0x59 || unit == 0x4d ? 0 : -1;
}

/** sum +- (value * unit + part); a sum that is too large is a fault. */
function plus(sum: i64, minus: bool, value: i64, unit: i64, part: i64): i64 {
  if (value > i64.MAX_VALUE / unit) {
    fault = TOO_LARGE;
    return 0;
  }
  const size = <u64>(value * unit) + <u64>part;
  const added: i64 = minus ? sum - <i64>size : sum + <i64>size;
  const wrong = size > <u64>i64.MAX_VALUE + <u64>minus || (minus ? added > sum : added < sum);
  if (wrong) fault = TOO_LARGE;
  return wrong ? 0 : added;
}

/** Reads a value of any type but arrays from the n bytes at p. */
export function readValue<T>(p: usize, n: u32): T {
  if (isBoolean<T>()) {
    const byte = n == 1 ? load<u8>(p) : 0;
    if (byte != 0x74 && byte != 0x66) fault = MALFORMED;
    return <T>(byte == 0x74);
  }
  if (isFloat<T>()) {
    const value = readFloat(p, n);
    if (floatFault) fault = MALFORMED;
    return <T>value;
  }
  if (isInteger<T>()) return <T>readWhole(p, n, 8 * sizeof<T>(), isSigned<T>());
  if (isString<T>()) return changetype<T>(decodeText(p, n));
  const id = idof<T>();
  if (id == idof<Instant>()) return changetype<T>(readInstant(p, n));
  if (id == idof<Duration>()) return changetype<T>(readDuration(p, n));
  if (id == idof<Uuid>()) return changetype<T>(readUuid(p, n));
  if (id == idof<Uint8Array>()) return changetype<T>(readBytes(p, n));
  if (id == idof<Decimal>()) return changetype<T>(readDecimal(p, n));
  ERROR("no column of a database can be read as a value of this class");
}
