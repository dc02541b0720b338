// Owns the generated entry of a cell: one function per method, reached through a table, and the
// exports of the cell ABI. Never holds a line of the user's code.
//
// One function each and no switch: asc -O3 takes minutes over a switch of 400 methods, 5 s over a
// table. A call through the table waits for five loads, each for the one before: 2 ns.
import { UNIMPLEMENTED } from '../../assembly/shared/status.ts';
import type { Method } from '../../host/schema/types.ts';
import type { GeneratedLine } from './generated-text.ts';
import { emitGuestCodec } from './guest-codec.ts';
import type { Composed } from './layers.ts';
import type { MacroCell } from './macro-cell.ts';
import { emitMacroFunctions, macroAnswer, macroImports } from './macro-entry.ts';
import type { Service } from './service.ts';
import { startOf } from './service-class.ts';
import { alias, ENTRY, relativeImport } from './user-text.ts';

/** Methods up to which comparing is quicker than the table. */
const COMPARED = 8;

/** Names of the generated functions, by method index; the call graph looks for them. */
export const serveName = (index: number): string => `serve${index}`;

/** The last of the entry's own imports. */
export const ENTRY_IMPORT = 'import { alloc } from "cell/entry";';

/** What macros put at the cell's boundary. */
export interface Boundary {
  /** By method index. */
  boundary: ReadonlyMap<number, Composed>;
  /** The functions that those call. */
  made: readonly GeneratedLine[];
  /** Methods of the service that run before its own `start`. */
  starts: readonly string[];
}

const NO_BOUNDARY: Boundary = { boundary: new Map(), made: [], starts: [] };

/**
 * The lines of the entry. `service.homes` says where records and enums are declared; `entry` is the
 * service file.
 */
export function emitEntry(
  service: Service,
  entry: string,
  { boundary, made, starts }: Boundary = NO_BOUNDARY,
): GeneratedLine[] {
  const { schema } = service;
  const details = service.details.map((name, i) => detailsMethod(name, schema.methods.length + i));
  const codec = emitGuestCodec({ ...schema, methods: [...schema.methods, ...details] });
  const serves = schema.methods.flatMap((m, i) =>
    serveFunction(m, codec.methods[i], service.macros, boundary.get(i)),
  );
  const encoders = details.map(
    (_, i) =>
      `function details${i}(result: ${service.details[i]}): i64 {\n` +
      `  ${codec.methods[schema.methods.length + i].write}\n}`,
  );
  const head = [
    `// Generated from ${entry}: the exports of the cell \`${schema.cell}\`.`,
    // First, so that initialisers of the user's modules find it.
    'import { abort } from "cell/panic";',
    'import { Details, fail } from "cell/failure";',
    'import { seed } from "cell/random";',
    ENTRY_IMPORT,
    ...userImports(service, entry),
    ...(service.macros === null ? [] : macroImports()),
    'export { panic } from "cell/panic";',
    'export { alloc };',
    codec.text,
    `const service = new ${schema.service}();`,
    ...(service.macros === null ? [] : [emitMacroFunctions(service.macros, schema)]),
  ];
  const tail = [
    ...encoders,
    detailsFunction(service.details),
    ...handleFunction(schema.methods),
    ...startFunction(service, starts),
  ];
  return [...head.map(own), ...made, ...serves, ...tail.map(own)];
}

/** `start`: what macros do first, then the service's own. */
function startFunction({ start, shape }: Service, starts: readonly string[]): string[] {
  if (!start) return [];
  const names = [...starts, ...(startOf(shape) === undefined ? [] : ['start'])];
  const calls = names.map((name) => `service.${name}();`);
  return [`export function start(): void { ${calls.join(' ')} }`];
}

const own = (text: string): GeneratedLine => ({ text, origin: null });

/** `handle`: the function of a method is found by comparing, or in a table when there are many. */
function handleFunction(methods: readonly Method[]): string[] {
  const names = methods.map((m) => serveName(m.index));
  const isFew = methods.length <= COMPARED;
  const find = isFew
    ? names.map((name, i) => `  if (method == ${i}) return ${name}(ptr, len);`)
    : [`  if (method < ${methods.length}) return unchecked(table[method])(ptr, len);`];
  return [
    ...(isFew
      ? []
      : [`const table: StaticArray<(ptr: usize, len: usize) => i64> = [${names.join(', ')}];`]),
    'export function handle(method: u32, ptr: usize, len: usize): i64 {',
    ...find,
    `  return fail<i64>(${UNIMPLEMENTED}, "no such method");`,
    '}',
  ];
}

/** Declarations that the entry imports, by source. */
export function reachedBySource(service: Service, entry: string): Map<string, string[]> {
  return homesBySource(service.homes, new Map([[entry, [service.schema.service]]]));
}

/** Adds records and enums, by name -> source, to `reached`: source -> names. */
export function homesBySource(
  homes: ReadonlyMap<string, string>,
  reached: Map<string, string[]> = new Map(),
): Map<string, string[]> {
  for (const [name, home] of [...homes].sort()) {
    reached.set(home, [...(reached.get(home) ?? []), name]);
  }
  return reached;
}

function userImports(service: Service, entry: string): string[] {
  return [...reachedBySource(service, entry)].map(([source, names]) => {
    const list = names.map((n) => `${alias(n)} as ${n}`).join(', ');
    return `import { ${list} } from "${relativeImport(ENTRY, source)}";`;
  });
}

function serveFunction(
  m: Method,
  codec: { read: string; args: string[]; write: string },
  macros: MacroCell | null,
  around: Composed | undefined,
): GeneratedLine[] {
  const head = own(
    `function ${serveName(m.index)}(ptr: usize, len: usize): i64 {\n  ${codec.read}`,
  );
  if (m.channel === 'macro' && macros !== null) {
    return [head, own(`  ${macroAnswer(m, codec)}\n}`)];
  }
  const plain = `service.${m.name}(${codec.args.join(', ')});`;
  const call = around === undefined ? plain : `${around.call('service', codec.args)};`;
  return [
    head,
    ...(around?.before ?? []).map(({ text, origin }) => ({
      text: `  ${text('service', codec.args)};`,
      origin,
    })),
    own(`  ${m.result === null ? call : `const result = ${call}`}\n  ${codec.write}\n}`),
  ];
}

/** A class of details travels as the result of a method that nobody calls: {value: T}. */
function detailsMethod(name: string, index: number): Method {
  return {
    name: `details$${name}`,
    index,
    params: [],
    result: { kind: 'record', name },
    tier: 'pure',
    access: { public: false, anyRole: [], scopes: [] },
    canonical: '',
    fingerprint: '',
  };
}

/** `details(value)`: chosen by class while compiling; other classes are a compile error. */
function detailsFunction(names: string[]): string {
  const branches = names.map(
    (name, i) =>
      `  if (idof<D>() == idof<${name}>()) ` +
      `return pack(nameof<D>(), details${i}(changetype<${name}>(value)));`,
  );
  return [
    'function pack(type: string, at: i64): Details {',
    '  return new Details(type, <usize>(at >>> 32), <u32>at);',
    '}',
    'export function details<D>(value: D): Details {',
    ...branches,
    '  ERROR("details of a class that the build does not know");',
    '}',
  ].join('\n');
}
