// Owns the contract between the imports of `cell:sql` and the drivers of databases. One job is one
// statement of one guest: its arguments go in and its rows come out as PostgreSQL's text format, as
// bytes, whatever the database. No driver throws, none calls a guest, and none says a value in an
// error. Every driver passes tests/sql/conformance.ts.
import type { ResultBytes } from './result.ts';

/** Bytes of the arguments of one statement. Threat: memory, one copy per waiting call. */
export const SQL_ARGS_BYTES = 16 << 20;
/** Bytes of one result, as the guest takes it. Threat: memory, one per waiting call. */
export const SQL_RESULT_BYTES = 16 << 20;
/** Parameters of one statement: PostgreSQL counts them in 16 bits. */
export const SQL_PARAMS = 65535;
/** Bytes of a text that the build has not seen. Threat: memory and time of the server's parser. */
export const SQL_TEXT_BYTES = 1 << 20;
/** Jobs of one cell and lane that wait for a connection. A lane has far fewer stacks. */
export const SQL_WAITERS = 256;
/** Connections of one cell and lane, when the grant does not say. */
export const SQL_CONNECTIONS = 4;
/** Milliseconds of one statement, when the grant does not say. */
export const SQL_TIMEOUT_MS = 30_000;

/** A statement as drivers see it. */
export interface SqlText {
  /** FNV-1a of the text; -1: the build has not seen it, and nothing of it is kept. */
  readonly id: number;
  /** Parameters are $1, $2 ... */
  readonly text: string;
  /** Whether a lost connection may have left it done. */
  readonly writes: boolean;
  /** Parameters; -1: not known. */
  readonly params: number;
  /** Names of the columns that come back, in this order; null: not known. */
  readonly columns: readonly string[] | null;
  /** Types of parameters and of columns, as PostgreSQL calls them; null: not known. */
  readonly types: SqlTypes | null;
}

export interface SqlTypes {
  readonly params: readonly string[];
  readonly columns: readonly string[];
}

/** Read committed, repeatable read, serializable. */
export type Isolation = 0 | 1 | 2;

/** One statement under way. The guest owns it and uses it again when `done` was called. */
export interface SqlJob {
  statement: SqlText;
  /**
   * Fields `i32 size (-1 = null), bytes`, little-endian, at [at, at + length) of `bytes`; checked.
   * May be the guest's own memory, which stays as it is until `done`.
   */
  bytes: Uint8Array;
  at: number;
  length: number;
  /** Where the result is written; the driver resets it first. */
  readonly result: ResultBytes;
  /** What went wrong, authored; the driver's when `done` has a status. */
  error: string;
  /** The session that `begin` has opened. */
  session: SqlSession | null;
  /**
   * Ended: 0, or the status that the job failed with. Called once, never before the call that began
   * the job returns.
   */
  done(status: number): void;
}

/** A database as one cell in one lane sees it. */
export interface SqlPool {
  /** Runs one statement by itself. */
  run(job: SqlJob): void;
  /** Opens a transaction: `job.session` is set when `done(0)` is called. */
  begin(isolation: Isolation, readOnly: boolean, job: SqlJob): void;
  /**
   * The job shall end: `done(status)` is called at once when it still waits for a connection, soon
   * when it runs. What it did may stand, unless it is in a transaction. Harmless when it has ended.
   */
  cancel(job: SqlJob, status: number): void;
  /** Ends every connection; jobs under way fail. */
  close(): Promise<void>;
}

/** A transaction, on one connection, from `begin` to `end` or `drop`. */
export interface SqlSession {
  run(job: SqlJob): void;
  /** Commits or rolls back. The session is over then, whatever the status. */
  end(commit: boolean, job: SqlJob): void;
  cancel(job: SqlJob, status: number): void;
  /** Its call has left: rolls back, and ends the connection when that cannot be done. */
  drop(): void;
}

export interface PoolOptions {
  /** The schema that the cell owns. */
  schema: string;
  connections: number;
  timeoutMs: number;
  /** Milliseconds that a server may take to hear a cancel request. Default 5000. */
  cancelMs?: number;
}
