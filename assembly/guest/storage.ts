// Owns the durable fields of a service (`@Storage.persist`): what is stored is put into them in
// `start()`, and behind each call what has changed is handed to the host, which answers the call
// when that is stored. Generated code calls it, a service's own code never does.
//
// What a call may have changed: of a map the keys that it has set, deleted, or, where values are
// objects, looked at; every other field as a whole, when its bytes are others than before.
import { Entries, keepFrom, Keeper, NO_KEY, same } from "./storage-keeper";

export { keepStored } from "./storage-keeper";
export { storedMap } from "./storage-map";

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
  keepFrom(keeper);
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
