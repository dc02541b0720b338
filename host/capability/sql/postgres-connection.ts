// Owns one connection of a pool and what is under way on it: one turn at a time, from what is
// written to the server's ReadyForQuery. It knows statements and their prepared names; it knows
// neither queues nor guests. A connection that has seen what it does not understand is dead.
//
//   run      -> [parse, describe, sync -> READY] -> bind, execute, sync -> READY -> done
//   control  -> query -> READY -> done
//   cancel   -> CancelRequest on a socket of its own; done waits for its end, so that it can never
//               meet the next statement
import { randomBytes } from 'node:crypto';
import {
  ABORTED,
  CANCELLED,
  DEADLINE_EXCEEDED,
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
  UNKNOWN,
} from '../../../assembly/shared/status.ts';
import * as B from './backend.ts';
import { SQL_RESULT_BYTES, type SqlJob } from './contract.ts';
import { countFields } from './fields.ts';
import { type MessageSink, Messages } from './messages.ts';
import { projectionOf, ROW_FULL, ROW_WRONG, takeRow } from './rows.ts';
import { type Failure, failureOf } from './sqlstate.ts';
import type { Wire, WireListener } from './wire.ts';

/** A statement that the server has parsed. */
interface Prepared {
  name: string;
  /** Columns that it gives, and those that are wanted; null: all. */
  count: number;
  places: number[] | null;
}

type Phase = 'idle' | 'parsing' | 'running' | 'control' | 'syncing';

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** It is free; told before `done` of the job that has ended. */
  free(connection: PostgresConnection): void;
  /** It is dead; told before `done` of the job that it fails. */
  died(connection: PostgresConnection): void;
}

/** Transaction states of ReadyForQuery. */
const TX_NONE = 0x49; // I

const WORDS: Record<number, string> = {
  [CANCELLED]: 'the call was cancelled',
  [DEADLINE_EXCEEDED]: 'the statement took too long',
  [RESOURCE_EXHAUSTED]: `the result is above ${SQL_RESULT_BYTES >>> 20} MB: ask for fewer rows`,
};

export class PostgresConnection implements WireListener, MessageSink {
  dead = false;
  /** Milliseconds (performance.now) of the last thing sent. */
  sentAt = 0;
  /** When the job under way was cancelled; 0 = it was not. */
  cancelledAt = 0;
  /** It is a session's: a lost connection is a lost transaction. */
  held = false;
  /** What is under way. */
  job: SqlJob | null = null;
  private readonly owner: ConnectionOwner;
  private readonly front = new B.FrontMessages();
  private readonly messages = new Messages(this);
  private readonly prepared = new Map<number, Prepared>();
  /** Names are unique beyond the connection: poolers and PGlite share sessions. */
  private readonly tag = `c${randomBytes(6).toString('hex')}_`;
  private wire: Wire | null = null;
  private phase: Phase = 'idle';
  private statement: Prepared | null = null;
  private failure: Failure | null = null;
  private affected = 0;
  private transaction = TX_NONE;
  /** The plan that the server had is void. */
  private stale = false;
  /** A stale plan was made anew once. */
  private anew = false;
  /** The statement itself was sent, not only its text. */
  private begun = false;
  private committing = false;
  private rolledBack = false;
  /** Status of the first statement of the transaction that has failed; 0 = none has. */
  private broken = 0;
  private cancelStatus = 0;
  /** Cancel requests that the server has not heard yet. */
  private cancels = 0;

  constructor(owner: ConnectionOwner) {
    this.owner = owner;
  }

  /** It was opened. */
  open(wire: Wire): void {
    this.wire = wire;
  }

  get inTransaction(): boolean {
    return this.transaction !== TX_NONE;
  }

  /** Runs a statement. `now`: performance.now(). */
  run(job: SqlJob, now: number): void {
    this.begin(job, now);
    const known = this.prepared.get(job.statement.id);
    if (known === undefined) this.parse(job);
    else this.execute(job, known);
  }

  /** BEGIN, COMMIT, ROLLBACK: no rows and no arguments. */
  control(text: string, job: SqlJob, now: number): void {
    this.begin(job, now);
    this.committing = text === 'commit';
    if (!this.held) this.broken = 0;
    this.begun = true;
    this.phase = 'control';
    this.front.reset();
    this.front.query(text);
    this.send();
  }

  private begin(job: SqlJob, now: number): void {
    this.job = job;
    this.sentAt = now;
    this.failure = null;
    this.affected = 0;
    this.stale = false;
    this.anew = false;
    this.begun = false;
    this.committing = false;
    this.rolledBack = false;
    this.cancelStatus = 0;
    this.cancelledAt = 0;
  }

  private parse(job: SqlJob): void {
    const { id, text } = job.statement;
    const name = id < 0 ? '' : `${this.tag}${id}`;
    this.statement = { name, count: 0, places: null };
    this.phase = 'parsing';
    this.front.reset();
    // A plan that is void, or whose columns were not the wanted ones, still has the name.
    if (name !== '') this.front.closeStatement(name);
    this.front.parse(name, text);
    this.front.describeStatement(name);
    this.front.sync();
    this.send();
  }

  private execute(job: SqlJob, statement: Prepared): void {
    this.statement = statement;
    this.phase = 'running';
    this.begun = true;
    const { bytes, at, length } = job;
    const { params } = job.statement;
    job.result.reset(statement.places?.length ?? statement.count);
    this.front.reset();
    const count = params < 0 ? countFields(bytes, at, length) : params;
    this.front.bind(statement.name, bytes, at, length, count);
    this.front.execute();
    this.front.sync();
    this.send();
  }

  private send(): void {
    const { bytes, length } = this.front;
    (this.wire as Wire).write(bytes.subarray(0, length));
  }

  data(bytes: Buffer, size: number): void {
    this.messages.data(bytes, size);
  }

  row(bytes: Buffer, at: number, to: number): void {
    const { job, statement } = this;
    if (job === null || statement === null || this.phase !== 'running' || job.result.full) return;
    const taken = takeRow(job.result, bytes, at, to, statement.count, statement.places);
    if (taken === ROW_FULL) this.cancel(RESOURCE_EXHAUSTED);
    else if (taken === ROW_WRONG) this.confused();
  }

  hugeRow(): void {
    if (this.job === null) return;
    this.job.result.full = true;
    this.cancel(RESOURCE_EXHAUSTED);
  }

  confused(): void {
    const text = 'the database sent what is not its protocol; the connection was ended';
    this.failure = { status: INTERNAL, text };
    this.die();
  }

  message(type: number, bytes: Buffer, at: number, to: number): void {
    switch (type) {
      case B.COMPLETE:
        this.affected = B.affectedOf(bytes, at, to);
        this.rolledBack = this.committing && bytes.toString('latin1', at, to - 1) === 'ROLLBACK';
        return;
      case B.READY:
        this.transaction = bytes[at];
        this.turned();
        return;
      case B.ERROR:
        this.failed(bytes, at, to);
        return;
      case B.ROW_DESCRIPTION:
        this.described(B.columnsOf(bytes, at, to));
        return;
      case B.NO_DATA:
        this.described([]);
        return;
      case B.COPY_IN:
      case B.COPY_OUT:
      case B.COPY_BOTH:
        this.failure = { status: INVALID_ARGUMENT, text: 'copy is no statement for a cell' };
        this.die();
        return;
      default: // notices, settings, BindComplete and the like
    }
  }

  private failed(bytes: Buffer, at: number, to: number): void {
    const error = B.errorOf(bytes, at, to);
    this.failure ??= failureOf(error);
    this.stale ||= error.code === '26000' || (error.code === '0A000' && /plan/.test(error.message));
    if (this.stale && this.held) this.failure.status = ABORTED;
    if (error.fatal) this.die();
  }

  private described(names: string[] | null): void {
    if (names === null) return this.confused();
    const { job, statement } = this;
    if (job === null || statement === null || this.phase !== 'parsing') return;
    const { places, lost } = projectionOf(job.statement.columns, names);
    statement.count = names.length;
    statement.places = places;
    if (lost.length === 0) return;
    const columns = lost.map((name) => `\`${name}\``).join(', ');
    const text = `the tables have no ${columns} any more: build the cell again`;
    this.failure = { status: FAILED_PRECONDITION, text };
  }

  /** ReadyForQuery: the turn has ended. */
  private turned(): void {
    const { job, statement, phase } = this;
    if (phase === 'syncing') return this.finish();
    if (job === null || phase === 'idle') return;
    if (phase === 'parsing' && this.failure === null && this.cancelStatus === 0) {
      if (job.statement.id >= 0) this.prepared.set(job.statement.id, statement as Prepared);
      return this.execute(job, statement as Prepared);
    }
    if (phase === 'running' && this.stale && this.failure !== null) {
      this.prepared.delete(job.statement.id);
      if (!this.held && !this.anew && this.cancelStatus === 0) {
        this.anew = true;
        this.stale = false;
        this.failure = null;
        return this.parse(job);
      }
    }
    this.phase = 'syncing';
    if (this.cancelledAt === 0) this.finish();
    else if (this.cancels === 0) this.resync();
  }

  /** A cancel request was heard: a round trip makes sure that it meets nothing else. */
  private resync(): void {
    this.front.reset();
    this.front.sync();
    this.send();
  }

  private finish(): void {
    const job = this.job as SqlJob;
    const status = this.settle(job);
    this.job = null;
    this.statement = null;
    this.phase = 'idle';
    this.owner.free(this);
    job.done(status);
  }

  /** Writes what became of the job into it; returns its status. */
  private settle(job: SqlJob): number {
    if (job.result.full) return this.say(job, RESOURCE_EXHAUSTED, WORDS[RESOURCE_EXHAUSTED]);
    if (this.rolledBack) {
      const text = 'nothing was committed: an earlier statement of the transaction has failed';
      return this.say(job, this.broken === ABORTED ? ABORTED : FAILED_PRECONDITION, text);
    }
    const { failure } = this;
    if (failure === null && (this.cancelStatus === 0 || this.begun)) {
      job.result.finish(this.affected);
      return 0;
    }
    if (failure === null || failure.status === CANCELLED) {
      // Without a request of ours it was the server's own clock: statement_timeout.
      const status = this.cancelStatus || DEADLINE_EXCEEDED;
      return this.say(job, status, WORDS[status] ?? WORDS[CANCELLED]);
    }
    return this.say(job, failure.status, failure.text);
  }

  private say(job: SqlJob, status: number, text: string): number {
    job.error = text;
    if (this.held && this.broken === 0) this.broken = status;
    return status;
  }

  /** Ends the job under way with `status`, unless it ends by itself first. */
  cancel(status: number): void {
    if (this.job === null || this.dead || this.cancelledAt !== 0) return;
    this.cancelStatus = status;
    this.cancelledAt = performance.now();
    this.cancels++;
    void (this.wire as Wire).cancel().then(() => {
      this.cancels--;
      if (!this.dead && this.phase === 'syncing' && this.cancels === 0) this.resync();
    });
  }

  gone(): void {
    if (!this.dead) this.die();
  }

  /** Ends the connection; the job under way fails. */
  die(): void {
    if (this.dead) return;
    this.dead = true;
    this.messages.stop();
    this.wire?.destroy();
    const { job } = this;
    this.job = null;
    this.owner.died(this);
    if (job === null) return;
    const { status, text } = this.cancelStatus === 0 ? this.lost(job) : this.cancelledWords();
    job.error = text;
    job.done(status);
  }

  private cancelledWords(): Failure {
    const status = this.cancelStatus;
    return { status, text: WORDS[status] ?? WORDS[CANCELLED] };
  }

  /** What is known of a job whose connection is lost. */
  private lost(job: SqlJob): Failure {
    if (this.failure !== null) return this.failure;
    const gone = 'the connection to the database was lost';
    if (this.committing) {
      return { status: UNKNOWN, text: `${gone} during commit: nobody knows whether it was done` };
    }
    if (this.held) return { status: UNAVAILABLE, text: `${gone}: the transaction is rolled back` };
    if (this.phase === 'running' && job.statement.writes) {
      return { status: UNKNOWN, text: `${gone}: nobody knows whether the statement was done` };
    }
    return { status: UNAVAILABLE, text: gone };
  }

  /** Says good-bye and ends it. */
  end(): void {
    if (!this.dead && this.wire !== null) {
      this.front.reset();
      this.front.terminate();
      this.send();
    }
    this.die();
  }
}
