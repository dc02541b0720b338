// Owns writing a payload in place, behind a frame header in the outbox. Strings are gathered and
// written at once at the end: 6-8 ns a string against 17-44 one by one. That takes them for ASCII;
// when the count of bytes shows that they were not, the generated code runs again, slowly.
//
//   outbox:  ... header | payload: textStart rootSize root blocks | text ...
//                       base                              at^      gathered in `text`
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
const putUtf8 = utf8Write === undefined
  ? (bytes: Uint8Array, text: string, at: number, room: number): number =>
    encoder.encodeInto(text, bytes.subarray(at, at + room)).written
  : (bytes: Uint8Array, text: string, at: number, room: number): number =>
    utf8Write.call(bytes, text, at, room);

/** Below this many characters a loop beats the call into the engine. */
const SHORT = 24;

/** Bytes of the widest character: room beyond the text that tells ASCII from a cut text. */
const WIDEST = 4;

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
  /** Text so far (not in the slow pass) and its bytes; the area's first byte is 0. */
  text = '';
  textBytes = 1;
  /** True in the second pass: strings go to `wide` one by one, so that lengths are of UTF-8. */
  slow = false;
  wide: Uint8Array = new Uint8Array(0);
  depth = 0;
  /** Bytes of the payload that was closed last. */
  length = 0;

  /** Begins a payload at `at` whose root record has `size` bytes; returns where that is. */
  open(out: Outbox, at: number, size: number): number {
    const end = at + 8 + size;
    this.out = out;
    if (end > out.bytes.length) out.grow(end);
    this.view = out.view;
    this.room = out.bytes.length;
    this.base = at;
    this.at = end;
    this.text = '\0';
    this.textBytes = 1;
    this.depth = 0;
    this.view.setUint32(at + 4, size, true);
    return at + 8;
  }

  /** Ends the payload. True: the strings were not ASCII, write everything again. */
  again(): boolean {
    const at = this.at;
    const n = this.textBytes;
    this.view.setUint32(this.base, at - this.base, true);
    this.length = at + n - this.base;
    const room = at + n + WIDEST;
    if (room > this.room) this.more(room);
    const bytes = this.out.bytes;
    if (this.slow) {
      bytes.set(this.wide.subarray(0, n), at);
      this.drop();
      return false;
    }
    const text = this.text;
    this.text = '';
    if (n < SHORT) {
      let i = 0;
      for (let c = 0; i < n && (c = text.charCodeAt(i)) < 128; i++) bytes[at + i] = c;
      if (i === n) return false;
    } else if (putUtf8(bytes, text, at, n + WIDEST) === n) return false;
    this.slow = true;
    return true;
  }

  /** Forgets what was written, after an error too. */
  drop(): void {
    this.slow = false;
    this.text = '';
    if (this.wide.length > 1 << 16) this.wide = new Uint8Array(0);
  }

  more(end: number): void {
    this.out.grow(end);
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
    this.view.setUint32(p, this.textBytes, true);
    if (this.slow) return this.wideString(p, value);
    const n = value.length;
    this.view.setUint32(p + 4, n, true);
    this.text += value;
    this.textBytes += n;
  }

  wideString(p: number, value: string): void {
    const room = this.textBytes + value.length * 3;
    if (room > this.wide.length) {
      const larger = new Uint8Array(Math.max(room, this.wide.length * 2, 4096));
      larger.set(this.wide);
      this.wide = larger;
    }
    this.wide[0] = 0;
    const n = putUtf8(this.wide, value, this.textBytes, value.length * 3);
    this.view.setUint32(p + 4, n, true);
    this.textBytes += n;
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
