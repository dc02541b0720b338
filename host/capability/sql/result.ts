// Owns the bytes of one result as a guest takes them: `u32 affected | u32 rows | u32 columns |
// fields row by row`, a field being `i32 length (-1 = null)` and that many bytes, little-endian.
// The memory is kept for the next result, up to KEPT_BYTES.
import { SQL_RESULT_BYTES } from './contract.ts';

/** Bytes before the first field. */
export const RESULT_HEADER = 12;
/** Bytes that are kept between results. Threat: memory, one of these per instance. */
const KEPT_BYTES = 64 << 10;

/** Fields of at most so many bytes are copied by a loop: a call into the engine costs more. */
const LOOP_BYTES = 48;

export class ResultBytes {
  bytes = Buffer.allocUnsafeSlow(1024);
  /** Bytes that are used. */
  length = 0;
  private rows = 0;
  private columns = 0;
  /** It has grown past SQL_RESULT_BYTES: rows are counted no more. */
  full = false;

  /** Empties it for a result of so many columns. */
  reset(columns: number): void {
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(KEPT_BYTES);
    this.length = RESULT_HEADER;
    this.rows = 0;
    this.columns = columns;
    this.full = false;
  }

  /** Gives the memory of a large result back. */
  forget(): void {
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(1024);
  }

  /** Writes the header: `affected` rows, what `row` has counted. */
  finish(affected: number): void {
    const { bytes } = this;
    bytes.writeUInt32LE(affected, 0);
    bytes.writeUInt32LE(this.rows, 4);
    bytes.writeUInt32LE(this.columns, 8);
  }

  /** One row follows; `most` bytes bound its fields and their lengths. False: it is full. */
  row(most: number): boolean {
    const needed = this.length + most;
    if (needed > SQL_RESULT_BYTES) {
      this.full = true;
      return false;
    }
    if (needed > this.bytes.length) {
      const bytes = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
      bytes.set(this.bytes.subarray(0, this.length));
      this.bytes = bytes;
    }
    this.rows++;
    return true;
  }

  /** The next field is null. `row` has made room. */
  none(): void {
    this.length = this.bytes.writeInt32LE(-1, this.length);
  }

  /** The next field is [from, from + size) of `source`. `row` has made room. */
  field(source: Uint8Array, from: number, size: number): void {
    const { bytes } = this;
    let at = this.length;
    bytes[at] = size;
    bytes[at + 1] = size >>> 8;
    bytes[at + 2] = size >>> 16;
    bytes[at + 3] = size >>> 24;
    at += 4;
    if (size <= LOOP_BYTES) for (let i = 0; i < size; i++) bytes[at + i] = source[from + i];
    else bytes.set(source.subarray(from, from + size), at);
    this.length = at + size;
  }

  /** The next field is `text`. `row` has made room for three bytes a unit. */
  text(text: string): void {
    const size = this.bytes.write(text, this.length + 4);
    this.length = this.bytes.writeInt32LE(size, this.length) + size;
  }
}
