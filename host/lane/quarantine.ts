// Owns which cells may not be entered for a while because lanes were lost to them. One input that
// kills its lane again and again thus costs its neighbours QUARANTINE_STRIKES lanes, and no more.
import { QUARANTINE_MS, QUARANTINE_STRIKES } from '../../assembly/shared/limits.ts';

/** Strikes by cell. `change` is called when a cell's quarantine begins and when it ends. */
export class Quarantine {
  private readonly strikes = new Map<number, number[]>();
  private readonly ends = new Map<number, NodeJS.Timeout>();
  private readonly change: (cell: number, on: boolean) => void;
  private readonly now: () => number;

  constructor(change: (cell: number, on: boolean) => void, now = (): number => performance.now()) {
    this.change = change;
    this.now = now;
  }

  /** A lane was lost to `cell`. Returns whether that put it in quarantine. */
  strike(cell: number): boolean {
    const now = this.now();
    const recent = (this.strikes.get(cell) ?? []).filter((t) => now - t < QUARANTINE_MS);
    recent.push(now);
    this.strikes.set(cell, recent);
    if (recent.length < QUARANTINE_STRIKES || this.ends.has(cell)) return false;
    this.strikes.delete(cell);
    this.ends.set(cell, setTimeout(() => this.release(cell), QUARANTINE_MS).unref());
    this.change(cell, true);
    return true;
  }

  has(cell: number): boolean {
    return this.ends.has(cell);
  }

  /** Ends a quarantine, at its time or before it. */
  release(cell: number): void {
    const timer = this.ends.get(cell);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.ends.delete(cell);
    this.change(cell, false);
  }

  /** Forgets everything; no timer stays. */
  stop(): void {
    for (const timer of this.ends.values()) clearTimeout(timer);
    this.ends.clear();
  }
}
