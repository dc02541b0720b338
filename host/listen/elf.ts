// Owns the rewriting of one kind of ELF file: an x86-64 shared object that needs glibc 2.38 only
// for the `__isoc23_strto*` functions. Pure: bytes in, bytes out; it loads and stores nothing.
//
// Since 2.38 glibc's headers turn strtol into __isoc23_strtol (it also reads 0b101). The old
// function is still there, in every glibc, with the same signature. So two tables are edited, none
// grows:
//
//   .dynsym   24 B a symbol:  u32 name | u8 info | u8 other | u16 section | u64 value | u64 size
//             name is an offset into .dynstr: + 9 turns "__isoc23_strtol" into "strtol"
//   .gnu.version_r, per library:  u16 version | u16 count | u32 file | u32 aux | u32 next
//                   per version:  u32 hash | u16 flags | u16 index | u32 name | u32 next
//             the entry GLIBC_2.38 gets the hash and name of GLIBC_2.2.5, where strtol lives on
// x86-64

const PREFIX = '__isoc23_';
const TOO_NEW = 'GLIBC_2.38';
const BASE = 'GLIBC_2.2.5';
const SYMBOL_BYTES = 24;
const EXPECTED = new Set(['__isoc23_strtol', '__isoc23_strtoul', '__isoc23_strtoull']);

interface Section {
  name: string;
  offset: number;
  size: number;
  info: number;
}

function text(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at));
}

function sections(file: Buffer): Map<string, Section> {
  const u64 = (at: number) => Number(file.readBigUInt64LE(at));
  const table = u64(40);
  const size = file.readUInt16LE(58);
  const names = u64(table + file.readUInt16LE(62) * size + 24);
  const found = new Map<string, Section>();
  for (let i = 0; i < file.readUInt16LE(60); i++) {
    const at = table + i * size;
    const name = text(file, names + file.readUInt32LE(at));
    found.set(name, {
      name,
      offset: u64(at + 24),
      size: u64(at + 32),
      info: file.readUInt32LE(at + 44),
    });
  }
  return found;
}

function section(all: Map<string, Section>, name: string): Section {
  const found = all.get(name);
  if (!found) throw new Error(`the file has no section ${name}`);
  return found;
}

function renameSymbols(file: Buffer, symbols: Section, strings: Section): void {
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += SYMBOL_BYTES) {
    const name = text(file, strings.offset + file.readUInt32LE(at));
    if (!name.startsWith(PREFIX)) continue;
    if (!EXPECTED.has(name))
      throw new Error(`the file needs ${name}, which has no known older twin`);
    file.writeUInt32LE(file.readUInt32LE(at) + PREFIX.length, at);
  }
}

function lowerVersions(file: Buffer, versions: Section, strings: Section): number {
  let lowered = 0;
  let library = versions.offset;
  for (let i = 0; i < versions.info; i++) {
    const aux: number[] = [];
    let at = library + file.readUInt32LE(library + 8);
    for (let j = 0; j < file.readUInt16LE(library + 2); j++) {
      aux.push(at);
      at += file.readUInt32LE(at + 12);
    }
    const named = (name: string) =>
      aux.filter((a) => text(file, strings.offset + file.readUInt32LE(a + 8)) === name);
    const [base] = named(BASE);
    for (const entry of named(TOO_NEW)) {
      if (base === undefined) throw new Error(`the file needs no ${BASE} beside ${TOO_NEW}`);
      file.writeUInt32LE(file.readUInt32LE(base), entry);
      file.writeUInt32LE(file.readUInt32LE(base + 8), entry + 8);
      lowered++;
    }
    library += file.readUInt32LE(library + 12);
  }
  return lowered;
}

/**
 * A copy of the file that asks for the plain strto* functions. Throws when the file is not of the
 * kind described above: then nothing may be assumed about it.
 */
export function lowerGlibc(source: Uint8Array): Buffer {
  const file = Buffer.from(source);
  const magic = file.length > 64 && file.readUInt32BE(0) === 0x7f454c46;
  if (!magic || file[4] !== 2 || file[5] !== 1 || file.readUInt16LE(18) !== 62) {
    throw new Error('the file is not an x86-64 shared object');
  }
  const all = sections(file);
  const strings = section(all, '.dynstr');
  renameSymbols(file, section(all, '.dynsym'), strings);
  if (lowerVersions(file, section(all, '.gnu.version_r'), strings) === 0) {
    throw new Error(`the file does not need ${TOO_NEW}`);
  }
  return file;
}
