// Owns one edit of a module: the shared memory that it imports gets the size that this host's
// memory has. A memory that cannot grow is bounds-checked against a constant (measured: 5 % of a
// refused call).
//
//   import section:  count | module name | name | 02 | flags min max | ...
//                                                      `-----------' rewritten as 03 pages pages

const IMPORTS = 2;
const KIND_TABLE = 1;
const KIND_MEMORY = 2;
const KIND_GLOBAL = 3;
const KIND_TAG = 4;
const SHARED_WITH_MAXIMUM = 3;

class Cursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a number of a module is longer than 32 bits');
  }

  limits(): void {
    const flags = this.number();
    this.number();
    if (flags & 1) this.number();
  }
}

function leb(value: number): number[] {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

/** Steps over one import; returns where its limits are when it is a memory. */
function skipImport(cursor: Cursor): { from: number; to: number } | null {
  for (let names = 2; names > 0; names--) {
    const length = cursor.number();
    cursor.at += length;
  }
  const kind = cursor.number();
  const from = cursor.at;
  if (kind === KIND_TABLE || kind === KIND_MEMORY) {
    if (kind === KIND_TABLE) cursor.at++;
    cursor.limits();
    return kind === KIND_MEMORY ? { from, to: cursor.at } : null;
  }
  if (kind === KIND_GLOBAL) cursor.at += 2;
  else if (kind === KIND_TAG) {
    cursor.at++;
    cursor.number();
  } else cursor.number();
  return null;
}

/** The module with its shared memory import fixed at `pages`; `bytes` when it has none. */
export function withFixedMemory(
  bytes: Uint8Array<ArrayBuffer>,
  pages: number,
): Uint8Array<ArrayBuffer> {
  const cursor = new Cursor(bytes, 8);
  while (cursor.at < bytes.length) {
    const start = cursor.at;
    const id = bytes[cursor.at++];
    const size = cursor.number();
    const body = cursor.at;
    if (id !== IMPORTS) {
      cursor.at = body + size;
      continue;
    }
    for (let left = cursor.number(); left > 0; left--) {
      const limits = skipImport(cursor);
      if (limits === null || bytes[limits.from] !== SHARED_WITH_MAXIMUM) continue;
      const fixed = [SHARED_WITH_MAXIMUM, ...leb(pages), ...leb(pages)];
      const grown = size + fixed.length - (limits.to - limits.from);
      return Uint8Array.from([
        ...bytes.subarray(0, start),
        ...[IMPORTS, ...leb(grown)],
        ...bytes.subarray(body, limits.from),
        ...fixed,
        ...bytes.subarray(limits.to),
      ]);
    }
    break;
  }
  return bytes;
}
