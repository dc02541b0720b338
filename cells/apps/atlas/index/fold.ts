// Owns the folding of a query into the bytes that the search index is sorted by. The rule itself
// is data/fold.ts; here it is only looked up, in the table that came with the places.

import { Columns } from './columns';
import { FOLD, FOLD_BYTES, FOLD_TEXT_BYTES, WORD_MARK } from './layout';

/** UTF-16 units of a query. Longer than every name; bounds the work of one search. */
export const QUERY_UNITS_MAX: i32 = 128;
/** Bytes that a folded query can have: each unit becomes at most FOLD_TEXT_BYTES. */
export const QUERY_BYTES_MAX: i32 = QUERY_UNITS_MAX * <i32>FOLD_TEXT_BYTES + 2;

/**
 * Folds `text` (at most QUERY_UNITS_MAX units) into `out`, room for QUERY_BYTES_MAX bytes; returns
 * the bytes. Separators become one space each run; none leads, one may trail.
 */
export function foldQuery(columns: Columns, text: string, out: usize): i32 {
  let length = 0;
  let separated = false;
  for (let index = 0; index < text.length; index++) {
    const point = text.codePointAt(index);
    if (point > 0xffff) index++;
    const entry = find(columns, <u32>point);
    const first: u8 = entry != 0 ? load<u8>(entry, 2) : 1;
    if (first == 0) continue;
    if (first == WORD_MARK) {
      separated = length > 0;
      continue;
    }
    if (separated) store<u8>(out + length++, WORD_MARK);
    separated = false;
    length += entry != 0 ? copy(entry + 2, out + length) : encode(<u32>point, out + length);
  }
  if (separated) store<u8>(out + length++, WORD_MARK);
  return length;
}

/** Address of the table's entry for `point`, 0 when it folds to itself. */
function find(columns: Columns, point: u32): usize {
  const table = columns.at(FOLD);
  let low: u32 = 0;
  let high = columns.folds;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = table + <usize>middle * FOLD_BYTES;
    const has = <u32>load<u16>(entry);
    if (has == point) return entry;
    if (has < point) low = middle + 1;
    else high = middle;
  }
  return 0;
}

function copy(from: usize, to: usize): i32 {
  let length = 0;
  while (length < <i32>FOLD_TEXT_BYTES) {
    const byte = load<u8>(from + length);
    if (byte == 0) break;
    store<u8>(to + length++, byte);
  }
  return length;
}

/** UTF-8 of one code point. A lone surrogate matches nothing: it is written as U+FFFD. */
function encode(given: u32, to: usize): i32 {
  const point: u32 = given >= 0xd800 && given <= 0xdfff ? 0xfffd : given;
  if (point < 0x80) {
    store<u8>(to, <u8>point);
    return 1;
  }
  if (point < 0x800) {
    store<u8>(to, <u8>(0xc0 | (point >> 6)));
    store<u8>(to, <u8>(0x80 | (point & 63)), 1);
    return 2;
  }
  if (point < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (point >> 12)));
    store<u8>(to, <u8>(0x80 | ((point >> 6) & 63)), 1);
    store<u8>(to, <u8>(0x80 | (point & 63)), 2);
    return 3;
  }
  store<u8>(to, <u8>(0xf0 | (point >> 18)));
  store<u8>(to, <u8>(0x80 | ((point >> 12) & 63)), 1);
  store<u8>(to, <u8>(0x80 | ((point >> 6) & 63)), 2);
  store<u8>(to, <u8>(0x80 | (point & 63)), 3);
  return 4;
}
