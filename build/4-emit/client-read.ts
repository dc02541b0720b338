// Owns the expressions that read one value in the generated client. `r` is the reader; evaluation
// order is field order, as VALUES rule 5 wants it.

import {
  entryFields,
  fieldBytes,
  isRecordLike,
  isScalarLike,
  type Layout,
  layoutOf,
  REFERENCE,
  recordNamed,
  UUID_BYTES,
} from '../../host/schema/layout.ts';
import type { Scalar, Schema, Type } from '../../host/schema/types.ts';
import { typeText } from './client-types.ts';

/** Where the functions of a client come from; CodecNames is it. */
export interface Functions {
  readonly schema: Schema;
  readonly counted: boolean;
  writer(type: Type): string;
  reader(type: Type): string;
  member(name: string): string;
}

const GET: Record<Exclude<Scalar, 'bool'>, string> = {
  i8: 'getInt8',
  u8: 'getUint8',
  i16: 'getInt16',
  u16: 'getUint16',
  i32: 'getInt32',
  u32: 'getUint32',
  i64: 'getBigInt64',
  u64: 'getBigUint64',
  f32: 'getFloat32',
  f64: 'getFloat64',
  instant: 'getBigInt64',
  duration: 'getBigInt64',
};

/** A record of the schema, laid out. */
export function recordLayout(schema: Schema, name: string): Layout {
  return layoutOf(recordNamed(schema, name).fields);
}

/** Older writers may send records without their last fields: reading needs to know the size. */
function isOpenEnded(layout: Layout): boolean {
  return layout.slots.some((slot) => slot.trailing);
}

/** Reads the value at `p`, an expression that may be repeated. */
export function readExpression(names: Functions, type: Type, p: string): string {
  switch (type.kind) {
    case 'scalar':
      if (type.scalar === 'bool') return `r.bool(${p})`;
      return `r.view.${GET[type.scalar]}(${p}${fieldBytes(type) === 1 ? '' : ', true'})`;
    case 'enum':
    case 'list':
    case 'map':
      return `${names.reader(type)}(r, ${p})`;
    case 'bytes':
      return `r.blob(${p})`;
    case 'nullable': {
      const inner = isScalarLike(type.of)
        ? readExpression(names, type.of, `r.one(${p}, ${fieldBytes(type.of)})`)
        : readExpression(names, type.of, p);
      return `(r.isNull(${p}) ? r.none(${p}) : ${inner})`;
    }
    case 'record': {
      const layout = recordLayout(names.schema, type.name);
      const size = isOpenEnded(layout) ? `, r.count(${p})` : '';
      return `${names.reader(type)}(r, r.record(${p}, ${layout.least})${size})`;
    }
    default:
      return `r.${type.kind}(${p})`;
  }
}

/** The function that reads a record at p, or an enum, list or map by what is at p. */
export function emitReader(names: Functions, name: string, type: Type): string[] {
  const size = type.kind === 'record' && isOpenEnded(recordLayout(names.schema, type.name));
  const body =
    type.kind === 'record'
      ? readRecord(names, type.name)
      : type.kind === 'list'
        ? readList(names, type.of)
        : type.kind === 'map'
          ? readMap(names, type)
          : [
              'const value = r.view.getInt32(p, true);',
              `if (!${member(names, type)}(value)) r.bad(\`\${value} is no member of an enum\`);`,
              'return value;',
            ];
  return [
    `function ${name}(r: $Reader, p: number${size ? ', size: number' : ''}): ${typeText(type)} {`,
    ...body.map((line) => `  ${line}`),
    '}',
  ];
}

/** The function that knows the members of an enum. */
function member(names: Functions, type: Type): string {
  return type.kind === 'enum' ? names.member(type.name) : '';
}

/** A field that an older writer may not have sent is null then. */
function orNull(slot: Layout['slots'][number], expression: string, size: string): string {
  return slot.trailing
    ? `${size} >= ${slot.offset + slot.bytes} ? ${expression} : null`
    : expression;
}

const plus = (p: string, offset: number): string => (offset === 0 ? p : `${p} + ${offset}`);

function readRecord(names: Functions, record: string): string[] {
  const fields = recordLayout(names.schema, record).slots.map((slot) => {
    const value = readExpression(names, slot.field.type, plus('p', slot.offset));
    return `  ${slot.field.name}: ${orNull(slot, value, 'size')},`;
  });
  if (!names.counted) return ['return {', ...fields, '};'];
  return [
    'r.enter();',
    `const value: ${record} = {`,
    ...fields,
    '};',
    'r.depth--;',
    'return value;',
  ];
}

function readList(names: Functions, of: Type): string[] {
  const list = `const list: ${typeText({ kind: 'list', of })} = new Array(n);`;
  const count = 'const n = r.count(p);';
  if (isRecordLike(of)) {
    const layout = of.kind === 'record' ? recordLayout(names.schema, of.name) : null;
    const size = layout !== null && isOpenEnded(layout) ? ', stride' : '';
    const item = layout === null ? 'r.uuidAt(at)' : `${names.reader(of)}(r, at${size})`;
    return [
      count,
      `let at = r.records(p, ${layout === null ? UUID_BYTES : layout.least});`,
      'const stride = r.stride;',
      list,
      `for (let i = 0; i < n; i++, at += stride) list[i] = ${item};`,
      'return list;',
    ];
  }
  const bytes = isScalarLike(of) ? fieldBytes(of) : REFERENCE;
  return [
    count,
    `let at = r.claim(p, ${bytes});`,
    list,
    `for (let i = 0; i < n; i++, at += ${bytes}) list[i] = ${readExpression(names, of, 'at')};`,
    'return list;',
  ];
}

function readMap(names: Functions, type: Type & { kind: 'map' }): string[] {
  const layout = layoutOf(entryFields(type.key, type.value));
  const [key, value] = layout.slots as [Layout['slots'][number], Layout['slots'][number]];
  const of = readExpression(names, type.value, plus('at', value.offset));
  return [
    'const n = r.count(p);',
    `let at = r.records(p, ${layout.least});`,
    'const stride = r.stride;',
    `const map: ${typeText(type)} = new Map();`,
    'for (let i = 0; i < n; i++, at += stride) {',
    `  const key = ${readExpression(names, type.key, plus('at', key.offset))};`,
    `  map.set(key, ${orNull(value, of, 'stride')});`,
    '}',
    "if (map.size !== n) r.bad('a map has a key twice');",
    'return map;',
  ];
}
