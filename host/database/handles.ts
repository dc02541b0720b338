// Owns what is known of prepared changes: which handles share the transaction that is open, and how
// each ended. Runs nothing.

/** marked: to be committed, with the last open one. rolled, lost: nothing of it stands. */
type State = 'open' | 'marked' | 'committed' | 'rolled' | 'lost';

export interface Handle {
  readonly savepoint: string;
  state: State;
}

/** Handles that have ended are kept for questions that come late; no more than this. */
const KEPT = 1024;

export class Handles {
  readonly #all = new Map<string, Handle>();
  #next = 0;

  /** Takes part in the transaction, after all others. */
  add(name: string): Handle {
    const handle: Handle = { savepoint: `cell_${this.#next++}`, state: 'open' };
    this.#all.delete(name);
    this.#all.set(name, handle);
    if (this.#all.size > KEPT) {
      const old = [...this.#all].find(([, { state }]) => state !== 'open' && state !== 'marked');
      if (old !== undefined) this.#all.delete(old[0]);
    }
    return handle;
  }

  get(name: string): Handle | undefined {
    return this.#all.get(name);
  }

  /** Those of the open transaction, the first one first. */
  standing(): Handle[] {
    return [...this.#all.values()].filter(({ state }) => state === 'open' || state === 'marked');
  }

  /** Its savepoint was rolled back, and with it all that came after. */
  rolled(handle: Handle): void {
    let after = false;
    for (const one of this.standing()) {
      after ||= one === handle;
      if (after) one.state = 'rolled';
    }
  }

  /** The transaction has ended. */
  ended(state: 'committed' | 'rolled' | 'lost'): void {
    for (const one of this.standing()) one.state = state;
  }
}
