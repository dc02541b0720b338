// Owns the AssemblyScript that reads one value: expressions, in field order, and the functions for
// records, enums, lists and maps. Checks live in assembly/guest/codec.ts.

import {
  entryFields,
  fieldBytes,
  isRecordLike,
  isScalarLike,
  type Layout,
  layoutOf,
  REFERENCE,
  UUID_BYTES,
} from '../../host/schema/layout.ts';
import type { Type } from '../../host/schema/types.ts';
import { behind, type GuestFunctions, guestLayout, guestType, place } from './guest-types.ts';

/** Older writers may send records without their last fields: reading needs to know the size. */
const isOpenEnded = (layout: Layout): boolean => layout.slots.some((slot) => slot.trailing);

/** Reads the value at `p + offset`; both may be repeated. */
export function readGuest(names: GuestFunctions, type: Type, p: string, offset: number): string {
  const at = place(p, offset);
  switch (type.kind) {
    case 'scalar':
      if (type.scalar === 'bool') return `_c.readBool(${at})`;
      if (type.scalar === 'instant') return `_c.readInstant(${at})`;
      if (type.scalar === 'duration') return `_c.readDuration(${at})`;
      return `load<${type.scalar}>(${p}${behind(offset)})`;
    case 'string':
      return `_c.readString(${at})`;
    case 'decimal':
      return `_c.readDecimal(${at})`;
    case 'bytes':
      return `_c.readBytes(${at})`;
    case 'uuid':
      return `_c.readUuid(_c.record(${at}, ${UUID_BYTES}))`;
    case 'nullable': {
      const inner = isScalarLike(type.of)
        ? readGuest(names, type.of, `_c.one(${at}, ${fieldBytes(type.of)})`, 0)
        : readGuest(names, type.of, p, offset);
      return `(_c.present(${at}) ? ${inner} : null)`;
    }
    case 'record': {
      const layout = guestLayout(names, type.name);
      const size = isOpenEnded(layout) ? `, _c.count(${at})` : '';
      return `${names.reader(type)}(_c.record(${at}, ${layout.least})${size})`;
    }
    default:
      return `${names.reader(type)}(${at})`;
  }
}

/** The function that reads a record at p, or an enum, list or map by what is at p. */
export function emitGuestReader(names: GuestFunctions, name: string, type: Type): string[] {
  const size = type.kind === 'record' && isOpenEnded(guestLayout(names, type.name));
  const body =
    type.kind === 'record'
      ? readRecord(names, type.name)
      : type.kind === 'list'
        ? readList(names, type.of)
        : type.kind === 'map'
          ? readMap(names, type)
          : [
              'const value = load<i32>(p);',
              `if (!${member(names, type)}(value)) _c.malformed("no member of an enum");`,
              'return value;',
            ];
  return [
    `function ${name}(p: usize${size ? ', size: u32' : ''}): ${guestType(type)} {`,
    ...body.map((line) => `  ${line}`),
    '}',
  ];
}

/** The function that knows the members of an enum. */
function member(names: GuestFunctions, type: Type): string {
  return type.kind === 'enum' ? names.member(type.name) : '';
}

/** A field that an older writer may not have sent is null then. */
function orNull(slot: Layout['slots'][number], read: string, size: string): string {
  return slot.trailing ? `${size} >= ${slot.offset + slot.bytes} ? ${read} : null` : read;
}

function readRecord(names: GuestFunctions, record: string): string[] {
  const fields = guestLayout(names, record).slots.map((slot) => {
    const read = readGuest(names, slot.field.type, 'p', slot.offset);
    return `value.${slot.field.name} = ${orNull(slot, read, 'size')};`;
  });
  // Every field is set, so no constructor runs: its defaults would be thrown away.
  return [
    ...(names.counted ? ['_c.enter();'] : []),
    `const value = changetype<${record}>(__new(offsetof<${record}>(), idof<${record}>()));`,
    ...fields,
    ...(names.counted ? ['_c.leave();'] : []),
    'return value;',
  ];
}

function readList(names: GuestFunctions, of: Type): string[] {
  const type = guestType(of);
  if (isRecordLike(of)) {
    const layout = of.kind === 'record' ? guestLayout(names, of.name) : null;
    const size = layout !== null && isOpenEnded(layout) ? ', stride' : '';
    const item = layout === null ? '_c.readUuid(at)' : `${names.reader(of)}(at${size})`;
    return [
      'const n = _c.count(p);',
      `let at = _c.records(p, ${layout === null ? UUID_BYTES : layout.least});`,
      'const stride = _c.stride;',
      `const list = _c.newArray<${type}>(n);`,
      `for (let i = 0; i < n; i++, at += stride) unchecked(list[i] = ${item});`,
      'return list;',
    ];
  }
  const bytes = isScalarLike(of) ? fieldBytes(of) : REFERENCE;
  return [
    'const n = _c.count(p);',
    `let at = _c.claim(p, ${bytes});`,
    `const list = _c.newArray<${type}>(n);`,
    ...(isPlain(of)
      ? [`memory.copy(list.dataStart, at, <usize>n * ${bytes});`]
      : [
          `for (let i = 0; i < n; i++, at += ${bytes}) {`,
          `  unchecked(list[i] = ${readGuest(names, of, 'at', 0)});`,
          '}',
        ]),
    'return list;',
  ];
}

/** Every bit pattern is a value: elements are copied at once. */
function isPlain(type: Type): boolean {
  return type.kind === 'scalar' && !['bool', 'instant', 'duration'].includes(type.scalar);
}

function readMap(names: GuestFunctions, type: Type & { kind: 'map' }): string[] {
  const layout = layoutOf(entryFields(type.key, type.value));
  const [key, value] = layout.slots as [Layout['slots'][number], Layout['slots'][number]];
  const read = orNull(value, readGuest(names, type.value, 'at', value.offset), 'stride');
  return [
    'const n = _c.count(p);',
    `let at = _c.records(p, ${layout.least});`,
    'const stride = _c.stride;',
    `const map = new ${guestType(type)}();`,
    'for (let i = 0; i < n; i++, at += stride) {',
    `  const key: ${guestType(type.key)} = ${readGuest(names, type.key, 'at', key.offset)};`,
    `  const value: ${guestType(type.value)} = ${read};`,
    '  map.set(key, value);',
    '}',
    'if (map.size != n) _c.malformed("a map has a key twice");',
    'return map;',
  ];
}
