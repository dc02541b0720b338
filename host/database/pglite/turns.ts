// Owns whose turn it is. PGlite has one session: a unit of one client runs at a time, a client in a
// transaction (or between Flush and Sync) keeps the engine until it has ended, and its settings are
// made those of the session when its turn comes. Bounds how long it may hold and how long it may
// run. Advisory locks of a session, LISTEN and temporary tables are shared by all: PGlite's own.
import { type Engine, EngineLost } from './engine.ts';
import {
  eachMessage,
  errorFields,
  errorMessage,
  greeting,
  query,
  ready,
  rowTexts,
  sync,
  T,
  type Told,
  textAt,
} from './messages.ts';
import type { Session, Unit } from './session.ts';
import { changesSettings, REPORT, REPORTED, SNAPSHOT, settle } from './settings.ts';
import type { Counted } from './statements.ts';

/** Milliseconds that a client may hold the engine and say nothing while others wait. */
const HOLD_MS = 120_000;
/** Milliseconds from a request to cancel to the engine's end: most statements end first. */
const GRACE_MS = 1000;

const CANCELLED: Told = {
  code: '57014',
  message: 'canceling statement due to user request',
};
const TIMED_OUT: Told = {
  code: '57014',
  message: 'canceling statement due to statement timeout',
};
const COPY_IN: Told = {
  code: '0A000',
  message: 'the embedded database does not read COPY FROM STDIN',
  hint: 'Insert the rows, or set DATABASE_URL to a real server.',
};

/** What an answer says beside what is passed on. */
interface Heard {
  out: Buffer;
  /** Of the last ReadyForQuery; '' without one. */
  status: string;
  settings: boolean;
  /** All prepared statements are gone, those of other clients too. */
  forgotten: boolean;
}

export class Turns {
  readonly #engine: Engine;
  /** Ids of prepared statements that the engine has. */
  readonly known = new Set<string>();
  readonly #queue: Session[] = [];
  readonly #leaving: Session[] = [];
  #holder: Session | undefined;
  #running: Session | undefined;
  /** Whose settings the engine has; null: nobody's. */
  #applied: string | null = null;
  #driving = false;
  #holding: NodeJS.Timeout | undefined;
  /** When the holder's last unit ended. */
  #heldAt = 0;
  /** Why the engine is being ended. */
  #ending: Told | undefined;
  /** The engine cannot be started again. */
  readonly #broken: (error: Error) => void;

  constructor(engine: Engine, broken: (error: Error) => void) {
    this.#engine = engine;
    this.#broken = broken;
  }

  /** Nothing runs and nothing waits. */
  get idle(): boolean {
    return !this.#driving;
  }

  ready(session: Session): void {
    if (!this.#queue.includes(session)) this.#queue.push(session);
    void this.#drive();
  }

  gone(session: Session): void {
    const at = this.#queue.indexOf(session);
    if (at >= 0) this.#queue.splice(at, 1);
    this.#leaving.push(session);
    void this.#drive();
  }

  /** Ends what `session` runs, or waits to run. */
  cancel(session: Session): void {
    if (this.#running === session) this.#end(CANCELLED, GRACE_MS);
    else if (this.#holder !== session) session.withdraw(CANCELLED);
  }

  async #drive(): Promise<void> {
    if (this.#driving) return;
    this.#driving = true;
    try {
      for (let more = true; more; ) more = await this.#step();
    } catch (error) {
      this.#broken(error as Error);
    }
    this.#driving = false;
    this.#watchHolder();
  }

  /** One turn; false: nobody can have one now. */
  async #step(): Promise<boolean> {
    clearTimeout(this.#holding);
    const leaving = this.#leaving.findIndex((one) => this.#free(one));
    if (leaving >= 0) {
      await this.#farewell(this.#leaving.splice(leaving, 1)[0] as Session);
      return true;
    }
    const next = this.#queue.findIndex((one) => this.#free(one));
    if (next < 0) return false;
    const session = this.#queue.splice(next, 1)[0] as Session;
    const unit = session.waits ? session.next() : undefined;
    if (unit === undefined) return true;
    this.#running = session;
    await this.#turn(session, unit);
    this.#running = undefined;
    if (session.waits) this.#queue.push(session);
    return true;
  }

  #free(session: Session): boolean {
    return this.#holder === undefined || this.#holder === session;
  }

  async #turn(session: Session, unit: Unit): Promise<void> {
    const held = this.#holder === session;
    try {
      if (!held && !(await this.#settle(session))) return;
      if (unit.kind === 'start') return await this.#greet(session);
      if (readsCopy(unit.batch)) {
        return held ? session.fail(COPY_IN) : session.refuse(unit, COPY_IN);
      }
      const { bytes, counted } = session.statements.compose(unit.batch);
      const heard = listen(await this.#run(session, bytes), counted);
      if (heard.forgotten) this.known.clear();
      const open = unit.kind === 'flush' || heard.status === 'T' || heard.status === 'E';
      this.#holder = open ? session : undefined;
      this.#heldAt = performance.now();
      const changes = heard.settings || mentionsSettings(unit.batch);
      if (changes) this.#applied = null;
      // In a transaction they are looked at when it has ended.
      if (changes || this.#changed.has(session)) {
        this.#changed.add(session);
        if (!open) await this.#snapshot(session);
      }
      session.send(heard.out);
    } catch (error) {
      if (!(error instanceof EngineLost)) throw error;
      await this.#lost(session, unit, held);
    }
  }

  /** Sessions whose settings are to be read again. */
  readonly #changed = new WeakSet<Session>();

  /** Makes the session's settings those of the engine. False: it was sent away. */
  async #settle(session: Session): Promise<boolean> {
    if (this.#applied === session.signature) return true;
    this.#applied = null;
    const error = errorOf(await this.#engine.run([query(settle(session.settings))]));
    if (error === undefined) this.#applied = session.signature;
    else session.fail(error);
    return error === undefined;
  }

  async #greet(session: Session): Promise<void> {
    const startup = session.startup;
    if (startup?.user !== 'postgres') {
      const message = `role "${startup?.user}" does not exist`;
      return session.fail({ code: '28000', message, hint: 'The embedded one has: postgres.' });
    }
    if (startup.database !== 'postgres') {
      const message = `database "${startup.database}" does not exist`;
      return session.fail({ code: '3D000', message, hint: 'The embedded one has: postgres.' });
    }
    const [row = []] = rowsOf(await this.#engine.run([query(REPORT)]));
    const parameters = new Map(REPORTED.map((name, i) => [name, row[i] ?? '']));
    session.send(greeting(parameters, session.pid, session.secret));
  }

  async #snapshot(session: Session): Promise<void> {
    const rows = rowsOf(await this.#engine.run([query(SNAPSHOT)]));
    session.assign(new Map(rows.map(([name, value]) => [name ?? '', value ?? ''])));
    this.#applied = session.signature;
    this.#changed.delete(session);
  }

  /** Runs a batch under the session's own statement_timeout, which PGlite does not keep. */
  async #run(session: Session, batch: Buffer[]): Promise<Buffer> {
    const most = milliseconds(session.settings.get('statement_timeout') ?? '0');
    const timer = most > 0 ? setTimeout(() => this.#end(TIMED_OUT, 0), most) : undefined;
    try {
      return await this.#engine.run(batch);
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#killer);
    }
  }

  #killer: NodeJS.Timeout | undefined;

  #end(why: Told, graceMs: number): void {
    clearTimeout(this.#killer);
    this.#killer = setTimeout(() => {
      this.#ending = why;
      void this.#engine.kill();
    }, graceMs);
  }

  /** The engine ended under a unit: the client is told, the engine starts again. */
  async #lost(session: Session, unit: Unit, held: boolean): Promise<void> {
    const why = this.#ending;
    this.#ending = undefined;
    this.#holder = undefined;
    this.#applied = null;
    this.known.clear();
    if (why !== undefined && !held && unit.kind === 'sync') {
      session.send(Buffer.concat([errorMessage(why), ready('I')]));
    } else {
      const crash = 'the embedded database has ended in the middle of this statement';
      session.fail(why ?? { code: '57P02', message: crash, hint: 'See .cell/run/postgres.log.' });
    }
    await this.#engine.start();
  }

  /** Rolls back what a client has left open, and forgets what it has prepared. */
  async #farewell(session: Session): Promise<void> {
    const holds = this.#holder === session;
    const freed = session.statements.farewell();
    this.#holder = undefined;
    if (!holds && freed.length === 0) return;
    const batch = holds ? [sync(), query('rollback'), ...freed, sync()] : [...freed, sync()];
    if (this.#changed.has(session)) this.#applied = null;
    try {
      await this.#engine.run(batch);
    } catch (error) {
      if (!(error instanceof EngineLost)) throw error;
      this.#applied = null;
      this.known.clear();
      await this.#engine.start();
    }
  }

  /** A holder that says nothing while others wait is sent away. */
  #watchHolder(): void {
    clearTimeout(this.#holding);
    const holder = this.#holder;
    if (holder === undefined || this.#queue.length === 0) return;
    this.#holding = setTimeout(
      () => {
        const message = 'terminating connection due to idle-in-transaction timeout';
        if (this.#holder === holder && !this.#driving) holder.fail({ code: '25P03', message });
      },
      this.#heldAt + HOLD_MS - performance.now(),
    );
  }
}

/** Splits what the engine said: what is the client's, and what it tells the server. */
function listen(answer: Buffer, counted: Counted[]): Heard {
  const parts: Buffer[] = [];
  const heard = { status: '', settings: false, forgotten: false };
  eachMessage(answer, (type, whole) => {
    if (type === T.parseB || type === T.closeB) {
      const at = counted.findIndex((one) => one.type === type);
      const [one] = at < 0 ? [] : counted.splice(at, 1);
      one?.done();
      if (one?.ours) return;
    } else if (type === T.readyB) {
      heard.status = String.fromCharCode(whole[5] as number);
    } else if (type === T.commandB) {
      const tag = textAt(whole, 5).value;
      heard.settings ||= changesSettings(tag);
      heard.forgotten ||= tag === 'DEALLOCATE ALL' || tag === 'DISCARD ALL';
    }
    parts.push(whole);
  });
  return { ...heard, out: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts) };
}

function rowsOf(answer: Buffer): (string | null)[][] {
  const rows: (string | null)[][] = [];
  eachMessage(answer, (type, whole) => {
    if (type === T.rowB) rows.push(rowTexts(whole));
  });
  return rows;
}

function errorOf(answer: Buffer): Omit<Told, 'fatal'> | undefined {
  let told: Omit<Told, 'fatal'> | undefined;
  eachMessage(answer, (type, whole) => {
    if (type !== T.errorB || told !== undefined) return;
    const fields = errorFields(whole);
    told = { code: fields.get('C') ?? 'XX000', message: fields.get('M') ?? '' };
  });
  return told;
}

/** Texts that may change settings though their command does not say so. */
const mentionsSettings = (batch: Buffer[]): boolean =>
  batch.some((whole) => (whole[0] === T.parse || whole[0] === T.query) && names(whole));
const names = (whole: Buffer): boolean => whole.length < 1 << 20 && whole.includes('set_config');

/** COPY FROM STDIN would end the engine: PGlite cannot wait for what follows. */
const readsCopy = (batch: Buffer[]): boolean =>
  batch.some(
    (whole) =>
      (whole[0] === T.parse || whole[0] === T.query) &&
      whole.length < 1 << 16 &&
      /\bcopy\b[^;]*\bfrom\s+stdin\b/i.test(whole.toString('latin1')),
  );

/** `30s`, `500`: what PostgreSQL takes for a time in milliseconds. */
function milliseconds(setting: string): number {
  const [, digits, unit = 'ms'] = /^\s*(\d+)\s*(us|ms|s|min|h|d)?\s*$/.exec(setting) ?? [];
  const units: Record<string, number> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
  return digits === undefined ? 0 : Number(digits) * (units[unit] ?? 86_400_000);
}
