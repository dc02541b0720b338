// Owns the way of one row from PostgreSQL's DataRow (`u16 count | i32 length, bytes ...`, big-
// endian) into a result. It trusts no length.
import type { ResultBytes } from './result.ts';

export const ROW_TAKEN = 0;
export const ROW_FULL = 1;
export const ROW_WRONG = 2;

/**
 * Takes the row at [at, to), which shall have `count` columns. `places`: the wanted columns among
 * them, in order; null = all.
 */
export function takeRow(
  result: ResultBytes,
  bytes: Buffer,
  at: number,
  to: number,
  count: number,
  places: readonly number[] | null,
): number {
  if (to - at < 2 || ((bytes[at] << 8) | bytes[at + 1]) !== count) return ROW_WRONG;
  at += 2;
  if (!result.row(to - at)) return ROW_FULL;
  if (places !== null) return takePlaces(result, bytes, at, to, count, places);
  for (let i = 0; i < count; i++) {
    if (to - at < 4) return ROW_WRONG;
    const size = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    at += 4;
    if (size < 0) {
      result.none();
      continue;
    }
    if (size > to - at) return ROW_WRONG;
    result.field(bytes, at, size);
    at += size;
  }
  return at === to ? ROW_TAKEN : ROW_WRONG;
}

function takePlaces(
  result: ResultBytes,
  bytes: Buffer,
  at: number,
  to: number,
  count: number,
  places: readonly number[],
): number {
  const starts: number[] = [];
  for (let i = 0; i < count; i++) {
    if (to - at < 4) return ROW_WRONG;
    starts.push(at);
    at += 4 + Math.max(0, bytes.readInt32BE(at));
  }
  if (at !== to) return ROW_WRONG;
  for (const place of places) {
    const start = starts[place];
    const size = bytes.readInt32BE(start);
    if (size < 0) result.none();
    else result.field(bytes, start + 4, size);
  }
  return ROW_TAKEN;
}

/** How wanted columns are found among those that a server has. */
export interface Projection {
  /** null: they are the same. */
  places: number[] | null;
  /** Wanted columns that are not there, or not once. */
  lost: string[];
}

/** Finds the columns that a cell was built against among those of the tables as they are now. */
export function projectionOf(wanted: readonly string[] | null, names: string[]): Projection {
  const same = (w: readonly string[]): boolean =>
    w.length === names.length && w.every((name, i) => name === names[i]);
  if (wanted === null || same(wanted)) return { places: null, lost: [] };
  const once = (name: string): boolean =>
    names.indexOf(name) >= 0 && names.indexOf(name) === names.lastIndexOf(name);
  const lost = wanted.filter((name) => !once(name));
  return { places: wanted.map((name) => names.indexOf(name)), lost };
}
