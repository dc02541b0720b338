// Owns the progress words of a lane while guests of the waiting tier run: which route has the CPU
// and since when (a new sequence number). The kernel writes the same words during a drain; the two
// never overlap.
//
// Guests that resume in one tick are queued by `enter` in the order in which they will run, so the
// first entry is the one that has the CPU. A guest that never gives it back is found there by the
// watchdog.
import {
  L_BUDGET_WORD,
  L_CPU_SLOT_WORD,
  L_INNER_ROUTE_WORD,
  L_ROUTE_WORD,
  L_SEQUENCE_WORD,
} from '../../assembly/shared/layout.ts';

/** No route has the CPU. */
export const ROUTE_NONE = 0xffffffff;

/** Who may have the CPU: a route, and its own budget where it is not the route's. */
export interface Mark {
  route: number;
  /** Pending slot + 1 of the call; 0 = none (a start). */
  slot: number;
  /** Milliseconds; 0 = R_CPU_MS of the route. */
  budgetMs: number;
  /** Route of the cell that it called and that has its stack now; ROUTE_NONE = it runs itself. */
  inner: number;
}

/** The words at `word` (u32 index of the lane's block) of one lane. */
export class Marks {
  private readonly words: Int32Array;
  private readonly word: number;
  private readonly order: Mark[] = [];

  constructor(words: Int32Array, word: number) {
    this.words = words;
    this.word = word;
    this.show(undefined);
  }

  /** `mark` runs next, after those entered before it. */
  enter(mark: Mark): void {
    if (this.order.push(mark) === 1) this.show(mark);
  }

  /** `mark` stands still or is done. Harmless when it was not entered. */
  leave(mark: Mark): void {
    const at = this.order.indexOf(mark);
    if (at < 0) return;
    this.order.splice(at, 1);
    if (at === 0) this.show(this.order[0]);
  }

  /** `mark.inner` has changed: the time that its stack has used goes on. */
  turn(mark: Mark): void {
    if (this.order[0] !== mark) return;
    Atomics.store(this.words, this.word + L_INNER_ROUTE_WORD, mark.inner | 0);
  }

  /** A drain begins or has ended: meanwhile the words are the kernel's. Guests that are about to go
   *  on when it begins go on after it. */
  draining(begins: boolean): void {
    if (this.order.length > 0) this.show(begins ? undefined : this.order[0]);
  }

  private show(mark: Mark | undefined): void {
    Atomics.add(this.words, this.word + L_SEQUENCE_WORD, 1);
    Atomics.store(this.words, this.word + L_BUDGET_WORD, mark?.budgetMs ?? 0);
    Atomics.store(this.words, this.word + L_CPU_SLOT_WORD, mark?.slot ?? 0);
    Atomics.store(this.words, this.word + L_INNER_ROUTE_WORD, (mark?.inner ?? ROUTE_NONE) | 0);
    Atomics.store(this.words, this.word + L_ROUTE_WORD, (mark?.route ?? ROUTE_NONE) | 0);
  }
}
