// Owns what bench/peers.ts and the processes of a stack say to each other over IPC. Types only, and
// no dependency: bench/peers.ts is checked where the peers are not installed.

export type ServerOrder = 'cpu' | 'stop';

export type ServerReply =
  | { kind: 'ready'; url: string; token: string }
  /** Microseconds of user and system time since the process began, all its threads together. */
  | { kind: 'cpu'; us: number }
  | { kind: 'failed'; why: string };

export type LoadOrder = { kind: 'run'; inFlight: number; ms: number } | 'stop';

export interface Run {
  calls: number;
  /** Milliseconds from the first call to the last answer. */
  ms: number;
  /** Microseconds; of at most 100,000 calls, evenly taken. */
  p50: number;
  p99: number;
}

export type LoadReply =
  | { kind: 'ready' }
  | { kind: 'run'; run: Run }
  | { kind: 'failed'; why: string };
