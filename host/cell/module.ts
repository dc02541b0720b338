// Owns the reading of a `.wasm` that claims to be a cell: what it says of itself, what it asks for,
// and whether this host may load it. The file is hostile until `admit` has passed. Nothing is run
// here.
import fs from 'node:fs';
import { CELL_PAGES } from '../../assembly/shared/limits.ts';
import { capabilityOf } from '../capability/registry.ts';
import type { CellSpec, Grants } from '../lane/contract.ts';
import type { Manifest, Schema } from '../schema/types.ts';
import { type Limits, MODULE_BYTES, ModuleError, readSections } from './sections.ts';
import { checkManifest, checkSchema } from './structure.ts';

export { MODULE_BYTES, ModuleError } from './sections.ts';

/** Bytes of one JSON section. Threat: parse time. */
export const SECTION_BYTES = 4 << 20;
/** Elements that a cell's function table may grow to. Threat: 24 bytes each, per instance. */
export const TABLE_ELEMENTS = 16384;

/** What a module says of itself, checked for shape and bounds. */
export interface CellModule {
  name: string;
  module: WebAssembly.Module;
  schema: Schema;
  manifest: Manifest;
  /** As `cell:blob.read`, in the module's order. */
  imports: string[];
  /** Pages that the memory may grow to. */
  pages: number;
  file: string;
}

/** What `admit` checks a module against. */
export interface AdmitOptions {
  grants: Grants;
  /** Pages that a cell may declare as its maximum; default CELL_PAGES. */
  pages?: number;
}

const EXPORTS: Record<string, { kind: string; needed: boolean }> = {
  memory: { kind: 'memory', needed: true },
  table: { kind: 'table', needed: true },
  alloc: { kind: 'function', needed: true },
  handle: { kind: 'function', needed: true },
  _initialize: { kind: 'function', needed: false },
  start: { kind: 'function', needed: false },
};

function readJson(custom: Map<string, Uint8Array>, section: string): unknown {
  const bytes = custom.get(section);
  if (bytes === undefined) {
    throw new ModuleError(`no section \`${section}\`: it was not made by \`cell build\``);
  }
  if (bytes.length > SECTION_BYTES) {
    throw new ModuleError(
      `section \`${section}\` has ${bytes.length} bytes; at most ${SECTION_BYTES} are read`,
    );
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ModuleError(`section \`${section}\` is not JSON: ${(error as Error).message}`);
  }
}

function within<T>(section: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof ModuleError) error.message = `section \`${section}\`: ${error.message}`;
    throw error;
  }
}

function checkMemory(memories: Limits[]): number {
  if (memories.length !== 1) {
    throw new ModuleError(`a cell has one memory of its own; this one has ${memories.length}`);
  }
  const { min, max, flags } = memories[0];
  if (flags !== 0) throw new ModuleError('a cell never shares its memory; this one is shared');
  if (max === undefined) {
    throw new ModuleError('its memory has no maximum; build it with a limit on its pages');
  }
  if (min > max) throw new ModuleError(`its memory begins with ${min} pages, above its ${max}`);
  return max;
}

function checkTable(tables: Limits[]): void {
  if (tables.length > 1) throw new ModuleError(`a cell has one table; it has ${tables.length}`);
  for (const { min, max, flags } of tables) {
    if (flags !== 0) throw new ModuleError('a cell never shares its table');
    if (max === undefined) throw new ModuleError('its table may grow without end; build it again');
    const most = Math.max(min, max);
    if (most > TABLE_ELEMENTS) {
      throw new ModuleError(`its table has ${most} elements; at most ${TABLE_ELEMENTS} are taken`);
    }
  }
}

function checkExports(module: WebAssembly.Module, manifest: Manifest): void {
  const found = new Map(WebAssembly.Module.exports(module).map((e) => [e.name, e.kind as string]));
  for (const [name, { kind, needed }] of Object.entries(EXPORTS)) {
    const has = found.get(name);
    if (has === undefined && (needed || (name === 'start' && manifest.start))) {
      throw new ModuleError(`it does not export \`${name}\``);
    }
    if (has !== undefined && has !== kind) {
      throw new ModuleError(`its export \`${name}\` is a ${has}, not a ${kind}`);
    }
  }
  if (found.has('start') && !manifest.start) {
    throw new ModuleError('it exports `start`, and its manifest says that it has none');
  }
}

/**
 * Reads a module: sections, limits, exports. Compiles it, runs nothing.
 * Throws ModuleError, whose message begins with `file`.
 */
export function readModule(bytes: Uint8Array, file: string): CellModule {
  try {
    if (bytes.length > MODULE_BYTES) {
      throw new ModuleError(`it has ${bytes.length} bytes; at most ${MODULE_BYTES} are loaded`);
    }
    const { custom, memories, tables } = whole(() => readSections(bytes));
    const schema = within('cell:schema', () => checkSchema(readJson(custom, 'cell:schema')));
    const manifest = within('cell:manifest', () =>
      checkManifest(readJson(custom, 'cell:manifest')),
    );
    if (schema.cell !== manifest.cell) {
      throw new ModuleError(
        `its schema is of \`${schema.cell}\`, its manifest of \`${manifest.cell}\``,
      );
    }
    const pages = checkMemory(memories);
    checkTable(tables);
    const module = whole(() => compile(bytes));
    checkExports(module, manifest);
    const imports = WebAssembly.Module.imports(module);
    for (const { module: from, name, kind } of imports) {
      if (kind !== 'function') throw new ModuleError(`it imports the ${kind} ${from}.${name}`);
    }
    return {
      name: schema.cell,
      module,
      schema,
      manifest,
      imports: imports.map((i) => `${i.module}.${i.name}`),
      pages,
      file,
    };
  } catch (error) {
    if (error instanceof ModuleError) error.message = `${file}: ${error.message}`;
    throw error;
  }
}

/** Runs `read`; what fails there is a file that was cut or damaged, not a cell that is wrong. */
function whole<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModuleError) error.fix = 'build it again: cell build';
    throw error;
  }
}

function compile(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    throw new ModuleError(`it does not compile: ${(error as Error).message}`);
  }
}

/**
 * Decides whether this host may load `cell` with these grants.
 * Throws ModuleError that names the import and what to write in cell.config.ts.
 */
export function admit(cell: CellModule, options: AdmitOptions): void {
  const most = options.pages ?? CELL_PAGES;
  if (cell.pages > most) {
    throw new ModuleError(
      `cell \`${cell.name}\` may grow to ${cell.pages} pages of memory, this host gives ${most}; ` +
        `raise it in cell.config.ts: limits: { pages: ${cell.pages} }`,
    );
  }
  for (const name of cell.imports) {
    const capability = capabilityOf(name);
    if (capability === undefined) {
      throw new ModuleError(
        `cell \`${cell.name}\` imports ${name}, which no host offers; cells import \`cell:*\` only`,
      );
    }
    checkCall(cell, name);
    if (capability.granted(options.grants)) continue;
    throw new ModuleError(
      `cell \`${cell.name}\` imports ${name}, which needs the capability ${capability.name}; ` +
        `grant it in cell.config.ts: grants: { ${quoteKey(cell.name)}: ${capability.example} }`,
    );
  }
}

/** Who calls another cell says against what it was built, and is not that cell itself. */
function checkCall({ name: own, manifest }: CellModule, name: string): void {
  const [module, cell] = name.split('.');
  if (module !== 'cell:call') {
    if (module !== 'cell:reply' || manifest.remotes !== undefined) return;
    throw new ModuleError(`cell \`${own}\` imports ${name}, and calls no other cell`);
  }
  if (!Object.hasOwn(manifest.remotes ?? {}, cell)) {
    throw new ModuleError(
      `cell \`${own}\` imports ${name}, and its manifest does not say what it was built against`,
    );
  }
  if (cell === own) throw new ModuleError(`cell \`${own}\` imports ${name}: it calls itself`);
}

function quoteKey(name: string): string {
  return /^[a-z][a-z0-9]*$/.test(name) ? name : `'${name}'`;
}

/**
 * Reads and admits the module at `file`, as the lanes load it.
 * `firstRoute` and `index` are the caller's to number. Throws ModuleError, or what fs throws.
 */
export function readCell(
  file: string,
  place: { firstRoute: number; index: number },
  optionsOf: AdmitOptions | ((cell: string) => AdmitOptions),
): CellSpec {
  const size = fs.statSync(file).size;
  if (size > MODULE_BYTES) {
    throw new ModuleError(`${file}: it has ${size} bytes; at most ${MODULE_BYTES} are loaded`);
  }
  const cell = readModule(fs.readFileSync(file), file);
  const options = typeof optionsOf === 'function' ? optionsOf(cell.name) : optionsOf;
  admit(cell, options);
  const { name, module, schema, manifest } = cell;
  const map = fs.existsSync(`${file}.map`) ? `${file}.map` : undefined;
  const spec: CellSpec = { name, module, schema, manifest, ...place, grants: options.grants, file };
  if (map !== undefined) spec.map = map;
  return spec;
}
