// Owns the fate of writes that are committed together: who waits for it is told once.
import { UNAVAILABLE } from '../../../assembly/shared/status.ts';
import type { KvFailure } from './contract.ts';

/** Who waits for a batch. */
export interface Waiter {
  /** It is stored (null), or is not. Must not throw. */
  told(failure: KvFailure | null): void;
}

export class Batch {
  settled = false;
  /** Why it is not stored; null while it is open, and when it is. */
  failure: KvFailure | null = null;
  private waiters: Waiter[] = [];

  /** `waiter` is told when the batch is stored or has failed: at once when that is known. */
  await(waiter: Waiter): void {
    if (this.settled) waiter.told(this.failure);
    else this.waiters.push(waiter);
  }

  settle(failure: KvFailure | null): void {
    this.settled = true;
    this.failure = failure;
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter.told(failure);
  }

  /** Resolves when it is stored (null), or has failed. */
  end(): Promise<KvFailure | null> {
    return new Promise((resolve) => this.await({ told: resolve }));
  }
}

/** What a call owes whose instance was lost before it ended: the same for all. */
export const LOST = new Batch();
LOST.settle({ status: UNAVAILABLE, text: 'what this call saw could not be stored; call again' });
