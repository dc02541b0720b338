// Owns the administration of one file of SQLite (contract: admin.ts). The ledger is a table of the
// file, the lock is SQLite's own (one writer), DDL is transactional as the rest. A lock that
// somebody holds is waited for without holding up the thread.
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  FAILED_PRECONDITION,
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import {
  type Admin,
  AdminError,
  type AdminOptions,
  alreadyThere,
  type Change,
  HOLD_MS,
  type Info,
  isRemoval,
  moved,
  noTurn,
  shown,
  TURN_MS,
} from './admin.ts';
import type { Row } from './connection.ts';
import { refuseEndings } from './endings.ts';
import { Handles } from './handles.ts';
import { type Applied, ledgerMark, type Migration } from './ledger.ts';

const MAKE = `create table if not exists cell_build_migrations (
  service text not null,
  number integer not null check (number > 0),
  hash text not null,
  name text not null,
  sql text not null,
  model text not null,
  applied_at text not null,
  by text not null,
  primary key (service, number)
) strict, without rowid`;

/** Milliseconds between two tries of a lock. */
const RETRY_MS = 20;

/** What node:sqlite throws. */
type SqliteError = Error & { errcode?: number };

const BUSY = 5;
const LOCKED = 6;

export class SqliteAdmin implements Admin {
  readonly #file: string;
  readonly #shown: string;
  readonly #turnMs: number;
  readonly #handles = new Handles();
  #database: DatabaseSync | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #hold: NodeJS.Timeout | undefined;
  #open = false;
  #closed = false;

  /** `shown`: the file's name for people. */
  constructor(file: string, shownAs: string, { turnMs = TURN_MS }: AdminOptions = {}) {
    this.#turnMs = turnMs;
    this.#file = file;
    this.#shown = shownAs;
  }

  info(): Promise<Info> {
    return this.#inTurn('asking the database', (database) => {
      const [[text = '']] = rowsOf(database, 'select sqlite_version()') as [[string]];
      const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
      const version = major * 1_000_000 + minor * 1000 + patch;
      return {
        ...{ engine: 'sqlite' as const, version, server: `SQLite ${text}` },
        ...{ embedded: true, createsRoles: false },
      };
    });
  }

  query(sql: string, args: (string | null)[]): Promise<{ columns: string[]; rows: Row[] }> {
    return this.#inTurn('asking the database', (database) =>
      patient(() => asked(database, sql, args), this.#turnMs),
    );
  }

  ledger(service: string): Promise<Applied[]> {
    return this.#inTurn('asking the database', (database) =>
      patient(() => readLedger(database, service), this.#turnMs),
    );
  }

  prepare(change: Change): Promise<void> {
    return this.#inTurn(`preparing \`${change.service}\``, async (database) => {
      if (this.#handles.stands(change.handle)) {
        throw new AdminError(INVALID_ARGUMENT, `\`${change.handle}\` is prepared already`);
      }
      await this.#begin(database);
      const handle = this.#handles.add(change.handle);
      database.exec(`savepoint ${handle.savepoint}`);
      try {
        this.#apply(database, change);
      } catch (error) {
        this.#takeBack(database, handle.savepoint);
        this.#handles.rolled(handle);
        await this.#settle(database);
        throw error;
      }
    });
  }

  commit(name: string): Promise<void> {
    return this.#inTurn('committing', async (database) => {
      if (this.#handles.mark(name)) await this.#settle(database);
    });
  }

  rollback(name: string): Promise<void> {
    return this.#inTurn('rolling back', async (database) => {
      const handle = this.#handles.undoable(name);
      if (handle === null) return;
      this.#takeBack(database, handle.savepoint);
      this.#handles.rolled(handle);
      await this.#settle(database);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const database = this.#database;
    this.#database = undefined;
    this.#ended('lost');
    // Closing rolls back what is open.
    if (database?.isOpen === true) database.close();
  }

  #inTurn<T>(doing: string, work: (database: DatabaseSync) => T | Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      try {
        return await work(this.#live());
      } catch (error) {
        throw told(error, doing, this.#shown);
      }
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  #live(): DatabaseSync {
    if (this.#closed) throw new AdminError(UNAVAILABLE, 'the host is closing');
    if (this.#database !== undefined) return this.#database;
    fs.mkdirSync(path.dirname(this.#file), { recursive: true });
    // Tables are rebuilt with their keys off, as SQLite's manual says; they are checked after.
    const options = { timeout: 0, enableForeignKeyConstraints: false };
    this.#database = new DatabaseSync(this.#file, options);
    return this.#database;
  }

  async #begin(database: DatabaseSync): Promise<void> {
    if (this.#open) return;
    await patient(() => database.exec('begin immediate'), this.#turnMs);
    this.#open = true;
    this.#hold = setTimeout(() => {
      this.#ended('lost');
      if (database.isTransaction) database.exec('rollback');
    }, HOLD_MS);
    this.#hold.unref();
  }

  #apply(database: DatabaseSync, { service, expected, steps, rows }: Change): void {
    const ledger = readLedger(database, service);
    const found = ledgerMark(ledger);
    if (found !== expected) {
      if (alreadyThere(ledger, rows)) return;
      throw moved(service, expected, found);
    }
    refuseEndings(steps);
    runSteps(database, steps);
    checkKeys(database);
    writeLedger(database, service, rows);
  }

  #takeBack(database: DatabaseSync, savepoint: string): void {
    if (database.isTransaction) database.exec(`rollback to ${savepoint}`);
  }

  async #settle(database: DatabaseSync): Promise<void> {
    const standing = this.#handles.standing();
    if (!this.#open || standing.some(({ state }) => state === 'open')) return;
    if (standing.length === 0) {
      this.#ended('rolled');
      if (database.isTransaction) database.exec('rollback');
      return;
    }
    try {
      await patient(() => database.exec('commit'), this.#turnMs);
    } catch (error) {
      this.#ended('rolled');
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
    this.#ended('committed');
  }

  #ended(state: 'committed' | 'rolled' | 'lost'): void {
    clearTimeout(this.#hold);
    this.#open = false;
    this.#handles.ended(state);
  }
}

/**
 * Does `work` when nobody is in its way: a writer that commits, or for a commit those who read. No
 * thread waits.
 */
async function patient<T>(work: () => T, turnMs: number): Promise<T> {
  const began = performance.now();
  for (;;) {
    try {
      return work();
    } catch (error) {
      const code = ((error as SqliteError).errcode ?? 0) & 0xff;
      if (code !== BUSY && code !== LOCKED) throw error;
      if (performance.now() - began > turnMs) throw noTurn(turnMs);
      await sleep(RETRY_MS);
    }
  }
}

/** One statement that changes nothing. */
function asked(
  database: DatabaseSync,
  sql: string,
  args: (string | null)[],
): { columns: string[]; rows: Row[] } {
  database.exec('pragma query_only = on');
  try {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    const columns = statement.columns().map(({ name }) => name);
    statement.setReadBigInts(true);
    statement.setAllowUnknownNamedParameters(true);
    // $1, $2, ... are names to SQLite.
    const named = Object.fromEntries(args.map((value, i) => [`$${i + 1}`, value]));
    const rows = statement.all(named) as unknown as SQLInputValue[][];
    return { columns, rows: rows.map(texts) };
  } finally {
    database.exec('pragma query_only = off');
  }
}

/** Rows as texts: what node:sqlite gives of numbers, blobs and null. */
const texts = (row: SQLInputValue[]): Row =>
  row.map((value) => {
    if (value === null) return null;
    if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
    return String(value);
  });

function rowsOf(database: DatabaseSync, sql: string, args: SQLInputValue[] = []): Row[] {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  statement.setReadBigInts(true);
  return (statement.all(...args) as unknown as SQLInputValue[][]).map(texts);
}

function readLedger(database: DatabaseSync, service: string): Applied[] {
  const there = rowsOf(
    database,
    "select 1 from sqlite_schema where type = 'table' and name = 'cell_build_migrations'",
  );
  if (there.length === 0) return [];
  const rows = rowsOf(
    database,
    'select number, hash, name, model, applied_at, by from cell_build_migrations ' +
      'where service = ? order by number',
    [service],
  );
  return rows.map(([number, hash, name, model, at, by]) => ({
    ...{ number: Number(number), hash: hash ?? '', name: name ?? '', model: model ?? '' },
    ...{ appliedAt: at ?? '', by: by ?? '' },
  }));
}

function writeLedger(database: DatabaseSync, service: string, rows: readonly Migration[]): void {
  if (rows.length === 0) return;
  database.exec(MAKE);
  const insert = database.prepare(
    'insert into cell_build_migrations (service, number, hash, name, sql, model, applied_at, by) ' +
      'values (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const remove = database.prepare(
    'delete from cell_build_migrations where service = ? and number = ?',
  );
  const by = process.env.USER ?? process.env.USERNAME ?? '';
  const at = new Date().toISOString();
  for (const row of rows) {
    const { number, hash, name, sql, model } = row;
    if (isRemoval(row)) remove.run(service, number);
    else insert.run(service, number, hash, name, sql, model, at, by);
  }
}

function runSteps(database: DatabaseSync, steps: readonly string[]): void {
  for (const [i, step] of steps.entries()) {
    const doing = `step ${i + 1} of ${steps.length}, \`${shown(step)}\``;
    try {
      database.exec(step);
    } catch (error) {
      throw told(error, doing, '');
    }
    if (!database.isTransaction) {
      throw new AdminError(INVALID_ARGUMENT, `${doing}: it has ended the transaction`);
    }
  }
}

/** Keys were off while tables were rebuilt: what they would have refused is refused now. */
function checkKeys(database: DatabaseSync): void {
  const [wrong] = rowsOf(database, 'pragma foreign_key_check');
  if (wrong === undefined) return;
  throw new AdminError(
    FAILED_PRECONDITION,
    `rows of \`${wrong[0]}\` name rows of \`${wrong[2]}\` that are not there`,
  );
}

function told(error: unknown, doing: string, file: string): Error {
  if (error instanceof AdminError) return error;
  const { message, errcode } = error as SqliteError;
  if (errcode === undefined) return error as Error;
  const code = errcode & 0xff;
  const status = STATUS[code] ?? INVALID_ARGUMENT;
  return new AdminError(status, `${doing}${file === '' ? '' : ` in ${file}`}: ${message}`);
}

/** SQLite's result codes as statuses: locked, no right, read-only, full, constraint, no file. */
const STATUS: Readonly<Record<number, number>> = {
  3: PERMISSION_DENIED,
  [BUSY]: UNAVAILABLE,
  [LOCKED]: UNAVAILABLE,
  8: FAILED_PRECONDITION,
  11: FAILED_PRECONDITION,
  13: RESOURCE_EXHAUSTED,
  14: UNAVAILABLE,
  19: FAILED_PRECONDITION,
  23: PERMISSION_DENIED,
  26: FAILED_PRECONDITION,
};
