// Owns the contract of durable fields: what a store does, how a batch of writes and a snapshot are
// laid out, and their bounds. A store never rejects: what went wrong is a KvFailure with words for
// the caller, which name fields and files, never values.
//
//   batch     writes one after the other, applied in this order, all or none
//   write     0 u32 kind | 4 u32 field | 8 u32 key bytes | 12 u32 value bytes | key | value
//             field: place among the fields that the store was opened for
//   snapshot  u32 entries, then for each: u32 key bytes | u32 value bytes | key | value
//             in the order in which their keys were put first: a map is iterated in that order
// Little-endian, nothing is aligned.

/** Kinds of writes. TYPE: `value` is the canonical text of what the field holds from now on. */
export const PUT = 0;
export const REMOVE = 1;
export const CLEAR = 2;
export const TYPE = 3;
/** All entries of a field go, and what is known of it: it was never written. */
export const DROP = 4;

/** Bytes before a write's key. */
export const WRITE_HEADER = 16;

/** Bytes of a key. Reason: it is part of an index. */
export const KV_KEY_BYTES = 4096;
/** Bytes of a value: an entry of a map, or a field that is kept whole. Threat: memory. */
export const KV_VALUE_BYTES = 16 << 20;
/** Bytes of what one call writes. Threat: memory; a batch must fit into one transaction. */
export const KV_CALL_BYTES = 64 << 20;
/** Bytes of writes that wait for their commit, after which a cell's next calls wait too. */
export const KV_OPEN_BYTES = 64 << 20;
/** Bytes of a field. Reason: it is loaded at once, and an instance's memory is 4 GB at most. */
export const KV_FIELD_BYTES = 1 << 30;

/** Why a store did not do what it was asked. */
export interface KvFailure {
  /** UNAVAILABLE: nothing was done. UNKNOWN: the store may have done it. FAILED_PRECONDITION and
   *  INVALID_ARGUMENT: it would fail again. */
  status: number;
  text: string;
}

/** A field as it is stored. */
export interface KvField {
  /** Canonical text of what was written: of keys and values of a map, or of the value. '' = the
   *  field was never written. */
  type: string;
  /** A snapshot. */
  snapshot: Uint8Array;
}

/** A field as lists show it. */
export interface KvListed {
  name: string;
  type: string;
  entries: number;
}

/**
 * The durable fields of one cell. One host has it at a time: another one that opens it is refused
 * until this one has closed it or is gone. Every driver passes tests/storage/stores.ts.
 */
export interface KvStore {
  /** What whoever runs the host should know of it; known when the first field is loaded. */
  readonly warnings?: readonly string[];
  load(field: number): Promise<KvField | KvFailure>;
  /**
   * Applies a batch as a whole and makes it durable: it stands when this resolves to null. Batches
   * are applied in the order in which they were given; the bytes are the store's from then on.
   */
  commit(batch: Uint8Array): Promise<KvFailure | null>;
  /** Every field that is stored, by name, whether the store was opened for it or not. */
  list(): Promise<KvListed[] | KvFailure>;
  /** Gives the store back. Nothing is asked of it afterwards. */
  close(): Promise<void>;
}

export const isFailure = (value: unknown): value is KvFailure =>
  typeof value === 'object' && value !== null && 'status' in value;

/** One write of a batch; `key` and `value` are views of it. */
export interface KvWrite {
  kind: number;
  field: number;
  key: Uint8Array;
  value: Uint8Array;
}

/** The writes of a batch. Throws RangeError when it is cut. */
export function* writesOf(batch: Uint8Array): Generator<KvWrite> {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  for (let at = 0; at < batch.length; ) {
    const kind = view.getUint32(at, true);
    const field = view.getUint32(at + 4, true);
    const keyEnd = at + WRITE_HEADER + view.getUint32(at + 8, true);
    const end = keyEnd + view.getUint32(at + 12, true);
    if (end > batch.length) throw new RangeError('a batch is cut');
    const key = batch.subarray(at + WRITE_HEADER, keyEnd);
    yield { kind, field, key, value: batch.subarray(keyEnd, end) };
    at = end;
  }
}

/** Builds a snapshot. */
export function snapshotOf(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  let bytes = 4;
  for (const [key, value] of entries) bytes += 8 + key.length + value.length;
  const snapshot = new Uint8Array(bytes);
  const view = new DataView(snapshot.buffer);
  view.setUint32(0, entries.length, true);
  let at = 4;
  for (const [key, value] of entries) {
    view.setUint32(at, key.length, true);
    view.setUint32(at + 4, value.length, true);
    snapshot.set(key, at + 8);
    snapshot.set(value, at + 8 + key.length);
    at += 8 + key.length + value.length;
  }
  return snapshot;
}

/** The entries of a snapshot, as views of it. */
export function entriesOf(snapshot: Uint8Array): [Uint8Array, Uint8Array][] {
  const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  const entries: [Uint8Array, Uint8Array][] = [];
  let at = 4;
  for (let n = view.getUint32(0, true); n > 0; n--) {
    const keyEnd = at + 8 + view.getUint32(at, true);
    const end = keyEnd + view.getUint32(at + 4, true);
    entries.push([snapshot.subarray(at + 8, keyEnd), snapshot.subarray(keyEnd, end)]);
    at = end;
  }
  return entries;
}
