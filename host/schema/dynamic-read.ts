// Owns reading a payload led by its type. Everything in a payload is hostile: each reference is
// checked against its area and a cursor that never goes back (VALUES rules 5-7), so nothing is read
// twice and no value is larger than what was sent. Throws RangeError; never reads outside.

import { VALUE_DEPTH } from '../../assembly/shared/limits.ts';
import {
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
  type Types,
  UUID_BYTES,
} from './layout.ts';
import { isDecimal, readUuid } from './named.ts';
import { readScalar } from './scalar.ts';
import type { Field, Type } from './types.ts';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads the payload of a root record with these fields. An empty payload has an empty record. */
export function readPayload(
  types: Types,
  fields: Field[],
  bytes: Uint8Array,
): Record<string, unknown> {
  const reader = new Reader(types, bytes);
  return reader.root(layoutOf(fields));
}

class Reader {
  types: Types;
  layouts: RecordLayouts;
  bytes: Uint8Array;
  view: DataView;
  /** Cursor and end of the struct area. */
  struct = 0;
  structEnd = 0;
  /** Cursor of the text area, from its start at structEnd. */
  text = 1;
  textEnd = 0;
  depth = 0;

  constructor(types: Types, bytes: Uint8Array) {
    this.types = types;
    this.layouts = new RecordLayouts(types);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  root(layout: Layout): Record<string, unknown> {
    const length = this.bytes.length;
    if (length === 0) return this.fields(0, layout, 0);
    if (length < PAYLOAD_HEADER) bad('the payload is shorter than its header');
    const textStart = this.view.getUint32(0, true);
    const rootSize = this.view.getUint32(4, true);
    if (textStart >= length) bad('the text area starts outside the payload');
    if (rootSize > textStart - PAYLOAD_HEADER) bad('the root record does not fit');
    this.struct = PAYLOAD_HEADER + rootSize;
    this.structEnd = textStart;
    this.textEnd = length - textStart;
    return this.fields(PAYLOAD_HEADER, layout, rootSize);
  }

  /** Reads a record of `size` bytes; what an older writer did not send is null. */
  fields(at: number, layout: Layout, size: number): Record<string, unknown> {
    if (size < layout.least) bad('a record is too short');
    const record: Record<string, unknown> = {};
    for (const { field, offset, bytes } of layout.slots) {
      const sent = offset + bytes <= size;
      record[field.name] = sent ? this.field(at + offset, field.type) : null;
    }
    return record;
  }

  record(at: number, layout: Layout, size: number): Record<string, unknown> {
    if (++this.depth > VALUE_DEPTH) bad(`records nest deeper than ${VALUE_DEPTH}`);
    const record = this.fields(at, layout, size);
    this.depth--;
    return record;
  }

  field(at: number, type: Type): unknown {
    switch (type.kind) {
      case 'scalar':
        return readScalar(this.view, at, type.scalar);
      case 'enum': {
        const value = this.view.getInt32(at, true);
        const known = enumNamed(this.types, type.name).members.some((m) => m.value === value);
        if (!known) bad(`${value} is no member of an enum`);
        return value;
      }
      case 'nullable': {
        if (!this.isNull(at)) return this.present(at, type.of);
        if (this.view.getUint32(at + 4, true) !== 0) bad('a null has a length');
        return null;
      }
      default:
        if (this.isNull(at)) bad('a value that may not be null is null');
        return this.referred(at, type);
    }
  }

  isNull(at: number): boolean {
    return this.view.getUint32(at, true) === 0;
  }

  present(at: number, of: Type): unknown {
    if (!isScalarLike(of)) return this.field(at, of);
    if (this.view.getUint32(at + 4, true) !== 1) bad('a nullable scalar is not one element');
    return this.field(this.claim(at, fieldBytes(of)), of);
  }

  /** Reads what a reference that is not null refers to. */
  referred(at: number, type: Type): unknown {
    const n = this.view.getUint32(at + 4, true);
    switch (type.kind) {
      case 'string':
        return this.string(at);
      case 'decimal': {
        const text = this.string(at);
        if (!isDecimal(text)) bad('a decimal is not in canonical form');
        return text;
      }
      case 'bytes': {
        const block = this.claim(at, 1);
        return this.copy(block, block + n);
      }
      case 'uuid': {
        const block = this.claim(at, 1);
        if (n < UUID_BYTES) bad('a record is too short');
        return readUuid(this.view, block);
      }
      case 'record':
        return this.record(this.claim(at, 1), this.layouts.of(type.name), n);
      case 'list':
        return this.list(at, type.of, n);
      case 'map':
        return this.map(at, type, n);
      default:
        throw new Error('not a reference');
    }
  }

  /** Takes the block of a reference: n elements of `bytes` bytes. Returns where it begins. */
  claim(at: number, bytes: number): number {
    const offset = this.view.getUint32(at, true);
    const length = this.view.getUint32(at + 4, true) * bytes;
    if (offset < this.struct) bad('an offset goes back');
    if (offset > this.structEnd || length > this.structEnd - offset) bad('a block lies outside');
    this.struct = offset + length;
    return offset;
  }

  string(at: number): string {
    const offset = this.view.getUint32(at, true);
    const length = this.view.getUint32(at + 4, true);
    if (offset < this.text) bad('a text offset goes back');
    if (offset > this.textEnd || length > this.textEnd - offset) bad('a text lies outside');
    this.text = offset + length;
    const from = this.structEnd + offset;
    return utf8.decode(this.copy(from, from + length));
  }

  /** Owned bytes: the payload may be a view on memory that is shared or used again. */
  copy(from: number, to: number): Uint8Array {
    const copy = new Uint8Array(to - from);
    copy.set(this.bytes.subarray(from, to));
    return copy;
  }

  list(at: number, of: Type, n: number): unknown[] {
    const items: unknown[] = [];
    if (isRecordLike(of)) {
      const layout = of.kind === 'record' ? this.layouts.of(of.name) : null;
      const [first, stride] = this.block(at, n);
      for (let i = 0; i < n; i++) {
        const p = first + i * stride;
        if (layout !== null) items.push(this.record(p, layout, stride));
        else if (stride < UUID_BYTES) bad('a record is too short');
        else items.push(readUuid(this.view, p));
      }
      return items;
    }
    const bytes = isScalarLike(of) ? fieldBytes(of) : REFERENCE;
    const block = this.claim(at, bytes);
    for (let i = 0; i < n; i++) items.push(this.field(block + i * bytes, of));
    return items;
  }

  map(at: number, type: Type & { kind: 'map' }, n: number): Map<unknown, unknown> {
    const layout = layoutOf(entryFields(type.key, type.value));
    const [first, stride] = this.block(at, n);
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < n; i++) {
      const entry = this.fields(first + i * stride, layout, stride);
      if (map.has(entry.key)) bad('a map has a key twice');
      map.set(entry.key, entry.value);
    }
    return map;
  }

  /** Takes the block of a list of n records: [where the first is, bytes between them]. */
  block(at: number, n: number): [number, number] {
    const block = this.claim(at, 0);
    if (n === 0) return [block, 4];
    if (this.structEnd - block < 4) bad('a block lies outside');
    const stride = this.view.getUint32(block, true);
    if (stride === 0) bad('a stride is 0');
    if (n * stride > this.structEnd - block - 4) bad('a block lies outside');
    this.struct = block + 4 + n * stride;
    return [block + 4, stride];
  }
}

function bad(what: string): never {
  throw new RangeError(`malformed payload: ${what}`);
}
