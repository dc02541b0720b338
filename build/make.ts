// Owns a whole build: which files, what is in the cache, what is written where below `.cell`. Loads
// the stages (and with them asc) only when something has to be built. Prints nothing.
//
//   .cell/out/<cell>.wasm .wasm.map .schema.json     .cell/out/cache/
//   .cell/clients/<cell>.ts  .cell/lock/<cell>.lock  .cell/types/cell.d.ts
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cache, type Kept } from './6-lock/cache.ts';
import { readIfThere, writeWhole } from './6-lock/files.ts';
import { readTools, type Tools } from './6-lock/tools.ts';
import type { Finding } from './diagnostics/findings.ts';

/** What the verbs print about a built cell. */
export interface Summary {
  cell: string;
  service: string;
  actor: boolean;
  start: boolean;
  methods: {
    name: string;
    tier: 'pure' | 'waiting';
    access: { public: boolean; anyRole: string[]; scopes: string[] };
    canonical: string;
    fingerprint: string;
  }[];
  capabilities: { name: string; imports: string[]; broughtBy: string }[];
  /** Bytes of the module. */
  bytes: number;
}

export interface Made {
  /** Service file, relative to cwd. */
  file: string;
  /** null: it could not be built; see findings. */
  summary: Summary | null;
  findings: Finding[];
  /** What the new lock changes against the old one, in words. */
  changes: string[];
  /** The result came from the cache. */
  cached: boolean;
  /** Paths relative to cwd: wasm, map, schema, client, lock. */
  paths: Record<string, string>;
  ms: number;
}

export interface MakeOptions {
  /** Service files or folders of them, relative to cwd or absolute; [] = all below cwd. */
  files: string[];
  cwd: string;
  /** Refuse to change a lock (for CI). */
  locked?: boolean;
}

/** Name of an artifact -> where it lies below the working folder. */
export const PLACES: Record<string, (cell: string) => string> = {
  wasm: (cell) => `.cell/out/${cell}.wasm`,
  map: (cell) => `.cell/out/${cell}.wasm.map`,
  schema: (cell) => `.cell/out/${cell}.schema.json`,
  client: (cell) => `.cell/clients/${cell}.ts`,
  lock: (cell) => `.cell/lock/${cell}.lock`,
};

/** Builds and writes. Order of the result: that of `files`. */
export async function make(options: MakeOptions): Promise<Made[]> {
  const { cwd } = options;
  const tools = readTools();
  const cache = new Cache(path.join(cwd, '.cell/out/cache'), cwd, tools.hash);
  const files = options.files.length > 0 ? options.files.flatMap(expand) : findServices(cwd);
  function expand(name: string): string[] {
    const file = path.resolve(cwd, name);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return stat?.isDirectory() ? findServices(file) : [file];
  }
  const made: Made[] = [];
  const owners = new Map<string, string>();
  for (const file of [...new Set(files.map((f) => path.resolve(cwd, f)))]) {
    made.push(await makeOne(file, { ...options, tools, cache, owners }));
  }
  if (made.some((m) => m.summary !== null)) writeTypes(cwd);
  return made;
}

/** Every service file below `folder`, sorted; what others installed or generated is left out. */
export function findServices(folder: string): string[] {
  const found: string[] = [];
  const look = (at: string): void => {
    for (const entry of fs.readdirSync(at, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const file = path.join(at, entry.name);
      if (entry.isDirectory()) look(file);
      else if (entry.name.endsWith('.cell.ts')) found.push(file);
    }
  };
  look(folder);
  return found.sort();
}

interface Context extends MakeOptions {
  tools: Tools;
  cache: Cache;
  /** Cell name -> the file that made it in this build. */
  owners: Map<string, string>;
}

async function makeOne(file: string, context: Context): Promise<Made> {
  const began = performance.now();
  const { cwd, cache, owners } = context;
  const shown = path.relative(cwd, file).split(path.sep).join('/');
  const made: Made = {
    file: shown,
    summary: null,
    findings: [],
    changes: [],
    cached: true,
    paths: {},
    ms: 0,
  };
  let kept = cache.find<Summary>(file);
  if (kept === null) {
    made.cached = false;
    kept = await buildFresh(file, context, made);
  }
  if (kept !== null) {
    const { cell } = kept.summary;
    const trouble = await refusal(kept, shown, context);
    if (trouble !== null) {
      made.findings.push(trouble);
    } else {
      owners.set(cell, shown);
      made.summary = kept.summary;
      made.changes = await changesOf(kept, cwd);
      for (const [name, bytes] of Object.entries(kept.artifacts)) {
        made.paths[name] = PLACES[name](cell);
        writeWhole(path.join(cwd, made.paths[name]), bytes);
      }
    }
  }
  made.ms = performance.now() - began;
  return made;
}

async function buildFresh(
  file: string,
  context: Context,
  made: Made,
): Promise<Kept<Summary> | null> {
  const { buildService } = await import('./driver.ts');
  const { compiled, findings, inputs } = await buildService(
    file,
    context.cwd,
    context.tools.versions,
  );
  made.findings.push(...findings);
  if (compiled === null) return null;
  const { artifactsOf } = await import('./artifacts.ts');
  const { schema, manifest, wasm } = compiled;
  const summary: Summary = {
    cell: schema.cell,
    service: schema.service,
    actor: manifest.actor,
    start: manifest.start,
    methods: schema.methods.map(({ name, tier, access, canonical, fingerprint }) => ({
      name,
      tier,
      access,
      canonical,
      fingerprint,
    })),
    capabilities: manifest.capabilities,
    bytes: wasm.length,
  };
  const kept = { artifacts: artifactsOf(compiled), summary };
  context.cache.keep(file, inputs, kept);
  return kept;
}

/** What the lock of a finished build changes, before it is written. */
async function changesOf(kept: Kept<Summary>, cwd: string): Promise<string[]> {
  const before = readIfThere(path.join(cwd, PLACES.lock(kept.summary.cell)));
  if (before === null || before.equals(kept.artifacts.lock)) return [];
  const { changes } = await import('./6-lock/changes.ts');
  return changes(before.toString(), Buffer.from(kept.artifacts.lock).toString());
}

/** Why a finished build may not be written: another file's cell, or a lock that would change. */
async function refusal(
  kept: Kept<Summary>,
  file: string,
  { cwd, owners, locked }: Context,
): Promise<Finding | null> {
  const { cell } = kept.summary;
  const other = owners.get(cell);
  const { Findings } = await import('./diagnostics/findings.ts');
  const findings = new Findings();
  if (other !== undefined) {
    findings.report('CELL6001', { path: file, text: '' }, null, { cell, other });
  } else if (locked) {
    const lock = PLACES.lock(cell);
    const before = readIfThere(path.join(cwd, lock));
    if (before === null || !before.equals(Buffer.from(kept.artifacts.lock))) {
      const what = (await changesOf(kept, cwd)).join('; ');
      const how = before === null ? 'there is none yet' : what || 'the code is different';
      findings.report('CELL6002', { path: file, text: '' }, null, { lock, how });
    }
  }
  return findings.sorted()[0] ?? null;
}

/**
 * What an editor needs: the names of the SDK, and those of AssemblyScript. The latter are asc's own
 * text with one change: TypeScript 7 wants `Number` to be an interface, not an alias.
 */
function writeTypes(cwd: string): void {
  const folder = path.join(cwd, '.cell', 'types');
  const sdk = fileURLToPath(new URL('../assembly/guest/cell.d.ts', import.meta.url));
  writeWhole(path.join(folder, 'cell.d.ts'), fs.readFileSync(sdk));
  const { resolve } = createRequire(import.meta.url);
  const std = path.join(path.dirname(resolve('assemblyscript/package.json')), 'std', 'assembly');
  const text = fs
    .readFileSync(path.join(std, 'index.d.ts'), 'utf8')
    .replace(/declare type Number = _Float;/, 'declare interface Number extends _Float {}');
  writeWhole(path.join(folder, 'assembly.d.ts'), text);
}
