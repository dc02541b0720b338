// Owns the cutting of a byte stream into whole frames: the kernel's `inbox`, on a small memory of its own, so
// that streams and rings agree on what a frame is. One for all streams of a thread; never re-entered.

/** Where bytes are put to learn how many of them are whole frames. */
export interface Inbox {
  /** Scratch for the bytes in question; what lies here is the message's until the next `frames`. */
  readonly room: Uint8Array;
  /** Bytes of whole frames at the start of `room`, of which `have` are filled. 0: none; -1: malformed. */
  frames(have: number): number;
}
