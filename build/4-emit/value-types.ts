// Owns which AssemblyScript types may stand in a signature and what they are as values (VALUES.md).
// Reports what may not, with what to write instead. Collects the records and enums that it meets.

import { nearest } from '../../host/schema/nearest.ts';
import type { EnumType, RecordType, Scalar, Type } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, EnumShape, FieldShape, TypeShape } from '../1-read/shapes.ts';
import type { Findings } from '../diagnostics/findings.ts';
import type { Scope } from './scope.ts';

const SCALARS = new Set<string>(
  'bool i8 u8 i16 u16 i32 u32 i64 u64 f32 f64'.split(' ') satisfies Scalar[] | string[],
);
const NAMED: Record<string, Type> = {
  boolean: { kind: 'scalar', scalar: 'bool' },
  string: { kind: 'string' },
  Uint8Array: { kind: 'bytes' },
  Uuid: { kind: 'uuid' },
  Decimal: { kind: 'decimal' },
  Instant: { kind: 'scalar', scalar: 'instant' },
  Duration: { kind: 'scalar', scalar: 'duration' },
};
/** Types that people write out of habit, and what a value of theirs is here. */
const INSTEAD: Record<string, string> = {
  number: 'f64, or an integer: i32, u32, i64',
  Number: 'f64',
  Date: 'Instant',
  String: 'string',
  Boolean: 'bool',
  bigint: 'i64 or u64',
  BigInt: 'i64 or u64',
  ArrayBuffer: 'Uint8Array',
  Buffer: 'Uint8Array',
  DataView: 'Uint8Array',
  Int8Array: 'i8[]',
  Uint8ClampedArray: 'Uint8Array',
  Int16Array: 'i16[]',
  Uint16Array: 'u16[]',
  Int32Array: 'i32[]',
  Uint32Array: 'u32[]',
  Int64Array: 'i64[]',
  Uint64Array: 'u64[]',
  Float32Array: 'f32[]',
  Float64Array: 'f64[]',
  StaticArray: 'an array: T[]',
  ReadonlyArray: 'an array: T[]',
  FixedArray: 'an array: T[]',
  Set: 'an array: T[]',
  WeakMap: 'Map<K, V>',
  Record: 'Map<K, V>, or a class with named fields',
  usize: 'u32 or u64',
  isize: 'i32 or i64',
  v128: 'Uint8Array',
  Promise: 'the value itself: a method that waits simply waits',
  any: 'a class with named fields',
  unknown: 'a class with named fields',
  object: 'a class with named fields',
  Object: 'a class with named fields',
  symbol: 'string or an enum',
  never: 'void',
  undefined: 'void for a result, T | null for a value',
};
const KEYS = new Set<string>('bool i8 u8 i16 u16 i32 u32 i64 u64'.split(' '));
const NULLABLE = new Set(['string', 'bytes', 'uuid', 'decimal', 'record', 'list', 'map']);
const ENUM_MAX = 0x7fffffff;
/** Aliases followed before giving up. Threat: aliases in a circle. */
const ALIASES = 16;

/** Where a type stands, for the words of a finding. */
export type Position = 'parameter' | 'result' | 'field';

export class ValueTypes {
  readonly records: RecordType[] = [];
  readonly enums: EnumType[] = [];
  /** Schema name -> path of the source that declares it. */
  readonly homes = new Map<string, string>();
  readonly #project: Project;
  readonly #scope: Scope;
  readonly #findings: Findings;

  constructor(project: Project, scope: Scope, findings: Findings) {
    this.#project = project;
    this.#scope = scope;
    this.#findings = findings;
  }

  /**
   * The value type of `type` as written in `source`; null when it may not stand there (reported).
   */
  resolve(source: string, type: TypeShape, where: Position, hops = ALIASES): Type | null {
    if (type.kind === 'missing') return this.#no('CELL2007', source, type, { where });
    if (type.kind === 'function') return this.#no('CELL3004', source, type);
    const value = this.#named(source, type, where, hops);
    if (value === null || !type.nullable) return value;
    if (value.kind === 'nullable') return value;
    const named = value.kind === 'scalar' && /^(instant|duration)$/.test(value.scalar);
    if (!named && !NULLABLE.has(value.kind)) {
      return this.#no('CELL3010', source, type, { type: type.name });
    }
    return { kind: 'nullable', of: value };
  }

  /** A class by name as a record, for the details of errors. */
  recordNamed(source: string, name: string, at: TypeShape): string | null {
    const type = this.resolve(
      source,
      { ...at, kind: 'name', name, args: [], nullable: false },
      'field',
    );
    if (type === null) return null;
    if (type.kind === 'record') return type.name;
    this.#no('CELL3017', source, at, { name });
    return null;
  }

  #no(code: string, source: string, at: TypeShape, holes: Record<string, string> = {}): null {
    const shape = this.#project.sources.get(source);
    if (shape) this.#findings.report(code, shape, at, holes);
    return null;
  }

  #named(
    source: string,
    type: TypeShape & { kind: 'name' },
    where: Position,
    hops: number,
  ): Type | null {
    const { name, args } = type;
    const meaning = this.#scope.resolve(source, name);
    switch (meaning.kind) {
      case 'class':
        return this.#record(source, type, meaning.source, meaning.shape);
      case 'enum':
        return this.#enum(source, type, meaning.source, meaning.shape);
      case 'alias':
        if (hops === 0) break;
        return this.resolve(meaning.source, meaning.type, where, hops - 1);
      case 'interface':
        return this.#no('CELL3008', source, type, { name });
      case 'foreign':
        return this.#no('CELL3013', source, type, { name });
    }
    if (SCALARS.has(name)) return { kind: 'scalar', scalar: name as Scalar };
    if (Object.hasOwn(NAMED, name)) return NAMED[name];
    if (name === 'Array' && args.length === 1) {
      const of = this.resolve(source, args[0], where);
      return of === null ? null : { kind: 'list', of };
    }
    if (name === 'Map' && args.length === 2) return this.#map(source, args, where);
    if (name === 'void') return this.#no('CELL3012', source, type, { where });
    if (Object.hasOwn(INSTEAD, name)) {
      return this.#no('CELL3001', source, type, { type: name, instead: INSTEAD[name] });
    }
    return this.#no('CELL3007', source, type, { name, hint: this.#hint(source, name) });
  }

  #hint(source: string, name: string): string {
    const known = [...SCALARS, ...Object.keys(NAMED), ...this.#scope.declared(source)];
    const near = nearest(name, known);
    return near === null ? 'declare a class of that name, or import it' : `did you mean ${near}?`;
  }

  #map(source: string, args: TypeShape[], where: Position): Type | null {
    const key = this.resolve(source, args[0], where);
    const value = this.resolve(source, args[1], where);
    if (key === null || value === null) return null;
    const plain = key.kind === 'scalar' && KEYS.has(key.scalar);
    if (!plain && key.kind !== 'string' && key.kind !== 'enum') {
      return this.#no('CELL3011', source, args[0]);
    }
    return { kind: 'map', key, value };
  }

  #claim(source: string, at: TypeShape, name: string, home: string): boolean {
    const other = this.homes.get(name);
    if (other !== undefined && other !== home) {
      this.#no('CELL3014', source, at, { name, other });
      return false;
    }
    this.homes.set(name, home);
    return true;
  }

  #enum(source: string, at: TypeShape, home: string, shape: EnumShape): Type | null {
    if (!this.#claim(source, at, shape.name, home)) return null;
    if (!this.enums.some((e) => e.name === shape.name)) {
      const members: EnumType['members'] = [];
      const seen = new Map<number, string>();
      for (const { name, at: memberAt, value } of shape.members) {
        const place = { ...memberAt, kind: 'missing' as const };
        if (value === null || value < 0 || value > ENUM_MAX || seen.has(value)) {
          this.#no('CELL3015', home, place, { name: `${shape.name}.${name}` });
          continue;
        }
        seen.set(value, name);
        members.push({ name, value });
      }
      const doc = shape.doc === undefined ? {} : { doc: shape.doc };
      this.enums.push({ name: shape.name, members, ...doc });
    }
    return { kind: 'enum', name: shape.name };
  }

  #record(source: string, at: TypeShape, home: string, shape: ClassShape): Type | null {
    const { name } = shape;
    if (!this.#claim(source, at, name, home)) return null;
    if (this.records.some((r) => r.name === name)) return { kind: 'record', name };
    const record: RecordType = { name, fields: [] };
    if (shape.doc !== undefined) record.doc = shape.doc;
    this.records.push(record);
    const place = { ...shape.nameAt, kind: 'missing' as const };
    if (shape.typeParameters || shape.extends || shape.isAbstract) {
      this.#no('CELL3009', home, place, { name });
      return { kind: 'record', name };
    }
    if (shape.decorators.some((d) => d.ns === '' && d.name === 'service')) {
      return this.#no('CELL3016', source, at, { name });
    }
    const made = shape.methods.find((m) => m.form === 'constructor');
    if (made?.params.some((p) => p.form === 'plain' || p.form === 'rest')) {
      this.#no('CELL3018', home, { ...made.nameAt, kind: 'missing' }, { name });
    }
    for (const field of shape.fields) this.#field(home, record, field);
    return { kind: 'record', name };
  }

  #field(home: string, record: RecordType, field: FieldShape): void {
    if (field.isStatic) return;
    const place = { ...field.nameAt, kind: 'missing' as const };
    if (field.visibility !== 'public' || field.isReadonly) {
      this.#no('CELL3019', home, place, { name: `${record.name}.${field.name}` });
      return;
    }
    const type = this.resolve(home, field.type, 'field');
    const doc = field.doc === undefined ? {} : { doc: field.doc };
    if (type !== null) record.fields.push({ name: field.name, type, ...doc });
  }
}
