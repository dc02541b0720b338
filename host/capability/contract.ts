// Owns the contract between a lane and what a granted import does. A capability never throws into a
// guest and never calls one; it sees a guest's memory only through `Guest`, and only between
// awaits.

import type { Grants } from '../lane/contract.ts';
import type { SharedMemory } from '../lane/memory.ts';
import type { Manifest } from '../schema/types.ts';
import type { DatabaseDriver } from './database/open.ts';
import type { Journal } from './kv/journal.ts';
import type { Session } from './kv/session.ts';
import type { SqlCell } from './sql/cell.ts';

/** How a call left its instance when it trapped, or its stack was lost; else its status. */
export const TRAPPED = -1;

/** What a capability hears of the calls of one guest: one after the other, never two at once. */
export interface CallWatcher {
  /**
   * The call in hand was answered without the guest: CANCELLED or DEADLINE_EXCEEDED. What it waits
   * for should end now; the guest runs on, unheard, until `ended`.
   */
  cancelled?(status: number): void;
  /**
   * The call in hand has left the guest: 0, the status that it failed with, or TRAPPED (the guest
   * is never used again). Told before its answer is sent; also of `start()`, and of calls of other
   * cells. The next call may begin as soon as this returns.
   */
  ended?(status: number): void;
}

/** One instance of a cell, as its capabilities see it. */
export interface Guest {
  readonly cell: string;
  /** What its module says that it does. */
  readonly manifest: GuestManifest;
  /** The host's shared memory: session slots, flags. */
  readonly shared: SharedMemory;
  /** Byte offset of the session slot of the call in hand; 0 = nobody's, or it has ended. */
  caller(): number;
  /** The guest's memory now. Stale after growth and after every await: ask again. */
  bytes(): Uint8Array;
  /**
   * The guest is about to stand still: the call that is served waits from here. False: it must not
   * (another cell's stack lies beneath it); the import answers FAILED_PRECONDITION then.
   */
  suspended(): boolean;
  /** Milliseconds until the deadline of the call in hand; Infinity without one. */
  remainingMs(): number;
  /** The guest is about to go on: the next microtask that resumes a guest is this one's. */
  resuming(): void;
  /** From now on `watcher` hears of its calls. For use while the imports are built. */
  watch(watcher: CallWatcher): void;
  /** Its calls write into `session`: their answers wait until that is stored. */
  persists(session: Session): void;
}

/** The part of a manifest that capabilities need; one object for all instances of a lane. */
export type GuestManifest = Pick<Manifest, 'sql' | 'persisted'>;

/** A capability by name: which imports need it, and what they do for one guest. */
export interface Capability {
  readonly name: string;
  /** Its imports as `cell:blob.read`. */
  readonly imports: readonly string[];
  granted(grants: Grants): boolean;
  /** What a developer writes in cell.config.ts under `grants`, for the error that refuses it. */
  readonly example: string;
  /**
   * The JavaScript functions behind the imports, by full name. Empty: the gate, which is
   * WebAssembly, answers for them. A function returns -status instead of throwing.
   */
  build(grants: Grants, guest: Guest, drivers: Drivers): Record<string, WebAssembly.ImportValue>;
}

/** What makes the drivers that grants ask for. */
export interface Drivers {
  blob(grant: NonNullable<Grants['blob']>): BlobDriver;
  /** The database of a cell, one for all its instances in this lane. */
  sql(cell: string, grants: Grants, manifest: GuestManifest): SqlCell;
  /** Durable fields of a cell, one for all its instances in this lane. */
  kv(cell: string, grants: Grants, manifest: GuestManifest): Journal;
  /** What a cell that plans schemas asks; one for a lane, so that changes are made together. */
  database(project: string): DatabaseDriver;
  /** The lane ends: what drivers hold open is closed. */
  close(): Promise<void>;
}

/** What holds the bytes behind `cell:blob`. Every driver passes tests/lane/blob.test.ts. */
export interface BlobDriver {
  /** Bytes of a blob, or -status: -INVALID_ARGUMENT for a bad name, -NOT_FOUND. Never rejects. */
  size(name: string): Promise<number>;
  /**
   * At most `into.length` bytes from `offset`; returns how many (0 at the end), or -status.
   * May write to all of `into`. Never rejects.
   */
  read(name: string, offset: number, into: Uint8Array): Promise<number>;
}
