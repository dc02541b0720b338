// Owns a whole build: which files, in which order, what the cache knows, what is written where
// below `.cell`. Loads the stages (and with them asc) only when something has to be built. Prints
// nothing.
//
//   .cell/out/<cell>.wasm .wasm.map .schema.json     .cell/out/cache/
//   .cell/clients/<cell>.ts  .cell/lock/<cell>.lock  .cell/lock/capabilities.lock
//   .cell/macros/<cell>.json .cell/types/*.d.ts   .cell/expanded/<cell>.cell.ts
//   .cell/lock/<cell of macros>.schema.lock       .cell/migrations/<cell>/0001_create_users.sql
import path from 'node:path';
import type { Features, OpenDiscovery, Settings } from './3-negotiate/contract.ts';
import { Cache } from './6-lock/cache.ts';
import { exclusive } from './6-lock/exclusive.ts';
import { readIfThere, writeWhole } from './6-lock/files.ts';
import { forget } from './6-lock/standing.ts';
import { readTools } from './6-lock/tools.ts';
import type { Finding } from './diagnostics/findings.ts';
import { writeEditor } from './editor.ts';
import { knownFeatures, knownSettings } from './features.ts';
import { Making } from './making.ts';
import { servicesOf } from './services.ts';
import type { DatabaseState } from './states.ts';

export { findServices } from './services.ts';

/** What one cell did for a service. */
export interface Asked {
  cell: string;
  /** 2 a running host, 1 started for the build, 0 from `.cell/macros`. */
  level: 0 | 1 | 2;
  from: string;
  /** `@Auth.require`, sorted. */
  macros: string[];
  /** Kind of contribution -> how many: policy, guard, wrap, handler... */
  contributed: Record<string, number>;
}

/** A change of infrastructure, for people. */
export interface EffectSummary {
  /** Cell that makes it. */
  cell: string;
  /** What it says of itself; may have several lines. */
  preview: string;
  /** Something is lost by it. */
  destructive: boolean;
  /** The decorator that wants it; '' and 0 where nobody knows. */
  file: string;
  line: number;
  column: number;
}

/** What the verbs print about a built cell. */
export interface Summary {
  cell: string;
  service: string;
  actor: boolean;
  start: boolean;
  /** Those that clients call. */
  methods: {
    name: string;
    tier: 'pure' | 'waiting';
    access: { public: boolean; anyRole: string[]; scopes: string[] };
    canonical: string;
    fingerprint: string;
  }[];
  capabilities: { name: string; imports: string[]; broughtBy: string }[];
  /** Cells that answered for its decorators. */
  macros: Asked[];
  /** Of a macro cell: what it answers for. */
  answers: { ns: string; names: string[] } | null;
  /** Changes of infrastructure that were made for it; after a check, that would be. */
  effects: EffectSummary[];
  /** Bytes of the module. */
  bytes: number;
  /** Findings that did not stop the build. */
  warnings: Finding[];
}

export interface Made {
  /** Service file, relative to cwd. */
  file: string;
  /** null: it could not be built; see findings. */
  summary: Summary | null;
  /** What stopped the build, or with a summary: warnings. */
  findings: Finding[];
  /** What the new locks change against the old ones, in words. */
  changes: string[];
  /** Documents that cells of macros leave by this build, new ones only: migrations. */
  documents: { file: string; text: string }[];
  /** The result came from the cache. */
  cached: boolean;
  /** Paths relative to cwd: wasm, map, schema, client, lock. Nothing is there after a check. */
  paths: Record<string, string>;
  ms: number;
}

export interface MakeOptions {
  /** Service files or folders of them, relative to cwd or absolute; [] = all below cwd. */
  files: string[];
  cwd: string;
  /** Refuse to change what is committed: locks, capabilities, answers (for CI). */
  locked?: boolean;
  /** Ask nobody: `.cell/macros` answers. */
  offline?: boolean;
  /** False: start no cell for the build. Default true. */
  start?: boolean;
  /** Everything but output: nothing is written. */
  check?: boolean;
  /** `--features`: cell -> "off" or a profile. */
  features?: Features;
  /** Remote cells whose changed methods are meant (`--accept`). */
  accept?: readonly string[];
  /** Changes that lose data may be made (`--allow-destructive`). */
  destructive?: boolean;
  /** `cells` of cell.config.ts. */
  settings?: Settings;
  /** Who finds the cells that answer. */
  discover: OpenDiscovery;
  /** Who looks at databases; absent: they are taken to be as they were. */
  databaseState?: DatabaseState;
}

/** Name of an artifact -> where it lies below the working folder. */
export const PLACES: Record<string, (cell: string) => string> = {
  wasm: (cell) => `.cell/out/${cell}.wasm`,
  map: (cell) => `.cell/out/${cell}.wasm.map`,
  schema: (cell) => `.cell/out/${cell}.schema.json`,
  client: (cell) => `.cell/clients/${cell}.ts`,
  lock: (cell) => `.cell/lock/${cell}.lock`,
  expanded: (cell) => `.cell/expanded/${cell}.cell.ts`,
  members: (cell) => `.cell/types/${cell}.members.d.ts`,
};

/**
 * Builds and writes. Order of the result: that of `files`, then cells of this project that they
 * needed. FeatureError for a feature that no cell here could have.
 */
export async function make(options: MakeOptions): Promise<Made[]> {
  const { cwd, files: names, check = false } = options;
  const tools = readTools();
  const features = options.features ?? new Map();
  const key = [tools.hash];
  for (const [cell, profile] of [...features].sort()) key.push(`${cell}=${profile}`);
  const cache = new Cache(path.join(cwd, '.cell/out/cache'), cwd, key.join(' '));
  const making = new Making(options, tools, cache);
  try {
    const files = servicesOf(names, cwd);
    await knownFeatures(features, making.discovery);
    await knownSettings(options.settings ?? new Map(), making.discovery);
    const made = await making.all(files);
    const good = made.filter((m) => m.summary !== null);
    if (check) return made;
    if (names.length === 0 && good.length === made.length && options.locked !== true) {
      const alive = new Set(good.map((m) => m.summary?.cell ?? ''));
      await exclusive(cwd, () => forget(cwd, alive));
    }
    if (options.locked !== true) making.settle();
    if (good.length > 0) {
      ignoreOutput(cwd);
      await writeEditor(cwd, {
        offline: options.offline === true,
        discovery: making.discovery,
        settings: options.settings ?? new Map(),
        tools: tools.hash,
        remotes: making.remotes,
      });
    }
    return made;
  } finally {
    await making.close();
  }
}

/**
 * What git leaves out of `.cell`: all that a build makes anew, databases, keys, and what a build
 * that was killed had begun to write.
 */
const IGNORED = '*.tmp\ndata/\nexpanded/\nout/\nrun/\ntypes/assembly.d.ts\n';
/** What builds before there were databases have written. */
const IGNORED_BEFORE = 'expanded/\nout/\nrun/\ntypes/assembly.d.ts\n';

/** A file that somebody has changed stays. */
function ignoreOutput(cwd: string): void {
  const file = path.join(cwd, '.cell', '.gitignore');
  const text = readIfThere(file)?.toString('utf8') ?? IGNORED_BEFORE;
  if (text === IGNORED_BEFORE) writeWhole(file, IGNORED);
}
