// Owns values as PostgreSQL writes them in text: the one format in which arguments leave a cell,
// whatever the engine. Each `write` puts bytes at an address and returns how many; the caller has
// made room for as many as `room` said. Never allocates; never talks to the host.
//
//   bool t f                    instant 2026-11-20 17:00:00.12+00, year 0 = 0001-..+00 BC
//   integers, floats: digits    duration PT-2562047788H-0M-54.775808S (ISO 8601)
//   bytes \x00ff                uuid 01234567-89ab-...        array {1,NULL,"a \"b\""}
import { dtoa_buffered } from "util/number";
import { encodeText } from "./codec-text";
import { Decimal, Duration, Instant, Uuid } from "./values";

/** Bytes of the longest integer, float, instant, duration or uuid; twice as many while written. */
export const SCALAR_ROOM: usize = 96;

const DAY_MICROS: i64 = 86_400_000_000;

/** Digits of a whole number without sign. */
export function writeDigits(at: usize, value: u64): u32 {
  let count: u32 = 1;
  for (let rest = value; rest > 9; rest /= 10) count++;
  let to = at + count;
  do {
    store<u8>(--to, 0x30 + <u8>(value % 10));
    value /= 10;
  } while (value);
  return count;
}

export function writeSigned(at: usize, value: i64): u32 {
  if (value >= 0) return writeDigits(at, <u64>value);
  store<u8>(at, 0x2d);
  return 1 + writeDigits(at + 1, 0 - <u64>value);
}

/** `count` digits with zeros before them. */
function writePadded(at: usize, value: u64, count: u32): void {
  for (let to = at + count; to > at; value /= 10) store<u8>(--to, 0x30 + <u8>(value % 10));
}

/** The shortest digits that read as the same number. */
export function writeFloat<T extends number>(at: usize, value: T): u32 {
  if (value != value) return writeAscii(at, "NaN");
  if (value == <T>Infinity) return writeAscii(at, "Infinity");
  if (value == <T>-Infinity) return writeAscii(at, "-Infinity");
  if (value == 0) return writeAscii(at, <f64>1 / <f64>value < 0 ? "-0" : "0");
  // UTF-16 first, then halved in place: each unit is read before its byte is written over.
  let units = dtoa_buffered<T>(at, value);
  if (load<u32>(at + (<usize>units << 1) - 4) == 0x0030002e) units -= 2; // ".0"
  for (let i: u32 = 0; i < units; i++) store<u8>(at + i, load<u16>(at + (<usize>i << 1)));
  return units;
}

/** A text of ASCII. */
export function writeAscii(at: usize, text: string): u32 {
  return encodeText(text, at);
}

export function writeUuid(at: usize, value: Uuid): u32 {
  let to = writeHexHalf(at, value.high, 0x11100);
  to = writeHexHalf(to, value.low, 0x10);
  return <u32>(to - at);
}

/** 16 digits; a dash behind digit n where bit n of `dashes` is set. */
function writeHexHalf(at: usize, half: u64, dashes: u32): usize {
  for (let digit: u32 = 1; digit <= 16; digit++) {
    store<u8>(at++, hexDigit(<u32>(half >>> 60)));
    half <<= 4;
    if (((dashes >>> digit) & 1) != 0) store<u8>(at++, 0x2d);
  }
  return at;
}

// @ts-ignore: decorator
@inline function hexDigit(nibble: u32): u8 {
  return <u8>(nibble + (nibble < 10 ? 0x30 : 0x57));
}

/** `\x` and two digits a byte: 2 + 2 n bytes. */
export function writeBytes(at: usize, value: Uint8Array): u32 {
  const from = value.dataStart;
  const n = <u32>value.length;
  store<u16>(at, 0x785c);
  at += 2;
  for (let i: u32 = 0; i < n; i++) {
    const byte = <u32>load<u8>(from + i);
    store<u8>(at, hexDigit(byte >>> 4));
    store<u8>(at, hexDigit(byte & 15), 1);
    at += 2;
  }
  return 2 + 2 * n;
}

/** The date of a count of days since 1970: the proleptic Gregorian calendar, 400 years an era of
 *  146,097 days, months counted from March so that the leap day comes last. */
export function writeInstant(at: usize, value: Instant): u32 {
  const micros = value.micros;
  let days = micros / DAY_MICROS;
  let rest = micros % DAY_MICROS;
  if (rest < 0) {
    rest += DAY_MICROS;
    days--;
  }
  days += 719_468;
  const era = (days >= 0 ? days : days - 146_096) / 146_097;
  const day = <u32>(days - era * 146_097);
  const year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
  const ofYear = day - (365 * year + year / 4 - year / 100);
  const shifted = (5 * ofYear + 2) / 153;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const civil = <i64>year + era * 400 + (month <= 2 ? 1 : 0);
  const shown = <u64>(civil > 0 ? civil : 1 - civil);

  let to = at;
  if (shown < 10_000) {
    writePadded(to, shown, 4);
    to += 4;
  } else {
    to += writeDigits(to, shown);
  }
  store<u8>(to, 0x2d);
  writePadded(to + 1, month, 2);
  store<u8>(to, 0x2d, 3);
  writePadded(to + 4, ofYear - (153 * shifted + 2) / 5 + 1, 2);
  store<u8>(to, 0x20, 6);
  to = writeClock(to + 7, <u64>rest);
  store<u8>(to, 0x2b);
  store<u16>(to, 0x3030, 1);
  to += 3;
  if (civil <= 0) to += writeAscii(to, " BC");
  return <u32>(to - at);
}

/** `17:00:00.12`; returns where it ends. */
function writeClock(at: usize, micros: u64): usize {
  const seconds = <u32>(micros / 1_000_000);
  writePadded(at, seconds / 3600, 2);
  store<u8>(at, 0x3a, 2);
  writePadded(at + 3, (seconds / 60) % 60, 2);
  store<u8>(at, 0x3a, 5);
  writePadded(at + 6, seconds % 60, 2);
  return writeFraction(at + 8, <u32>(micros % 1_000_000));
}

/** `.12` of 120,000 micros, nothing of none; returns where it ends. */
function writeFraction(at: usize, micros: u32): usize {
  if (micros == 0) return at;
  store<u8>(at, 0x2e);
  writePadded(at + 1, micros, 6);
  let end = at + 7;
  while (load<u8>(end - 1) == 0x30) end--;
  return end;
}

/** Hours, minutes and seconds, each with the sign: whole numbers, of which none loses a digit. */
export function writeDuration(at: usize, value: Duration): u32 {
  const minus = value.micros < 0;
  const micros: u64 = minus ? 0 - <u64>value.micros : <u64>value.micros;
  const seconds = micros / 1_000_000;
  store<u16>(at, 0x5450);
  let to = at + 2;
  to = writePart(to, minus, seconds / 3600, 0x48);
  to = writePart(to, minus, (seconds / 60) % 60, 0x4d);
  const rest = micros % 60_000_000;
  if (rest == 0 && micros != 0) return <u32>(to - at);
  if (minus) store<u8>(to++, 0x2d);
  to += writeDigits(to, seconds % 60);
  to = writeFraction(to, <u32>(micros % 1_000_000));
  store<u8>(to, 0x53);
  return <u32>(to + 1 - at);
}

function writePart(at: usize, minus: bool, value: u64, unit: u8): usize {
  if (value == 0) return at;
  if (minus) store<u8>(at++, 0x2d);
  at += writeDigits(at, value);
  store<u8>(at, unit);
  return at + 1;
}

/** Bytes that `writeValue` may need for a value of any type that is not null. */
export function roomFor<T>(value: T): usize {
  if (isString<T>()) return 3 * <usize>changetype<string>(value).length + 8;
  if (isReference<T>()) {
    if (idof<T>() == idof<Uint8Array>()) {
      return 2 + 2 * <usize>changetype<Uint8Array>(value).length;
    }
    if (idof<T>() == idof<Decimal>()) {
      return 3 * <usize>changetype<Decimal>(value).toString().length + 8;
    }
  }
  return SCALAR_ROOM;
}

/** Writes a value that is not null, of any type but arrays. */
export function writeValue<T>(at: usize, value: T): u32 {
  if (isBoolean<T>()) {
    store<u8>(at, value ? 0x74 : 0x66);
    return 1;
  }
  if (isFloat<T>()) return writeFloat<T>(at, value);
  if (isInteger<T>()) {
    if (isSigned<T>()) return writeSigned(at, <i64>value);
    return writeDigits(at, <u64>value);
  }
  if (isString<T>()) return encodeText(changetype<string>(value), at);
  const id = idof<T>();
  if (id == idof<Instant>()) return writeInstant(at, changetype<Instant>(value));
  if (id == idof<Duration>()) return writeDuration(at, changetype<Duration>(value));
  if (id == idof<Uuid>()) return writeUuid(at, changetype<Uuid>(value));
  if (id == idof<Uint8Array>()) return writeBytes(at, changetype<Uint8Array>(value));
  if (id == idof<Decimal>()) return writeAscii(at, changetype<Decimal>(value).toString());
  ERROR("a value of this class has no form in a database");
}
