// Owns the durable fields of a service (`@Storage.persist`): what is stored is put into them in
// `start()`, and behind each call what has changed is handed to the host, which answers the call
// when that is stored. Generated code calls it, a service's own code never does.
//
// What a call may have changed: of a map the keys that it has set, deleted, or, where values are
// objects, looked at; every other field as a whole, when its bytes are others than before.
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
/** Changes of a map that are looked through one by one; above, they are sorted out by a set. */
const FEW = 8;
/** Changes of a map after which those that came twice are dropped. */
const CROWD = 256;

/** One durable field. */
abstract class Keeper {
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
    throw new Error(
      -status == RESOURCE_EXHAUSTED
        ? this.field + ": " + what + " cannot be stored: a key has at most 4096 bytes, a value 16 MB, " +
            "what one call changes 64 MB"
        : this.field + ": the host stores no such field",
    );
  }
}

const keepers: Keeper[] = [];
const NO_KEY: Uint8Array = new Uint8Array(0);

/** Hands over what the call at hand has changed. */
export function keepStored(): void {
  for (let i = 0; i < keepers.length; i++) unchecked(keepers[i]).keep();
}

// ---- a field that is kept as a whole

/**
 * The field at `at` is durable from now on: it gets the value that is stored, or keeps the one that
 * it has.
 */
export function storedValue<T>(
  field: string,
  at: usize,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): void {
  const keeper = new ValueKeeper<T>(field, at, encode);
  keeper.begin(decode);
  keepers.push(keeper);
}

class ValueKeeper<T> extends Keeper {
  /** What is stored, encoded; or, of a field that was never written, what it began with. */
  private last: Uint8Array = NO_KEY;
  /** The same as it is, for values that nothing changes from inside. */
  private value: T = load<T>(this.at);

  constructor(
    field: string,
    at: usize,
    private readonly encode: (value: T) => Uint8Array,
  ) {
    super(field, at);
  }

  begin(decode: (bytes: Uint8Array) => T): void {
    const snapshot = this.load();
    if (snapshot !== null) {
      const reader = new Entries(snapshot);
      reader.next();
      store<T>(this.at, decode(reader.value));
    }
    this.value = load<T>(this.at);
    this.last = this.encode(this.value);
  }

  keep(): void {
    const value = load<T>(this.at);
    if (isInteger<T>() || isBoolean<T>() || isString<T>()) {
      if (value == this.value) return;
    }
    const bytes = this.encode(value);
    this.value = value;
    if (same(bytes, this.last)) return;
    this.last = bytes;
    this.put(NO_KEY, bytes);
  }
}

function same(a: Uint8Array, b: Uint8Array): bool {
  return a.length == b.length && memory.compare(a.dataStart, b.dataStart, a.length) == 0;
}

/** The entries of a snapshot: u32 entries, then u32 key bytes, u32 value bytes, key, value. */
class Entries {
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

// ---- a map, kept by key

/** How keys and values of a map become bytes. */
class MapCodec<K, V> {
  constructor(
    readonly encodeKey: (key: K) => Uint8Array,
    readonly decodeKey: (bytes: Uint8Array) => K,
    readonly encode: (value: V) => Uint8Array,
    readonly decode: (bytes: Uint8Array) => V,
  ) {}
}

/** The map at `at` is durable from now on, entry by entry; see `storedValue`. */
export function storedMap<K, V>(
  field: string,
  at: usize,
  encodeKey: (key: K) => Uint8Array,
  decodeKey: (bytes: Uint8Array) => K,
  encode: (value: V) => Uint8Array,
  decode: (bytes: Uint8Array) => V,
): void {
  const codec = new MapCodec<K, V>(encodeKey, decodeKey, encode, decode);
  const keeper = new MapKeeper<K, V>(field, at, codec);
  keeper.begin();
  keepers.push(keeper);
}

/** A map that notes which of its entries may have changed. */
class DurableMap<K, V> extends Map<K, V> {
  /** Keys that were set or deleted, in order, some of them twice. */
  readonly changed: K[] = [];
  /** Objects that a call was given, as they were before it could change them. */
  readonly touched: Map<K, Uint8Array> = new Map<K, Uint8Array>();
  /** All that is stored is to be removed first. */
  wiped: bool = false;

  constructor(private readonly codec: MapCodec<K, V>) {
    super();
  }

  set(key: K, value: V): this {
    if (this.changed.length >= CROWD && this.changed.length > 2 * this.size) this.sortOut();
    this.changed.push(key);
    super.set(key, value);
    return this;
  }

  get(key: K): V {
    const value = super.get(key);
    if (isReference<V>() && !isString<V>()) this.touch(key, value);
    return value;
  }

  values(): V[] {
    const values = super.values();
    if (isReference<V>() && !isString<V>()) {
      const keys = super.keys();
      for (let i = 0; i < keys.length; i++) this.touch(keys[i], values[i]);
    }
    return values;
  }

  delete(key: K): bool {
    if (!super.delete(key)) return false;
    this.changed.push(key);
    return true;
  }

  clear(): void {
    this.wiped = true;
    this.changed.length = 0;
    this.touched.clear();
    super.clear();
  }

  /** The value of a key that is there, without a note of it. */
  peek(key: K): V {
    return super.get(key);
  }

  /** Puts what is stored in. */
  restore(key: K, value: V): void {
    super.set(key, value);
  }

  get isClean(): bool {
    return this.changed.length == 0 && !this.wiped && this.touched.size == 0;
  }

  /** All notes are done with. */
  settle(): void {
    this.changed.length = 0;
    this.wiped = false;
    if (this.touched.size > 0) this.touched.clear();
  }

  /** Keys that were set or deleted, each once. */
  sortOut(): void {
    const changed = this.changed;
    if (changed.length < 2) return;
    let count = 0;
    if (changed.length <= FEW) {
      for (let i = 0; i < changed.length; i++) {
        if (changed.indexOf(changed[i]) == i) changed[count++] = changed[i];
      }
    } else {
      const seen = new Set<K>();
      for (let i = 0; i < changed.length; i++) {
        if (seen.has(changed[i])) continue;
        seen.add(changed[i]);
        changed[count++] = changed[i];
      }
    }
    changed.length = count;
  }

  private touch(key: K, value: V): void {
    if (!this.touched.has(key)) this.touched.set(key, this.codec.encode(value));
  }
}

class MapKeeper<K, V> extends Keeper {
  private map: DurableMap<K, V>;
  /** What is stored is this map and its changes; false: the map is stored as a whole. */
  private stored: bool = false;

  constructor(
    field: string,
    at: usize,
    private readonly codec: MapCodec<K, V>,
  ) {
    super(field, at);
    this.map = new DurableMap<K, V>(codec);
  }

  begin(): void {
    const snapshot = this.load();
    if (snapshot === null) return this.adopt();
    const entries = new Entries(snapshot);
    const codec = this.codec;
    while (entries.next()) {
      this.map.restore(codec.decodeKey(entries.key), codec.decode(entries.value));
    }
    this.stored = true;
    store<usize>(this.at, changetype<usize>(this.map));
  }

  keep(): void {
    if (load<usize>(this.at) != changetype<usize>(this.map)) {
      this.adopt();
      this.map.wiped = true;
    }
    const map = this.map;
    if (map.isClean) return;
    if (this.stored) this.keepChanges();
    else this.keepAll();
    map.settle();
  }

  /** The map that the field has becomes one that takes notes. */
  private adopt(): void {
    const given = changetype<Map<K, V>>(load<usize>(this.at));
    const map = new DurableMap<K, V>(this.codec);
    const keys = given.keys();
    const values = given.values();
    for (let i = 0; i < keys.length; i++) map.restore(keys[i], values[i]);
    this.map = map;
    this.stored = false;
    store<usize>(this.at, changetype<usize>(map));
  }

  private keepAll(): void {
    this.removeAll();
    const keys = this.map.keys();
    for (let i = 0; i < keys.length; i++) this.write(keys[i]);
    this.stored = true;
  }

  private keepChanges(): void {
    const map = this.map;
    const codec = this.codec;
    if (map.wiped) this.removeAll();
    map.sortOut();
    const changed = map.changed;
    for (let i = 0; i < changed.length; i++) {
      const key = changed[i];
      map.touched.delete(key);
      if (map.has(key)) this.write(key);
      else this.remove(codec.encodeKey(key));
    }
    const keys = map.touched.keys();
    const before = map.touched.values();
    for (let i = 0; i < keys.length; i++) {
      const now = codec.encode(map.peek(keys[i]));
      if (!same(now, before[i])) this.put(codec.encodeKey(keys[i]), now);
    }
  }

  private write(key: K): void {
    this.put(this.codec.encodeKey(key), this.codec.encode(this.map.peek(key)));
  }
}
