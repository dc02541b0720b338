// Owns the ledger of a PostgreSQL database: which migrations of which service it has. A row is
// written in the transaction of its steps, so the ledger never says more or less than the schema
// is. Everything that changes a schema holds the same advisory lock until its transaction ends:
// two builds and two hosts take turns.
import { type Connection, DatabaseError, type Row } from './connection.ts';
import { describeTarget } from './targets.ts';

/** A migration that a database has, or is to have. */
export interface Migration {
  /** From 1, without gaps. */
  number: number;
  /** SHA-256 of the document's text, hex. */
  hash: string;
  name: string;
  sql: string;
  /** The schema that it leads to, as the cell that planned it writes it; '' = not kept. */
  model: string;
}

/** A row of the ledger. */
export interface Applied extends Omit<Migration, 'sql'> {
  /** ISO 8601. */
  appliedAt: string;
  /** Login that applied it. */
  by: string;
}

/** `number:hash` of the last row; `0:` without one. */
export const ledgerMark = (rows: readonly { number: number; hash: string }[]): string => {
  const last = rows.at(-1);
  return last === undefined ? '0:' : `${last.number}:${last.hash}`;
};

const MAKE = `create schema if not exists cell_build;
create table if not exists cell_build.migrations (
  service text not null,
  number int4 not null check (number > 0),
  hash text not null,
  name text not null,
  sql text not null,
  model text not null,
  applied_at timestamptz not null default now(),
  by text not null default session_user,
  primary key (service, number)
);
comment on schema cell_build is 'What \`cell\` has done to this database. Not to be edited.'`;

/** 'cell' as a number, and 1: migrations. Transaction level: PGlite shares those of a session. */
const LOCK = 'select pg_catalog.pg_advisory_xact_lock(1667591276, 1)';

/** Waits until nobody else changes schemas of this database; held until the transaction ends. */
export async function lockLedger(connection: Connection, waitMs: number): Promise<void> {
  const patience = `set local lock_timeout = ${waitMs}; set local statement_timeout = 0`;
  await connection.run(`${patience}; ${LOCK}; reset lock_timeout; reset statement_timeout`);
}

/**
 * Whether the ledger is there: by a scan of the catalogue. A session remembers that a name led
 * nowhere (to_regclass) until it next locks a table, and an advisory lock is none: a build that has
 * waited for another one's would not see what that has made.
 */
export async function hasLedger(connection: Connection): Promise<boolean> {
  const rows = await connection.rows(
    'select 1 from pg_catalog.pg_class c ' +
      'join pg_catalog.pg_namespace n on n.oid = c.relnamespace ' +
      "where n.nspname = 'cell_build' and c.relname = 'migrations'",
  );
  return rows.length > 0;
}

/** Logins of hosts that are not those of builds need a word from the operator. */
async function readable(connection: Connection, read: () => Promise<Row[]>): Promise<Row[]> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.sqlstate !== '42501') throw error;
    throw new DatabaseError(
      `this login may not read the ledger of ${describeTarget(connection.target)}`,
      error.sqlstate,
      -1,
      'grant usage on schema cell_build to it, and select on cell_build.migrations',
    );
  }
}

/** What the database has of `service`, the first one first; [] without a ledger. */
export async function readLedger(connection: Connection, service: string): Promise<Applied[]> {
  if (!(await hasLedger(connection))) return [];
  const rows = await readable(connection, () =>
    connection.rows(
      'select number, hash, name, model, applied_at, by from cell_build.migrations ' +
        'where service = $1 order by number',
      [service],
    ),
  );
  return rows.map(applied);
}

/** A row of the ledger from its texts: number, hash, name, model, applied_at, by. */
export function applied([number, hash, name, model, at, by]: Row): Applied {
  return {
    ...{ number: Number(number), hash: hash ?? '', name: name ?? '', model: model ?? '' },
    ...{ appliedAt: instant(at ?? ''), by: by ?? '' },
  };
}

/** `2026-11-20 17:00:00.5+00` (DateStyle ISO, TimeZone UTC) -> `2026-11-20T17:00:00.5Z`. */
const instant = (text: string): string => text.replace(' ', 'T').replace(/\+00$/, 'Z');

/** Makes the ledger where there is none; writes rows into it, or takes them out (admin.ts). */
export async function writeLedger(
  connection: Connection,
  service: string,
  rows: readonly Migration[],
): Promise<void> {
  if (rows.length === 0) return;
  if (!(await hasLedger(connection))) await connection.run(MAKE);
  for (const { number, hash, name, sql, model } of rows) {
    const key = [service, String(number)];
    if (hash === '' && sql === '') await connection.rows(REMOVE, key);
    else await connection.rows(INSERT, [...key, hash, name, sql, model]);
  }
}

const INSERT =
  'insert into cell_build.migrations (service, number, hash, name, sql, model) ' +
  'values ($1, $2, $3, $4, $5, $6)';
const REMOVE = 'delete from cell_build.migrations where service = $1 and number = $2';
