// Owns the connections of one cell in one lane to a PostgreSQL server, and who waits for one. They
// are opened when they are needed and kept; one that is lost is replaced, more slowly each time the
// server cannot be reached. First come, first served.
import { setImmediate } from 'node:timers/promises';
import type { ClientConfig } from 'pg';
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
import { type ConnectionOwner, PostgresConnection } from './postgres-connection.ts';
import { ResultBytes } from './result.ts';
import { type Failure, failureOf, unreachable } from './sqlstate.ts';
import { openWire } from './wire.ts';

/** A connection that was not used for so long may be dead, and the lane may not know it yet. */
const STALE_MS = 1000;
/** Between looks at what takes too long. */
const TICK_MS = 250;
/** The server's own clock goes first; then it is asked to cancel, then the connection is ended. */
const GRACE_MS = 1000;
const CANCEL_MS = 5000;
/** First and longest pause after the server could not be reached. */
const BACK_OFF_MS = 100;
const BACK_OFF_MAX_MS = 5000;

const LEVELS = ['read committed', 'repeatable read', 'serializable'] as const;

/** A job that waits for a connection. */
interface Waiter {
  job: SqlJob;
  /** Text of BEGIN for a session; null: one statement. */
  begin: string | null;
  since: number;
}

/** Settings of every session, whatever the server's defaults: they make the text format. */
function settingsOf({ schema, timeoutMs, role }: PostgresOptions): Record<string, string> {
  return {
    search_path: `${schema},pg_temp`,
    timezone: 'UTC',
    datestyle: 'ISO,YMD',
    intervalstyle: 'iso_8601',
    bytea_output: 'hex',
    extra_float_digits: '1',
    client_encoding: 'UTF8',
    // The judge has read the texts so; a server's default must not make it another statement.
    standard_conforming_strings: 'on',
    statement_timeout: String(timeoutMs),
    idle_in_transaction_session_timeout: String(Math.max(60_000, timeoutMs)),
    ...(role === undefined ? {} : { role }),
  };
}

export interface PostgresOptions extends PoolOptions {
  /** Says where the server is, before each connection; starts it when it is the embedded one. */
  server(): Promise<ClientConfig>;
  /** Role that the cell's statements run as; absent: the login itself. */
  role?: string;
}

export class PostgresPool implements SqlPool, ConnectionOwner {
  private readonly options: PostgresOptions;
  private readonly idle: PostgresConnection[] = [];
  private readonly all = new Set<PostgresConnection>();
  private waiters: Waiter[] = [];
  private opening = 0;
  /** Failures to connect, one after the other; and when the next try may be. */
  private failures = 0;
  private notBefore = 0;
  private failure: Failure = { status: UNAVAILABLE, text: 'the database cannot be reached' };
  private timer: NodeJS.Timeout | null = null;
  private looking = false;
  private closed = false;

  constructor(options: PostgresOptions) {
    this.options = options;
  }

  run(job: SqlJob): void {
    const now = performance.now();
    const connection = this.waiters.length === 0 ? this.take(now) : null;
    if (connection !== null) connection.run(job, now);
    else this.wait({ job, begin: null, since: now });
  }

  begin(isolation: Isolation, readOnly: boolean, job: SqlJob): void {
    const begin = `begin isolation level ${LEVELS[isolation]}${readOnly ? ' read only' : ''}`;
    this.wait({ job, begin, since: performance.now() });
    this.pump();
  }

  /** A connection that can be trusted to be alive; null: there is none at once. */
  private take(now: number): PostgresConnection | null {
    const last = this.idle.length - 1;
    if (last < 0 || now - this.idle[last].sentAt > STALE_MS) return null;
    if (this.timer === null) this.watch();
    return this.idle.pop() as PostgresConnection;
  }

  private wait(waiter: Waiter): void {
    const refused = this.refusal(waiter.since);
    if (refused !== null) return later(waiter.job, refused);
    this.waiters.push(waiter);
    if (this.timer === null) this.watch();
    void this.look();
  }

  /** Why a job cannot even wait. */
  private refusal(now: number): Failure | null {
    if (this.closed) return { status: UNAVAILABLE, text: 'the lane is ending' };
    if (this.waiters.length >= SQL_WAITERS) {
      const text = `${SQL_WAITERS} statements wait for a connection: the database is too slow`;
      return { status: RESOURCE_EXHAUSTED, text };
    }
    const hopeless = this.failures > 0 && this.all.size === 0 && this.opening === 0;
    return hopeless && now < this.notBefore ? this.failure : null;
  }

  /** Gives free connections to those who wait; what a socket has to say is heard first. */
  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    // Two turns of the event loop: every socket that has ended has said so.
    if (this.idle.some(({ sentAt }) => performance.now() - sentAt > STALE_MS)) {
      await setImmediate();
      await setImmediate();
    }
    this.looking = false;
    this.pump();
  }

  private pump(): void {
    const now = performance.now();
    while (this.waiters.length > 0 && this.idle.length > 0) {
      if (this.looking) return;
      this.give(this.idle.pop() as PostgresConnection, this.waiters.shift() as Waiter, now);
    }
    const wanted = this.waiters.length - this.opening;
    const room = this.options.connections - this.all.size;
    for (let i = Math.min(wanted, room); i > 0; i--) void this.open();
  }

  private give(connection: PostgresConnection, waiter: Waiter, now: number): void {
    const { job, begin } = waiter;
    if (begin === null) connection.run(job, now);
    else new PostgresSession(this, connection, job, begin, now);
  }

  private async open(): Promise<void> {
    const connection = new PostgresConnection(this);
    this.all.add(connection);
    this.opening++;
    try {
      const pause = this.notBefore - performance.now();
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      const server = await this.options.server();
      const wire = await openWire(server, settingsOf(this.options), connection);
      this.opening--;
      this.failures = 0;
      if (this.closed || connection.dead) return wire.destroy();
      connection.open(wire);
      connection.sentAt = performance.now();
      this.free(connection);
    } catch (error) {
      this.opening--;
      this.all.delete(connection);
      this.refused(error as NodeJS.ErrnoException);
    }
  }

  /** The server was not reached, or did not let us in. Nobody waits for what may never come. */
  private refused(error: NodeJS.ErrnoException): void {
    this.failure = connectFailure(error);
    const pause = Math.min(BACK_OFF_MS * 2 ** this.failures++, BACK_OFF_MAX_MS);
    this.notBefore = performance.now() + pause;
    if (this.all.size > 0) return;
    for (const { job } of this.waiters.splice(0)) later(job, this.failure);
  }

  free(connection: PostgresConnection): void {
    if (connection.held) return;
    if (connection.inTransaction || this.closed) return connection.end();
    if (this.waiters.length === 0 || this.looking) this.idle.push(connection);
    else this.give(connection, this.waiters.shift() as Waiter, performance.now());
  }

  died(connection: PostgresConnection): void {
    this.all.delete(connection);
    const at = this.idle.indexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    if (!this.closed && this.waiters.length > 0) void this.look();
  }

  cancel(job: SqlJob, status: number): void {
    const at = this.waiters.findIndex((waiter) => waiter.job === job);
    if (at >= 0) {
      this.waiters.splice(at, 1);
      later(job, { status, text: 'the call ended while it waited for a connection' });
      return;
    }
    for (const connection of this.all) if (connection.job === job) connection.cancel(status);
  }

  private watch(): void {
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  /** Ends what takes too long; stops looking when nothing is under way. */
  private tick(): void {
    const now = performance.now();
    const { timeoutMs, cancelMs = CANCEL_MS } = this.options;
    while (this.waiters.length > 0 && now - this.waiters[0].since > timeoutMs) {
      const { job } = this.waiters.shift() as Waiter;
      const text = `no connection was free within ${timeoutMs / 1000} s`;
      later(job, { status: DEADLINE_EXCEEDED, text });
    }
    let active = this.waiters.length > 0;
    for (const connection of this.all) {
      if (connection.job === null) continue;
      active = true;
      const { cancelledAt, sentAt } = connection;
      if (cancelledAt > 0 && now - cancelledAt > cancelMs) connection.die();
      else if (now - sentAt > timeoutMs + GRACE_MS) connection.cancel(DEADLINE_EXCEEDED);
    }
    if (active || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearInterval(this.timer);
    const failure = { status: UNAVAILABLE, text: 'the lane is ending' };
    for (const { job } of this.waiters.splice(0)) later(job, failure);
    for (const connection of [...this.all]) connection.end();
  }
}

/** A transaction. Made when a connection is there; its BEGIN is `job`'s. */
class PostgresSession implements SqlSession {
  private readonly pool: PostgresPool;
  private readonly connection: PostgresConnection;
  private over = false;

  constructor(
    pool: PostgresPool,
    connection: PostgresConnection,
    job: SqlJob,
    begin: string,
    now: number,
  ) {
    this.pool = pool;
    this.connection = connection;
    job.session = this;
    connection.control(begin, job, now);
    connection.held = true;
  }

  run(job: SqlJob): void {
    if (this.refused(job)) return;
    this.connection.run(job, performance.now());
  }

  end(commit: boolean, job: SqlJob): void {
    if (this.refused(job)) return;
    this.over = true;
    this.connection.control(commit ? 'commit' : 'rollback', job, performance.now());
    // The turn that ends it gives the connection back.
    this.connection.held = false;
  }

  private refused(job: SqlJob): boolean {
    const { connection, over } = this;
    if (!over && !connection.dead && connection.inTransaction) return false;
    const text = over
      ? 'the transaction has ended'
      : 'the transaction is gone: its connection was lost, or something ended it';
    this.drop();
    later(job, { status: UNAVAILABLE, text });
    return true;
  }

  cancel(job: SqlJob, status: number): void {
    if (this.connection.job === job) this.connection.cancel(status);
  }

  drop(): void {
    const { connection } = this;
    if (this.over) return;
    this.over = true;
    if (connection.dead) return;
    connection.held = false;
    if (connection.job !== null) return connection.die();
    if (!connection.inTransaction) return this.pool.free(connection);
    connection.control('rollback', nobody(), performance.now());
  }
}

/** A job whose end nobody waits for. */
const nobody = (): SqlJob => ({
  statement: { id: -1, text: '', writes: false, params: 0, columns: [], types: null },
  ...{ bytes: new Uint8Array(), at: 0, length: 0, result: new ResultBytes(), error: '' },
  ...{ session: null, done: () => {} },
});

/** Tells a failure when the call that began the job has returned. */
function later(job: SqlJob, { status, text }: Failure): void {
  job.error = text;
  queueMicrotask(() => job.done(status));
}

/** Why a connection could not be opened: the server's word, or the network's. */
function connectFailure(error: NodeJS.ErrnoException): Failure {
  const { code } = error;
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) {
    const { message } = error;
    const known = { code, fatal: true, message, table: '', column: '', constraint: '' };
    const { status, text } = failureOf(known);
    return { status: status === RESOURCE_EXHAUSTED ? status : UNAVAILABLE, text };
  }
  return unreachable(error);
}
