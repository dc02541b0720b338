// Owns reading arguments and writing results inside a cell: cursors and the checks of VALUES rules
// 5-7, for the code that build/4-emit/guest-codec.ts generates. Arguments are hostile: whatever is
// wrong with them ends the call with INVALID_ARGUMENT and leaves the instance as it was.
//
// Reading: two cursors that never go back.   Writing: the value is measured first, so one block of
// the right size is taken and struct area and text area are written side by side:
//
//   base               cursor ->            textBase            text ->
//   | header | root | blocks                | 0 | text          | room never used |

import { fail } from "./failure";
import { INTERNAL, INVALID_ARGUMENT } from "../shared/status";
import { VALUE_DEPTH } from "../shared/limits";
import { decodeText, encodeText } from "./codec-text";
import { Decimal, Duration, Instant, isDecimal, Uuid } from "./values";

let base: usize = 0;
let cursor: usize = 0;
/** End of the struct area, beginning of the text area. */
let textBase: usize = 0;
let text: usize = 0;
let textEnd: usize = 0;
let depth: u32 = 0;
/** Bytes of the root record, and of each record of the list that was opened last. */
export let rootSize: u32 = 0;
export let stride: u32 = 0;

/** The payload that is read comes from a client; false: from a cell that was called. */
let fromClient: bool = true;

export function believe(client: bool): void {
  fromClient = client;
}

/** The payload that is read is one that the cell has stored. */
let isKept: bool = false;

export function kept(is: bool): void {
  isKept = is;
}

/** Ends the call: the payload is malformed. */
export function malformed(what: string): void {
  const status = fromClient && !isKept ? INVALID_ARGUMENT : INTERNAL;
  const whose = isKept
    ? "malformed stored value: "
    : fromClient ? "malformed payload: " : "malformed reply of another cell: ";
  fromClient = true;
  isKept = false;
  fail<void>(status, whose + what);
}

// ---- reading

/**
 * Begins the payload at `ptr` whose root record has at least `least` bytes; returns where that is.
 */
export function open(ptr: usize, len: usize, least: u32): usize {
  depth = 0;
  rootSize = 0;
  if (len == 0) {
    if (least) malformed("it is empty");
    return ptr;
  }
  if (len < 9) malformed("it is shorter than its header");
  const start = <usize>load<u32>(ptr);
  const size = load<u32>(ptr, 4);
  if (start >= len || start < 8) malformed("the text area starts outside");
  if (<usize>size > start - 8) malformed("the root record does not fit");
  if (size < least) malformed("a record is too short");
  rootSize = size;
  base = ptr;
  cursor = ptr + 8 + size;
  textBase = ptr + start;
  text = textBase + 1;
  textEnd = ptr + len;
  return ptr + 8;
}

/** open() for a root record that refers to nothing: what cursors are for is not set up. */
export function openFlat(ptr: usize, len: usize, least: u32): usize {
  if (len > 8) {
    const head = load<u64>(ptr);
    const start = <usize>head;
    const size = <u32>(head >>> 32);
    if (start < len && start >= 8 && <usize>size <= start - 8 && size >= least) return ptr + 8;
  }
  return open(ptr, len, least); // says what is wrong
}

/** Takes the block of the reference at `p`: n elements of `bytes` bytes; returns where it is. */
export function claim(p: usize, bytes: u32): usize {
  const at = base + load<u32>(p);
  const n = <u64>load<u32>(p, 4) * bytes;
  if (at < cursor || at > textBase || n > <u64>(textBase - at)) {
    malformed("a block lies outside or goes back");
  }
  cursor = at + <usize>n;
  return at;
}

// @ts-ignore: decorator
@inline export function count(p: usize): i32 {
  return load<i32>(p, 4);
}

/** True when there is a value; a null must have no length. */
// @ts-ignore: decorator
@inline export function present(p: usize): bool {
  if (load<u32>(p)) return true;
  if (load<u32>(p, 4)) malformed("a null has a length");
  return false;
}

/** Takes the block of a nullable scalar. */
export function one(p: usize, bytes: u32): usize {
  if (load<u32>(p, 4) != 1) malformed("a nullable scalar is not one element");
  return claim(p, bytes);
}

/** Takes the block of a record. */
export function record(p: usize, least: u32): usize {
  if (load<u32>(p, 4) < least) malformed("a record is too short");
  return claim(p, 1);
}

/** Takes the block of a list of records and sets `stride`; returns where the first one is. */
export function records(p: usize, least: u32): usize {
  const n = load<u32>(p, 4);
  const at = claim(p, 0);
  if (n == 0) return at;
  if (textBase - at < 4) malformed("a block lies outside");
  stride = load<u32>(at);
  if (stride == 0 || stride < least) malformed("a record is too short");
  const bytes = <u64>n * stride;
  if (bytes > <u64>(textBase - at - 4)) malformed("a block lies outside");
  cursor = at + 4 + <usize>bytes;
  return at + 4;
}

export function enter(): void {
  if (++depth > VALUE_DEPTH) malformed("records nest too deep");
}
// @ts-ignore: decorator
@inline export function leave(): void {
  depth--;
}

export function readBool(p: usize): bool {
  const byte = load<u8>(p);
  if (byte > 1) malformed("a bool is neither 0 nor 1");
  return byte != 0;
}

export function readString(p: usize): string {
  const at = textBase + load<u32>(p);
  const n = load<u32>(p, 4);
  if (at < text || at > textEnd || <usize>n > textEnd - at) {
    malformed("a text lies outside or goes back");
  }
  text = at + n;
  return decodeText(at, n);
}

export function readDecimal(p: usize): Decimal {
  const form = readString(p);
  if (!isDecimal(form)) malformed("a decimal is not in canonical form");
  return Decimal.trusted(form);
}

export function readUuid(p: usize): Uuid {
  return new Uuid(load<u64>(p), load<u64>(p, 8));
}

export function readInstant(p: usize): Instant {
  return new Instant(load<i64>(p));
}

export function readDuration(p: usize): Duration {
  return new Duration(load<i64>(p));
}

/** An array of n elements that are not zeroed: the reader sets each before anyone sees it. */
export function newArray<T>(n: i32): Array<T> {
  const bytes = <usize>n << alignof<T>();
  const buffer = __new(bytes, idof<ArrayBuffer>());
  const array = __new(offsetof<Array<T>>(), idof<Array<T>>());
  store<usize>(array, buffer, offsetof<Array<T>>("buffer"));
  store<usize>(array, buffer, offsetof<Array<T>>("dataStart"));
  store<i32>(array, <i32>bytes, offsetof<Array<T>>("byteLength"));
  store<i32>(array, n, offsetof<Array<T>>("length_"));
  return changetype<Array<T>>(array);
}

export function readBytes(p: usize): Uint8Array {
  const n = load<u32>(p, 4);
  const at = claim(p, 1);
  const bytes = new Uint8Array(n);
  memory.copy(bytes.dataStart, at, n);
  return bytes;
}

// ---- measuring: the struct area exactly, the text area from above

let struct: usize = 0;
let units: usize = 0;

/** How far a payload is written, while another one is written in its midst. */
export class Place {
  private base: usize = base;
  private cursor: usize = cursor;
  private textBase: usize = textBase;
  private text: usize = text;
  private depth: u32 = depth;
  private struct: usize = struct;
  private units: usize = units;

  /** Goes on where it was made. */
  restore(): void {
    base = this.base;
    cursor = this.cursor;
    textBase = this.textBase;
    text = this.text;
    depth = this.depth;
    struct = this.struct;
    units = this.units;
  }
}

/** Begins measuring a payload whose root record has `size` bytes. */
export function measure(size: u32): void {
  struct = 8 + size;
  units = 0;
  depth = 0;
}

/** Counts a block. */
// @ts-ignore: decorator
@inline export function need(bytes: usize, alignment: usize): void {
  struct = ((struct + alignment - 1) & ~(alignment - 1)) + bytes;
}

/** Counts a list of n records. */
export function needRecords(n: i32, stride: u32): void {
  need(n ? 4 + <usize>n * stride : 0, 4);
}

// @ts-ignore: decorator
@inline export function needText(value: string): void {
  units += value.length;
}

/** Counts a record that is being measured; the other end would refuse a value this deep. */
export function needRecord(): void {
  if (++depth > VALUE_DEPTH) throw new Error("records of a result nest deeper than 32");
}

// ---- writing

/** Takes the block for what was measured; returns where the root record is. */
export function begin(size: u32): usize {
  const bytes = struct + 1 + units * 3;
  base = __new(bytes, idof<ArrayBuffer>());
  cursor = base + 8 + size;
  textBase = base + struct;
  text = textBase + 1;
  // One store: the membrane reads both words at once, and would wait for two.
  store<u64>(base, <u64>struct | (<u64>size << 32));
  store<u8>(textBase, 0);
  return base + 8;
}

/** What `handle` returns: address and length of the payload. */
export function end(): i64 {
  return (<i64>base << 32) | <i64>(text - base);
}

// Results whose size the schema says: nothing is measured and no cursor moves.

/** begin() of a root record of `size` bytes and one block behind it of `behind` bytes, or 0. */
// @ts-ignore: decorator
@inline export function beginFixed(size: u32, behind: u32): usize {
  const start = 8 + size + behind;
  const at = __new(start + 1, idof<ArrayBuffer>());
  store<u64>(at, <u64>start | (<u64>size << 32));
  store<u8>(at + start, 0);
  return at + 8;
}

/** block() for the only block of a root record of 8 bytes at `p`. */
// @ts-ignore: decorator
@inline export function blockFixed(p: usize, n: u32): usize {
  store<u64>(p, 16 | (<u64>n << 32));
  return p + 8;
}

/** end() after beginFixed(). */
// @ts-ignore: decorator
@inline export function endFixed(p: usize, size: u32, behind: u32): i64 {
  return (<i64>(p - 8) << 32) | <i64>(8 + size + behind + 1);
}

/** Takes a block of `bytes` bytes and writes the reference to it at `p`. */
export function block(p: usize, n: u32, bytes: usize, alignment: usize): usize {
  let from = cursor;
  const at = (from + alignment - 1) & ~(alignment - 1);
  for (; from < at; from++) store<u8>(from, 0);
  cursor = at + bytes;
  store<u32>(p, <u32>(at - base));
  store<u32>(p, n, 4);
  return at;
}

/** Takes the block of a list of n records; returns where the first one goes. */
export function blockRecords(p: usize, n: u32, stride: u32): usize {
  if (n == 0) return block(p, 0, 0, 4);
  const at = block(p, n, 4 + <usize>n * stride, 4);
  store<u32>(at, stride);
  return at + 4;
}

export function writeString(p: usize, value: string): void {
  const n = encodeText(value, text);
  store<u32>(p, <u32>(text - textBase));
  store<u32>(p, n, 4);
  text += n;
}

// @ts-ignore: decorator
@inline export function writeNone(p: usize): void {
  store<u64>(p, 0);
}

// NaN has one form: the bits of a computed one are the machine's choice.
// @ts-ignore: decorator
@inline export function writeF64(p: usize, value: f64): void {
  if (value == value) store<f64>(p, value);
  else store<u64>(p, 0x7ff8000000000000);
}
// @ts-ignore: decorator
@inline export function writeF32(p: usize, value: f32): void {
  if (value == value) store<f32>(p, value);
  else store<u32>(p, 0x7fc00000);
}

export function writeUuidAt(at: usize, value: Uuid): void {
  store<u64>(at, value.high);
  store<u64>(at, value.low, 8);
}

export function writeUuid(p: usize, value: Uuid): void {
  writeUuidAt(block(p, 16, 16, 4), value);
}

export function writeBytes(p: usize, value: Uint8Array): void {
  const n = value.length;
  memory.copy(block(p, n, n, 4), value.dataStart, n);
}

/** A number that is no member of its enum must not leave: the other end would refuse it. */
export function noMember(): void {
  throw new Error("a value of an enum is none of its members");
}
