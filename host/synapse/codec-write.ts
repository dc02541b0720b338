// Owns writing a payload in place, behind a frame header in the outbox. Records and blocks are
// written as they come; strings are only noted and written at the end, when it is known where the
// text area begins. Short ones go character by character, which beats a call into the engine (40
// ns) up to some 64 characters; when there is much text it is joined and written by one call, 6-8
// ns a string, if the count of bytes shows that all of it was ASCII.
//
//   outbox:  ... header | textStart rootSize root blocks | 0 text ...
//                       base                             at
//
// Positions are absolute in the outbox; offsets in references count from `base`.

import { VALUE_DEPTH } from '../../assembly/shared/limits.ts';
import { canonicalDecimal, isUuid, writeUuid } from '../schema/named.ts';
import type { Outbox } from './contract.ts';

type Utf8Write = (this: Uint8Array, text: string, at: number, room: number) => number;

const native = (globalThis as { Buffer?: { prototype: { utf8Write?: Utf8Write } } }).Buffer;
const utf8Write = native?.prototype.utf8Write;
const encoder = new TextEncoder();

/** UTF-8 of `text` into `bytes` at `at`; whole characters only. Returns how many bytes. */
const putUtf8 =
  utf8Write === undefined
    ? (bytes: Uint8Array, text: string, at: number, room: number): number =>
        encoder.encodeInto(text, bytes.subarray(at, at + room)).written
    : (bytes: Uint8Array, text: string, at: number, room: number): number =>
        utf8Write.call(bytes, text, at, room);

/** Bytes of UTF-8; an unpaired surrogate becomes U+FFFD, 3 bytes. */
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes++;
    if (unit < 0x800) continue;
    bytes++;
    if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++; // 4 for 2
  }
  return bytes;
}

/** Up to this many characters a loop beats the engine. */
const SHORT = 64;

/** From this many characters on, over all strings, joining them is worth a try. */
const JOINED = 256;

/** Bytes of the widest character: room beyond the text that tells ASCII from a cut text. */
const WIDEST = 4;

/** Strings that the notes hold on to between calls; a large value's are let go. */
const NOTES = 1024;

const EMPTY: Outbox = {
  bytes: new Uint8Array(0),
  view: new DataView(new ArrayBuffer(0)),
  grow: () => {
    throw new RangeError('no payload is open');
  },
};

export class Writer {
  out: Outbox = EMPTY;
  view: DataView = EMPTY.view;
  /** Where the payload begins, where the next block begins, and where the outbox ends. */
  base = 0;
  at = 0;
  room = 0;
  /** Strings in order, and where their references are; `count` of them, `units` in all. */
  strings: string[] = [];
  slots: number[] = [];
  count = 0;
  units = 0;
  depth = 0;

  /** Begins a payload at `at` whose root record has `size` bytes; returns where that is. */
  open(out: Outbox, at: number, size: number): number {
    const end = at + 8 + size;
    this.out = out;
    if (end > out.bytes.length) out.grow(end);
    this.view = out.view;
    this.room = out.bytes.length;
    this.base = at;
    this.at = end;
    this.count = 0;
    this.units = 0;
    this.depth = 0;
    this.view.setUint32(at + 4, size, true);
    return at + 8;
  }

  /** Ends the payload: writes the text. Returns the payload's bytes. */
  close(): number {
    const from = this.at;
    const end = from + 1 + this.units;
    this.more(end); // always: the outbox checks the limit of a message here
    const bytes = this.out.bytes;
    this.view.setUint32(this.base, from - this.base, true);
    bytes[from] = 0;
    const much = this.units >= JOINED && end + WIDEST <= this.room;
    this.at = much && this.joined(from) ? end : this.each(from);
    if (this.strings.length > NOTES) this.drop();
    return this.at - this.base;
  }

  /** Writes all text at once. False when it is not ASCII: then nothing counts. */
  joined(from: number): boolean {
    const { strings, slots, count, view } = this;
    let text = '';
    for (let i = 0; i < count; i++) text += strings[i]!;
    const { units } = this;
    // As many bytes as units: each unit became one byte.
    if (putUtf8(this.out.bytes, text, from + 1, units + WIDEST) !== units) return false;
    let offset = 1;
    for (let i = 0; i < count; i++) {
      const n = strings[i]!.length;
      const p = slots[i]!;
      view.setUint32(p, offset, true);
      view.setUint32(p + 4, n, true);
      offset += n;
    }
    return true;
  }

  /** Writes each string; returns where the text ends. */
  each(from: number): number {
    const { strings, slots, count } = this;
    let bytes = this.out.bytes;
    let view = this.view;
    let at = from + 1;
    let roomy = false;
    for (let i = 0; i < count; i++) {
      const text = strings[i]!;
      const n = text.length;
      const p = slots[i]!;
      view.setUint32(p, at - from, true);
      let k = 0;
      if (n <= SHORT) {
        for (let c = 0; k < n && (c = text.charCodeAt(k)) < 128; k++) bytes[at + k] = c;
      }
      if (k < n) {
        if (!roomy) {
          this.wide(at, i);
          bytes = this.out.bytes;
          view = this.view;
          roomy = true;
        }
        k = putUtf8(bytes, text, at, bytes.length - at);
      }
      view.setUint32(p + 4, k, true);
      at += k;
    }
    return at;
  }

  /** Makes room for the strings from `i` on, whatever their characters. */
  wide(at: number, i: number): void {
    let end = at;
    for (; i < this.count; i++) end += utf8Length(this.strings[i]!);
    this.more(end);
  }

  /** Forgets what was noted, after an error too. */
  drop(): void {
    this.strings = [];
    this.slots = [];
    this.count = 0;
  }

  /** Makes room up to `end`. RangeError above the limit of a message. */
  more(end: number): void {
    this.out.grow(end);
    if (this.view === this.out.view) return;
    this.view = this.out.view;
    this.room = this.out.bytes.length;
  }

  /** A value does not fit its type; `explain` finds out which. */
  misfit(): never {
    throw new TypeError('a value does not fit its type');
  }

  enter(): void {
    if (++this.depth > VALUE_DEPTH) this.misfit();
  }

  /** Takes `count` bytes at the next multiple of `alignment` (4 or 8) from the payload's start. */
  take(count: number, alignment: number): number {
    const from = this.at;
    const past = (from - this.base) & (alignment - 1);
    const at = past === 0 ? from : from + alignment - past;
    const end = at + count;
    if (end > this.room) this.more(end);
    for (let i = from; i < at; i++) this.view.setUint8(i, 0);
    this.at = end;
    return at;
  }

  /** Takes a block of `count` bytes and writes the reference to it at `p`. */
  block(p: number, n: number, count: number, alignment: number): number {
    const at = this.take(count, alignment);
    this.view.setUint32(p, at - this.base, true);
    this.view.setUint32(p + 4, n, true);
    return at;
  }

  /** Takes the block of a list of n elements of `bytes` bytes. */
  list(p: number, value: unknown[], bytes: number, alignment: number): number {
    if (!Array.isArray(value)) this.misfit();
    return this.block(p, value.length, value.length * bytes, alignment);
  }

  /** Takes the block of a list of n records; returns where the first one goes. */
  records(p: number, n: number, stride: number): number {
    if (n === 0) return this.block(p, 0, 0, 4);
    const at = this.block(p, n, 4 + n * stride, 4);
    this.view.setUint32(at, stride, true);
    return at + 4;
  }

  none(p: number): void {
    this.view.setFloat64(p, 0, true);
  }

  f64(p: number, value: number): void {
    if (typeof value !== 'number') this.misfit();
    if (value === value) return this.view.setFloat64(p, value, true);
    this.view.setUint32(p, 0, true);
    this.view.setUint32(p + 4, 0x7ff80000, true);
  }

  f32(p: number, value: number): void {
    if (typeof value !== 'number') this.misfit();
    if (value === value) return this.view.setFloat32(p, value, true);
    this.view.setUint32(p, 0x7fc00000, true);
  }

  i64(p: number, value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) this.misfit();
    this.view.setBigInt64(p, value, true);
  }

  u64(p: number, value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) this.misfit();
    this.view.setBigUint64(p, value, true);
  }

  bool(p: number, value: boolean): void {
    if (typeof value !== 'boolean') this.misfit();
    this.view.setUint8(p, value ? 1 : 0);
  }

  string(p: number, value: string): void {
    if (typeof value !== 'string') this.misfit();
    const i = this.count;
    this.strings[i] = value;
    this.slots[i] = p;
    this.count = i + 1;
    this.units += value.length;
  }

  decimal(p: number, value: string): void {
    const form = canonicalDecimal(value);
    if (form === null) this.misfit();
    this.string(p, form!);
  }

  /** A uuid in place, as an element of a list. */
  uuidAt(at: number, value: string): void {
    if (!isUuid(value)) this.misfit();
    writeUuid(this.view, at, value);
  }

  uuid(p: number, value: string): void {
    const at = this.block(p, 16, 16, 4);
    this.uuidAt(at, value);
  }

  blob(p: number, value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) this.misfit();
    const at = this.block(p, value.length, value.length, 4);
    this.out.bytes.set(value, at);
  }
}
