// Owns compiling a cell for the tests: the classes of a schema, the generated codec and handlers
// that give back what they are given, with either runtime. `fail` ends a call as the gate would, by
// throwing.

import { readFileSync } from 'node:fs';
import { emitGuestCodec } from '../../build/4-emit/guest-codec.ts';
import { withoutShadowStack } from '../../build/5-compile/nostack.ts';
import { decodeRecord, NO_TYPES } from '../../host/schema/dynamic.ts';
import type { Field, Schema, Type } from '../../host/schema/types.ts';

const SDK = new URL('../../assembly/guest/', import.meta.url);
const SHARED = new URL('../../assembly/shared/', import.meta.url);

const ERROR_FIELDS: Field[] = [
  { name: 'message', type: { kind: 'string' } },
  { name: 'type', type: { kind: 'nullable', of: { kind: 'string' } } },
  { name: 'details', type: { kind: 'nullable', of: { kind: 'bytes' } } },
];

/** What a guest's `fail` becomes. */
export class GuestFailure extends Error {
  status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Runtime = 'arena' | 'collect';

function library(name: string): string | null {
  const [first, ...rest] = name.split('/');
  const folder = first === 'cell' ? SDK : first === 'shared' ? SHARED : null;
  if (folder === null) return null;
  try {
    return readFileSync(new URL(rest.join('/'), folder), 'utf8');
  } catch {
    return null;
  }
}

/** A transform of its own for each run: asc sets the program on the class's prototype. */
function noStack(): new () => { afterParse(): void } {
  return class {
    declare program: Parameters<typeof withoutShadowStack>[0];

    afterParse(): void {
      withoutShadowStack(this.program);
    }
  };
}

/**
 * Compiles an entry text that may import "cell/<file>". Error with asc's words when it does not.
 */
export async function compileGuest(entry: string, runtime: Runtime = 'arena'): Promise<Uint8Array> {
  const asc = await import('assemblyscript/asc');
  let wasm: Uint8Array | null = null;
  let complaints = '';
  const files: Record<string, string> = {
    'entry.ts': entry,
    'runtime.ts': readFileSync(new URL(`${runtime}/index.ts`, SDK), 'utf8'),
  };
  const flags = ['-O3', '--runtime', './runtime', '--enable', 'simd', '--exportTable'];
  const { error } = await asc.main(
    [
      'entry.ts',
      ...flags,
      '--exportStart',
      '_initialize',
      '--lib',
      '/library',
      '--outFile',
      'out.wasm',
      '--maximumMemory',
      '1024',
      '--use',
      'abort=~lib/cell/panic/abort',
    ],
    {
      stdout: { write: () => true } as never,
      stderr: { write: (text: string) => (complaints += text) } as never,
      readFile: (name, folder) => {
        const at = name.replace(/^\.\//, '');
        return folder.endsWith('library') ? library(at) : (files[at] ?? null);
      },
      writeFile: (name, data) => void (name.endsWith('.wasm') && (wasm = data as Uint8Array)),
      listFiles: () => [],
      transforms: [noStack()] as never,
    },
  );
  if (error !== null || wasm === null) throw new Error(`asc: ${complaints}${error}`);
  return wasm;
}

/** What every entry begins with. */
export const PREAMBLE = [
  'export { alloc } from "cell/entry";',
  'export { panic } from "cell/panic";',
  'import { Decimal, Duration, Instant, Uuid } from "cell/values";',
].join('\n');

function zero(type: Type): string {
  switch (type.kind) {
    case 'scalar':
      if (type.scalar === 'bool') return 'bool = false';
      if (type.scalar === 'instant') return 'Instant = new Instant()';
      if (type.scalar === 'duration') return 'Duration = new Duration()';
      return `${type.scalar} = 0`;
    case 'string':
      return 'string = ""';
    case 'bytes':
      return 'Uint8Array = new Uint8Array(0)';
    case 'uuid':
      return 'Uuid = new Uuid()';
    case 'decimal':
      return 'Decimal = Decimal.ofInteger(0)';
    case 'enum':
      return `${type.name} = 0`;
    case 'record':
      return `${type.name} = new ${type.name}()`;
    case 'list':
      return `${named(type)} = []`;
    case 'map':
      return `${named(type)} = new ${named(type)}()`;
    case 'nullable':
      return `${named(type)} = null`;
  }
}

function named(type: Type): string {
  switch (type.kind) {
    case 'list':
      return `Array<${named(type.of)}>`;
    case 'map':
      return `Map<${named(type.key)}, ${named(type.value)}>`;
    case 'nullable':
      return `${named(type.of)} | null`;
    default:
      return zero(type).split(' =')[0]!;
  }
}

/** The entry text of a cell whose methods give back their first argument. */
export function echoEntry(schema: Schema): string {
  const codec = emitGuestCodec(schema);
  const enums = schema.enums.map(({ name, members }) => {
    return `enum ${name} { ${members.map((m) => `${m.name} = ${m.value}`).join(', ')} }`;
  });
  const classes = schema.records.map(({ name, fields }) => {
    return `class ${name} {\n${fields.map((f) => `  ${f.name}: ${zero(f.type)};`).join('\n')}\n}`;
  });
  const serves = codec.methods.map(({ read, args, write }, i) =>
    [
      `function serve${i}(ptr: usize, len: usize): i64 {`,
      `  ${read}`,
      ...(schema.methods[i]!.result === null ? [] : [`  const result = ${args[0]};`]),
      `  ${write}`,
      '}',
    ].join('\n'),
  );
  const cases = schema.methods.map((_, i) => `    case ${i}: return serve${i}(ptr, len);`);
  return [
    PREAMBLE,
    ...enums,
    ...classes,
    codec.text,
    ...serves,
    'export function handle(method: u32, ptr: usize, len: usize): i64 {',
    '  switch (method) {',
    ...cases,
    '    default: return 0;',
    '  }',
    '}',
    '',
  ].join('\n');
}

export interface GuestExports {
  memory: WebAssembly.Memory;
  alloc(len: number): number;
  handle(method: number, ptr: number, len: number): bigint;
  _initialize(): void;
  /** Address of the message that a trap left. */
  panic: WebAssembly.Global;
  [name: string]: unknown;
}

export interface Guest {
  exports: GuestExports;
  /** One call: the reply's bytes. GuestFailure, or WebAssembly.RuntimeError when it trapped. */
  call(method: number, payload: Uint8Array): Uint8Array;
}

/** A running instance of a compiled guest. */
export function startGuest(wasm: Uint8Array): Guest {
  const module = new WebAssembly.Module(wasm as BufferSource);
  const fail = (status: number, ptr: number, len: number): void => {
    const bytes = new Uint8Array(exports.memory.buffer, ptr, len);
    const told = decodeRecord<{ message: string }>(NO_TYPES, ERROR_FIELDS, bytes);
    throw new GuestFailure(status, told.message);
  };
  const next = (): bigint => 4n;
  const instance = new WebAssembly.Instance(module, {
    'cell:core': { fail },
    'cell:random': { next },
  });
  const exports = instance.exports as unknown as GuestExports;
  exports._initialize();
  const call = (method: number, payload: Uint8Array): Uint8Array => {
    const ptr = exports.alloc(payload.length) >>> 0;
    new Uint8Array(exports.memory.buffer).set(payload, ptr);
    const packed = BigInt.asUintN(64, exports.handle(method, ptr, payload.length));
    const at = Number(packed >> 32n);
    return new Uint8Array(exports.memory.buffer).slice(at, at + Number(packed & 0xffffffffn));
  };
  return { exports, call };
}

/** The echo cell of a schema, running. */
export async function loadGuest(schema: Schema, runtime: Runtime = 'arena'): Promise<Guest> {
  return startGuest(await compileGuest(echoEntry(schema), runtime));
}
