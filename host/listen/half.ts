// Owns what one stream connection has received of a frame that is not whole yet. Grows with what
// has arrived, not with what the header promises: a stranger who announces a megabyte and sends
// four bytes costs 4 KB. Every byte of capacity is taken from the shared budget and given back.

import { AT_LENGTH, FRAME_ALIGN, HEADER_BYTES } from '../../assembly/shared/frame.ts';
import type { Budget } from './budget.ts';

const FIRST_BYTES = 4096;
const EMPTY = new Uint8Array(0);

/**
 * Bytes of the frame whose beginning is given, padding included; a header's when that is cut short.
 */
export function frameBytes(bytes: Uint8Array): number {
  if (bytes.length < AT_LENGTH + 4) return HEADER_BYTES;
  const a = AT_LENGTH;
  const length =
    (bytes[a] | (bytes[a + 1] << 8) | (bytes[a + 2] << 16) | (bytes[a + 3] << 24)) >>> 0;
  return Math.ceil((HEADER_BYTES + length) / FRAME_ALIGN) * FRAME_ALIGN;
}

export class Half {
  private bytes = EMPTY;
  private readonly budget: Budget;
  have = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** What has arrived of the frame. A view, valid until the next `take` or `clear`. */
  get view(): Uint8Array {
    return this.bytes.subarray(0, this.have);
  }

  /** Bytes of the whole frame as far as its header tells. */
  get need(): number {
    return frameBytes(this.view);
  }

  /**
   * Copies `chunk` to the end. False: the budget of all connections is spent; nothing was taken.
   */
  take(chunk: Uint8Array): boolean {
    const end = this.have + chunk.length;
    if (end > this.bytes.length) {
      const capacity = Math.max(FIRST_BYTES, 2 * this.bytes.length, end);
      if (!this.budget.take(capacity - this.bytes.length)) return false;
      const grown = new Uint8Array(capacity);
      grown.set(this.view);
      this.bytes = grown;
    }
    this.bytes.set(chunk, this.have);
    this.have = end;
    return true;
  }

  clear(): void {
    this.budget.give(this.bytes.length);
    this.bytes = EMPTY;
    this.have = 0;
  }
}
