// Owns who may take one more of the lane's SUSPENDED stacks, and of its places for waiting calls.
// Some are set aside for other cells: a guest whose calls never come back takes the rest, and does
// not keep its neighbours from waiting.

import { SUSPENDED, WAITING } from '../../assembly/shared/limits.ts';
import type { Pool } from '../cell/pool.ts';

/** Stacks set aside at most: with many cells the others would get none beyond their first. */
const ASIDE = SUSPENDED / 4;
/** Waiting calls of one cell among others. */
const CALLS_MOST = WAITING - WAITING / 4;

export class Stacks {
  /** Stacks in use. */
  taken = 0;
  /** Cells that wait at times and do not now. */
  private resting = 0;
  private readonly runs = new Map<Pool, number>();

  /** A cell of this lane has methods that wait. */
  know(pool: Pool): void {
    if (this.runs.has(pool)) return;
    this.runs.set(pool, 0);
    this.resting++;
  }

  /** The cell is not held any more; none of its calls was begun. */
  forget(pool: Pool): void {
    if (this.runs.get(pool) !== 0) return;
    this.runs.delete(pool);
    this.resting--;
  }

  /** Whether a call of `pool` may begin now. */
  free(pool: Pool): boolean {
    const aside = this.runs.get(pool) === 0 ? 0 : Math.min(this.resting, ASIDE);
    return this.taken + aside < SUSPENDED;
  }

  /** Whether `pool` has as many of the lane's places for waiting calls as one cell may have. */
  crowded(pool: Pool): boolean {
    return this.runs.size > 1 && pool.calls >= CALLS_MOST;
  }

  begin(pool: Pool): void {
    const runs = this.runs.get(pool) ?? 0;
    if (runs === 0) this.resting--;
    this.runs.set(pool, runs + 1);
    this.taken++;
  }

  end(pool: Pool): void {
    const runs = (this.runs.get(pool) ?? 1) - 1;
    this.runs.set(pool, runs);
    if (runs === 0) this.resting++;
    this.taken--;
  }
}
