// Owns one open handle on a file of SQLite: how it is opened, what its statements may do, what its
// errors mean. Statements run at once, in the lane, and nothing can stop one: a cell on SQLite
// should keep them short. The lock of a writer is never waited for: it is `BUSY`, and the pool
// tries again.
import fs from 'node:fs';
import path from 'node:path';
import { constants, DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  ABORTED,
  ALREADY_EXISTS,
  DATA_LOSS,
  DEADLINE_EXCEEDED,
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
} from '../../../assembly/shared/status.ts';
import type { SqlJob, SqlText } from './contract.ts';
import { projectionOf } from './rows.ts';
import { type SqliteOwner, SqliteReach } from './sqlite-reach.ts';
import { readArguments, type SqliteValue, takeValues, Unfit } from './sqlite-values.ts';
import type { Failure } from './sqlstate.ts';

/** Somebody else writes; try again. */
export const BUSY = Symbol('busy');

interface Ready {
  statement: StatementSync;
  columns: number;
  places: number[] | null;
}

export class SqliteFile {
  private readonly database: DatabaseSync;
  private readonly ready = new Map<number, Ready>();
  private readonly reach: SqliteReach;
  /** The host's own statements are not judged. */
  private own = true;

  /** Opens (or makes) the file; `owner`: whose statements run. Throws what node:sqlite throws. */
  constructor(file: string, owner: SqliteOwner | null) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const limits = { readBigInts: true, returnArrays: true, allowUnknownNamedParameters: true };
    const safe = { defensive: true, allowExtension: false, enableForeignKeyConstraints: true };
    this.database = new DatabaseSync(file, { timeout: 0, ...safe, ...limits });
    const reach = new SqliteReach(this.database, owner);
    this.reach = reach;
    this.database.setAuthorizer((action, first, second) => {
      if (this.own || reach.allows(action, first, second)) return constants.SQLITE_OK;
      return constants.SQLITE_DENY;
    });
    try {
      this.exec('pragma trusted_schema = off; pragma synchronous = full');
      this.exec('pragma journal_mode = wal');
    } catch (error) {
      // A file that is read-only can be read in the mode that it has.
      if ((error as { errcode?: number }).errcode === 8) return;
      this.database.close();
      throw error;
    }
  }

  /** A statement of the host. Throws what node:sqlite throws. */
  exec(text: string): void {
    this.own = true;
    this.database.exec(text);
  }

  /** Runs a statement; null: its result is in the job. */
  run(job: SqlJob): Failure | typeof BUSY | null {
    try {
      this.own = true;
      if (this.reach.refresh()) this.ready.clear();
      this.own = false;
      return this.attempt(job);
    } catch (error) {
      const failure = sqliteFailure(error);
      const table = this.reach.refused;
      if (failure === BUSY || failure.status !== PERMISSION_DENIED || table === '') return failure;
      return { status: PERMISSION_DENIED, text: `the table \`${table}\` is not the cell's` };
    }
  }

  private attempt(job: SqlJob): Failure | null {
    const { statement: text, result } = job;
    const ready = this.ready.get(text.id) ?? this.prepare(text);
    if ('status' in ready) return ready;
    const { statement, columns } = ready;
    let { places } = ready;
    const values = readArguments(job.bytes, job.at, job.length, text.types?.params ?? null);
    result.reset(places?.length ?? columns);
    if (columns === 0) {
      const { changes } = statement.run(values);
      result.finish(Math.min(Number(changes), 0xffffffff));
      return null;
    }
    let rows = 0;
    for (const row of statement.iterate(values) as Iterable<unknown> as Iterable<SqliteValue[]>) {
      // The table has grown, and SQLite has made its plan anew.
      if (row.length !== ready.columns) {
        const names = statement.columns().map(({ name }) => name);
        ready.columns = names.length;
        ready.places = projectionOf(text.columns, names).places;
        places = ready.places;
      }
      const chosen = places === null ? row : places.map((place) => row[place]);
      rows++;
      if (takeValues(result, chosen, text.types?.columns ?? null)) continue;
      return {
        status: RESOURCE_EXHAUSTED,
        text: 'the result is larger than a cell may take: ask for fewer rows',
      };
    }
    result.finish(rows);
    return null;
  }

  private prepare(text: SqlText): Ready | Failure {
    const statement = this.database.prepare(text.text);
    const names = statement.columns().map(({ name }) => name);
    const { places, lost } = projectionOf(text.columns, names);
    if (lost.length > 0) {
      const columns = lost.map((name) => `\`${name}\``).join(', ');
      const words = `the tables have no ${columns} any more: build the cell again`;
      return { status: FAILED_PRECONDITION, text: words };
    }
    const ready = { statement, columns: names.length, places };
    if (text.id >= 0) this.ready.set(text.id, ready);
    return ready;
  }

  close(): void {
    this.ready.clear();
    this.database.close();
  }
}

/** By SQLite's extended codes (https://www.sqlite.org/rescode.html), where they say more. */
const EXTENDED: Record<number, [number, string]> = {
  2067: [ALREADY_EXISTS, 'a row with the same key exists'],
  1555: [ALREADY_EXISTS, 'a row with the same key exists'],
  2579: [ALREADY_EXISTS, 'a row with the same key exists'],
  787: [FAILED_PRECONDITION, 'a row that it needs is not there, or is still needed: foreign key'],
  1299: [INVALID_ARGUMENT, 'null is not allowed'],
  275: [INVALID_ARGUMENT, 'the values do not pass a check'],
  3091: [INVALID_ARGUMENT, 'a value does not fit the type of its column'],
  517: [ABORTED, 'another transaction changed the same rows; try again'],
};

const CODES: Record<number, [number, string]> = {
  1: [FAILED_PRECONDITION, 'the schema is not what the cell was built against'],
  7: [RESOURCE_EXHAUSTED, 'there is no memory for the statement'],
  8: [FAILED_PRECONDITION, 'the database is read-only'],
  9: [DEADLINE_EXCEEDED, 'the statement was interrupted'],
  10: [UNAVAILABLE, 'the file of the database cannot be read or written'],
  11: [DATA_LOSS, 'the file of the database is damaged'],
  13: [RESOURCE_EXHAUSTED, 'the disk of the database is full'],
  14: [UNAVAILABLE, 'the file of the database cannot be opened'],
  18: [RESOURCE_EXHAUSTED, 'a value is larger than the database takes'],
  19: [INVALID_ARGUMENT, 'a constraint is not met'],
  20: [INVALID_ARGUMENT, 'a value does not fit its type'],
  23: [PERMISSION_DENIED, 'a cell may select, insert, update and delete, in its own tables'],
  26: [DATA_LOSS, 'the file is no database of SQLite'],
};

/** What an error of node:sqlite means. Names of columns are told, values never. */
export function sqliteFailure(error: unknown): Failure | typeof BUSY {
  if (error instanceof Unfit) return { status: INVALID_ARGUMENT, text: error.message };
  const { errcode, message } = error as { errcode?: number; message?: string };
  if (errcode === undefined) {
    const text = `the statement cannot be run: ${(error as Error).name}`;
    return { status: INTERNAL, text };
  }
  const code = errcode & 0xff;
  if (errcode !== 517 && (code === 5 || code === 6)) return BUSY;
  const [status, words] = EXTENDED[errcode] ?? CODES[code] ?? [INTERNAL, `SQLite error ${errcode}`];
  const [, where] = /^[A-Z ]+ constraint failed: ([\w., ]+)$/.exec(message ?? '') ?? [];
  const [missing] = /^no such (?:table|column|function): [\w.]+$/.exec(message ?? '') ?? [];
  const more = where ?? missing;
  return { status, text: more === undefined ? words : `${words}: ${more}` };
}
