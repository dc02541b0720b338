// Owns the contract between listeners (uWebSockets.js, ws, Unix socket / TCP, in-process) and the
// road behind them. A listener moves messages; it never parses a frame and never blocks.
// Invariant: `opened`, then any number of `message`, then exactly one `closed`, per connection.

/** What happened to bytes given to `Wire.send`. */
export type Sent = 'sent' | 'buffered' | 'dropped';

/** One connection, as a listener offers it. */
export interface Wire {
  /** Name of the listener, for diagnostics: 'uws' | 'ws' | 'socket' | 'memory'. */
  readonly kind: string;
  /** Remote address, or a description for local ones. Keys the limiter for anonymous callers. */
  readonly remote: string;
  /** Bytes that were sent and are not yet with the kernel. */
  buffered(): number;
  /**
   * Sends one message of whole frames. The bytes are the listener's only until this returns: it
   * copies what it must keep. They may be a view on shared memory.
   */
  send(bytes: Uint8Array): Sent;
  /** Runs `batch`; messages sent inside leave together where the listener can do that. */
  cork(batch: () => void): void;
  /**
   * Ends the connection with a WebSocket close code and a reason of at most 123 bytes; `closed` is
   * called before this returns (within `opened`: right after it). A stream has no close frame:
   * there an ERROR frame with call id 0, the code in AT_EXTRA and the reason as error record comes
   * last.
   */
  close(code: number, reason: string): void;
}

/** What a listener calls. Implemented by host/session/reception.ts. C is its own state. */
export interface Reception<C = unknown> {
  /** A connection stands (origin and host were checked). Returns the state handed back later. */
  opened(wire: Wire): C;
  /** One message: whole frames. `bytes` are valid only during the call. */
  message(connection: C, bytes: Uint8Array): void;
  /** Everything buffered has left. */
  drained(connection: C): void;
  closed(connection: C): void;
}

/** Plain HTTP on the listener's port: pages and small JSON. Static content only, never calls. */
export interface HttpRequest {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
}
export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array | string;
}
export type HttpHandler = (request: HttpRequest) => HttpReply | Promise<HttpReply>;

export interface ListenOptions {
  host: string; // default 127.0.0.1
  port: number; // 0 = any free one
  /** Unix socket path for the socket listener, instead of host and port. */
  path?: string;
  /** Origins that a browser may come from, beside the listener's own. `*` is not accepted. */
  origins: string[];
  /** Host header names that are answered, beside loopback names (DNS rebinding). */
  hosts: string[];
  /** Path of the WebSocket, default `/cell`. */
  upgradePath: string;
  messageBytes: number; // limits.ts MESSAGE_BYTES
  backpressureBytes: number; // limits.ts BACKPRESSURE_BYTES
  http?: HttpHandler;
}

export interface Listener {
  readonly kind: string;
  /** Where it listens: `ws://127.0.0.1:4400/cell`, `unix:/path`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export type Listen = <C>(options: ListenOptions, reception: Reception<C>) => Promise<Listener>;
