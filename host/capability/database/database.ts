// Owns the imports of `cell:database` for one guest: pointers in, bytes or -status out. Never holds
// a view over an await, never trusts a pointer; what was answered is held until it is taken.
import {
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  RESOURCE_EXHAUSTED,
} from '../../../assembly/shared/status.ts';
import { AdminError } from '../../database/admin.ts';
import type { Guest } from '../contract.ts';
import { QUESTION_BYTES } from './contract.ts';
import type { DatabaseDriver } from './open.ts';

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();

class DatabaseGuest {
  readonly #databases: DatabaseDriver;
  readonly #guest: Guest;
  #held: Uint8Array = NOTHING;
  #isError = false;

  constructor(databases: DatabaseDriver, guest: Guest) {
    this.#databases = databases;
    this.#guest = guest;
  }

  readonly ask = (operation: number, at: number, length: number): bigint | Promise<bigint> => {
    const bytes = this.#guest.bytes();
    const [from, size] = [at >>> 0, length >>> 0];
    if (from > bytes.length || size > bytes.length - from) return BigInt(-INVALID_ARGUMENT);
    if (size > QUESTION_BYTES) {
      return this.#refused(new AdminError(RESOURCE_EXHAUSTED, `a question of ${size} bytes`));
    }
    const question = bytes.slice(from, from + size);
    if (!this.#guest.suspended()) {
      return this.#refused(
        new AdminError(FAILED_PRECONDITION, 'a database is asked by calls that may wait only'),
      );
    }
    return this.#databases.answer(operation, question).then(
      (answer) => {
        this.#guest.resuming();
        this.#held = answer;
        this.#isError = false;
        return BigInt(answer.length);
      },
      (error: unknown) => {
        this.#guest.resuming();
        return this.#refused(error);
      },
    );
  };

  /** Copies what is held; -INVALID_ARGUMENT where it does not fit into the memory. */
  readonly take = (at: number): number => {
    const bytes = this.#guest.bytes();
    const to = at >>> 0;
    const held = this.#held;
    this.#held = NOTHING;
    this.#isError = false;
    if (to > bytes.length || held.length > bytes.length - to) return -INVALID_ARGUMENT;
    bytes.set(held, to);
    return held.length;
  };

  readonly error = (): number => (this.#isError ? this.#held.length : 0);

  #refused(error: unknown): bigint {
    const told =
      error instanceof AdminError
        ? error
        : new AdminError(INTERNAL, `the host failed: ${(error as Error).message}`);
    this.#held = encoder.encode(told.message);
    this.#isError = true;
    return BigInt(-told.status);
  }
}

/** The imports of one guest over the databases of its lane. */
export function databaseImports(
  databases: DatabaseDriver,
  guest: Guest,
): Record<string, WebAssembly.ImportValue> {
  const made = new DatabaseGuest(databases, guest);
  return {
    'cell:database.ask': new WebAssembly.Suspending(made.ask) as unknown as WebAssembly.ImportValue,
    'cell:database.take': made.take,
    'cell:database.error': made.error,
  };
}
