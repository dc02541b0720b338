// Owns the module that stands for a remote cell inside another: its records and enums as classes,
// and one function a method that encodes the arguments, calls, and decodes the reply. Knows nothing
// of who imports it. Names: those of the schema, and `_` for everything else.
//
//   import * as Ledger from "./__remote_ledger"      Ledger.debit(7, 100), Ledger.Account
import { isScalarLike, layoutOf, resultFields } from '../../host/schema/layout.ts';
import type { EnumType, Method, RecordType, Schema, Type } from '../../host/schema/types.ts';
import { GuestNames } from './guest-codec.ts';
import { readGuest } from './guest-read.ts';
import { guestType, isNumber } from './guest-types.ts';
import { measureGuest, writeGuest, writeGuestGaps } from './guest-write.ts';

/**
 * The text of the module for `methods` of `schema`, in the order of their links (ARCHITECTURE, cell
 * ABI); and every type of the schema, used or not: asc compiles what is used.
 */
export function remoteModule(schema: Schema, methods: readonly Method[]): string {
  const names = new GuestNames({ ...schema, methods: [...methods] });
  const functions = methods.map((method, i) => remoteFunction(names, schema.cell, method, i));
  return [
    `// Generated: the cell \`${schema.cell}\` as this cell calls it.`,
    'import * as _c from "cell/codec";',
    'import { received as _received, replyBytes as _replyBytes } from "cell/remote";',
    'import {',
    '  Decimal as _Decimal, Duration as _Duration, Instant as _Instant, Uuid as _Uuid,',
    '} from "cell/values";',
    `@external("cell:call", "${schema.cell}")`,
    'declare function _call(method: u32, ptr: usize, len: usize): i64;',
    ...schema.enums.map(enumText),
    ...schema.records.map(recordText),
    ...functions,
    ...names.functions(),
  ].join('\n');
}

/** The types of the module alone, as a user would have written them: what its readers see. */
export function remoteTypes({ enums, records }: Schema): string {
  const lines = [...enums.map(enumText), ...records.map(recordText)];
  return lines.join('\n').replace(/\b_(Uuid|Instant|Duration|Decimal)\b/g, '$1');
}

function enumText({ name, members }: EnumType): string {
  const list = members.map((m) => `${m.name} = ${m.value}`).join(', ');
  return `export enum ${name} { ${list} }`;
}

function recordText({ name, fields }: RecordType): string {
  const list = fields.map((f) => `  ${f.name}: ${guestType(f.type)} = ${initial(f.type)};`);
  return [`export class ${name} {`, ...list, '}'].join('\n');
}

/** What a field holds until it is set. */
function initial(type: Type): string {
  if (isNumber(type)) {
    if (type.kind === 'scalar' && type.scalar === 'bool') return 'false';
    return type.kind === 'enum' ? `<${type.name}>0` : '0';
  }
  switch (type.kind) {
    case 'string':
      return '""';
    case 'bytes':
      return 'new Uint8Array(0)';
    case 'nullable':
      return 'null';
    case 'decimal':
      return '_Decimal.ofInteger(0)';
    case 'list':
      return '[]';
    default:
      return `new ${guestType(type)}()`;
  }
}

function remoteFunction(names: GuestNames, cell: string, method: Method, link: number): string {
  const { params, result } = method;
  const list = params.map((p, i) => `_a${i}: ${guestType(p.type)}`).join(', ');
  const type = result === null ? 'void' : guestType(result);
  const call = `_call(${link}, <usize>(_sent >>> 32), <usize>(_sent & 0xffffffff))`;
  const lines = [
    ...writeArguments(names, method),
    `const _got = _received(${call}, "${cell}.${method.name}");`,
    ...(result === null ? [] : readResult(names, result)),
  ];
  return [
    `export function ${method.name}(${list}): ${type} {`,
    ...lines.map((line) => `  ${line}`),
    '}',
  ].join('\n');
}

function writeArguments(names: GuestNames, { params }: Method): string[] {
  if (params.length === 0) return ['const _sent: i64 = 0;'];
  const layout = layoutOf(params);
  const write = (p: string): string[] =>
    layout.slots.flatMap(({ field, offset }, i) =>
      writeGuest(names, field.type, p, offset, `_a${i}`),
    );
  if (layout.slots.every(({ field }) => isScalarLike(field.type))) {
    return [
      `const _q = _c.beginFixed(${layout.size}, 0);`,
      ...write('_q'),
      ...writeGuestGaps(layout, '_q'),
      `const _sent = _c.endFixed(_q, ${layout.size}, 0);`,
    ];
  }
  return [
    `_c.measure(${layout.size});`,
    ...layout.slots.flatMap(({ field }, i) => measureGuest(names, field.type, `_a${i}`)),
    `const _q = _c.begin(${layout.size});`,
    ...write('_q'),
    ...writeGuestGaps(layout, '_q'),
    'const _sent = _c.end();',
  ];
}

function readResult(names: GuestNames, result: Type): string[] {
  const layout = layoutOf(resultFields(result));
  const [{ field, offset, bytes, trailing }] = layout.slots;
  const flat = isScalarLike(result);
  const open = `_c.${flat ? 'openFlat' : 'open'}(_got, _replyBytes, ${layout.least})`;
  const value = readGuest(names, field.type, '_p', offset);
  return [
    '_c.believe(false);',
    `const _p = ${open};`,
    ...(trailing ? ['const _size = _c.rootSize;'] : []),
    `const _value: ${guestType(result)} = ` +
      `${trailing ? `_size >= ${offset + bytes} ? ${value} : null` : value};`,
    '_c.believe(true);',
    'return _value;',
  ];
}
