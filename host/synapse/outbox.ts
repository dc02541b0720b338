// Owns the bytes of the batch that is being written. One buffer for the life of a synapse: frames
// are encoded in place, sent as one view, and overwritten by the next batch. Never knows what a
// frame means. Invariant: [0, at) are whole frames; what lies beyond is scratch.
//
//   0            at            at + 16               at + 16 + payload
//   | whole frames | header ... | payload being encoded | free, at least SLACK bytes
//   +--------------+------------+-----------------------+-----

import { HEADER_BYTES } from '../../assembly/shared/frame.ts';
import type { Outbox } from './contract.ts';

/**
 * Bytes kept free behind what `grow` promised: the padding of a frame never needs a second check.
 */
const SLACK = 8;
const FIRST_BYTES = 64 << 10;

export class Batch implements Outbox {
  bytes: Uint8Array;
  view: DataView;
  /** Where the next frame begins. */
  at = 0;
  /** Largest frame, header included. Set from WELCOME. */
  messageBytes: number;

  constructor(messageBytes: number) {
    this.messageBytes = messageBytes;
    this.bytes = new Uint8Array(FIRST_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room up to byte `end` of the buffer. RangeError when the frame gets too large. */
  grow(end: number): void {
    const frame = end - this.at;
    if (frame > this.messageBytes) {
      throw new RangeError(
        `arguments of ${frame - HEADER_BYTES} bytes or more: a message may have ` +
          `${this.messageBytes} bytes, header included`,
      );
    }
    if (end + SLACK <= this.bytes.length) return;
    let size = this.bytes.length * 2;
    while (size < end + SLACK) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
