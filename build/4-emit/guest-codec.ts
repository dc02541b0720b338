// Owns the codec of a cell as AssemblyScript: for each method the statements that read its
// arguments and write its result, and the functions that they call, on top of
// assembly/guest/codec.ts. Names: read_X, write_X, _need_X (measures), _is_X, and locals that begin
// with `_`.

import { enumNamed, isScalarLike, layoutOf, resultFields } from '../../host/schema/layout.ts';
import type { Method, Schema, Type } from '../../host/schema/types.ts';
import type { GuestCodec } from './contract.ts';
import { emitGuestReader, readGuest } from './guest-read.ts';
import { type GuestFunctions, guestLayout, guestType } from './guest-types.ts';
import {
  emitGuestMeasure,
  emitGuestWriter,
  isFlat,
  measureGuest,
  writeGuest,
  writeGuestGaps,
} from './guest-write.ts';
import { recursiveRecords } from './recursion.ts';

/** The codec of a schema. */
export function emitGuestCodec(schema: Schema): GuestCodec {
  const names = new GuestNames(schema);
  const methods = schema.methods.map((method) => ({
    read: readArguments(names, method).join('\n  '),
    args: method.params.map((_, i) => `_a${i}`),
    write: writeResult(names, method).join('\n  '),
  }));
  const text = [
    'import * as _c from "cell/codec";',
    'import {',
    '  Decimal as _Decimal, Duration as _Duration, Instant as _Instant, Uuid as _Uuid,',
    '} from "cell/values";',
    '',
    ...names.functions(),
  ];
  return { text: text.join('\n'), methods };
}

/** The functions that the codec of one schema consists of. */
export class GuestNames implements GuestFunctions {
  readonly schema: Schema;
  readonly counted: boolean;
  readonly #bodies = new Map<string, string[]>();
  readonly #shapes = new Map<string, number>();

  constructor(schema: Schema) {
    this.schema = schema;
    this.counted = recursiveRecords(schema).size > 0;
  }

  functions(): string[] {
    const sorted = [...this.#bodies].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.flatMap(([, body]) => [...body, '']);
  }

  reader(type: Type): string {
    return this.#make('read', type, (name) => emitGuestReader(this, name, type));
  }

  writer(type: Type): string {
    return this.#make('write', type, (name) => emitGuestWriter(this, name, type));
  }

  measurer(type: Type): string {
    return this.#make('_need', type, (name) => emitGuestMeasure(this, name, type));
  }

  member(name: string): string {
    return this.#make('_is', { kind: 'enum', name }, (called) => {
      const cases = enumNamed(this.schema, name).members.map((m) => `    case ${m.value}:`);
      return [
        `function ${called}(value: i32): bool {`,
        '  switch (value) {',
        ...cases,
        ...(cases.length > 0 ? ['      return true;'] : []),
        '    default:',
        '      return false;',
        '  }',
        '}',
      ];
    });
  }

  #make(verb: string, type: Type, body: (name: string) => string[]): string {
    const name = `${verb}_${this.#shape(type)}`;
    if (!this.#bodies.has(name)) {
      this.#bodies.set(name, []); // a recursive type asks for itself
      this.#bodies.set(name, body(name));
    }
    return name;
  }

  #shape(type: Type): string {
    if (type.kind === 'record' || type.kind === 'enum') return type.name;
    const key = JSON.stringify(type);
    if (!this.#shapes.has(key)) this.#shapes.set(key, this.#shapes.size);
    return `${type.kind}${this.#shapes.get(key)}`;
  }
}

function readArguments(names: GuestNames, method: Method): string[] {
  const layout = layoutOf(method.params);
  const flat = layout.slots.length > 0 && layout.slots.every((s) => isScalarLike(s.field.type));
  const open = `_c.${flat ? 'openFlat' : 'open'}(ptr, len, ${layout.least});`;
  if (layout.slots.length === 0) return [open];
  const trailing = layout.slots.some((slot) => slot.trailing);
  const values = layout.slots.map(({ field, offset, bytes, trailing: late }, i) => {
    const value = readGuest(names, field.type, '_p', offset);
    const read = late ? `_size >= ${offset + bytes} ? ${value} : null` : value;
    return `const _a${i}: ${guestType(field.type)} = ${read};`;
  });
  return [`const _p = ${open}`, ...(trailing ? ['const _size = _c.rootSize;'] : []), ...values];
}

function writeResult(names: GuestNames, method: Method): string[] {
  if (method.result === null) return ['return 0;'];
  const layout = layoutOf(resultFields(method.result));
  if (isFlat(names, method.result)) {
    const behind =
      method.result.kind === 'record' ? guestLayout(names, method.result.name).size : 0;
    return [
      `const _q = _c.beginFixed(${layout.size}, ${behind});`,
      ...(method.result.kind === 'record'
        ? [`${names.writer(method.result)}(_c.blockFixed(_q, ${behind}), result);`]
        : writeGuest(names, method.result, '_q', 0, 'result')),
      ...writeGuestGaps(layout, '_q'),
      `return _c.endFixed(_q, ${layout.size}, ${behind});`,
    ];
  }
  return [
    `_c.measure(${layout.size});`,
    ...measureGuest(names, method.result, 'result'),
    `const _q = _c.begin(${layout.size});`,
    ...writeGuest(names, method.result, '_q', 0, 'result'),
    ...writeGuestGaps(layout, '_q'),
    'return _c.end();',
  ];
}
