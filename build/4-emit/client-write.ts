// Owns the statements that write one value in the generated client. `w` is the writer, `p` the
// position of the record being written; what a value refers to is written right behind, in order.

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
import type { Scalar, Type } from '../../host/schema/types.ts';
import { type Functions, recordLayout } from './client-read.ts';
import { typeText } from './client-types.ts';

/** What must hold for a number to be an integer type, and how it is stored. */
const INTEGERS: Partial<Record<Scalar, [(v: string) => string, string]>> = {
  i8: [(v) => `(${v} << 24) >> 24 !== ${v}`, 'setInt8'],
  u8: [(v) => `(${v} & 255) !== ${v}`, 'setUint8'],
  i16: [(v) => `(${v} << 16) >> 16 !== ${v}`, 'setInt16'],
  u16: [(v) => `(${v} & 65535) !== ${v}`, 'setUint16'],
  i32: [(v) => `(${v} | 0) !== ${v}`, 'setInt32'],
  u32: [(v) => `${v} >>> 0 !== ${v}`, 'setUint32'],
};

/** Scalars that the writer has a method for. */
const METHODS: Partial<Record<Scalar, string>> = {
  bool: 'bool',
  f32: 'f32',
  f64: 'f64',
  i64: 'i64',
  u64: 'u64',
  instant: 'i64',
  duration: 'i64',
};

const plus = (p: string, offset: number): string => (offset === 0 ? p : `${p} + ${offset}`);

/** Writes the field at `p + offset`; `local` is a name for its value that is free. */
export function writeField(
  names: Functions,
  type: Type,
  offset: number,
  value: string,
  local: string,
): string[] {
  const p = plus('p', offset);
  if (value === local || type.kind === 'string') return writeValue(names, type, p, value);
  return [`const ${local} = ${value};`, ...writeValue(names, type, p, local)];
}

/** Writes `v`, which may be repeated, at `p`. */
function writeValue(names: Functions, type: Type, p: string, v: string): string[] {
  switch (type.kind) {
    case 'scalar': {
      const method = METHODS[type.scalar];
      if (method !== undefined) return [`w.${method}(${p}, ${v});`];
      const [misfit, set] = INTEGERS[type.scalar]!;
      const end = fieldBytes(type) === 1 ? '' : ', true';
      return [`if (${misfit(v)}) w.misfit();`, `w.view.${set}(${p}, ${v}${end});`];
    }
    case 'enum':
      return [
        `if (!${names.member(type.name)}(${v})) w.misfit();`,
        `w.view.setInt32(${p}, ${v}, true);`,
      ];
    case 'bytes':
      return [`w.blob(${p}, ${v});`];
    case 'nullable':
      return writeNullable(names, type.of, p, v);
    case 'record': {
      const { size } = recordLayout(names.schema, type.name);
      return [`${names.writer(type)}(w, w.block(${p}, ${size}, ${size}, 4), ${v});`];
    }
    case 'list':
    case 'map':
      return [`${names.writer(type)}(w, ${p}, ${v});`];
    default:
      return [`w.${type.kind}(${p}, ${v});`];
  }
}

function writeNullable(names: Functions, of: Type, p: string, v: string): string[] {
  const there = isScalarLike(of)
    ? [
        `const q = w.block(${p}, 1, ${fieldBytes(of)}, ${blockAlignment(of)});`,
        ...writeValue(names, of, 'q', v),
      ]
    : writeValue(names, of, p, v);
  return [
    `if (${v} === null || ${v} === undefined) {`,
    `  w.none(${p});`,
    '} else {',
    ...there.map((line) => `  ${line}`),
    '}',
  ];
}

/** Statements that write 0 into the padding of a record at `p`. */
export function zeroGaps(layout: Layout, p = 'p'): string[] {
  const lines: string[] = [];
  let at = 0;
  const fill = (to: number): void => {
    for (; at < to; at++) lines.push(`w.view.setUint8(${plus(p, at)}, 0);`);
  };
  for (const slot of layout.slots) {
    fill(slot.offset);
    at = slot.offset + slot.bytes;
  }
  fill(layout.size);
  return lines;
}

/** The function `name(w, p, v)` that writes a record at p, or a list or map by a reference at p. */
export function emitWriter(names: Functions, name: string, type: Type): string[] {
  const body =
    type.kind === 'record'
      ? writeRecord(names, type.name)
      : type.kind === 'list'
        ? writeList(names, type.of)
        : type.kind === 'map'
          ? writeMap(names, type.key, type.value)
          : [];
  return [
    `function ${name}(w: $Writer, p: number, v: ${typeText(type)}): void {`,
    ...body.map((line) => `  ${line}`),
    '}',
  ];
}

function writeRecord(names: Functions, record: string): string[] {
  const layout = recordLayout(names.schema, record);
  const fields = layout.slots.flatMap((slot, i) => {
    return writeField(names, slot.field.type, slot.offset, `v.${slot.field.name}`, `v${i}`);
  });
  return [
    "if (typeof v !== 'object' || v === null) w.misfit();",
    ...(names.counted ? ['w.enter();'] : []),
    ...fields,
    ...zeroGaps(layout),
    ...(names.counted ? ['w.depth--;'] : []),
  ];
}

function writeList(names: Functions, of: Type): string[] {
  const item = `v[i] as ${typeText(of)}`;
  if (isRecordLike(of)) {
    const size = of.kind === 'record' ? recordLayout(names.schema, of.name).size : UUID_BYTES;
    const write =
      of.kind === 'record' ? `${names.writer(of)}(w, at, ${item});` : `w.uuidAt(at, ${item});`;
    return [
      'if (!Array.isArray(v)) w.misfit();',
      'const n = v.length;',
      `let at = w.records(p, n, ${strideOf(size)});`,
      `for (let i = 0; i < n; i++, at += ${strideOf(size)}) {`,
      ...(size === 0 ? ['  w.view.setUint32(at, 0, true);'] : []),
      `  ${write}`,
      '}',
    ];
  }
  const bytes = isScalarLike(of) ? fieldBytes(of) : REFERENCE;
  const write =
    of.kind === 'string'
      ? writeValue(names, of, 'at', item)
      : [`const item = ${item};`, ...writeValue(names, of, 'at', 'item')];
  return [
    `let at = w.list(p, v, ${bytes}, ${blockAlignment(of)});`,
    'const n = v.length;',
    `for (let i = 0; i < n; i++, at += ${bytes}) {`,
    ...write.map((line) => `  ${line}`),
    '}',
  ];
}

function writeMap(names: Functions, key: Type, value: Type): string[] {
  const layout = layoutOf(entryFields(key, value));
  const [first, second] = layout.slots;
  const stride = strideOf(layout.size);
  return [
    'if (!(v instanceof Map)) w.misfit();',
    `let at = w.records(p, v.size, ${stride});`,
    'for (const [key, value] of v) {',
    ...writeValue(names, key, plus('at', first!.offset), 'key').map((line) => `  ${line}`),
    ...writeValue(names, value, plus('at', second!.offset), 'value').map((line) => `  ${line}`),
    ...zeroGaps(layout, 'at').map((line) => `  ${line}`),
    `  at += ${stride};`,
    '}',
  ];
}
