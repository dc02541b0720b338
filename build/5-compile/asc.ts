// Owns one run of asc, in process: emitted texts in, module, map and complaints out. Never writes a
// file and reads only through `inputs`, so that the cache knows everything that the bytes depend
// on.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAsc } from '../1-read/assemblyscript.ts';
import { type Inputs, readInput } from '../1-read/project.ts';
import { ENTRY } from '../4-emit/user-text.ts';
import { withoutExit } from './crash.ts';
import { withoutShadowStack } from './nostack.ts';
import { withFewerPasses } from './passes.ts';

/** The SDK that cells link: "cell/<file>" is assembly/guest/<file>.ts. */
export const SDK_FOLDER = fileURLToPath(new URL('../../assembly/guest/', import.meta.url));
const SHARED_FOLDER = fileURLToPath(new URL('../../assembly/shared/', import.meta.url));
/** Name of the library folder that asc asks for; nothing is read there. */
const LIBRARY = '/cell-library';

/** A complaint of asc. Offsets count in the text that was compiled. */
export interface Complaint {
  message: string;
  code: number;
  /** null: concerns the module as a whole. */
  file: string | null;
  start: number;
  end: number;
}

export interface RawModule {
  wasm: Uint8Array | null;
  map: { version: number; sources: string[]; names: string[]; mappings: string } | null;
  /** The module before optimization, with names: what reaches what. */
  plain: Uint8Array | null;
  complaints: Complaint[];
}

export interface AscOptions {
  /** Emitted texts by path relative to root, the entry among them. */
  texts: Map<string, string>;
  root: string;
  inputs: Inputs;
  actor: boolean;
  pages: number;
  /** Patterns of internal names that stay out of line. */
  keep: string[];
}

/** Exports of the cell ABI; what else the runtime exports is removed. */
const EXPORTS = new Set(['memory', 'table', 'alloc', 'handle', '_initialize', 'start', 'panic']);

/** Flags that decide the bytes; part of the cache key. */
export function flagsFor(actor: boolean, pages: number): string[] {
  return [
    '-O3',
    '--debug',
    '--runtime',
    actor ? 'cell-collect' : 'cell-arena',
    '--use',
    'abort=~lib/cell/panic/abort',
    '--use',
    'seed=~lib/cell/random/seed',
    '--exportTable',
    '--exportStart',
    '_initialize',
    '--maximumMemory',
    String(pages),
    '--enable',
    'simd',
  ];
}

/**
 * Compiles the entry. Faults of the user's code are complaints; AscCrash when asc itself gives up.
 */
export async function runAsc(options: AscOptions): Promise<RawModule> {
  await loadAsc();
  const asc = await import('assemblyscript/asc');
  const out = new Map<string, string | Uint8Array>();
  const raw: RawModule = { wasm: null, map: null, plain: null, complaints: [] };
  const { Transform } = await import('assemblyscript/transform');
  const silent = { write: () => true };
  const flags = [
    ENTRY,
    ...flagsFor(options.actor, options.pages),
    ...['--lib', LIBRARY, '--baseDir', options.root, '--noColors'],
    ...['--outFile', 'cell.wasm', '--sourceMap'],
  ];
  const { error } = await withoutExit(() =>
    asc.main(flags, {
      stdout: silent as never,
      stderr: silent as never,
      readFile: (name, folder) => readFor(options, name, folder),
      writeFile: (name, data) => void out.set(name, data),
      listFiles: () => [],
      reportDiagnostic: (d) => {
        if (d.category === 3) raw.complaints.push(complaintOf(d));
      },
      transforms: [shaping(Transform, options, raw) as never],
    }),
  );
  const wasm = out.get('cell.wasm');
  if (error && raw.complaints.length === 0) throw error;
  if (raw.complaints.length > 0 || !(wasm instanceof Uint8Array)) return raw;
  raw.wasm = wasm;
  raw.map = JSON.parse(String(out.get('cell.wasm.map')));
  return raw;
}

function complaintOf(d: {
  message: string;
  code: number;
  range: { start: number; end: number; source: { normalizedPath: string } | null } | null;
}): Complaint {
  return {
    message: d.message,
    code: d.code,
    file: d.range?.source?.normalizedPath ?? null,
    start: d.range?.start ?? 0,
    end: d.range?.end ?? 0,
  };
}

/**
 * Removes exports that are not of the ABI, keeps functions out of line, and takes the plain module.
 */
// biome-ignore lint/suspicious/noExplicitAny: asc's transforms are untyped at run time
function shaping(Transform: any, options: AscOptions, raw: RawModule) {
  return class extends Transform {
    afterParse(): void {
      const { program } = this as never as { program: never };
      withoutShadowStack(program);
      withFewerPasses(program);
    }

    // biome-ignore lint/suspicious/noExplicitAny: binaryen's module
    afterCompile(module: any): void {
      const { binaryen } = this as never as { binaryen: Binaryen };
      const count = module.getNumExports();
      const names: string[] = [];
      for (let i = 0; i < count; i++) {
        names.push(binaryen.getExportInfo(module.getExportByIndex(i)).name);
      }
      for (const name of names) if (!EXPORTS.has(name)) module.removeExport(name);
      // Nothing grows the table, and a host takes none that could.
      const table = module.getTable('0');
      if (table) binaryen._BinaryenTableSetMax(table, binaryen._BinaryenTableGetInitial(table));
      binaryen.setDebugInfo(true);
      raw.plain = module.emitBinary();
      for (const pattern of options.keep) {
        binaryen.setPassArgument('no-inline', pattern);
        module.runPasses(['no-inline']);
      }
    }
  };
}

interface Binaryen {
  getExportInfo(ref: number): { name: string };
  /** Whether names are written. */
  setDebugInfo(on: boolean): void;
  setPassArgument(name: string, value: string): void;
  /** Of the raw interface: the typed one reads a table's limits and does not set them. */
  _BinaryenTableGetInitial(table: number): number;
  _BinaryenTableSetMax(table: number, max: number): void;
}

/** What asc may read: emitted texts, the SDK, and packages below `node_modules` of the project. */
function readFor(options: AscOptions, name: string, folder: string): string | null {
  if (folder === LIBRARY || folder.endsWith(LIBRARY)) return readLibrary(name);
  const normal = path.posix.normalize(name.split(path.sep).join('/'));
  const runtime = /^cell-(arena|collect)\.ts$/.exec(normal);
  if (runtime !== null) return readOwn(path.join(SDK_FOLDER, runtime[1], 'index.ts'));
  const emitted = options.texts.get(normal);
  if (emitted !== undefined) return emitted;
  if (!normal.includes('node_modules/')) return null;
  return readInput(options.inputs, path.resolve(options.root, normal));
}

function readLibrary(name: string): string | null {
  const [first, ...rest] = path.posix.normalize(name).split('/');
  if (first === 'cell') return readOwn(path.join(SDK_FOLDER, ...rest));
  if (first === 'shared') return readOwn(path.join(SHARED_FOLDER, ...rest));
  return null;
}

/** Files of the build itself: they are part of the cache's tool hash, not of a cell's inputs. */
function readOwn(file: string): string | null {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
}
