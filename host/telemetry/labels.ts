// Owns the sets of labels that callers have: a small number for "plan=gold, region=eu", given at
// HELLO, so that the kernel counts by number (S_LABELS) and never looks at a claim. Bounded: what
// comes after the last set is counted together, as "other".
//
//   0           no claim that a loaded cell asks for      labels are ""
//   1 .. 254    sets, in the order in which they were met
//   255         all others                                labels are "other"

import { LABEL_SETS } from '../../assembly/shared/limits.ts';

/** Number of the callers whose set came too late. */
export const OTHER_LABELS = LABEL_SETS - 1;
const OTHER = 'other';

/** The sets of one host. */
export class Labels {
  /** Claims that counters of loaded cells name, in the order of loading. */
  private readonly claims: string[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly sets: Record<string, string>[] = [Object.create(null)];
  /** Called when further claims count: open sessions must be given their sets anew. */
  onGrow: () => void = () => {};

  /** Claims that a cell's counters name, before it is loaded. */
  demand(claims: readonly string[]): void {
    const fresh = [...new Set(claims)].filter((claim) => !this.claims.includes(claim));
    if (fresh.length === 0) return;
    this.claims.push(...fresh);
    this.onGrow();
  }

  /** Number of the set that a caller with these claims has. */
  of(claims: Readonly<Record<string, string>>): number {
    const values = this.claims.map((claim) => (Object.hasOwn(claims, claim) ? claims[claim] : ''));
    if (values.every((value) => value === '')) return 0;
    const key = JSON.stringify(values);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    if (this.sets.length >= OTHER_LABELS) return OTHER_LABELS;
    const set: Record<string, string> = Object.create(null);
    for (const [i, claim] of this.claims.entries()) set[claim] = values[i];
    this.numbers.set(key, this.sets.length);
    return this.sets.push(set) - 1;
  }

  /** Value of a claim in a set: "" without one. */
  value(set: number, claim: string): string {
    if (set >= OTHER_LABELS) return OTHER;
    return this.sets[set]?.[claim] ?? '';
  }
}
