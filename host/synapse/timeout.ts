// Owns time in the client: what a timeout may be, and one coarse timer for all calls (a timer a
// call would cost more than the call). Deadlines are checked every TICK_MS, so a timeout is kept
// to within that. Runs only while calls are out, and never keeps a process alive.

import { INVALID_ARGUMENT } from '../../assembly/shared/status.ts';
import { CellError } from './error.ts';

const TICK_MS = 10;
const U32_MAX = 0xffffffff;

/** An error when `timeout` is not a positive number of milliseconds (Infinity = none). */
export function checkTimeout(timeout: unknown, method?: string): CellError | null {
  if (typeof timeout === 'number' && timeout > 0) return null;
  const text = `timeout must be a positive number of milliseconds or Infinity, got ${timeout}`;
  return new CellError(INVALID_ARGUMENT, text, { method, unsent: true });
}

/** Milliseconds as a REQUEST carries them: 0 = no deadline, else at least 1. */
export function remaining(timeout: number): number {
  if (timeout > U32_MAX) return 0;
  return Math.max(1, Math.ceil(timeout));
}

export class Ticker {
  private readonly tick: () => void;
  private timer: ReturnType<typeof setInterval> | null = null;
  /** Reading of the clock that the current batch shares; 0 = not read yet. */
  private clock = 0;

  constructor(tick: () => void) {
    this.tick = tick;
  }

  /** The time at which a call made now with `timeout` is given up. Starts the timer. */
  due(timeout: number): number {
    if (this.clock === 0) this.clock = performance.now();
    if (this.timer === null) this.start();
    return this.clock + timeout;
  }

  /** The next call reads the clock again. */
  forget(): void {
    this.clock = 0;
  }

  start(): void {
    if (this.timer !== null) return;
    const timer = setInterval(this.tick, TICK_MS);
    (timer as { unref?: () => void }).unref?.();
    this.timer = timer;
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
