// Owns what generated clients may rely on: `.cell/clients/*.ts` import only this, codec.ts and
// index.ts (as "cell/synapse"). Runs in browsers: nothing from Node here.

/** Where a generated encoder writes a call's arguments. */
export interface Outbox {
  bytes: Uint8Array;
  view: DataView;
  /**
   * Makes room up to byte `end`; replaces bytes and view when they were too small. RangeError above
   * the message limit. An encoder calls it at least once, with where its payload ends.
   */
  grow(end: number): void;
}

/** Writes one value's payload at `at`; returns its bytes. Throws TypeError naming the field. */
export type Encode<A extends unknown[]> = (out: Outbox, at: number, ...args: A) => number;
/** Reads the payload in [from, to). Throws RangeError on a malformed one. */
export type Decode<T> = (bytes: Uint8Array, view: DataView, from: number, to: number) => T;

export interface CallOptions {
  /** Milliseconds until the call is given up, here and at the cell. */
  timeout?: number;
  signal?: AbortSignal;
}

/** A method as a client names it in HELLO. */
export interface MethodRef {
  name: string;
  fingerprint: bigint;
  text: string;
  /** CHANNEL_* of frame.ts that its calls go out on; absent = APP. */
  channel?: number;
}

/** What a generated method does:
 *    const s = this.synapse; const at = s.begin();
 *    try { return s.end(this.first + 2, encodeGet(s.outbox, at, id), decodeGet, options); }
 *    catch (e) { return s.refuse(e); }
 */
export interface Caller {
  readonly outbox: Outbox;
  /** Reserves a frame header in the outbox; returns where the payload begins. */
  begin(): number;
  /** Completes the frame for method number `method` (index in this synapse's method list). */
  end<T>(method: number, bytes: number, decode: Decode<T>, options?: CallOptions): Promise<T>;
  /** A rejected promise for an encoder's error; the begun frame is dropped. */
  refuse(error: unknown): Promise<never>;
}
