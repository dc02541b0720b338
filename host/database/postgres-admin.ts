// Owns the administration of one PostgreSQL database, embedded or not (contract: admin.ts).

import { setTimeout as sleep } from 'node:timers/promises';
import { INVALID_ARGUMENT, UNAVAILABLE, UNKNOWN } from '../../assembly/shared/status.ts';
import {
  type Admin,
  AdminError,
  type AdminOptions,
  adminError,
  alreadyThere,
  type Change,
  HOLD_MS,
  type Info,
  moved,
  noTurn,
  shown,
  TURN_MS,
} from './admin.ts';
import { Connection, DatabaseError, type Row, Unreachable } from './connection.ts';
import { refuseEndings } from './endings.ts';
import { Handles } from './handles.ts';
import { type Applied, ledgerMark, lockLedger, readLedger, writeLedger } from './ledger.ts';
import { ensureRole, ensureSchema, isOwnable, mayCreateRoles, quoted, schemaOf } from './roles.ts';
import { dropStamp, stampEmbedded } from './stamp.ts';
import type { Target } from './targets.ts';

/** Milliseconds that a server may be away after it went in the middle of a commit. */
const RETURN_MS = 5000;

export class PostgresAdmin implements Admin {
  readonly #target: Target;
  readonly #options: Required<AdminOptions>;
  readonly #handles = new Handles();
  #connection: Connection | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #hold: NodeJS.Timeout | undefined;
  /** Ledger of each service as the open transaction leaves it. */
  readonly #marks = new Map<string, string>();
  #open = false;
  #closed = false;

  constructor(target: Target, { statementMs = 0, turnMs = TURN_MS }: AdminOptions = {}) {
    this.#target = target;
    this.#options = { statementMs, turnMs };
  }

  info(): Promise<Info> {
    return this.aside(async (connection) => {
      const [row = []] = await connection.rows(
        "select current_setting('server_version_num'), pg_catalog.version()",
      );
      return {
        engine: 'postgres',
        version: Number(row[0]),
        server: row[1] ?? '',
        embedded: this.#target.kind === 'embedded',
        createsRoles: await mayCreateRoles(connection),
      };
    });
  }

  query(sql: string, args: (string | null)[]): Promise<{ columns: string[]; rows: Row[] }> {
    return this.aside((connection) => connection.table(sql, args), true);
  }

  ledger(service: string): Promise<Applied[]> {
    return this.aside((connection) => readLedger(connection, service), true);
  }

  /**
   * Runs `work` in a transaction that is rolled back: its own, or a part of the one that stands
   * open. `readOnly`: what would write is refused. Rejects with AdminError.
   */
  aside<T>(work: (connection: Connection) => Promise<T>, readOnly = false): Promise<T> {
    return this.#inTurn('asking the database', async (connection) => {
      const [begin, end] = this.#open
        ? ['savepoint cell_aside', 'rollback to savepoint cell_aside; release savepoint cell_aside']
        : ['begin', 'rollback'];
      await connection.run(readOnly ? `${begin}; set local transaction_read_only = on` : begin);
      try {
        return await work(connection);
      } finally {
        if (!connection.ended) await connection.run(end);
      }
    });
  }

  prepare(change: Change): Promise<void> {
    if (!isOwnable(schemaOf(change.service))) {
      const text = `\`${change.service}\` cannot own a schema of that name`;
      return Promise.reject(new AdminError(INVALID_ARGUMENT, text));
    }
    return this.#inTurn(`preparing \`${change.service}\``, async (connection) => {
      if (this.#handles.stands(change.handle)) {
        throw new AdminError(INVALID_ARGUMENT, `\`${change.handle}\` is prepared already`);
      }
      await this.#begin(connection);
      const handle = this.#handles.add(change.handle);
      await connection.run(`savepoint ${handle.savepoint}`);
      try {
        await this.#apply(connection, change);
      } catch (error) {
        await this.#takeBack(connection, handle.savepoint);
        this.#handles.rolled(handle);
        await this.#settle(connection);
        throw error;
      }
    });
  }

  commit(name: string): Promise<void> {
    return this.#inTurn('committing', async (connection) => {
      if (this.#handles.mark(name)) await this.#settle(connection);
    });
  }

  rollback(name: string): Promise<void> {
    return this.#inTurn('rolling back', async (connection) => {
      const handle = this.#handles.undoable(name);
      if (handle === null) return;
      await this.#takeBack(connection, handle.savepoint);
      this.#handles.rolled(handle);
      await this.#settle(connection);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#hold);
    const connection = this.#connection;
    this.#connection = undefined;
    if (this.#open) connection?.drop();
    this.#ended('lost');
    await connection?.close();
  }

  /** One after the other; every error has a status. */
  #inTurn<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      try {
        return await work(await this.#live());
      } catch (error) {
        throw adminError(error, doing);
      }
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  async #live(): Promise<Connection> {
    if (this.#closed) throw new AdminError(UNAVAILABLE, 'the host is closing');
    if (this.#connection !== undefined && !this.#connection.ended) return this.#connection;
    // What was open on the last one was rolled back with it.
    this.#ended('lost');
    this.#connection = await Connection.open(this.#target, this.#options);
    return this.#connection;
  }

  async #begin(connection: Connection): Promise<void> {
    if (this.#open) return;
    await connection.run('begin');
    try {
      await lockLedger(connection, this.#options.turnMs);
    } catch (error) {
      if (!connection.ended) await connection.run('rollback');
      if (!(error instanceof DatabaseError) || error.sqlstate !== '55P03') throw error;
      throw noTurn(this.#options.turnMs);
    }
    this.#open = true;
    this.#hold = setTimeout(() => {
      this.#ended('lost');
      connection.drop();
    }, HOLD_MS);
    this.#hold.unref();
  }

  async #apply(connection: Connection, change: Change): Promise<void> {
    const { service, expected, steps, rows } = change;
    const ledger = await readLedger(connection, service);
    const found = ledgerMark(ledger);
    if (found !== expected) {
      if (alreadyThere(ledger, rows)) return;
      throw moved(service, expected, found);
    }
    const schema = schemaOf(service);
    await ensureSchema(connection, schema);
    await connection.run(`set local search_path = ${quoted(schema)}, pg_temp`);
    refuseEndings(steps);
    await runSteps(connection, steps);
    await connection.run('set local search_path = default');
    await writeLedger(connection, service, rows);
    this.#marks.set(service, ledgerMark(await readLedger(connection, service)));
    await ensureRole(connection, schema);
  }

  /** Back to a savepoint; the transaction goes on. */
  async #takeBack(connection: Connection, savepoint: string): Promise<void> {
    if (connection.ended) return;
    try {
      await connection.run(`rollback to savepoint ${savepoint}`);
    } catch (error) {
      // Without the savepoint nobody knows what stands: the server rolls all of it back.
      connection.drop();
      throw error;
    }
  }

  /** Ends the transaction once no handle of it is open. */
  async #settle(connection: Connection): Promise<void> {
    const standing = this.#handles.standing();
    if (!this.#open || standing.some(({ state }) => state === 'open')) return;
    if (standing.length === 0) {
      this.#ended('rolled');
      if (!connection.ended) await connection.run('rollback');
      return;
    }
    clearTimeout(this.#hold);
    try {
      // Before the commit: after it the embedded one may be another's for a while.
      await stampEmbedded(this.#target, connection);
      await connection.run('commit');
    } catch (error) {
      dropStamp(this.#target);
      if (!connection.ended) await connection.run('rollback');
      if (!(error instanceof Unreachable) || !(await this.#wasCommitted(error))) {
        this.#ended(error instanceof Unreachable ? 'lost' : 'rolled');
        throw error;
      }
    }
    this.#ended('committed');
  }

  /** The connection went while it committed: the ledger says whether the server did. */
  async #wasCommitted(error: Unreachable): Promise<boolean> {
    try {
      const connection = await this.#reconnect();
      for (const [service, mark] of this.#marks) {
        if (ledgerMark(await readLedger(connection, service)) !== mark) return false;
      }
      await stampEmbedded(this.#target, connection);
      return true;
    } catch {
      this.#ended('lost');
      throw new AdminError(
        UNKNOWN,
        `${error.message}; it went while the change was being committed, and does not answer: ` +
          'nobody knows whether it stands. `cell db` says',
      );
    }
  }

  /** Waits for a server that starts again. */
  async #reconnect(): Promise<Connection> {
    const began = performance.now();
    for (;;) {
      try {
        this.#connection = await Connection.open(this.#target, this.#options);
        return this.#connection;
      } catch (error) {
        if (performance.now() - began > RETURN_MS) throw error;
        await sleep(100);
      }
    }
  }

  #ended(state: 'committed' | 'rolled' | 'lost'): void {
    clearTimeout(this.#hold);
    this.#marks.clear();
    this.#open = false;
    this.#handles.ended(state);
  }
}

/** One after the other; says which one failed. */
export async function runSteps(connection: Connection, steps: readonly string[]): Promise<void> {
  for (const [i, step] of steps.entries()) {
    try {
      await connection.run(step);
    } catch (error) {
      throw adminError(error, `step ${i + 1} of ${steps.length}, \`${shown(step)}\``);
    }
  }
}
