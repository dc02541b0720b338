// Owns the contract between a synapse and whatever carries its bytes. A transport moves whole
// frames; it knows no frame but, on streams, its length. Invariant, per dial: `opened` at most
// once, then any number of `message`, then exactly one `closed`; nothing after that.

export interface Transport {
  /** Name for diagnostics: 'websocket' | 'ws' | 'socket' | 'memory'. */
  readonly kind: string;
  /** Sends whole frames. The bytes are the caller's again when this returns. Never throws. */
  send(bytes: Uint8Array): void;
  /** Ends the connection with a WebSocket close code and a short reason. `closed` follows. */
  close(code: number, reason: string): void;
}

export interface TransportEvents {
  opened(): void;
  /**
   * Whole frames in [from, to) of `bytes`; `view` covers the same memory. Valid during the call.
   */
  message(bytes: Uint8Array, view: DataView, from: number, to: number): void;
  /** WebSocket close code (1006 = lost without a word) and the reason or error in words. */
  closed(code: number, reason: string): void;
}

/** Begins to connect. Errors of any kind arrive as `closed`, never as an exception. */
export type Dial = (events: TransportEvents) => Transport;

export const CLOSE_NORMAL = 1000;
export const CLOSE_PROTOCOL = 1002;
export const CLOSE_UNSUPPORTED = 1003;
export const CLOSE_LOST = 1006;
