// Owns what every durable field does (storage.ts): the imports of `cell:kv`, and the list of fields
// whose changes are handed over behind each call.
import { RESOURCE_EXHAUSTED } from "../shared/status";

@external("cell:kv", "load")
declare function kvLoad(field: usize, length: u32): i64;
@external("cell:kv", "take")
declare function kvTake(ptr: usize): i32;
@external("cell:kv", "error")
declare function kvError(): i32;
@external("cell:kv", "put")
declare function kvPut(
  field: usize,
  length: u32,
  key: usize,
  keyLength: u32,
  value: usize,
  valueLength: u32,
): i32;
@external("cell:kv", "remove")
declare function kvRemove(field: usize, length: u32, key: usize, keyLength: i32): i32;

/** Removes all keys. */
const ALL: i32 = -1;

/** One durable field. */
export abstract class Keeper {
  /** The stored name, UTF-8. */
  private readonly name: ArrayBuffer;

  constructor(
    readonly field: string,
    /** Address of the field in the service. */
    readonly at: usize,
  ) {
    this.name = String.UTF8.encode(field);
  }

  /** Hands over what has changed. */
  abstract keep(): void;

  /** The snapshot that is stored; null: the field was never written. */
  protected load(): Uint8Array | null {
    const bytes = kvLoad(changetype<usize>(this.name), this.name.byteLength);
    if (bytes < 0) {
      const text = new ArrayBuffer(kvError());
      kvTake(changetype<usize>(text));
      throw new Error(String.UTF8.decode(text));
    }
    if (bytes == 0) return null;
    const snapshot = new Uint8Array(<i32>bytes);
    kvTake(snapshot.dataStart);
    return snapshot;
  }

  protected put(key: Uint8Array, value: Uint8Array): void {
    const name = this.name;
    const status = kvPut(
      changetype<usize>(name),
      name.byteLength,
      key.dataStart,
      key.length,
      value.dataStart,
      value.length,
    );
    if (status != 0) this.refused(status, key.length, value.length);
  }

  protected remove(key: Uint8Array): void {
    const name = this.name;
    const status = kvRemove(changetype<usize>(name), name.byteLength, key.dataStart, key.length);
    if (status != 0) this.refused(status, key.length, 0);
  }

  protected removeAll(): void {
    const name = this.name;
    const status = kvRemove(changetype<usize>(name), name.byteLength, 0, ALL);
    if (status != 0) this.refused(status, 0, 0);
  }

  /** Memory has what cannot be stored: this instance ends, the next has what is stored. */
  private refused(status: i32, keyBytes: i32, valueBytes: i32): void {
    const what = keyBytes.toString() + " bytes of key and " + valueBytes.toString() + " of value";
    if (-status != RESOURCE_EXHAUSTED) throw new Error(this.field + ": no such field is stored");
    const most = "a key has at most 4096 bytes, a value 16 MB, what one call changes 64 MB";
    throw new Error(this.field + ": " + what + " cannot be stored: " + most);
  }
}

const keepers: Keeper[] = [];

/** The field is kept from now on. */
export function keepFrom(keeper: Keeper): void {
  keepers.push(keeper);
}

export const NO_KEY: Uint8Array = new Uint8Array(0);

/** Hands over what the call at hand has changed. */
export function keepStored(): void {
  for (let i = 0; i < keepers.length; i++) unchecked(keepers[i]).keep();
}

/** Whether two values were encoded alike. */
export function same(a: Uint8Array, b: Uint8Array): bool {
  return a.length == b.length && memory.compare(a.dataStart, b.dataStart, a.length) == 0;
}

/** The entries of a snapshot: u32 entries, then u32 key bytes, u32 value bytes, key, value. */
export class Entries {
  left: u32;
  key: Uint8Array = NO_KEY;
  value: Uint8Array = NO_KEY;
  private at: i32 = 4;

  constructor(private readonly snapshot: Uint8Array) {
    this.left = load<u32>(snapshot.dataStart);
  }

  /** Goes to the next entry; false: there was none left. */
  next(): bool {
    if (this.left == 0) return false;
    this.left--;
    const base = this.snapshot.dataStart + this.at;
    const keyEnd = this.at + 8 + load<i32>(base);
    const end = keyEnd + load<i32>(base, 4);
    this.key = this.snapshot.subarray(this.at + 8, keyEnd);
    this.value = this.snapshot.subarray(keyEnd, end);
    this.at = end;
    return true;
  }
}
