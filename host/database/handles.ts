// Owns what is known of prepared changes: which handles share the transaction that is open, and how
// each ended. Runs nothing.

import { ABORTED, FAILED_PRECONDITION, NOT_FOUND } from '../../assembly/shared/status.ts';
import { AdminError, HOLD_MS } from './admin.ts';

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

  /** Whether a name is taken: it is prepared, and has not ended. */
  stands(name: string): boolean {
    const state = this.#all.get(name)?.state;
    return state === 'open' || state === 'marked';
  }

  /** Marks it for the commit; false: it is committed. Throws AdminError when it cannot be. */
  mark(name: string): boolean {
    const handle = this.#known(name);
    if (handle.state === 'committed') return false;
    if (handle.state === 'rolled') {
      throw new AdminError(FAILED_PRECONDITION, `\`${name}\` was rolled back`);
    }
    handle.state = 'marked';
    return true;
  }

  /** What is to be rolled back; null: it was. Throws AdminError when it cannot be. */
  undoable(name: string): Handle | null {
    const handle = this.#known(name);
    if (handle.state === 'committed') {
      throw new AdminError(FAILED_PRECONDITION, `\`${name}\` is committed`);
    }
    return handle.state === 'rolled' ? null : handle;
  }

  #known(name: string): Handle {
    const handle = this.#all.get(name);
    if (handle === undefined) throw new AdminError(NOT_FOUND, `\`${name}\` was not prepared here`);
    if (handle.state !== 'lost') return handle;
    const why = `its connection was lost, or it stood open for ${HOLD_MS / 1000} s`;
    throw new AdminError(ABORTED, `\`${name}\` was rolled back: ${why}`);
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
