// Owns frames that cannot leave yet: credit is used up, the connection is being made again, or
// the route is not known yet. First in, first out; bounded in bytes. Route and time left are
// written when a frame leaves, because both may have changed by then.
//
//   buffer:  ... | size u32 | frame (header, payload, padding) | size u32 | frame | ...
//                ^ head                                                           ^ tail

const SIZE_BYTES = 8; // keeps frames 8-aligned
const FIRST_BYTES = 16 << 10;

export class Backlog {
  private bytes = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);
  private head = 0;
  private tail = 0;
  /** Frames in it. */
  count = 0;

  /** Bytes that it holds. */
  get held(): number {
    return this.tail - this.head;
  }

  /** Copies the frame [from, to) of `source` to the end. */
  push(source: Uint8Array, from: number, to: number): void {
    const size = to - from;
    this.reserve(SIZE_BYTES + size);
    this.view.setUint32(this.tail, size, true);
    this.bytes.set(source.subarray(from, to), this.tail + SIZE_BYTES);
    this.tail += SIZE_BYTES + size;
    this.count++;
  }

  /** The oldest frame: a view that is valid until the next push or shift. */
  peek(): Uint8Array {
    const at = this.head + SIZE_BYTES;
    return this.bytes.subarray(at, at + this.view.getUint32(this.head, true));
  }

  /** Drops the oldest frame. */
  shift(): void {
    this.head += SIZE_BYTES + this.view.getUint32(this.head, true);
    this.count--;
    if (this.count > 0) return;
    this.head = this.tail = 0;
    if (this.bytes.length > FIRST_BYTES) this.replace(0);
  }

  private reserve(more: number): void {
    if (this.tail + more <= this.bytes.length) return;
    // Twice what is held: a full queue that moves along is copied once per its own length.
    let size = FIRST_BYTES;
    while (size < 2 * (this.held + more)) size *= 2;
    this.replace(size);
  }

  /** Moves what is held to the start of a buffer of `size` bytes. */
  private replace(size: number): void {
    const moved = new Uint8Array(size);
    moved.set(this.bytes.subarray(this.head, this.tail));
    this.tail -= this.head;
    this.head = 0;
    this.bytes = moved;
    this.view = new DataView(moved.buffer);
  }
}
