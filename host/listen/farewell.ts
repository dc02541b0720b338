// Owns how many bytes may wait for peers whose connection is already closed on our side: they have
// some seconds to read them, with the reason at the end. Threat: connections that are made only to
// leave megabytes behind, which no count of open connections sees any more.

import { PARK_BYTES } from '../../assembly/shared/limits.ts';
import { Budget } from './budget.ts';

export class Farewells {
  private readonly budget: Budget;
  private readonly lastsMs: number;

  /** @param lastsMs milliseconds until the listener cuts such a connection off */
  constructor(lastsMs: number, limit: number = PARK_BYTES) {
    this.lastsMs = lastsMs;
    this.budget = new Budget(limit);
  }

  /** False: too much waits already; cut the connection with its `bytes` off at once. */
  allow(bytes: number): boolean {
    if (bytes === 0) return true;
    if (!this.budget.take(bytes)) return false;
    setTimeout(() => this.budget.give(bytes), this.lastsMs).unref();
    return true;
  }
}
