// Owns the way of values between PostgreSQL's text format, which cells speak, and what SQLite
// stores: integers, reals, texts and blobs. The type that the build found for a parameter or a
// column decides; without one the value itself does. A value that would change is refused.
import { readFields } from './fields.ts';
import type { ResultBytes } from './result.ts';

export type SqliteValue = null | bigint | number | string | Uint8Array;

/** Thrown for an argument that SQLite cannot hold as what it is. */
export class Unfit extends Error {}

/** Types whose values are whole numbers of at most 64 bits, with sign. `numeric(20)`: u64. */
const INTEGERS =
  /^(?:int[248]|smallint|integer|bigint|serial|bigserial|oid|numeric\(\d+(?:,0)?\))$/;
const REALS = /^(?:float[48]|real|double precision)$/;

/** Texts of reals that are no numbers, as PostgreSQL writes them. */
const SPECIAL: Record<string, number> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity };

/** The arguments of a statement by the names that SQLite gives them: $1, $2 ... */
export function readArguments(
  bytes: Uint8Array,
  at: number,
  length: number,
  types: readonly string[] | null,
): Record<string, SqliteValue> {
  const values: Record<string, SqliteValue> = {};
  for (const [i, text] of readFields(bytes, at, length).entries()) {
    values[`$${i + 1}`] = text === null ? null : valueOf(text, types?.[i] ?? 'text', i + 1);
  }
  return values;
}

function valueOf(text: string, type: string, place: number): SqliteValue {
  const wrong = (what: string): Unfit => new Unfit(`argument ${place} is no ${what}`);
  if (type === 'bool' || type === 'boolean') {
    if (text !== 't' && text !== 'f') throw wrong('bool');
    return text === 't' ? 1n : 0n;
  }
  if (INTEGERS.test(type)) {
    if (!/^-?\d{1,20}$/.test(text)) throw wrong('whole number');
    const value = BigInt(text);
    if (BigInt.asIntN(64, value) === value) return value;
    throw new Unfit(`argument ${place} is above 2^63 - 1, and SQLite counts no further`);
  }
  if (REALS.test(type)) {
    const value = SPECIAL[text] ?? Number(text === '' ? 'x' : text);
    if (Number.isNaN(value) && text !== 'NaN') throw wrong('number');
    // SQLite would store null.
    if (Number.isNaN(value)) throw new Unfit(`argument ${place} is NaN, which SQLite cannot hold`);
    return value;
  }
  if (type !== 'bytea') return text;
  if (!/^\\x(?:[0-9a-f]{2})*$/i.test(text)) throw wrong('bytea');
  return Buffer.from(text.slice(2), 'hex');
}

/** The text of a value that came back; `type` as the build found it, '' = not known. */
function textOf(value: SqliteValue, type: string): string | null {
  if (value === null) return null;
  if (type === 'bool' || type === 'boolean') return Number(value) === 0 ? 'f' : 't';
  if (typeof value === 'string') return value;
  if (typeof value === 'object') {
    const hex = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
    return `\\x${hex}`;
  }
  if (typeof value === 'number' && Object.is(value, -0)) return '-0';
  return String(value);
}

/** A bound of a text's bytes; counted where a guess would be far off. */
const mostBytes = (text: string): number =>
  text.length > 256 ? Buffer.byteLength(text) : 3 * text.length;

/** Adds one row; false: the result is full. */
export function takeValues(
  result: ResultBytes,
  row: readonly SqliteValue[],
  types: readonly string[] | null,
): boolean {
  const texts = row.map((value, i) => textOf(value, types?.[i] ?? ''));
  const most = texts.reduce((sum, text) => sum + 4 + mostBytes(text ?? ''), 0);
  if (!result.row(most)) return false;
  for (const text of texts) {
    if (text === null) result.none();
    else result.text(text);
  }
  return true;
}
