// Owns new ids: UUIDs of version 7 (RFC 9562), which sort by the time at which they were made, so
// that rows of an index by id are written side by side. Not for secrets: who has one can guess when
// it was made.
import { now } from "./clock";
import { randomBits } from "./random";
import { Uuid } from "./values";
import { writeUuid } from "./sql-write";

/**
 * A new id. 48 bits of milliseconds, 12 bits of fractions of one (RFC 9562, 6.2, method 3), and 62
 * by chance.
 */
export function newUuid(): Uuid {
  const micros = <u64>now().micros;
  const fraction = ((micros % 1000) << 12) / 1000;
  const high = ((micros / 1000) << 16) | 0x7000 | fraction;
  return new Uuid(high, (randomBits() >>> 2) | 0x8000000000000000);
}

/** A new id as a text of 36 characters. */
export function uuid(): string {
  const text = __new(72, idof<string>());
  const bytes = text + 36;
  writeUuid(bytes, newUuid());
  for (let i: usize = 0; i < 36; i++) store<u16>(text + (i << 1), load<u8>(bytes + i));
  return changetype<string>(text);
}
