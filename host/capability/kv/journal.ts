// Owns the durable fields of one cell in one lane: writes of calls that have ended are gathered in
// the open batch, one batch at a time is committed (group commit), and whoever answers for a call
// learns when what it wrote or saw stands.
//
//   call ends -> append -> open batch --turn--> commit -> settled: answers leave
//                             `-- a commit is under way: it waits, and grows
//
// Invariant: a failed batch fails all that was written after it, and ends the sessions of the
// instances that wrote it: what they have in memory is not what is stored.
import type { PersistedField } from '../../schema/types.ts';
import { Batch, LOST } from './batch.ts';
import {
  CLEAR,
  isFailure,
  KV_OPEN_BYTES,
  type KvFailure,
  type KvStore,
  PUT,
  snapshotOf,
  TYPE,
} from './contract.ts';
import { evolve, typeText } from './evolve.ts';
import type { Session } from './session.ts';
import { Writes } from './writes.ts';

/** First and longest pause before an instance is loaded after a batch has failed, in ms. */
const PAUSE_MS = 50;
const PAUSE_MAX_MS = 5000;
/**
 * Where commits take less than this, a batch is sent as soon as so many calls have written, and not
 * at the end of the turn: nobody waits for the disk there, so work beside the store is worth more
 * than fewer commits.
 */
const EARLY_MS = 0.4;
const EARLY_CALLS = 16;

export class Journal {
  private readonly cell: string;
  readonly fields: readonly PersistedField[];
  /** Names as bytes, as guests say them. */
  readonly names: readonly Uint8Array[];
  /** What is stored with each field. */
  private readonly types: readonly string[];
  private readonly store: KvStore;
  private readonly writes = new Writes();
  private readonly sessions = new Set<Session>();
  /** What the store has of each field; null: not loaded yet. */
  private readonly known: (string | null)[];
  private open: Batch | null = null;
  private flying: Batch | null = null;
  /** Bytes of the batch that is being committed. */
  private flyingBytes = 0;
  /** Calls of the open batch that have written. */
  private calls = 0;
  /** What a commit took lately, in ms, and when the one under way was begun. */
  private commitMs = EARLY_MS;
  private sentAt = 0;
  private scheduled = false;
  private warned = false;
  private failures = 0;
  private closing: Promise<void> | null = null;

  constructor(cell: string, store: KvStore, fields: readonly PersistedField[]) {
    this.cell = cell;
    this.store = store;
    this.fields = fields;
    this.names = fields.map(({ field }) => Buffer.from(field));
    this.types = fields.map(typeText);
    this.known = fields.map(() => null);
  }

  /** What the store says of itself, once. */
  takeWarnings(): readonly string[] {
    const warnings = this.warned ? [] : (this.store.warnings ?? []);
    this.warned ||= warnings.length > 0;
    return warnings;
  }

  join(session: Session): void {
    this.sessions.add(session);
  }

  leave(session: Session): void {
    this.sessions.delete(session);
  }

  /** The newest batch that is not stored yet; null: all is. */
  get unsettled(): Batch | null {
    return this.open ?? this.flying;
  }

  /** Writes wait that nobody may add to: the cell's next call is to wait. */
  get full(): boolean {
    return this.writes.length + this.flyingBytes > KV_OPEN_BYTES;
  }

  /** What `session` has written joins the open batch, and so does what it saw. */
  append(session: Session): Batch | null {
    if (session.lost) return LOST;
    if (session.writes.length > 0) {
      this.open ??= new Batch();
      this.stateTypes(session.written);
      this.writes.append(session.writes);
      this.calls++;
      if (this.flying === null && this.isQuick && this.calls >= EARLY_CALLS) this.send();
      else this.schedule();
    }
    return this.unsettled;
  }

  /** Fields that are written for the first time say what they hold from now on. */
  private stateTypes(written: readonly number[]): void {
    for (const field of written) {
      if (this.states(field)) continue;
      this.known[field] = this.types[field];
      this.type(field, this.types[field]);
    }
  }

  /** Whether the store knows what `field` holds. */
  states(field: number): boolean {
    return this.known[field] === this.types[field];
  }

  private type(field: number, text: string): void {
    const bytes = Buffer.from(text);
    const none = { at: 0, length: 0 };
    this.writes.add(TYPE, field, bytes, none, { at: 0, length: bytes.length });
  }

  /** At the end of this turn of the event loop: calls that were begun with this one join it. */
  private schedule(): void {
    if (this.scheduled || this.flying !== null) return;
    this.scheduled = true;
    setImmediate(this.send);
  }

  /** A commit costs less than the calls of a batch: it can be made beside them. */
  private get isQuick(): boolean {
    return this.commitMs < EARLY_MS;
  }

  private readonly send = (): void => {
    this.scheduled = false;
    if (this.open === null || this.flying !== null) return;
    this.calls = 0;
    this.sentAt = performance.now();
    this.flying = this.open;
    this.open = null;
    const bytes = this.writes.take();
    this.flyingBytes = bytes.length;
    this.store.commit(bytes).then(this.sent);
  };

  private readonly sent = (failure: KvFailure | null): void => {
    const { flying } = this;
    this.flying = null;
    this.flyingBytes = 0;
    this.commitMs += (performance.now() - this.sentAt - this.commitMs) / 8;
    if (failure === null) {
      this.failures = 0;
      if (this.open !== null) this.send();
      flying?.settle(null);
      return;
    }
    this.fail(flying, failure);
  };

  private fail(flying: Batch | null, failure: KvFailure): void {
    const { open } = this;
    this.open = null;
    this.writes.drop();
    this.known.fill(null);
    this.failures++;
    // Those that are still starting read what is stored, behind this.
    const lost = [...this.sessions].filter((session) => session.begun);
    for (const session of lost) {
      this.sessions.delete(session);
      session.lose();
    }
    flying?.settle(failure);
    open?.settle(failure);
    for (const session of lost) session.told(failure);
  }

  /**
   * The entries of a field for an instance that starts: behind all that was written before, and as
   * the module's type says, whatever it was stored as. Nothing, not even a count, of a field that
   * was never written.
   */
  async load(field: number): Promise<Uint8Array | KvFailure> {
    if (this.failures > 0) {
      await sleep(Math.min(PAUSE_MS * 2 ** (this.failures - 1), PAUSE_MAX_MS));
    }
    await this.unsettled?.end();
    const stored = await this.store.load(field);
    if (isFailure(stored)) return stored;
    if (stored.type === '') return new Uint8Array();
    this.known[field] = stored.type;
    const evolved = evolve(this.fields[field], this.cell, stored);
    if (isFailure(evolved)) return evolved;
    return evolved === null ? stored.snapshot : this.rewrite(field, evolved);
  }

  /** What was stored by an older module is stored anew before anyone sees it. */
  private async rewrite(
    field: number,
    entries: [Uint8Array, Uint8Array][],
  ): Promise<Uint8Array | KvFailure> {
    const text = this.types[field];
    const none = { at: 0, length: 0 };
    const batch = new Batch();
    this.open = batch;
    this.type(field, text);
    this.writes.add(CLEAR, field, new Uint8Array(), none, none);
    for (const [key, value] of entries) {
      const both = Buffer.concat([key, value]);
      const range = { at: key.length, length: value.length };
      this.writes.add(PUT, field, both, { at: 0, length: key.length }, range);
    }
    this.schedule();
    const failure = await batch.end();
    if (failure !== null) return failure;
    this.known[field] = text;
    return snapshotOf(entries);
  }

  /** Commits what is open, then gives the store back. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.unsettled?.end();
    await this.store.close();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
