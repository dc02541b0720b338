// Owns reading a payload that may be hostile: the checks of VALUES rules 5-7, once, for generated
// decoders. The text area is decoded at once and strings are substrings of it: 5-7 ns a string
// against 38-68. Throws RangeError; never reads outside [from, to).
//
// A substring keeps the text alive that it was cut from, so text is decoded in windows of 16 KB.
// When a window has as many UTF-16 units as bytes, each byte is one unit and offsets are shared;
// that holds for malformed UTF-8 too, where each bad byte is one U+FFFD.

import { VALUE_DEPTH } from '../../assembly/shared/limits.ts';
import { isDecimal, readUuid } from '../schema/named.ts';

type Utf8Slice = (this: Uint8Array, from: number, to: number) => string;

const native = (globalThis as { Buffer?: { prototype: { utf8Slice?: Utf8Slice } } }).Buffer;
const utf8Slice = native?.prototype.utf8Slice;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const utf8 =
  utf8Slice === undefined
    ? (bytes: Uint8Array, from: number, to: number): string =>
        decoder.decode(
          bytes.buffer instanceof ArrayBuffer ? bytes.subarray(from, to) : bytes.slice(from, to),
        )
    : (bytes: Uint8Array, from: number, to: number): string => utf8Slice.call(bytes, from, to);

const unit = String.fromCharCode;

/** Bytes of text that one decoded string may hold on to. */
const WINDOW = 16 << 10;
/** V8 copies substrings below this length, and loops beat a call into the engine. */
const SHORT = 13;

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** ASCII of at most 15 bytes, or null. */
function short(b: Uint8Array, from: number, n: number): string | null {
  let p = from;
  let s = '';
  if (n & 8) {
    const a = b[p]!,
      c = b[p + 1]!,
      d = b[p + 2]!,
      e = b[p + 3]!;
    const f = b[p + 4]!,
      g = b[p + 5]!,
      h = b[p + 6]!,
      i = b[p + 7]!;
    if ((a | c | d | e | f | g | h | i) > 127) return null;
    s = unit(a, c, d, e, f, g, h, i);
    p += 8;
  }
  if (n & 4) {
    const a = b[p]!,
      c = b[p + 1]!,
      d = b[p + 2]!,
      e = b[p + 3]!;
    if ((a | c | d | e) > 127) return null;
    s += unit(a, c, d, e);
    p += 4;
  }
  if (n & 2) {
    const a = b[p]!,
      c = b[p + 1]!;
    if ((a | c) > 127) return null;
    s += unit(a, c);
    p += 2;
  }
  if (n & 1) {
    const a = b[p]!;
    if (a > 127) return null;
    s += unit(a);
  }
  return s;
}

export class Reader {
  bytes: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  /** The payload's start, the struct cursor and the struct area's end: positions in `bytes`. */
  base = 0;
  struct = 0;
  structEnd = 0;
  /** Text cursor and length of the text area, which begins at structEnd. */
  text = 1;
  textBytes = 0;
  /** The decoded window [windowFrom, windowTo) of the text area, and whether offsets are shared. */
  window = '';
  windowFrom = 0;
  windowTo = 0;
  plain = true;
  /** Bytes of the root record, and of each record of the list opened last. */
  size = 0;
  stride = 0;
  depth = 0;

  bad(what: string): never {
    this.done();
    throw new RangeError(`malformed payload: ${what}`);
  }

  /** Begins a payload whose root record has at least `least` bytes; returns where that is. */
  open(bytes: Uint8Array, view: DataView, from: number, to: number, least: number): number {
    this.depth = 0;
    if (to === from) {
      this.size = 0;
      if (least > 0) this.bad('it is empty');
      return from;
    }
    if (to - from < 9) this.bad('it is shorter than its header');
    this.bytes = bytes;
    this.view = view;
    const textStart = view.getUint32(from, true);
    const size = view.getUint32(from + 4, true);
    if (textStart >= to - from) this.bad('the text area starts outside');
    if (size > textStart - 8) this.bad('the root record does not fit');
    if (size < least) this.bad('a record is too short');
    this.size = size;
    this.base = from;
    this.struct = from + 8 + size;
    this.structEnd = from + textStart;
    this.text = 1;
    this.textBytes = to - this.structEnd;
    this.look(0, Math.min(this.textBytes, WINDOW));
    return from + 8;
  }

  /** Ends the payload: lets go of what it was read from. */
  done(): void {
    this.window = '';
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
  }

  look(from: number, to: number): void {
    const bytes = this.structEnd + from;
    const n = to - from;
    let text = n < SHORT ? short(this.bytes, bytes, n) : null;
    if (text === null) text = utf8(this.bytes, bytes, bytes + n);
    this.window = text;
    this.windowFrom = from;
    this.windowTo = to;
    this.plain = text.length === n;
  }

  string(p: number): string {
    const from = this.view.getUint32(p, true);
    const to = from + this.view.getUint32(p + 4, true);
    if (from < this.text || to > this.textBytes) this.bad('a text lies outside or goes back');
    this.text = to;
    if (this.plain && to <= this.windowTo) {
      return this.window.substring(from - this.windowFrom, to - this.windowFrom);
    }
    return this.far(from, to);
  }

  /** A string that the window does not hold or cannot be cut from. */
  far(from: number, to: number): string {
    if (to > this.windowTo && to - from < WINDOW) {
      this.look(from, Math.min(from + WINDOW, this.textBytes));
      if (this.plain) return this.window.substring(0, to - from);
    }
    const n = to - from;
    const at = this.structEnd + from;
    return (n < SHORT ? short(this.bytes, at, n) : null) ?? utf8(this.bytes, at, at + n);
  }

  /** Takes the block of the reference at `p`: n elements of `bytes` bytes; returns where it is. */
  claim(p: number, bytes: number): number {
    const at = this.base + this.view.getUint32(p, true);
    const end = at + this.view.getUint32(p + 4, true) * bytes;
    if (at < this.struct || end > this.structEnd) this.bad('a block lies outside or goes back');
    this.struct = end;
    return at;
  }

  count(p: number): number {
    return this.view.getUint32(p + 4, true);
  }

  isNull(p: number): boolean {
    return this.view.getUint32(p, true) === 0;
  }

  /** A null: its length must be 0. */
  none(p: number): null {
    if (this.view.getUint32(p + 4, true) !== 0) this.bad('a null has a length');
    return null;
  }

  /** Takes the block of a nullable scalar. */
  one(p: number, bytes: number): number {
    if (this.view.getUint32(p + 4, true) !== 1) this.bad('a nullable scalar is not one element');
    return this.claim(p, bytes);
  }

  /** Takes the block of a record. */
  record(p: number, least: number): number {
    if (this.view.getUint32(p + 4, true) < least) this.bad('a record is too short');
    return this.claim(p, 1);
  }

  /** Takes the block of a list of records and sets `stride`; returns where the first one is. */
  records(p: number, least: number): number {
    const n = this.view.getUint32(p + 4, true);
    const at = this.claim(p, 0);
    if (n === 0) return at;
    if (at + 4 > this.structEnd) this.bad('a block lies outside');
    const stride = this.view.getUint32(at, true);
    if (stride === 0 || stride < least) this.bad('a record is too short');
    const end = at + 4 + n * stride;
    if (end > this.structEnd) this.bad('a block lies outside');
    this.struct = end;
    this.stride = stride;
    return at + 4;
  }

  enter(): void {
    if (++this.depth > VALUE_DEPTH) this.bad(`records nest deeper than ${VALUE_DEPTH}`);
  }

  bool(p: number): boolean {
    const byte = this.view.getUint8(p);
    if (byte > 1) this.bad(`a bool is ${byte}`);
    return byte === 1;
  }

  decimal(p: number): string {
    const text = this.string(p);
    if (!isDecimal(text)) this.bad('a decimal is not in canonical form');
    return text;
  }

  uuidAt(at: number): string {
    return readUuid(this.view, at);
  }

  uuid(p: number): string {
    return this.uuidAt(this.record(p, 16));
  }

  /** A copy: the payload's memory is used again. */
  blob(p: number): Uint8Array {
    const n = this.view.getUint32(p + 4, true);
    const at = this.claim(p, 1);
    const copy = new Uint8Array(n);
    copy.set(this.bytes.subarray(at, at + n));
    return copy;
  }
}
