// Owns the contract between a lane and what a granted import does. A capability never throws into a
// guest and never calls one; it sees a guest's memory only through `Guest`, and only between
// awaits.

import type { Grants } from '../lane/contract.ts';
import type { SharedMemory } from '../lane/memory.ts';

/** One instance of a cell, as its capabilities see it. */
export interface Guest {
  readonly cell: string;
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
}

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
