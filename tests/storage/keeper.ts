// Owns test cells with durable fields, written by hand: a counter in a global, kept in the field
// `n` as four bytes, and the field `m`, a map from and to bytes. Owns also a store in memory whose
// commits a test lets through one by one.
import { UNAVAILABLE } from '../../assembly/shared/status.ts';
import {
  CLEAR,
  entriesOf,
  type KvFailure,
  type KvField,
  type KvListed,
  type KvStore,
  PUT,
  REMOVE,
  snapshotOf,
  TYPE,
  writesOf,
} from '../../host/capability/kv/contract.ts';
import { Journal } from '../../host/capability/kv/journal.ts';
import type { PersistedField } from '../../host/schema/types.ts';
import { number, reply, type WatCell } from '../lane/cells.ts';
import { BLOB_IMPORTS } from '../lane/waiters.ts';

export const FIELDS: PersistedField[] = [
  { field: 'n', kind: 'value', canonical: 'u32' },
  { field: 'm', kind: 'map', key: 'string', canonical: 'bytes' },
];

export const KV_IMPORTS = `
  (import "cell:kv" "load" (func $load (param i32 i32) (result i64)))
  (import "cell:kv" "take" (func $take (param i32) (result i32)))
  (import "cell:kv" "error" (func $error (result i32)))
  (import "cell:kv" "put" (func $put (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "cell:kv" "remove" (func $remove (param i32 i32 i32 i32) (result i32)))`;

/** `n` + 1, and the write of it; bytes of the value stand at 32. */
const ADD = `
  (global.set $n (i32.add (global.get $n) (i32.const 1)))
  (i32.store (i32.const 32) (global.get $n))
  (drop (call $put (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 0)
    (i32.const 32) (i32.const 4)))`;

/** Waits for `cell:blob`. */
const WAIT = `(drop (call $size (i32.const 24) (i32.const 1)))`;

const waiting = (name: string, body: string) => ({ name, tier: 'waiting' as const, body });

export const ADD_ONE = 0;
export const READ = 1;
export const ADD_FAIL = 2;
export const ADD_TRAP = 3;
export const ADD_WAIT = 4;
export const SET = 5;
export const UNSET = 6;
export const WIPE = 7;
export const ADD_LARGE = 8;
export const REPEAT = 9;
export const WAIT_ADD = 10;

/**
 * Methods, in order: add, read, addFail, addTrap, addWait (writes, then waits), set (payload: four
 * bytes of key, then the value), unset (the key), wipe, addLarge (adds, replies 200,000 bytes),
 * repeat (adds as often as the payload says), waitAdd.
 */
export const keeper = (name: string, fields = FIELDS): WatCell => ({
  name,
  actor: true,
  memory: '8 32',
  persisted: fields,
  imports: `${KV_IMPORTS} ${BLOB_IMPORTS}
    (import "cell:core" "fail" (func $fail (param i32 i32 i32)))`,
  extra: `(data (i32.const 16) "n") (data (i32.const 20) "m") (data (i32.const 24) "a")
    (global $n (mut i32) (i32.const 0))`,
  start: `(local $bytes i64)
    (local.set $bytes (call $load (i32.const 16) (i32.const 1)))
    (if (i64.lt_s (local.get $bytes) (i64.const 0)) (then (unreachable)))
    (drop (call $take (i32.const 4096)))
    (if (i64.gt_s (local.get $bytes) (i64.const 4))
      (then (global.set $n (i32.load (i32.const 4108)))))`,
  methods: [
    waiting('add', `${ADD} ${number('(global.get $n)')}`),
    waiting('read', number('(global.get $n)')),
    waiting(
      'addFail',
      `${ADD} (call $fail (i32.const 5) (i32.const 0) (i32.const 0)) (unreachable)`,
    ),
    waiting('addTrap', `${ADD} (unreachable)`),
    waiting('addWait', `${ADD} ${WAIT} ${number('(global.get $n)')}`),
    waiting(
      'set',
      `${number(`(call $put (i32.const 20) (i32.const 1) (local.get $ptr) (i32.const 4)
        (i32.add (local.get $ptr) (i32.const 4)) (i32.sub (local.get $len) (i32.const 4)))`)}`,
    ),
    waiting(
      'unset',
      number('(call $remove (i32.const 20) (i32.const 1) (local.get $ptr) (local.get $len))'),
    ),
    waiting(
      'wipe',
      number('(call $remove (i32.const 20) (i32.const 1) (i32.const 0) (i32.const -1))'),
    ),
    waiting('addLarge', `${ADD} ${reply('(i32.const 8192)', '(i32.const 200000)')}`),
    waiting(
      'repeat',
      `(local $i i32) (local.set $i (i32.load (local.get $ptr)))
      (loop $again ${ADD}
        (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      ${number('(global.get $n)')}`,
    ),
    waiting('waitAdd', `${WAIT} ${ADD} ${number('(global.get $n)')}`),
  ],
});

/** A commit that waits for its test. */
export interface Pending {
  batch: Uint8Array;
  end(failure?: KvFailure): void;
}

/** A store in memory. `hold`: commits wait in `pending`. */
export class MemoryStore implements KvStore {
  readonly fields = new Map<number, { type: string; entries: Map<string, Uint8Array> }>();
  readonly pending: Pending[] = [];
  hold = false;
  loads = 0;
  commits = 0;
  closed = false;

  private field(number: number) {
    const found = this.fields.get(number) ?? { type: '', entries: new Map<string, Uint8Array>() };
    this.fields.set(number, found);
    return found;
  }

  async load(field: number): Promise<KvField> {
    this.loads++;
    const { type, entries } = this.field(field);
    const list = [...entries].map(([key, value]) => [Buffer.from(key, 'hex'), value] as const);
    return { type, snapshot: snapshotOf(list) };
  }

  commit(batch: Uint8Array): Promise<KvFailure | null> {
    if (!this.hold) return Promise.resolve(this.apply(batch));
    return new Promise((resolve) => {
      const end = (failure?: KvFailure): void => {
        this.pending.splice(this.pending.indexOf(one), 1);
        resolve(failure ?? this.apply(batch));
      };
      const one = { batch, end };
      this.pending.push(one);
    });
  }

  private apply(batch: Uint8Array): null {
    this.commits++;
    for (const { kind, field, key, value } of writesOf(batch)) {
      const { entries } = this.field(field);
      if (kind === PUT) entries.set(Buffer.from(key).toString('hex'), value.slice());
      else if (kind === REMOVE) entries.delete(Buffer.from(key).toString('hex'));
      else if (kind === CLEAR) entries.clear();
      else if (kind === TYPE) this.field(field).type = Buffer.from(value).toString();
    }
    return null;
  }

  async list(): Promise<KvListed[]> {
    return [...this.fields].map(([number, { type, entries }]) => ({
      ...{ name: String(number), type, entries: entries.size },
    }));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** The counter as it is stored. */
  async count(): Promise<number> {
    const [entry] = entriesOf((await this.load(0)).snapshot);
    return entry === undefined ? 0 : Buffer.from(entry[1]).readUInt32LE();
  }
}

export const GONE: KvFailure = { status: UNAVAILABLE, text: 'store: gone' };

/** Drivers with one store for every cell. */
export const storing = (stores: Record<string, KvStore>) => {
  const journals = new Map<string, Journal>();
  return {
    kv: (cell: string, _grants: unknown, manifest: { persisted?: PersistedField[] }): Journal => {
      const found = journals.get(cell) ?? new Journal(cell, stores[cell], manifest.persisted ?? []);
      journals.set(cell, found);
      return found;
    },
    close: async (): Promise<void> => {
      await Promise.all([...journals.values()].map((journal) => journal.close()));
    },
  };
};
