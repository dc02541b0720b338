// Owns writing a value as a payload, led by its type. Depth first in field order, struct area and
// text area side by side, joined at the end (VALUES rules 1-5, 7, 8).
//
//   bool boolean | integers to 32 bits and floats number | i64 u64 instant duration bigint
//   string decimal uuid string | bytes Uint8Array | enum number | list array | map Map
//   record object | nullable T or null (undefined counts as null)

import { VALUE_DEPTH } from '../../assembly/shared/limits.ts';
import {
  blockAlignment,
  entryFields,
  enumNamed,
  fieldBytes,
  isRecordLike,
  isScalarLike,
  type Layout,
  layoutOf,
  PAYLOAD_HEADER,
  REFERENCE,
  RecordLayouts,
  strideOf,
  type Types,
  UUID_BYTES,
} from './layout.ts';
import { canonicalDecimal, isUuid, writeUuid } from './named.ts';
import { isScalar, writeScalar } from './scalar.ts';
import type { Field, Type } from './types.ts';

type Parts = Record<string, unknown>;

/** One area that grows. */
class Area {
  bytes = new Uint8Array(256);
  view = new DataView(this.bytes.buffer);
  end = 0;

  /** Takes `count` zeroed bytes at the next multiple of `alignment`. */
  take(count: number, alignment: number): number {
    const at = Math.ceil(this.end / alignment) * alignment;
    this.end = at + count;
    if (this.end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.end, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }
}

const utf8 = new TextEncoder();

/** Members of an enum that an error lists. */
const MEMBERS_TOLD = 12;

/** Writes the payload of a root record. A record without fields is an empty payload. */
export function writePayload(types: Types, fields: Field[], value: Parts): Uint8Array {
  if (fields.length === 0) return new Uint8Array(0);
  const writer = new Writer(types);
  const layout = layoutOf(fields);
  writer.struct.take(PAYLOAD_HEADER + layout.size, 4);
  writer.text.take(1, 1);
  writer.fields(PAYLOAD_HEADER, layout, value, '');
  return writer.join(layout.size);
}

class Writer {
  struct = new Area();
  text = new Area();
  depth = 0;
  types: Types;

  layouts: RecordLayouts;

  constructor(types: Types) {
    this.types = types;
    this.layouts = new RecordLayouts(types);
  }

  join(rootSize: number): Uint8Array {
    const textStart = this.struct.end;
    this.struct.view.setUint32(0, textStart, true);
    this.struct.view.setUint32(4, rootSize, true);
    const payload = new Uint8Array(textStart + this.text.end);
    payload.set(this.struct.bytes.subarray(0, textStart));
    payload.set(this.text.bytes.subarray(0, this.text.end), textStart);
    return payload;
  }

  fields(at: number, layout: Layout, value: Parts, path: string): void {
    for (const slot of layout.slots) {
      const name = slot.field.name;
      const inside = path === '' ? name : `${path}.${name}`;
      this.field(at + slot.offset, slot.field.type, value[name], inside);
    }
  }

  /** Writes the value of a field at `at`; what it refers to goes behind. */
  field(at: number, type: Type, value: unknown, path: string): void {
    switch (type.kind) {
      case 'scalar':
        if (!isScalar(type.scalar, value)) refuse(path, type.scalar, value);
        return writeScalar(this.struct.view, at, type.scalar, value);
      case 'enum': {
        const { members } = enumNamed(this.types, type.name);
        // By its members: in a type that came as canonical text the enum has no name.
        if (!members.some((m) => m.value === value)) refuse(path, membersOf(members), value);
        return this.struct.view.setInt32(at, value as number, true);
      }
      case 'string':
        if (typeof value !== 'string') refuse(path, 'string', value);
        return this.string(at, value as string);
      case 'decimal': {
        const form = canonicalDecimal(value);
        if (form === null) refuse(path, 'a decimal such as "1.5"', value);
        return this.string(at, form!);
      }
      case 'bytes': {
        if (!(value instanceof Uint8Array)) refuse(path, 'bytes (Uint8Array)', value);
        const bytes = value as Uint8Array;
        const block = this.struct.take(bytes.length, 4);
        this.struct.bytes.set(bytes, block);
        return this.refer(at, block, bytes.length);
      }
      case 'uuid': {
        if (!isUuid(value)) refuse(path, 'a uuid', value);
        const block = this.struct.take(UUID_BYTES, 4);
        writeUuid(this.struct.view, block, value as string);
        return this.refer(at, block, UUID_BYTES);
      }
      case 'record': {
        const layout = this.layouts.of(type.name);
        const block = this.struct.take(layout.size, 4);
        this.refer(at, block, layout.size);
        return this.record(block, layout, type.name, value, path);
      }
      case 'list':
        return this.list(at, type.of, value, path);
      case 'map':
        return this.map(at, type, value, path);
      case 'nullable':
        return this.nullable(at, type.of, value, path);
    }
  }

  refer(at: number, offset: number, n: number): void {
    this.struct.view.setUint32(at, offset, true);
    this.struct.view.setUint32(at + 4, n, true);
  }

  string(at: number, text: string): void {
    const { length } = text;
    const offset = this.text.take(length, 1);
    const { bytes } = this.text;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) {
        this.text.end = offset;
        return this.wide(at, text);
      }
      bytes[offset + i] = code;
    }
    this.refer(at, offset, length);
  }

  /** A string that is not ASCII alone. */
  wide(at: number, text: string): void {
    const bytes = utf8.encode(text);
    const offset = this.text.take(bytes.length, 1);
    this.text.bytes.set(bytes, offset);
    this.refer(at, offset, bytes.length);
  }

  record(at: number, layout: Layout, name: string, value: unknown, path: string): void {
    if (typeof value !== 'object' || value === null)
      refuse(path, name.startsWith('#') ? 'an object' : name, value);
    if (++this.depth > VALUE_DEPTH) {
      throw new TypeError(`${path}: records nest deeper than ${VALUE_DEPTH}`);
    }
    this.fields(at, layout, value as Parts, path);
    this.depth--;
  }

  nullable(at: number, of: Type, value: unknown, path: string): void {
    if (value === null || value === undefined) return;
    if (!isScalarLike(of)) return this.field(at, of, value, path);
    const block = this.struct.take(fieldBytes(of), blockAlignment(of));
    this.refer(at, block, 1);
    this.field(block, of, value, path);
  }

  list(at: number, of: Type, value: unknown, path: string): void {
    if (!Array.isArray(value)) refuse(path, 'an array', value);
    const items = value as unknown[];
    const each = (i: number): string => `${path}[${i}]`;
    if (isRecordLike(of)) return this.records(at, of, items, each);
    const bytes = isScalarLike(of) ? fieldBytes(of) : REFERENCE;
    const block = this.struct.take(items.length * bytes, blockAlignment(of));
    this.refer(at, block, items.length);
    for (let i = 0; i < items.length; i++) this.field(block + i * bytes, of, items[i], each(i));
  }

  /** A list of records: `u32 stride`, then the records. Nothing at all when it is empty. */
  records(at: number, of: Type, items: unknown[], each: (i: number) => string): void {
    const layout = of.kind === 'record' ? this.layouts.of(of.name) : layoutOf([]);
    const first = this.block(at, of.kind === 'uuid' ? UUID_BYTES : layout.size, items.length);
    const stride = of.kind === 'uuid' ? UUID_BYTES : strideOf(layout.size);
    for (let i = 0; i < items.length; i++) {
      const p = first + i * stride;
      if (of.kind === 'record') {
        this.record(p, layout, of.name, items[i], each(i));
      } else {
        if (!isUuid(items[i])) refuse(each(i), 'a uuid', items[i]);
        writeUuid(this.struct.view, p, items[i] as string);
      }
    }
  }

  map(at: number, type: Type & { kind: 'map' }, value: unknown, path: string): void {
    if (!(value instanceof Map)) refuse(path, 'a Map', value);
    const layout = layoutOf(entryFields(type.key, type.value));
    const entries = [...(value as Map<unknown, unknown>)];
    let p = this.block(at, layout.size, entries.length);
    for (const [key, of] of entries) {
      const inside = `${path}[${typeof key === 'string' ? JSON.stringify(key) : String(key)}]`;
      this.field(p + layout.slots[0]!.offset, type.key, key, `${inside} (key)`);
      this.field(p + layout.slots[1]!.offset, type.value, of, inside);
      p += strideOf(layout.size);
    }
  }

  /** The block of a list of records; returns where the first one goes. */
  block(at: number, size: number, count: number): number {
    const stride = strideOf(size);
    const block = this.struct.take(count === 0 ? 0 : 4 + count * stride, 4);
    this.refer(at, block, count);
    if (count !== 0) this.struct.view.setUint32(block, stride, true);
    return block + 4;
  }
}

/** How a value looks in an error: short, and never its whole content. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || ['undefined', 'number', 'boolean'].includes(typeof value))
    return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** `one of RED = 0, GREEN = 5`; of a long list its beginning. */
function membersOf(members: { name: string; value: number }[]): string {
  const told = members.slice(0, MEMBERS_TOLD).map(({ name, value }) => `${name} = ${value}`);
  const more = members.length > MEMBERS_TOLD ? ', ...' : '';
  return `one of ${told.join(', ')}${more}`;
}

function refuse(path: string, expected: string, value: unknown): never {
  throw new TypeError(`${path}: expected ${expected}, got ${shown(value)}`);
}
