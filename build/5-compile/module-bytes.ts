// Owns reading and writing the sections of a module that asc made. Not for strangers' modules:
// those are read by host/cell/module.ts. Throws RangeError where the bytes end too early.
//
//   "\0asm" 01 00 00 00 | section: u8 id | leb u32 size | content
//                        id 0 (custom): content = leb u32 n | name | rest

export interface Section {
  id: number;
  /** Name of a custom section, '' for others. */
  name: string;
  /** Content; of a custom section without its name. */
  from: number;
  to: number;
}

/** Reads numbers and names from [at, end) of `bytes`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new RangeError('module ends too early');
    return this.bytes[this.at++];
  }

  /** Unsigned LEB128, as a number; also skips signed ones, whose value it then does not give. */
  leb(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }

  skip(n: number): void {
    if (n > this.end - this.at) throw new RangeError('module ends too early');
    this.at += n;
  }

  name(): string {
    const n = this.leb();
    const from = this.at;
    this.skip(n);
    return new TextDecoder().decode(this.bytes.subarray(from, from + n));
  }
}

/** The sections of a module, in order. */
export function sectionsOf(bytes: Uint8Array): Section[] {
  const reader = new ByteReader(bytes, 8);
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const size = reader.leb();
    const from = reader.at;
    reader.skip(size);
    if (id !== 0) {
      sections.push({ id, name: '', from, to: from + size });
    } else {
      const inner = new ByteReader(bytes, from, from + size);
      const name = inner.name();
      sections.push({ id, name, from: inner.at, to: from + size });
    }
  }
  return sections;
}

/** Function names of the `name` section, by function index. */
export function functionNames(bytes: Uint8Array): Map<number, string> {
  const names = new Map<number, string>();
  const section = sectionsOf(bytes).find((s) => s.name === 'name');
  if (section === undefined) return names;
  const reader = new ByteReader(bytes, section.from, section.to);
  while (!reader.done) {
    const kind = reader.byte();
    const size = reader.leb();
    if (kind !== 1) {
      reader.skip(size);
      continue;
    }
    for (let n = reader.leb(); n > 0; n--) names.set(reader.leb(), reader.name());
  }
  return names;
}

/**
 * `bytes` without its custom sections, then the given ones in their order. Code keeps its offsets,
 * so a map made before still fits: asc writes custom sections behind the code.
 */
export function withCustomSections(bytes: Uint8Array, custom: [string, string][]): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  for (const s of sectionsOf(bytes)) {
    if (s.id === 0) continue;
    parts.push(Uint8Array.of(s.id), leb(s.to - s.from), bytes.subarray(s.from, s.to));
  }
  for (const [name, text] of custom) {
    const title = new TextEncoder().encode(name);
    const content = new TextEncoder().encode(text);
    const n = leb(title.length);
    parts.push(Uint8Array.of(0), leb(n.length + title.length + content.length));
    parts.push(n, title, content);
  }
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function leb(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 128 : low);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}
