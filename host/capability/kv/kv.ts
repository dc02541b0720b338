// Owns the imports of `cell:kv`: durable fields of an actor. Guest pointers in, bytes or -status
// out. Reading is for `start()`; writes are only noted: they are committed when the call has ended,
// and its answer waits for that (host/lane/debts.ts).
import {
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
} from '../../../assembly/shared/status.ts';
import type { Guest } from '../contract.ts';
import {
  CLEAR,
  isFailure,
  KV_CALL_BYTES,
  KV_KEY_BYTES,
  KV_VALUE_BYTES,
  type KvFailure,
  PUT,
  REMOVE,
} from './contract.ts';
import type { Journal } from './journal.ts';
import { Session } from './session.ts';

/** What the last `load` left: a snapshot, or the words of its failure. Taken once. */
interface Held {
  bytes: Uint8Array;
  isError: boolean;
}

const NOTHING: Held = { bytes: new Uint8Array(), isError: false };

class KvGuest {
  private readonly guest: Guest;
  private readonly journal: Journal;
  private readonly session: Session;
  private held = NOTHING;

  constructor(journal: Journal, guest: Guest) {
    this.journal = journal;
    this.guest = guest;
    this.session = new Session(journal);
    guest.persists(this.session);
  }

  /** The number of the field whose name stands at [at, at + length), or -status. */
  private field(at: number, length: number): number {
    const bytes = this.guest.bytes();
    if (!within(bytes, at, length)) return -INVALID_ARGUMENT;
    const { names } = this.journal;
    for (let i = 0; i < names.length; i++) if (same(names[i], bytes, at, length)) return i;
    return -PERMISSION_DENIED;
  }

  readonly load = (at: number, length: number): bigint | Promise<bigint> => {
    const field = this.field(at >>> 0, length >>> 0);
    if (field < 0) return this.refuse(-field, 'the module keeps no field of that name');
    if (this.session.begun) {
      return this.refuse(FAILED_PRECONDITION, 'fields are loaded in start() only');
    }
    if (!this.guest.suspended()) return BigInt(-FAILED_PRECONDITION);
    return this.journal
      .load(field)
      .then(this.loaded, (error: Error) => this.loaded({ status: INTERNAL, text: error.message }));
  };

  private readonly loaded = (found: Uint8Array | KvFailure): bigint => {
    this.guest.resuming();
    if (isFailure(found)) return this.refuse(found.status, found.text);
    this.held = { bytes: found, isError: false };
    return BigInt(found.length);
  };

  private refuse(status: number, text: string): bigint {
    this.held = { bytes: Buffer.from(text), isError: true };
    return BigInt(-status);
  }

  readonly error = (): number => (this.held.isError ? this.held.bytes.length : 0);

  readonly take = (at: number): number => {
    const { bytes } = this.held;
    const memory = this.guest.bytes();
    if (!within(memory, at >>> 0, bytes.length)) return -INVALID_ARGUMENT;
    memory.set(bytes, at >>> 0);
    this.held = NOTHING;
    return bytes.length;
  };

  readonly put = (
    name: number,
    nameBytes: number,
    key: number,
    keyBytes: number,
    value: number,
    valueBytes: number,
  ): number => {
    const keyAt = { at: key >>> 0, length: keyBytes >>> 0 };
    const valueAt = { at: value >>> 0, length: valueBytes >>> 0 };
    const bytes = this.guest.bytes();
    if (!within(bytes, keyAt.at, keyAt.length)) return -INVALID_ARGUMENT;
    if (!within(bytes, valueAt.at, valueAt.length)) return -INVALID_ARGUMENT;
    if (keyAt.length > KV_KEY_BYTES || valueAt.length > KV_VALUE_BYTES) return -RESOURCE_EXHAUSTED;
    return this.note(PUT, name, nameBytes, keyAt, valueAt);
  };

  readonly remove = (name: number, nameBytes: number, key: number, keyBytes: number): number => {
    const none = { at: 0, length: 0 };
    if (keyBytes === -1) return this.note(CLEAR, name, nameBytes, none, none);
    const keyAt = { at: key >>> 0, length: keyBytes >>> 0 };
    if (!within(this.guest.bytes(), keyAt.at, keyAt.length)) return -INVALID_ARGUMENT;
    if (keyAt.length > KV_KEY_BYTES) return -RESOURCE_EXHAUSTED;
    return this.note(REMOVE, name, nameBytes, keyAt, none);
  };

  private note(
    kind: number,
    name: number,
    nameBytes: number,
    key: { at: number; length: number },
    value: { at: number; length: number },
  ): number {
    const field = this.field(name >>> 0, nameBytes >>> 0);
    if (field < 0) return field;
    const { session } = this;
    // An instance that is lost runs its call to the end; nothing of it is kept.
    if (session.lost) return 0;
    if (session.writes.length + key.length + value.length > KV_CALL_BYTES) {
      return -RESOURCE_EXHAUSTED;
    }
    if (!this.journal.states(field)) session.written.push(field);
    session.writes.add(kind, field, this.guest.bytes(), key, value);
    return 0;
  }
}

function within(bytes: Uint8Array, at: number, length: number): boolean {
  return at <= bytes.length && length <= bytes.length - at;
}

function same(name: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (name[i] !== bytes[at + i]) return false;
  return true;
}

/** The imports over `journal` for one guest. Only `load` suspends. */
export function kvImports(journal: Journal, guest: Guest): Record<string, WebAssembly.ImportValue> {
  const kv = new KvGuest(journal, guest);
  return {
    'cell:kv.load': new WebAssembly.Suspending(kv.load) as unknown as WebAssembly.ImportValue,
    'cell:kv.take': kv.take,
    'cell:kv.error': kv.error,
    'cell:kv.put': kv.put,
    'cell:kv.remove': kv.remove,
  };
}
