// Owns the handles of one cell in one lane on its file of SQLite: one for statements by themselves,
// one for each open transaction. One writer at a time, in this process or another: who finds the
// file busy tries again later, and the lane goes on. Statements run to their end once begun:
// cancelling reaches only those that wait.
import {
  DEADLINE_EXCEEDED,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
} from '../../../assembly/shared/status.ts';
import {
  type Isolation,
  type PoolOptions,
  SQL_WAITERS,
  type SqlJob,
  type SqlPool,
  type SqlSession,
} from './contract.ts';
import { BUSY, SqliteFile, sqliteFailure } from './sqlite-file.ts';
import type { SqliteOwner } from './sqlite-reach.ts';
import type { Failure } from './sqlstate.ts';

/** Milliseconds between tries while somebody else writes: the first, and the longest. */
const RETRY_MS = 1;
const RETRY_MAX_MS = 25;

export interface SqliteOptions extends PoolOptions {
  /** Absolute. */
  file: string;
  /** Whose tables of the file are reached; absent: the file is the cell's as a whole. */
  owner?: SqliteOwner;
}

/** What is tried until the file is not busy, or its time is over. */
interface Attempt {
  job: SqlJob;
  work(): Failure | typeof BUSY | null;
  since: number;
}

export class SqlitePool implements SqlPool {
  private readonly options: SqliteOptions;
  private main: SqliteFile | null = null;
  private readonly spare: SqliteFile[] = [];
  private readonly sessions = new Set<SqliteSession>();
  private waiting: Attempt[] = [];
  private timer: NodeJS.Timeout | null = null;
  private pause = RETRY_MS;
  private closed = false;

  constructor(options: SqliteOptions) {
    this.options = options;
  }

  private open(): SqliteFile {
    return new SqliteFile(this.options.file, this.options.owner ?? null);
  }

  run(job: SqlJob): void {
    this.attempt(job, () => {
      this.main ??= this.open();
      return this.main.run(job);
    });
  }

  begin(_isolation: Isolation, readOnly: boolean, job: SqlJob): void {
    this.attempt(job, () => {
      if (this.sessions.size >= this.options.connections) return BUSY;
      const file = this.spare.pop() ?? this.open();
      try {
        if (readOnly) file.exec('pragma query_only = on');
        file.exec(readOnly ? 'begin' : 'begin immediate');
      } catch (error) {
        this.giveBack(file);
        return sqliteFailure(error);
      }
      const session = new SqliteSession(this, file);
      this.sessions.add(session);
      job.session = session;
      return null;
    });
  }

  /** Does `work` now, and again while the file is busy. */
  attempt(job: SqlJob, work: Attempt['work']): void {
    const attempt = { job, work, since: performance.now() };
    if (this.closed) return tell(job, { status: UNAVAILABLE, text: 'the lane is ending' });
    const ended = this.tried(attempt);
    if (ended !== BUSY) return tell(job, ended);
    if (this.waiting.length >= SQL_WAITERS) {
      const text = `${SQL_WAITERS} statements wait for the file: it is too slow`;
      return tell(job, { status: RESOURCE_EXHAUSTED, text });
    }
    this.waiting.push(attempt);
    this.timer ??= setTimeout(this.again, this.pause);
  }

  private tried({ work }: Attempt): Failure | typeof BUSY | null {
    try {
      return work();
    } catch (error) {
      return sqliteFailure(error);
    }
  }

  private readonly again = (): void => {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const now = performance.now();
    const waiting = this.waiting;
    this.waiting = [];
    for (const attempt of waiting) {
      const ended = this.tried(attempt);
      const late = now - attempt.since > this.options.timeoutMs;
      if (ended !== BUSY) tell(attempt.job, ended);
      else if (!late) this.waiting.push(attempt);
      else
        tell(attempt.job, { status: DEADLINE_EXCEEDED, text: 'somebody else writes for too long' });
    }
    const moved = this.waiting.length < waiting.length;
    this.pause = moved ? RETRY_MS : Math.min(this.pause * 2, RETRY_MAX_MS);
    if (this.waiting.length > 0) this.timer ??= setTimeout(this.again, this.pause);
  };

  /** A transaction has ended: its handle is used again. */
  over(session: SqliteSession, file: SqliteFile): void {
    this.sessions.delete(session);
    this.giveBack(file);
    if (this.waiting.length > 0) setImmediate(this.again);
  }

  private giveBack(file: SqliteFile): void {
    try {
      file.exec('pragma query_only = off');
      if (!this.closed) this.spare.push(file);
      else file.close();
    } catch {
      file.close();
    }
  }

  cancel(job: SqlJob, status: number): void {
    const at = this.waiting.findIndex((attempt) => attempt.job === job);
    if (at < 0) return;
    this.waiting.splice(at, 1);
    tell(job, { status, text: 'the call ended while it waited for the file' });
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    const failure = { status: UNAVAILABLE, text: 'the lane is ending' };
    for (const { job } of this.waiting.splice(0)) tell(job, failure);
    for (const session of [...this.sessions]) session.drop();
    this.main?.close();
    this.main = null;
    for (const file of this.spare.splice(0)) file.close();
  }
}

class SqliteSession implements SqlSession {
  private readonly pool: SqlitePool;
  private readonly file: SqliteFile;
  private ended = false;

  constructor(pool: SqlitePool, file: SqliteFile) {
    this.pool = pool;
    this.file = file;
  }

  run(job: SqlJob): void {
    this.pool.attempt(job, () => (this.ended ? gone : this.file.run(job)));
  }

  end(commit: boolean, job: SqlJob): void {
    this.pool.attempt(job, () => {
      if (this.ended) return gone;
      // A commit that finds readers in its way is tried again; the transaction stays open.
      const failure = this.control(commit ? 'commit' : 'rollback');
      if (failure === BUSY) return BUSY;
      if (failure !== null && commit) this.control('rollback');
      this.leave();
      return failure;
    });
  }

  private control(text: string): Failure | typeof BUSY | null {
    try {
      this.file.exec(text);
      return null;
    } catch (error) {
      return sqliteFailure(error);
    }
  }

  cancel(job: SqlJob, status: number): void {
    this.pool.cancel(job, status);
  }

  drop(): void {
    if (this.ended) return;
    this.control('rollback');
    this.leave();
  }

  private leave(): void {
    this.ended = true;
    this.pool.over(this, this.file);
  }
}

const gone: Failure = { status: UNAVAILABLE, text: 'the transaction has ended' };

/** Tells the end of a job when the call that began it has returned. */
function tell(job: SqlJob, failure: Failure | typeof BUSY | null): void {
  if (failure !== null && failure !== BUSY) job.error = failure.text;
  const status = failure === null || failure === BUSY ? 0 : failure.status;
  queueMicrotask(() => job.done(status));
}
