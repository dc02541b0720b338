// Owns the making of places.bin from rows: ranks, columns and both indexes, laid out as
// index/layout.ts draws it. Never reads or writes files. Same rows, same bytes.

import * as L from '../index/layout.ts';
import { fold, foldTable } from './fold.ts';
import { buildTree } from './tree.ts';

/** One place, as the source has it. `key` is the source's own id and decides between equals. */
export interface Row {
  key: number;
  name: string;
  country: string;
  lat: number;
  lon: number;
  population: number;
}

/**
 * Packs rows of any order into the bytes of places.bin. RangeError names the row that breaks a
 * limit.
 */
export function packPlaces(rows: Row[]): Uint8Array {
  if (rows.length > L.COUNT_MAX)
    throw new RangeError(`${rows.length} places, at most ${L.COUNT_MAX}`);
  const ranked = rows.map(checked).sort((a, b) => b.population - a.population || a.key - b.key);
  const lat = Int32Array.from(ranked, (row) => Math.round(row.lat * L.DEGREE));
  const lon = Int32Array.from(ranked, (row) => Math.round(row.lon * L.DEGREE));
  const folded = ranked.map((row) => foldRow(row));
  const search = suffixes(folded);
  const tree = buildTree(lat, lon);
  const names = texts(ranked.map((row) => Buffer.from(row.name)));
  const foldedTexts = texts(folded.map((one) => one.bytes));
  const folds = foldTable();
  return assemble(
    [
      lat,
      lon,
      Uint32Array.from(ranked, (row) => row.population),
      Buffer.from(ranked.map((row) => row.country).join('')),
      names.at,
      names.bytes,
      foldedTexts.at,
      foldedTexts.bytes,
      search.entries,
      search.best,
      tree.x,
      tree.y,
      tree.z,
      tree.place,
      tree.axis,
      foldBytes(folds),
    ],
    {
      count: ranked.length,
      suffixes: search.entries.length,
      folds: folds.length,
      countries: new Set(ranked.map((row) => row.country)).size,
    },
  );
}

function checked(row: Row): Row {
  const wrong = !/^[A-Z]{2}$/.test(row.country)
    ? 'country'
    : !(Math.abs(row.lat) <= 90)
      ? 'lat'
      : !(Math.abs(row.lon) <= 180)
        ? 'lon'
        : !(Number.isInteger(row.population) && row.population >= 0 && row.population < 2 ** 32)
          ? 'population'
          : row.name.trim() === ''
            ? 'name'
            : '';
  if (wrong) throw new RangeError(`place ${row.key} (${row.name}): ${wrong} is out of range`);
  return row;
}

interface FoldedRow {
  bytes: Buffer;
  words: number[];
}

function foldRow(row: Row): FoldedRow {
  const { text, words } = fold(row.name);
  const mark = String.fromCharCode(L.COUNTRY_MARK);
  const bytes = Buffer.from(text + mark + row.country.toLowerCase());
  if (bytes.length > L.FOLDED_BYTES_MAX) {
    throw new RangeError(
      `place ${row.key} (${row.name}): folds to ${bytes.length} bytes, ` +
        `at most ${L.FOLDED_BYTES_MAX}`,
    );
  }
  return { bytes, words: words.map((at) => Buffer.byteLength(text.slice(0, at))) };
}

function suffixes(folded: FoldedRow[]): { entries: Uint32Array; best: Uint32Array } {
  // One latin1 character a byte: JavaScript then compares strings as bytes.
  const keyed: { text: string; entry: number }[] = [];
  folded.forEach(({ bytes, words }, id) => {
    for (const at of words) {
      keyed.push({ text: bytes.toString('latin1', at), entry: id * (1 << L.SUFFIX_BITS) + at });
    }
  });
  keyed.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.entry - b.entry));
  const entries = Uint32Array.from(keyed, (one) => one.entry);
  const best = new Uint32Array(Math.ceil(entries.length / L.SUFFIX_BLOCK)).fill(0xffffffff);
  entries.forEach((entry, at) => {
    const block = Math.floor(at / L.SUFFIX_BLOCK);
    best[block] = Math.min(best[block]!, entry >>> L.SUFFIX_BITS);
  });
  return { entries, best };
}

function texts(all: Buffer[]): { at: Uint32Array; bytes: Buffer } {
  const at = new Uint32Array(all.length + 1);
  all.forEach((bytes, id) => {
    at[id + 1] = at[id]! + bytes.length;
  });
  return { at, bytes: Buffer.concat(all) };
}

function foldBytes(folds: { point: number; text: string }[]): Uint8Array {
  const out = Buffer.alloc(folds.length * L.FOLD_BYTES);
  folds.forEach(({ point, text }, index) => {
    if (Buffer.byteLength(text) > L.FOLD_TEXT_BYTES) {
      throw new RangeError(`U+${point.toString(16)} folds to more than ${L.FOLD_TEXT_BYTES} bytes`);
    }
    out.writeUInt16LE(point, index * L.FOLD_BYTES);
    out.write(text, index * L.FOLD_BYTES + 2);
  });
  return out;
}

type Column = Int32Array | Uint32Array | Float64Array | Uint8Array;

/** Lays sections out after the header, each at a multiple of 8, and writes the sums. */
function assemble(
  sections: Column[],
  has: { count: number; suffixes: number; folds: number; countries: number },
): Uint8Array {
  const offsets: number[] = [];
  let end: number = L.HEADER_BYTES;
  for (const section of sections) {
    offsets.push(end);
    end = (end + section.byteLength + 7) & ~7;
  }
  const file = new Uint8Array(end);
  sections.forEach((section, index) => {
    file.set(
      new Uint8Array(section.buffer, section.byteOffset, section.byteLength),
      offsets[index]!,
    );
  });
  const header = new Uint32Array(file.buffer, 0, L.HEADER_BYTES / 4);
  header[L.H_MAGIC_WORD] = L.MAGIC;
  header[L.H_FORMAT_WORD] = L.FORMAT;
  header[L.H_FILE_BYTES_WORD] = end;
  header[L.H_COUNT_WORD] = has.count;
  header[L.H_SUFFIXES_WORD] = has.suffixes;
  header[L.H_FOLDS_WORD] = has.folds;
  header[L.H_COUNTRIES_WORD] = has.countries;
  header.set(offsets, L.H_SECTIONS_WORD);
  [header[L.H_SUM_EVEN_WORD], header[L.H_SUM_ODD_WORD]] = sums(file);
  return file;
}

/** The two sums of the bytes after the header (layout.ts, H_SUM_EVEN_WORD). */
export function sums(file: Uint8Array): [number, number] {
  const words = new Uint32Array(file.buffer, file.byteOffset, file.byteLength / 4);
  let even: number = L.SUM_SEED;
  let odd: number = L.SUM_SEED;
  for (let at = L.HEADER_BYTES / 4; at < words.length; at += 2) {
    even = Math.imul(even ^ words[at]!, L.SUM_PRIME);
    odd = Math.imul(odd ^ words[at + 1]!, L.SUM_PRIME);
  }
  return [even >>> 0, odd >>> 0];
}
