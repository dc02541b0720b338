// Owns durable maps: stored entry by entry, what a call may have changed of them is noted while it
// runs. A map is exchanged for one that takes notes; fresh ones are found behind the call.
import { Place } from "./codec";
import { Entries, keepFrom, Keeper, same } from "./storage-keeper";

/** Changes of a map that are looked through one by one; above, they are sorted out by a set. */
const FEW = 8;
/** Changes of a map after which those that came twice are dropped. */
const CROWD = 256;

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
  keepFrom(keeper);
}

/** What calls may have changed of a map. */
class Notes<K, V> {
  /** Keys that were set or deleted, in order, some of them twice. */
  readonly changed: K[] = [];
  /** Objects that a call was given, as they were before it could change them. */
  readonly touched: Map<K, Uint8Array> = new Map<K, Uint8Array>();
  /** All that is stored is to be removed first. */
  wiped: bool = false;

  constructor(private readonly codec: MapCodec<K, V>) {}

  get isClean(): bool {
    return this.changed.length == 0 && !this.wiped && this.touched.size == 0;
  }

  change(key: K, size: i32): void {
    const count = this.changed.length;
    if (count >= CROWD && count > 2 * size) this.sortOut();
    this.changed.push(key);
  }

  touch(key: K, value: V): void {
    if (!this.touched.has(key)) this.touched.set(key, this.codec.encode(value));
  }

  /** All entries are gone. */
  wipe(): void {
    this.settle();
    this.wiped = true;
  }

  /** All notes are done with. */
  settle(): void {
    this.changed.length = 0;
    this.wiped = false;
    if (this.touched.size > 0) this.touched.clear();
  }

  /** Leaves each changed key once. */
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
}

/**
 * A map that takes notes. The collector asks a `Map` for its entries and never for the fields of a
 * class that extends it: its keeper holds `notes` too, and takes them away when it lets go of it.
 */
class DurableMap<K, V> extends Map<K, V> {
  notes: Notes<K, V> | null = null;

  set(key: K, value: V): this {
    const notes = this.notes;
    if (notes !== null) notes.change(key, this.size);
    super.set(key, value);
    return this;
  }

  get(key: K): V {
    const value = super.get(key);
    if (isReference<V>() && !isString<V>()) {
      const notes = this.notes;
      if (notes !== null) notes.touch(key, value);
    }
    return value;
  }

  values(): V[] {
    const values = super.values();
    if (isReference<V>() && !isString<V>()) {
      const notes = this.notes;
      if (notes === null) return values;
      // The codec asks for them while it writes a reply.
      const place = new Place();
      const keys = super.keys();
      for (let i = 0; i < keys.length; i++) notes.touch(keys[i], values[i]);
      place.restore();
    }
    return values;
  }

  delete(key: K): bool {
    if (!super.delete(key)) return false;
    const notes = this.notes;
    if (notes !== null) notes.change(key, this.size);
    return true;
  }

  clear(): void {
    const notes = this.notes;
    if (notes !== null) notes.wipe();
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
}

class MapKeeper<K, V> extends Keeper {
  private map: DurableMap<K, V>;
  private readonly notes: Notes<K, V>;
  /** What is stored is this map and its changes; false: the map is stored as a whole. */
  private stored: bool = false;

  constructor(
    field: string,
    at: usize,
    private readonly codec: MapCodec<K, V>,
  ) {
    super(field, at);
    this.notes = new Notes<K, V>(codec);
    this.map = new DurableMap<K, V>();
  }

  begin(): void {
    const snapshot = this.load();
    if (snapshot === null) return this.adopt();
    const entries = new Entries(snapshot);
    const codec = this.codec;
    const map = new DurableMap<K, V>();
    while (entries.next()) map.restore(codec.decodeKey(entries.key), codec.decode(entries.value));
    this.stored = true;
    this.hold(map);
  }

  keep(): void {
    const notes = this.notes;
    if (load<usize>(this.at) != changetype<usize>(this.map)) {
      this.adopt();
      notes.wipe();
    }
    if (notes.isClean) return;
    if (this.stored) this.keepChanges();
    else this.keepAll();
    notes.settle();
  }

  /** The map that the field has is exchanged for one that takes notes. */
  private adopt(): void {
    const given = changetype<Map<K, V>>(load<usize>(this.at));
    const map = new DurableMap<K, V>();
    const keys = given.keys();
    const values = given.values();
    for (let i = 0; i < keys.length; i++) map.restore(keys[i], values[i]);
    this.stored = false;
    this.hold(map);
  }

  private hold(map: DurableMap<K, V>): void {
    this.map.notes = null;
    this.map = map;
    map.notes = this.notes;
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
    const notes = this.notes;
    if (notes.wiped) this.removeAll();
    notes.sortOut();
    const changed = notes.changed;
    const touched = notes.touched;
    for (let i = 0; i < changed.length; i++) {
      const key = changed[i];
      touched.delete(key);
      if (map.has(key)) this.write(key);
      else this.remove(codec.encodeKey(key));
    }
    const keys = touched.keys();
    const before = touched.values();
    for (let i = 0; i < keys.length; i++) {
      const now = codec.encode(map.peek(keys[i]));
      if (!same(now, before[i])) this.put(codec.encodeKey(keys[i]), now);
    }
  }

  private write(key: K): void {
    this.put(this.codec.encodeKey(key), this.codec.encode(this.map.peek(key)));
  }
}
