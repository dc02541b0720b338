// Owns the contract of what builds and operators do with a database, whichever it is. One Admin is
// one connection: what it is asked is done in turn. Changes are prepared under a handle and stand
// open until they are committed or rolled back; handles of one Admin share one transaction, so
// that cells of one build never wait for each other, and all of it is committed or none.
import {
  ABORTED,
  DEADLINE_EXCEEDED,
  FAILED_PRECONDITION,
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import { DatabaseError, type Row, Unreachable } from './connection.ts';
import type { Applied, Migration } from './ledger.ts';
import { TargetError } from './target-error.ts';

/** Milliseconds that a prepared change may stand open: others wait for its locks. */
export const HOLD_MS = 60_000;
/** Milliseconds that a change waits for somebody else's to end, unless it is said: a deploy of
 *  several hosts at once, one of which builds an index. */
export const TURN_MS = 300_000;

export interface AdminOptions {
  /** Milliseconds for one statement; 0, the default: any. */
  statementMs?: number;
  /** Milliseconds that a change waits for somebody else's to end. */
  turnMs?: number;
}

export interface Info {
  engine: 'postgres' | 'sqlite';
  /** 150000: PostgreSQL 15. 3050004: SQLite 3.50.4. */
  version: number;
  /** What it calls itself. */
  server: string;
  embedded: boolean;
  /** May the login make a role for each cell? */
  createsRoles: boolean;
}

/** A change of one service. */
export interface Change {
  service: string;
  /** Unique among the open ones. */
  handle: string;
  /** What the ledger has to be, `number:hash`; '0:' = nothing yet. */
  expected: string;
  /** Statements, or documents of several. */
  steps: string[];
  /** What the ledger is to have beside; a row without hash and SQL takes that number out of it. */
  rows: Migration[];
}

export interface Admin {
  info(): Promise<Info>;
  /** In a transaction that writes nothing. */
  query(sql: string, args: (string | null)[]): Promise<{ columns: string[]; rows: Row[] }>;
  /** Runs the steps; they are committed by `commit`. Nothing is left of it when it rejects. */
  prepare(change: Change): Promise<void>;
  /** The transaction is committed with its last open handle. */
  commit(handle: string): Promise<void>;
  /** Rejects with FAILED_PRECONDITION when it was committed: another change takes it back. */
  rollback(handle: string): Promise<void>;
  ledger(service: string): Promise<Applied[]>;
  /** What is open is rolled back. */
  close(): Promise<void>;
}

/** What the host answers a cell, or tells an operator. */
export class AdminError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'AdminError';
    this.status = status;
  }
}

/** Any error of this folder as one with a status. `doing` begins the message. */
export function adminError(error: unknown, doing: string): AdminError {
  if (error instanceof AdminError) return error;
  if (error instanceof TargetError) {
    return new AdminError(UNAVAILABLE, `${error.message}. ${error.fix}`);
  }
  if (error instanceof Unreachable)
    return new AdminError(UNAVAILABLE, `${doing}: ${error.message}`);
  if (!(error instanceof DatabaseError)) throw error;
  const { message, sqlstate, hint } = error;
  const more = hint === '' ? '' : ` (${hint})`;
  return new AdminError(statusOf(sqlstate), `${doing}: ${message}${more} [${sqlstate}]`);
}

function statusOf(sqlstate: string): number {
  if (sqlstate === '42501') return PERMISSION_DENIED;
  if (sqlstate === '57014') return DEADLINE_EXCEEDED;
  if (sqlstate === '55P03') return UNAVAILABLE;
  if (sqlstate === '25006') return FAILED_PRECONDITION;
  if (sqlstate.startsWith('40')) return ABORTED;
  if (sqlstate.startsWith('53')) return RESOURCE_EXHAUSTED;
  if (sqlstate.startsWith('23')) return FAILED_PRECONDITION;
  return INVALID_ARGUMENT;
}

/** Somebody else kept the lock of a database for too long. */
export const noTurn = (ms: number): AdminError =>
  new AdminError(
    UNAVAILABLE,
    `another build or host has been changing this database for ${ms / 1000} s`,
  );

/** The first line of a statement, for messages. */
export function shown(step: string): string {
  const line = step.split('\n').find((one) => one.trim() !== '' && !one.startsWith('--')) ?? step;
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}

/** Why a change is refused: somebody else was here since it was planned. */
export function moved(service: string, expected: string, found: string): AdminError {
  const named = (mark: string): string =>
    mark === '0:' ? 'no migration' : `migration ${mark.replace(':', ' ').slice(0, 20)}`;
  return new AdminError(
    ABORTED,
    `the database has changed since this was planned: \`${service}\` was at ${named(expected)}, ` +
      `is at ${named(found)}; build again`,
  );
}

/** Whether the ledger has just the rows that a change would write: another build was faster. */
export function alreadyThere(ledger: readonly Applied[], rows: readonly Migration[]): boolean {
  return (
    !rows.some(isRemoval) &&
    rows.length > 0 &&
    ledger.length === rows.at(-1)?.number &&
    rows.every(({ number, hash }) => ledger[number - 1]?.hash === hash)
  );
}

/** A row that takes its number out of the ledger. */
export const isRemoval = ({ hash, sql }: Migration): boolean => hash === '' && sql === '';
