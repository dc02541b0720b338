// Owns the gathering of sources: the service file and every local file that it imports, directly or
// not. Paths of the build are relative to the root, the nearest folder above all of them, so that
// nothing which follows depends on where the project lies. Invariant: `inputs` names every file
// that was looked at, also those that were not there.
import fs from 'node:fs';
import path from 'node:path';
import type { Findings } from '../diagnostics/findings.ts';
import { readSource } from './read.ts';
import type { SourceShape, Span } from './shapes.ts';

/** What a build looked at: absolute path -> text, or null when there was no file. */
export type Inputs = Map<string, string | null>;

export interface Project {
  /** Absolute folder that paths are relative to. */
  root: string;
  /** Path of the service file, relative to root. */
  entry: string;
  /** By path relative to root, entry first. */
  sources: Map<string, SourceShape>;
  inputs: Inputs;
  /** Cells that it calls; their modules are among the sources. Set by 4-emit/remotes.ts. */
  remotes?: Remote[];
}

/** The generated module of a cell that is called. */
export interface Remote {
  cell: string;
  /** The decorator that asks for it. */
  source: SourceShape;
  at: Span;
  /** Path of the module in the build. */
  path: string;
  text: string;
  /** Canonical texts of the methods that are named somewhere, sorted: manifest.remotes. */
  methods: Record<string, string>;
  /** Those of `methods` that not everybody may call. */
  guarded: string[];
}

/** Namespaces that a text seems to name, "" for bare decorators: before anything is parsed. */
export function namespacesIn(text: string): string[] {
  const found = text.matchAll(/@([A-Z][\w$]*)\s*\./g);
  return [...new Set(['', ...[...found].map(([, ns]) => ns)])];
}

/** Reads a file through `inputs`, so that a build sees one version of it. */
export function readInput(inputs: Inputs, file: string): string | null {
  const known = inputs.get(file);
  if (known !== undefined) return known;
  let text: string | null = null;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    text = null;
  }
  inputs.set(file, text);
  return text;
}

/**
 * Reads `file` (absolute) and what it imports. `shown` names a file in findings. Faults of syntax
 * and imports of files that do not exist are reported; the project then holds what could be read,
 * or is null when the service file itself could not. `seen` gets each text before it is parsed.
 */
export async function readProject(
  file: string,
  shown: (file: string) => string,
  findings: Findings,
  seen: (text: string) => void = () => {},
): Promise<Project | null> {
  const inputs: Inputs = new Map();
  const shapes = new Map<string, SourceShape>();
  const queue = [file];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (shapes.has(next)) continue;
    const text = readInput(inputs, next);
    if (text === null) {
      findings.report('CELL1002', { path: shown(next), text: '' }, null, { file: shown(next) });
      return null;
    }
    seen(text);
    const shape = await readSource(text, shown(next));
    shapes.set(next, shape);
    for (const one of [...shape.imports, ...shape.exportPaths]) {
      if (!one.path.startsWith('.')) continue;
      const found = resolveImport(inputs, next, one.path);
      if (found !== null) queue.push(found);
      else findings.report('CELL1003', shape, one.pathAt, { path: one.path });
    }
  }
  const files = [...shapes.keys()];
  const root = files.map(path.dirname).reduce(sharedFolder);
  const sources = new Map<string, SourceShape>();
  for (const [at, shape] of shapes) sources.set(relative(root, at), shape);
  return { root, entry: relative(root, file), sources, inputs };
}

/**
 * The file that `from` means by a relative `import`, or null. Tries x.ts and x/index.ts, as asc
 * does.
 */
export function resolveImport(inputs: Inputs, from: string, written: string): string | null {
  const base = path.resolve(path.dirname(from), written.replace(/\.ts$/, ''));
  for (const candidate of [`${base}.ts`, path.join(base, 'index.ts')]) {
    if (readInput(inputs, candidate) !== null) return candidate;
  }
  return null;
}

function relative(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join('/');
}

function sharedFolder(a: string, b: string): string {
  const left = a.split(path.sep);
  const right = b.split(path.sep);
  let same = 0;
  while (same < left.length && same < right.length && left[same] === right[same]) same++;
  return left.slice(0, same).join(path.sep) || path.sep;
}
