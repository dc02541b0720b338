// Owns a sequence of fields on its way to the host: arguments of a statement, a question to
// `cell:database`. Keeps no reference to what was put into it.
//
//   field:  i32 bytes, -1 = null | that many bytes of UTF-8      no alignment, little-endian
import { INVALID_ARGUMENT, RESOURCE_EXHAUSTED } from "../shared/status";
import { fail } from "./failure";
import { roomFor, writeValue } from "./sql-write";
import { Instant, Uuid } from "./values";

/** Bytes of all fields of one statement. Threat: memory of the host. */
const MOST: u32 = 64 << 20;
/** Bytes that a field most likely needs. */
const LIKELY: usize = 48;

export class SqlArgs {
  /** Where the fields stand, and how many bytes they take. */
  at: usize = 0;
  bytes: u32 = 0;
  private room: usize = 0;

  /** For `count` fields; more may follow. */
  constructor(count: u32 = 0) {
    if (count) {
      this.room = LIKELY * count;
      this.at = __new(this.room, idof<ArrayBuffer>());
    }
  }

  /** Adds a value: of a type of VALUES.md that a column can have, an array of such, or null. */
  put<T>(value: T): SqlArgs {
    if (isNullable<T>()) {
      if (changetype<usize>(value) == 0) return this.none();
      return this.put<nonnull<T>>(changetype<nonnull<T>>(value));
    }
    if (isArray<T>()) {
      this.putArray<valueof<T>>(changetype<Array<valueof<T>>>(value));
      return this;
    }
    if (isReference<T>()) {
      if (idof<T>() == idof<Instant>()) checkSet(changetype<Instant>(value));
    }
    const to = this.make(4 + roomFor<T>(value));
    this.close(to, writeValue<T>(to + 4, value));
    return this;
  }

  /** Adds null. */
  none(): SqlArgs {
    this.close(this.make(4), -1);
    return this;
  }

  /**
   * Adds `value`; null when it says nothing: an unset Instant, an Uuid of zeros, 0, "". For columns
   * whose default stands instead.
   */
  putOrDefault<T>(value: T): SqlArgs {
    return saysNothing<T>(value) ? this.none() : this.put<T>(value);
  }

  private putArray<E>(values: Array<E>): void {
    const begin = this.bytes;
    this.make(5);
    this.bytes += 4;
    this.byte(0x7b);
    for (let i = 0; i < values.length; i++) {
      if (i) this.byte(0x2c);
      this.element<E>(values[i]);
    }
    this.byte(0x7d);
    store<i32>(this.at + begin, <i32>(this.bytes - begin - 4));
  }

  private element<E>(value: E): void {
    if (isNullable<E>()) {
      if (changetype<usize>(value) == 0) {
        const at = this.make(4);
        store<u32>(at, 0x4c4c554e); // NULL
        this.bytes += 4;
        return;
      }
      return this.element<nonnull<E>>(changetype<nonnull<E>>(value));
    }
    if (isReference<E>()) {
      if (idof<E>() == idof<Instant>()) checkSet(changetype<Instant>(value));
      this.quoted<E>(value);
      return;
    }
    const to = this.make(roomFor<E>(value));
    this.bytes += writeValue<E>(to, value);
  }

  /** A text, or what may hold spaces and backslashes: in quotes, which it cannot close. */
  private quoted<E>(value: E): void {
    // At worst every byte is a mark: twice as many, written from a copy that stands behind.
    const room = roomFor<E>(value);
    const to = this.make(3 * room + 2);
    const from = to + 2 * room + 2;
    const n = writeValue<E>(from, value);
    let end = to;
    store<u8>(end++, 0x22);
    for (let i: u32 = 0; i < n; i++) {
      const byte = load<u8>(from + i);
      if (byte == 0x22 || byte == 0x5c) store<u8>(end++, 0x5c);
      store<u8>(end++, byte);
    }
    store<u8>(end++, 0x22);
    this.bytes += <u32>(end - to);
  }

  private byte(value: u8): void {
    store<u8>(this.make(1), value);
    this.bytes++;
  }

  /** Room for `bytes` more; returns where they go. */
  private make(bytes: usize): usize {
    const need = <usize>this.bytes + bytes;
    if (need > this.room) this.grow(need);
    return this.at + this.bytes;
  }

  private grow(need: usize): void {
    if (need > 4 * <usize>MOST)
      fail<void>(RESOURCE_EXHAUSTED, "the arguments of a statement are too large");
    const had = this.at;
    this.room = max(need, this.room << 1);
    this.at = __new(this.room, idof<ArrayBuffer>());
    memory.copy(this.at, had, this.bytes);
  }

  /** The field at `at` has `bytes` bytes, -1 = null. */
  private close(at: usize, bytes: i32): void {
    store<i32>(at, bytes);
    this.bytes += 4 + <u32>max(bytes, 0);
    if (this.bytes > MOST)
      fail<void>(RESOURCE_EXHAUSTED, "the arguments of a statement are too large");
  }
}

function saysNothing<T>(value: T): bool {
  if (isNullable<T>()) {
    if (changetype<usize>(value) == 0) return true;
    // Of what may be null only null and an unset instant stand for nothing.
    if (idof<nonnull<T>>() == idof<Instant>()) return changetype<Instant>(value).isUnset;
    return false;
  }
  if (isInteger<T>() || isFloat<T>()) return value == <T>0;
  if (isString<T>()) return changetype<string>(value).length == 0;
  if (isReference<T>()) {
    if (idof<T>() == idof<Instant>()) return changetype<Instant>(value).isUnset;
    if (idof<T>() == idof<Uuid>()) {
      return (changetype<Uuid>(value).high | changetype<Uuid>(value).low) == 0;
    }
  }
  return false;
}

function checkSet(value: Instant): void {
  if (value.isUnset) {
    fail<void>(INVALID_ARGUMENT, "an Instant is unset: set it, or give its column a default");
  }
}
