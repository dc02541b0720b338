// Owns where the parts of a record lie (VALUES rule 2): sizes, offsets, and how a value sits in a
// field. Codecs ask here and never count bytes themselves. Holds no values, reads no payloads.
//
//   payload:   u32 textStart | u32 rootSize | root record | blocks | text (first byte 0)
//   record:    fields in order, each at its natural alignment but at most 4, size rounded up to 4
//   reference: u32 offset | u32 n, 8 bytes at alignment 4; offset 0 = null

import type { EnumType, Field, RecordType, Scalar, Type } from './types.ts';

/** What a codec needs to know beside a type: the named records and enums. A Schema is one. */
export interface Types {
  records: RecordType[];
  enums: EnumType[];
}

/** Types for shapes that name no record and no enum. */
export const NO_TYPES: Types = { records: [], enums: [] };

/** Bytes before the root record: textStart and rootSize. */
export const PAYLOAD_HEADER = 8;

/** Bytes of a reference. */
export const REFERENCE = 8;

const SCALAR_BYTES: Record<Scalar, number> = {
  bool: 1,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  f32: 4,
  i64: 8,
  u64: 8,
  f64: 8,
  instant: 8,
  duration: 8,
};

/** The two halves of a Uuid: it is encoded as a record of two u64. */
export const UUID_BYTES = 16;

/** Bytes of a type inside a record: its scalar size, or 8 for everything that is referenced. */
export function fieldBytes(type: Type): number {
  if (type.kind === 'scalar') return SCALAR_BYTES[type.scalar];
  return type.kind === 'enum' ? 4 : REFERENCE;
}

/** True for types whose list is `n` elements side by side (bool, numbers, enums). */
export function isScalarLike(type: Type): boolean {
  return type.kind === 'scalar' || type.kind === 'enum';
}

/** True for types whose list is a block `u32 stride | records` (VALUES rule 3). */
export function isRecordLike(type: Type): boolean {
  return type.kind === 'record' || type.kind === 'uuid';
}

/** Alignment of a block of scalars, from the payload's start: 8 for 64-bit scalars, else 4. */
export function blockAlignment(type: Type): number {
  return isScalarLike(type) && fieldBytes(type) === 8 ? 8 : 4;
}

export interface Slot {
  field: Field;
  offset: number;
  /** Bytes inside the record. */
  bytes: number;
  /** All fields from here on are nullable, so an older writer may not have sent this one. */
  trailing: boolean;
}

export interface Layout {
  slots: Slot[];
  /** Bytes of the fixed part. */
  size: number;
  /** Smallest fixed part that a reader takes: it ends after the last field that is not nullable. */
  least: number;
}

const align = (at: number, to: number): number => Math.ceil(at / to) * to;

/** Lays fields out. Pure; the result may be kept. */
export function layoutOf(fields: Field[]): Layout {
  const slots: Slot[] = [];
  let at = 0;
  let least = 0;
  for (const field of fields) {
    const bytes = fieldBytes(field.type);
    at = align(at, Math.min(bytes, 4));
    slots.push({ field, offset: at, bytes, trailing: false });
    at += bytes;
    if (field.type.kind !== 'nullable') least = align(at, 4);
  }
  for (const slot of slots) slot.trailing = slot.offset >= least;
  return { slots, size: align(at, 4), least };
}

/** Layouts of the named records of one schema, each made once: for one payload. */
export class RecordLayouts {
  readonly #types: Types;
  readonly #layouts = new Map<string, Layout>();

  constructor(types: Types) {
    this.#types = types;
  }

  /** The layout of a record by name. */
  of(name: string): Layout {
    const known = this.#layouts.get(name);
    if (known !== undefined) return known;
    const layout = layoutOf(recordNamed(this.#types, name).fields);
    this.#layouts.set(name, layout);
    return layout;
  }
}

/** Stride of a list of records of this size: never 0, so that a list cannot be larger than sent. */
export function strideOf(size: number): number {
  return Math.max(size, 4);
}

/** The fields of a map's entry. */
export function entryFields(key: Type, value: Type): Field[] {
  return [
    { name: 'key', type: key },
    { name: 'value', type: value },
  ];
}

/** The fields of a result's root record: `value`, or none for void. */
export function resultFields(result: Type | null): Field[] {
  return result === null ? [] : [{ name: 'value', type: result }];
}

/** The record that a type names. Throws Error when the schema lacks it. */
export function recordNamed(types: Types, name: string): RecordType {
  const found = types.records.find((record) => record.name === name);
  if (found === undefined) throw new Error(`the schema has no record \`${name}\``);
  return found;
}

/** The enum that a type names. Throws Error when the schema lacks it. */
export function enumNamed(types: Types, name: string): EnumType {
  const found = types.enums.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the schema has no enum \`${name}\``);
  return found;
}

/** Types that a map's key may have: they compare by value in AssemblyScript and in TypeScript. */
export function isKey(type: Type): boolean {
  if (type.kind === 'string' || type.kind === 'enum') return true;
  if (type.kind !== 'scalar') return false;
  return !['f32', 'f64', 'instant', 'duration'].includes(type.scalar);
}
