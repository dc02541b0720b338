// Owns the AssemblyScript that measures and writes one value. Measuring walks what writing walks,
// in the same order, so that block and alignment come out the same; it also finds what must not be
// written: holes in arrays, and records that nest too deep.

import {
  blockAlignment,
  entryFields,
  fieldBytes,
  isRecordLike,
  isScalarLike,
  type Layout,
  layoutOf,
  REFERENCE,
  strideOf,
  UUID_BYTES,
} from '../../host/schema/layout.ts';
import type { Type } from '../../host/schema/types.ts';
import {
  behind,
  type GuestFunctions,
  guestLayout,
  guestType,
  isNumber,
  place,
} from './guest-types.ts';

/** A name for a value that may be null: the compiler narrows locals, not fields. */
function local(v: string): string {
  return v.startsWith('v.') ? `_v_${v.slice(2)}` : v;
}

function ifThere(v: string, there: string[], otherwise: string[] = []): string[] {
  const name = local(v);
  return [
    ...(name === v ? [] : [`const ${name} = ${v};`]),
    `if (${name} !== null) {`,
    ...there.map((line) => `  ${line}`),
    ...(otherwise.length > 0 ? ['} else {', ...otherwise.map((line) => `  ${line}`)] : []),
    '}',
  ];
}

// ---- measuring

/** True when a value of the type takes nothing behind its record. */
export function isFlat(names: GuestFunctions, type: Type): boolean {
  if (type.kind !== 'record') return isScalarLike(type);
  return (
    !names.counted && guestLayout(names, type.name).slots.every((s) => isScalarLike(s.field.type))
  );
}

/** Statements that count what the value `v` takes. */
export function measureGuest(names: GuestFunctions, type: Type, v: string): string[] {
  switch (type.kind) {
    case 'scalar':
    case 'enum':
      return [];
    case 'string':
      return [`_c.needText(${v});`];
    case 'decimal':
      return [`_c.needText(${v}.toString());`];
    case 'bytes':
      return [`_c.need(${v}.length, 4);`];
    case 'uuid':
      return [`_c.need(${UUID_BYTES}, 4);`];
    case 'record':
      return [
        `_c.need(${guestLayout(names, type.name).size}, 4);`,
        ...(isFlat(names, type) ? [] : [`${names.measurer(type)}(${v});`]),
      ];
    case 'nullable': {
      const { of } = type;
      if (!isScalarLike(of)) return ifThere(v, measureGuest(names, of, local(v)));
      return ifThere(v, [`_c.need(${fieldBytes(of)}, ${blockAlignment(of)});`]);
    }
    default:
      return [`${names.measurer(type)}(${v});`];
  }
}

/** The function that measures what is behind a record, or all of a list or map. */
export function emitGuestMeasure(names: GuestFunctions, name: string, type: Type): string[] {
  const body =
    type.kind === 'record'
      ? measureRecord(names, type.name)
      : type.kind === 'list'
        ? measureList(names, type.of)
        : type.kind === 'map'
          ? measureMap(names, type)
          : [];
  return [
    `function ${name}(v: ${guestType(type)}): void {`,
    ...body.map((line) => `  ${line}`),
    '}',
  ];
}

function measureRecord(names: GuestFunctions, record: string): string[] {
  const fields = guestLayout(names, record).slots.flatMap(({ field }) => {
    return measureGuest(names, field.type, `v.${field.name}`);
  });
  return names.counted ? ['_c.needRecord();', ...fields, '_c.leave();'] : fields;
}

/** Bytes between the elements of a list. */
function elementBytes(names: GuestFunctions, of: Type): number {
  if (of.kind === 'record') return strideOf(guestLayout(names, of.name).size);
  if (of.kind === 'uuid') return UUID_BYTES;
  return isScalarLike(of) ? fieldBytes(of) : REFERENCE;
}

function measureList(names: GuestFunctions, of: Type): string[] {
  const bytes = elementBytes(names, of);
  const lines = [
    'const n = v.length;',
    isRecordLike(of)
      ? `_c.needRecords(n, ${bytes});`
      : `_c.need(<usize>n * ${bytes}, ${blockAlignment(of)});`,
  ];
  if (isNumber(of)) return lines;
  const inside =
    of.kind === 'uuid' || isFlat(names, of)
      ? []
      : of.kind === 'record'
        ? [`${names.measurer(of)}(item);`]
        : measureGuest(names, of, 'item');
  return [
    ...lines,
    'for (let i = 0; i < n; i++) {',
    '  const item = v[i];', // throws at a hole
    ...inside.map((line) => `  ${line}`),
    '}',
  ];
}

function measureMap(names: GuestFunctions, type: Type & { kind: 'map' }): string[] {
  const layout = layoutOf(entryFields(type.key, type.value));
  const lines = [`_c.needRecords(v.size, ${layout.size});`];
  const key = measureGuest(names, type.key, 'key');
  const value = measureGuest(names, type.value, 'value');
  if (key.length + value.length === 0) return lines;
  return [
    ...lines,
    ...(key.length > 0 ? ['const keys = v.keys();'] : []),
    ...(value.length > 0 ? ['const values = v.values();'] : []),
    'const n = v.size;',
    'for (let i = 0; i < n; i++) {',
    ...(key.length > 0
      ? ['  const key = unchecked(keys[i]);', ...key.map((line) => `  ${line}`)]
      : []),
    ...(value.length > 0
      ? ['  const value = unchecked(values[i]);', ...value.map((line) => `  ${line}`)]
      : []),
    '}',
  ];
}

// ---- writing

/** Statements that write the value `v`, which may be repeated, at `p + offset`. */
export function writeGuest(
  names: GuestFunctions,
  type: Type,
  p: string,
  offset: number,
  v: string,
): string[] {
  const at = place(p, offset);
  switch (type.kind) {
    case 'scalar': {
      if (type.scalar === 'f64') return [`_c.writeF64(${at}, ${v});`];
      if (type.scalar === 'f32') return [`_c.writeF32(${at}, ${v});`];
      if (type.scalar === 'bool') return [`store<u8>(${p}, <u8>${v}${behind(offset)});`];
      if (isNumber(type)) return [`store<${type.scalar}>(${p}, ${v}${behind(offset)});`];
      return [`store<i64>(${p}, ${v}.micros${behind(offset)});`];
    }
    case 'enum':
      return [
        `if (!${names.member(type.name)}(${v})) _c.noMember();`,
        `store<i32>(${p}, ${v}${behind(offset)});`,
      ];
    case 'string':
      return [`_c.writeString(${at}, ${v});`];
    case 'decimal':
      return [`_c.writeString(${at}, ${v}.toString());`];
    case 'bytes':
      return [`_c.writeBytes(${at}, ${v});`];
    case 'uuid':
      return [`_c.writeUuid(${at}, ${v});`];
    case 'record': {
      const { size } = guestLayout(names, type.name);
      return [`${names.writer(type)}(_c.block(${at}, ${size}, ${size}, 4), ${v});`];
    }
    case 'nullable': {
      const { of } = type;
      const there = isScalarLike(of)
        ? writeGuest(
            names,
            of,
            `_c.block(${at}, 1, ${fieldBytes(of)}, ${blockAlignment(of)})`,
            0,
            local(v),
          )
        : writeGuest(names, of, p, offset, local(v));
      return ifThere(v, there, [`_c.writeNone(${at});`]);
    }
    default:
      return [`${names.writer(type)}(${at}, ${v});`];
  }
}

/** Statements that write 0 into the padding of a record at `p`. */
export function writeGuestGaps(layout: Layout, p: string): string[] {
  const lines: string[] = [];
  let at = 0;
  const fill = (to: number): void => {
    for (let bytes = 1; at < to; at += bytes) {
      bytes = at % 2 === 0 && to - at >= 2 ? 2 : 1;
      lines.push(`store<u${bytes * 8}>(${p}, 0${behind(at)});`);
    }
  };
  for (const slot of layout.slots) {
    fill(slot.offset);
    at = slot.offset + slot.bytes;
  }
  fill(layout.size);
  return lines;
}

/** The function that writes a record at p, or a list or map by a reference at p. */
export function emitGuestWriter(names: GuestFunctions, name: string, type: Type): string[] {
  const body =
    type.kind === 'record'
      ? writeRecord(names, type.name)
      : type.kind === 'list'
        ? writeList(names, type.of)
        : type.kind === 'map'
          ? writeMap(names, type)
          : [];
  return [
    `function ${name}(p: usize, v: ${guestType(type)}): void {`,
    ...body.map((line) => `  ${line}`),
    '}',
  ];
}

function writeRecord(names: GuestFunctions, record: string): string[] {
  const layout = guestLayout(names, record);
  return [
    ...layout.slots.flatMap(({ field, offset }) => {
      return writeGuest(names, field.type, 'p', offset, `v.${field.name}`);
    }),
    ...writeGuestGaps(layout, 'p'),
  ];
}

function writeList(names: GuestFunctions, of: Type): string[] {
  const bytes = elementBytes(names, of);
  const take = isRecordLike(of)
    ? `_c.blockRecords(p, n, ${bytes})`
    : `_c.block(p, n, <usize>n * ${bytes}, ${blockAlignment(of)})`;
  if (of.kind === 'scalar' && isNumber(of) && of.scalar !== 'f64' && of.scalar !== 'f32') {
    return ['const n = v.length;', `memory.copy(${take}, v.dataStart, <usize>n * ${bytes});`];
  }
  const write =
    of.kind === 'uuid'
      ? ['_c.writeUuidAt(at, item);']
      : of.kind === 'record'
        ? [`${names.writer(of)}(at, item);`]
        : writeGuest(names, of, 'at', 0, 'item');
  const empty = of.kind === 'record' && guestLayout(names, of.name).size === 0;
  return [
    'const n = v.length;',
    `let at = ${take};`,
    `for (let i = 0; i < n; i++, at += ${bytes}) {`,
    '  const item = unchecked(v[i]);',
    ...(empty ? ['  store<u32>(at, 0);'] : []),
    ...write.map((line) => `  ${line}`),
    '}',
  ];
}

function writeMap(names: GuestFunctions, type: Type & { kind: 'map' }): string[] {
  const layout = layoutOf(entryFields(type.key, type.value));
  const [key, value] = layout.slots as [Layout['slots'][number], Layout['slots'][number]];
  return [
    'const n = v.size;',
    'const keys = v.keys();',
    'const values = v.values();',
    `let at = _c.blockRecords(p, n, ${layout.size});`,
    `for (let i = 0; i < n; i++, at += ${layout.size}) {`,
    '  const key = unchecked(keys[i]);',
    '  const value = unchecked(values[i]);',
    ...writeGuest(names, type.key, 'at', key.offset, 'key').map((line) => `  ${line}`),
    ...writeGuest(names, type.value, 'at', value.offset, 'value').map((line) => `  ${line}`),
    ...writeGuestGaps(layout, 'at').map((line) => `  ${line}`),
    '}',
  ];
}
