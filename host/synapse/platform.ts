// Owns what a program may say about a connection, and what differs between a browser and Node.

import type { Backoff, Target } from './link.ts';
import type { TraceSource } from './trace.ts';
import type { Dial } from './transport.ts';

export type Token = string | null | (() => string | null | Promise<string | null>);

export interface ConnectOptions {
  /**
   * `ws://`, `wss://`; in Node also `unix:/path` and `tcp://host:port`. Absent: the host is
   * found.
   */
  url?: string;
  /** Bearer token, or a function that is asked at every connection and before the token expires. */
  token?: Token;
  /**
   * Milliseconds a call may take unless it says otherwise. Default 30000; Infinity = no deadline.
   */
  timeout?: number;
  /** Milliseconds to reach the host and be welcomed. Default 10000. */
  connectTimeout?: number;
  /** How to come back after a loss; false = not at all. */
  reconnect?: boolean | Partial<Backoff>;
  /** Bytes of calls that may wait here for credit or a connection. Default 16 MB. */
  queueBytes?: number;
  /** Milliseconds of silence before a PING. Default 20000; Infinity = never. */
  keepalive?: number;
  /** Who this program is, for the host's log. */
  agent?: string;
  /** Development only, Node: who the minted token speaks for, when the host is found. */
  as?: {
    subject?: string;
    roles?: string[];
    scopes?: string[];
    claims?: Record<string, string>;
  };
  /**
   * The trace that a call belongs to: asked at each call, answers a W3C `traceparent`, or null for
   * none. With OpenTelemetry: `trace: () => { const c = trace.getActiveSpan()?.spanContext();
   * return c ? `00-${c.traceId}-${c.spanId}-0${c.traceFlags}` : null; }`.
   */
  trace?: TraceSource;
  /** Another way to carry bytes than the url's: in-process, or a test's. */
  dial?: Dial;
}

/** What differs between a browser and Node. */
export interface Platform {
  agent: string;
  /** Where to connect and with which token, for options without `dial`. Throws CellError. */
  find(options: ConnectOptions): Target | Promise<Target>;
}

/** The token of the options as a function; `otherwise` is asked when none is given. */
export function tokenOf(
  options: ConnectOptions,
  otherwise: () => string | null | Promise<string | null> = () => null,
): Target['token'] {
  const { token } = options;
  if (token === undefined) return otherwise;
  return typeof token === 'function' ? token : () => token;
}
