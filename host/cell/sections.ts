// Owns the walk over the sections of a WebAssembly binary: custom sections, the memory's limits and
// the table's. It never runs or compiles the module, and believes no length that it did not check.
//
//   0     4        8
//   \0asm 01000000 | id u8 | size LEB128 | size bytes |  id ...
//                    0 custom: name (LEB128 length, UTF-8), then free bytes
//                    1 types: count, then `0x60 | parameters | results` each
//                    4 tables  5 memories: count, then one `flags u8 | min [| max]` each
//                    8 start: refused, it would run before anybody watches the clock

/** Bytes of one module. Threat: memory and compile time; Atlas, the largest here, has 60 KB. */
export const MODULE_BYTES = 32 << 20;

/** A binary that is not a module this host takes. The message says what and where. */
export class ModuleError extends Error {
  override name = 'ModuleError';
  /** What helps, where that is clear. */
  fix: string | undefined;
}

/** Limits of a memory (pages of 64 KB) or a table (elements), as declared. */
export interface Limits {
  min: number;
  /** undefined: no maximum declared. */
  max: number | undefined;
  /** Bits beyond "has a maximum": 2 shared, 4 64-bit. */
  flags: number;
}

export interface Sections {
  /** Custom sections by name; a name that occurs twice is refused. Views on the input. */
  custom: Map<string, Uint8Array>;
  memories: Limits[];
  tables: Limits[];
}

/** i32 i64 f32 f64 v128 funcref externref. */
const VALUE_TYPES = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f]);

/** Sections that one module may have. Threat: a walk without end over empty custom sections. */
const SECTIONS = 1024;

/** A reader over [at, end) of a buffer; every read is checked against `end`. */
class Cursor {
  bytes: Uint8Array;
  at: number;
  end: number;
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new ModuleError(`the module ends early, at byte ${this.at}`);
    return this.bytes[this.at++];
  }

  /** Unsigned LEB128 of at most 5 bytes (32 bits). */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new ModuleError(`a number at byte ${this.at} has more than 32 bits`);
  }

  take(length: number): Uint8Array {
    if (length > this.end - this.at) {
      throw new ModuleError(`a length at byte ${this.at} reaches past the end of its section`);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

function readLimits(cursor: Cursor): Limits {
  const flags = cursor.byte();
  if (flags > 7) throw new ModuleError(`unknown kind of memory or table (flags ${flags})`);
  if ((flags & 4) !== 0) throw new ModuleError('64-bit memories and tables are not taken');
  const min = cursor.unsigned();
  return { min, max: (flags & 1) !== 0 ? cursor.unsigned() : undefined, flags: flags & 6 };
}

/**
 * Function types over numbers, vectors, functions and host references. Others live in the heap of
 * the engine, outside the memory that is bounded here, and running out of that ends the process:
 * structs, arrays, and exceptions, which can hold one another without end.
 */
function readTypes(cursor: Cursor): void {
  for (let n = cursor.unsigned(); n > 0; n--) {
    if (cursor.byte() !== 0x60) {
      throw new ModuleError(`a type at byte ${cursor.at - 1} is not that of a function`);
    }
    for (let list = 0; list < 2; list++) {
      for (let m = cursor.unsigned(); m > 0; m--) {
        if (!VALUE_TYPES.has(cursor.byte())) {
          throw new ModuleError(`a value at byte ${cursor.at - 1} is of a type that cells lack`);
        }
      }
    }
  }
}

function readTables(cursor: Cursor): Limits[] {
  const tables: Limits[] = [];
  for (let n = cursor.unsigned(); n > 0; n--) {
    const type = cursor.byte();
    if (type !== 0x70) throw new ModuleError(`table ${tables.length} is not a table of functions`);
    tables.push(readLimits(cursor));
  }
  return tables;
}

function readMemories(cursor: Cursor): Limits[] {
  const memories: Limits[] = [];
  for (let n = cursor.unsigned(); n > 0; n--) memories.push(readLimits(cursor));
  return memories;
}

/**
 * Walks the sections of `bytes`.
 * Throws ModuleError when the binary is not a well-formed core module.
 */
export function readSections(bytes: Uint8Array): Sections {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, false) !== 0x0061736d) {
    throw new ModuleError('not a WebAssembly binary: it does not begin with \\0asm');
  }
  if (view.getUint32(4, true) !== 1) {
    throw new ModuleError('a component or an unknown version, where a core module is expected');
  }
  const sections: Sections = { custom: new Map(), memories: [], tables: [] };
  const cursor = new Cursor(bytes, 8, bytes.length);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let n = 0; cursor.at < cursor.end; n++) {
    if (n === SECTIONS) throw new ModuleError(`more than ${SECTIONS} sections`);
    const id = cursor.byte();
    const size = cursor.unsigned();
    const from = cursor.at;
    cursor.take(size);
    const inner = new Cursor(bytes, from, from + size);
    if (id === 1) readTypes(inner);
    else if (id === 8) {
      throw new ModuleError('it runs code when it is instantiated; export `_initialize` instead');
    } else if (id === 4) sections.tables = readTables(inner);
    else if (id === 5) sections.memories = readMemories(inner);
    else if (id === 0) readCustom(sections, inner, decoder);
  }
  return sections;
}

function readCustom(sections: Sections, inner: Cursor, decoder: TextDecoder): void {
  const raw = inner.take(inner.unsigned());
  let name: string;
  try {
    name = decoder.decode(raw);
  } catch {
    throw new ModuleError(`the name of a custom section at byte ${inner.at} is not UTF-8`);
  }
  const known = name.startsWith('cell:');
  if (known && sections.custom.has(name)) throw new ModuleError(`two sections named ${name}`);
  if (known) sections.custom.set(name, inner.bytes.subarray(inner.at, inner.end));
}
