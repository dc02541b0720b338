// Owns the encoders and decoders of the generated client: straight-line TypeScript on top of
// host/synapse/codec.ts. One function a record, list or map; scalars and strings stand inline.
// Checks of values and payloads are VALUES rules 5-8; the layout comes from host/schema/layout.ts.

import { enumNamed, layoutOf, resultFields } from '../../host/schema/layout.ts';
import type { Method, Schema, Type } from '../../host/schema/types.ts';
import { emitReader, type Functions, readExpression } from './client-read.ts';
import { quoted, typeText } from './client-types.ts';
import { emitWriter, writeField, zeroGaps } from './client-write.ts';
import { recursiveRecords } from './recursion.ts';

/** The functions that codecs of one schema call, each written when it is first asked for. */
export class CodecNames implements Functions {
  readonly schema: Schema;
  /** A value can nest without end, so records are counted while writing and reading. */
  readonly counted: boolean;
  readonly #bodies = new Map<string, string[]>();
  readonly #shapes = new Map<string, number>();

  constructor(schema: Schema) {
    this.schema = schema;
    this.counted = recursiveRecords(schema).size > 0;
  }

  /** The functions that were asked for, sorted by name. */
  functions(): string[] {
    const sorted = [...this.#bodies].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.flatMap(([, body]) => [...body, '']);
  }

  writer(type: Type): string {
    return this.#make('write', type, (name) => emitWriter(this, name, type));
  }

  reader(type: Type): string {
    return this.#make('read', type, (name) => emitReader(this, name, type));
  }

  /** The function that says whether a number is a member of an enum. */
  member(name: string): string {
    return this.#make('is', { kind: 'enum', name }, (called) => {
      const cases = enumNamed(this.schema, name).members.map((m) => `    case ${m.value}:`);
      return [
        `function ${called}(value: number): value is ${name} {`,
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

/** The function that writes a method's arguments at `at` and returns their length. */
export function emitEncoder(names: CodecNames, method: Method): string[] {
  const layout = layoutOf(method.params);
  const params = method.params.map((param, i) => `, a${i}: ${typeText(param.type)}`).join('');
  const head = `function encode_${method.name}(out: $Outbox, at: number${params}): number {`;
  if (layout.slots.length === 0)
    return [head.replace('out:', '_out:').replace('at:', '_at:'), '  return 0;', '}', ''];
  const label = method.params.map((param) => quoted(param.name)).join(', ');
  const args = method.params.map((_, i) => `a${i}`).join(', ');
  const fields = layout.slots.flatMap((slot, i) => {
    return writeField(names, slot.field.type, slot.offset, `a${i}`, `a${i}`);
  });
  return [
    head,
    '  const w = $writer;',
    '  try {',
    `    const p = w.open(out, at, ${layout.size});`,
    ...[...fields, ...zeroGaps(layout)].map((line) => `    ${line}`),
    '    return w.close();',
    '  } catch (error) {',
    `    throw $explain(error, METHODS[${method.index}] as $MethodRef, [${label}], [${args}]);`,
    '  }',
    '}',
    '',
  ];
}

/** The function that reads a method's result. */
export function emitDecoder(names: CodecNames, method: Method): string[] {
  const layout = layoutOf(resultFields(method.result));
  const result = method.result === null ? 'void' : typeText(method.result);
  const slot = layout.slots[0];
  const read = (type: Type): string => readExpression(names, type, 'p');
  const value =
    slot === undefined
      ? []
      : [
          slot.trailing
            ? `  const value = r.size >= ${slot.bytes} ? ${read(slot.field.type)} : null;`
            : `  const value = ${read(slot.field.type)};`,
        ];
  const open = `r.open(bytes, view, from, to, ${layout.least});`;
  return [
    `function decode_${method.name}(`,
    '  bytes: Uint8Array,',
    '  view: DataView,',
    '  from: number,',
    '  to: number,',
    `): ${result} {`,
    '  const r = $reader;',
    value.length > 0 ? `  const p = ${open}` : `  ${open}`,
    ...value,
    '  r.done();',
    ...(value.length > 0 ? ['  return value;'] : []),
    '}',
    '',
  ];
}
