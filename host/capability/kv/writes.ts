// Owns a growing batch: writes are appended, taken as one, or dropped.
import { WRITE_HEADER } from './contract.ts';

/** Bytes that a batch has room for at first, and above which its room is given back. */
const FIRST = 4096;
const KEPT = 1 << 20;
/** Bytes below which a loop copies faster than a view is made. */
const FEW = 48;

export class Writes {
  private bytes = new Uint8Array(FIRST);
  private view = new DataView(this.bytes.buffer);
  length = 0;

  /** Appends one write; `key` and `value` are ranges of `from`. */
  add(kind: number, field: number, from: Uint8Array, key: Range, value: Range): void {
    const at = this.length;
    this.room(WRITE_HEADER + key.length + value.length);
    this.view.setUint32(at, kind, true);
    this.view.setUint32(at + 4, field, true);
    this.view.setUint32(at + 8, key.length, true);
    this.view.setUint32(at + 12, value.length, true);
    this.copy(from, key.at, key.length, at + WRITE_HEADER);
    this.copy(from, value.at, value.length, at + WRITE_HEADER + key.length);
    this.length = at + WRITE_HEADER + key.length + value.length;
  }

  /** Appends all writes of another one. */
  append(other: Writes): void {
    this.room(other.length);
    this.copy(other.bytes, 0, other.length, this.length);
    this.length += other.length;
  }

  /** All of them; the room is the taker's. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = new Uint8Array(Math.min(Math.max(FIRST, this.length), KEPT));
    this.view = new DataView(this.bytes.buffer);
    this.length = 0;
    return taken;
  }

  drop(): void {
    this.length = 0;
    if (this.bytes.length <= KEPT) return;
    this.bytes = new Uint8Array(FIRST);
    this.view = new DataView(this.bytes.buffer);
  }

  private room(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }

  private copy(from: Uint8Array, at: number, length: number, to: number): void {
    if (length > FEW) {
      this.bytes.set(from.subarray(at, at + length), to);
      return;
    }
    const { bytes } = this;
    for (let i = 0; i < length; i++) bytes[to + i] = from[at + i];
  }
}

/** Where a key or a value stands. */
export interface Range {
  at: number;
  length: number;
}
