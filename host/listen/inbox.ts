// Owns the cutting of a byte stream into whole frames: the kernel's `inbox` on a small memory of
// its own, so that streams and rings agree on what a frame is. One for all streams of a thread;
// never re-entered.
//
//   0        64 KB           + 4 KB            128 KB
//   +--------+---------------+-----------------+-----------------
//   | kernel | control block | an empty lane   | room: one message
//   +--------+---------------+-----------------+-----------------

import { C_LANE_BASE_WORD, C_MESSAGE_BYTES_WORD, CONTROL } from '../../assembly/shared/layout.ts';
import { MESSAGE_BYTES } from '../../assembly/shared/limits.ts';
import { createTable, loadKernel, loadModules } from '../lane/kernel.ts';

const LANE = CONTROL + 4096;
const ROOM = 128 << 10;
const PAGE = 64 << 10;

/** Where bytes are put to learn how many of them are whole frames. */
export interface Inbox {
  /** Scratch for the bytes in question; what lies here is the message's until the next `frames`. */
  readonly room: Uint8Array;
  /**
   * Bytes of whole frames at the start of `room`, of which `have` are filled. 0: none; -1:
   * malformed.
   */
  frames(have: number): number;
}

/**
 * A kernel to cut streams with. Throws when the kernel is not built.
 * @param messageBytes largest message; a frame above it is malformed
 */
export function createInbox(messageBytes: number = MESSAGE_BYTES): Inbox {
  const pages = Math.ceil((ROOM + messageBytes) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const words = new Uint32Array(memory.buffer);
  words[(CONTROL >> 2) + C_MESSAGE_BYTES_WORD] = messageBytes;
  words[(CONTROL >> 2) + C_LANE_BASE_WORD] = LANE;
  const kernel = loadKernel({ module: loadModules().kernel, memory, table: createTable() });
  kernel.attach(0);
  return {
    room: new Uint8Array(memory.buffer, ROOM, messageBytes),
    frames: (have) => kernel.inbox(ROOM, have) | 0,
  };
}
