// Owns the session slots in shared memory (assembly/shared/layout.ts, S_*): what kernels and
// membranes know of a caller. Written by the listener thread only. Never decides who may have a
// session.
//
//   slot, 64 B: roles | scopes | expiry | generation | flags | subject | limit | text bytes, text
// offset
//   text area:  two halves a slot; a refresh writes the half that is not in use
//   text:       subject \0 role \0 role \0\0 scope \0 scope        (ARCHITECTURE, `cell:caller`)
//
// A lane may read a slot while it is written. So: the generation is stored last when a slot opens
// and first (0) when it closes; and a refresh passes only through states that both tokens allow.

import {
  S_CALLER,
  S_EXPIRY,
  S_FLAGS,
  S_GENERATION,
  S_INTERVAL,
  S_LABELS,
  S_ROLES,
  S_SCOPES,
  S_SUBJECT,
  S_SUBJECT_AT,
  S_SUBJECT_BYTES,
  S_TOLERANCE,
  SESSION_AUTHENTICATED,
  SESSION_BYTES,
  SESSION_REVOKED,
} from '../../assembly/shared/layout.ts';

/** Where slots and texts lie in the host's shared memory. Offsets and counts in bytes. */
export interface SlotMemory {
  buffer: SharedArrayBuffer | ArrayBuffer;
  sessions: number;
  sessionCount: number;
  /** Text area: `2 * textBytes` for each slot. */
  texts: number;
  textBytes: number;
}

export interface Caller {
  subject: string;
  roles: readonly string[];
  scopes: readonly string[];
}

/** What a slot says beside the caller's text. */
export interface Grant {
  roleMask: bigint;
  scopeMask: bigint;
  /** Unix microseconds until when calls are served; 0 = public methods only. */
  expiry: bigint;
  authenticated: boolean;
  revoked: boolean;
  /** Number of the subject, for the limiter (subjects.ts). */
  subject: number;
  /** Number of the caller's whole text: kept replies are the same for it (assembly/kernel/memo). */
  caller: number;
  /** Number of the caller's set of labels (host/telemetry/labels.ts), 0 = none. */
  labels: number;
  /** Microseconds per call and of burst; 0 = no session limit. */
  interval: number;
  tolerance: number;
}

const encoder = new TextEncoder();

/** The caller's text as cells read it. */
export function callerText(caller: Caller): Uint8Array {
  const { subject, roles, scopes } = caller;
  return encoder.encode(`${[subject, ...roles].join('\0')}\0\0${scopes.join('\0')}`);
}

export class SessionSlots {
  readonly count: number;
  readonly textBytes: number;
  private readonly words: Int32Array;
  private readonly wide: BigInt64Array;
  private readonly bytes: Uint8Array;
  private readonly memory: SlotMemory;
  private readonly free: number[] = [];
  private fresh = 0;
  private readonly generations: Uint32Array;

  constructor(memory: SlotMemory) {
    this.memory = memory;
    this.count = memory.sessionCount;
    this.textBytes = memory.textBytes;
    this.words = new Int32Array(memory.buffer);
    this.wide = new BigInt64Array(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
    this.generations = new Uint32Array(memory.sessionCount);
  }

  /** Slots in use. */
  get open(): number {
    return this.fresh - this.free.length;
  }

  /**
   * Opens a slot. Null: all are in use. `text` must have at most `textBytes` bytes.
   * The generation differs from that of every earlier session in the slot, until 2^32 have passed.
   */
  take(grant: Grant, text: Uint8Array): { slot: number; generation: number } | null {
    const slot = this.free.pop() ?? (this.fresh < this.count ? this.fresh++ : -1);
    if (slot < 0) return null;
    const generation = (this.generations[slot] + 1) >>> 0 || 1;
    this.generations[slot] = generation;
    this.writeText(slot, text);
    this.write(slot, grant);
    Atomics.store(this.words, this.word(slot, S_GENERATION), generation | 0);
    return { slot, generation };
  }

  /** Closes a slot: from the next frame on nothing is served in its name, and it may be reused. */
  give(slot: number): void {
    Atomics.store(this.words, this.word(slot, S_GENERATION), 0);
    Atomics.store(this.words, this.word(slot, S_FLAGS), 0);
    Atomics.store(this.wide, this.wideWord(slot, S_EXPIRY), 0n);
    Atomics.store(this.wide, this.wideWord(slot, S_ROLES), 0n);
    Atomics.store(this.wide, this.wideWord(slot, S_SCOPES), 0n);
    Atomics.store(this.words, this.word(slot, S_SUBJECT_BYTES), 0);
    Atomics.store(this.words, this.word(slot, S_CALLER), 0);
    this.free.push(slot);
  }

  /**
   * Replaces the rights of an open session (same subject). Lanes that read in between see rights
   * that both the old and the new token give. No reply is kept for whoever reads a text meanwhile.
   */
  refresh(slot: number, grant: Grant, text: Uint8Array): void {
    const at = (offset: number) => this.wideWord(slot, offset);
    Atomics.store(this.words, this.word(slot, S_CALLER), 0);
    Atomics.and(this.wide, at(S_ROLES), grant.roleMask);
    Atomics.and(this.wide, at(S_SCOPES), grant.scopeMask);
    this.writeText(slot, text);
    this.write(slot, grant);
  }

  /** Marks an open session: its next frame is refused with REASON_REVOKED. */
  revoke(slot: number): void {
    Atomics.or(this.words, this.word(slot, S_FLAGS), SESSION_REVOKED);
  }

  /** Takes the mark back. */
  lift(slot: number): void {
    Atomics.and(this.words, this.word(slot, S_FLAGS), ~SESSION_REVOKED);
  }

  /** New masks after a route demanded names that had no bit yet. */
  remask(slot: number, roleMask: bigint, scopeMask: bigint): void {
    Atomics.store(this.wide, this.wideWord(slot, S_ROLES), roleMask);
    Atomics.store(this.wide, this.wideWord(slot, S_SCOPES), scopeMask);
  }

  /** Another set of labels, after a counter named claims that none had named before. */
  relabel(slot: number, labels: number): void {
    Atomics.store(this.words, this.word(slot, S_LABELS), labels | 0);
  }

  private word(slot: number, offset: number): number {
    return (this.memory.sessions + slot * SESSION_BYTES + offset) >> 2;
  }

  private wideWord(slot: number, offset: number): number {
    return (this.memory.sessions + slot * SESSION_BYTES + offset) >> 3;
  }

  private write(slot: number, grant: Grant): void {
    const authenticated = grant.authenticated ? SESSION_AUTHENTICATED : 0;
    const flags = authenticated | (grant.revoked ? SESSION_REVOKED : 0);
    Atomics.store(this.words, this.word(slot, S_FLAGS), flags);
    Atomics.store(this.words, this.word(slot, S_SUBJECT), grant.subject | 0);
    Atomics.store(this.words, this.word(slot, S_INTERVAL), grant.interval | 0);
    Atomics.store(this.words, this.word(slot, S_TOLERANCE), grant.tolerance | 0);
    Atomics.store(this.wide, this.wideWord(slot, S_EXPIRY), grant.expiry);
    Atomics.store(this.wide, this.wideWord(slot, S_ROLES), grant.roleMask);
    Atomics.store(this.wide, this.wideWord(slot, S_SCOPES), grant.scopeMask);
    this.relabel(slot, grant.labels);
    Atomics.store(this.words, this.word(slot, S_CALLER), grant.caller | 0);
  }

  /** Writes the half that the slot does not point to; length 0 stands in between. */
  private writeText(slot: number, text: Uint8Array): void {
    const { texts, textBytes } = this.memory;
    if (text.length > textBytes) throw new RangeError('the caller text does not fit its slot');
    const first = texts + slot * 2 * textBytes;
    const at = this.word(slot, S_SUBJECT_AT);
    const half = Atomics.load(this.words, at) >>> 0 === first ? first + textBytes : first;
    this.bytes.fill(0, half, half + textBytes);
    this.bytes.set(text, half);
    const size = this.word(slot, S_SUBJECT_BYTES);
    Atomics.store(this.words, size, 0);
    Atomics.store(this.words, at, half | 0);
    Atomics.store(this.words, size, text.length);
  }
}
