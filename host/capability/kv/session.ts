// Owns what one instance of a cell has written in the call at hand. Its host takes that over when
// the call has ended (`ended`); a call that trapped has written nothing.
import { TRAPPED } from '../contract.ts';
import type { Batch } from './batch.ts';
import type { KvFailure } from './contract.ts';
import type { Journal } from './journal.ts';
import { Writes } from './writes.ts';

export class Session {
  readonly journal: Journal;
  readonly writes = new Writes();
  /** Fields that this call has written and of which the store does not know what they hold. */
  readonly written: number[] = [];
  /** What the instance has in memory is not what is stored: it must serve no further call. */
  lost = false;
  /** True once calls are served: snapshots are for `start()`. */
  begun = false;
  /** Told when the store has lost what the instance wrote; the instance is to be replaced. */
  told: (failure: KvFailure) => void = () => {};

  constructor(journal: Journal) {
    this.journal = journal;
    journal.join(this);
  }

  /** The call in hand has left the instance. */
  ended(status: number): Batch | null {
    if (status === TRAPPED) {
      this.lost = true;
      this.journal.leave(this);
    }
    const batch = status === TRAPPED ? null : this.journal.append(this);
    this.writes.drop();
    this.written.length = 0;
    return batch;
  }

  lose(): void {
    this.lost = true;
    this.writes.drop();
    this.written.length = 0;
  }
}
