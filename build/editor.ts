// Owns what a build writes for editors: types of the names in service files, and the project
// settings that make a plain editor use them. Asks a cell to describe itself only when another
// module than last time would answer. Nothing here decides what a build makes.
//
//   .cell/types/assembly.d.ts  names of AssemblyScript      .cell/tsconfig.json
//   .cell/types/cell.d.ts      names of the SDK             .cell/tsconfig.programs.json
//                                                           tsconfig.json, where there is none
//   .cell/types/macro.d.ts     names that macro cells see beside those
//   .cell/types/macros.d.ts    every macro that somebody here answers for
//   .cell/types/remotes.d.ts   what `@remote` classes have, where there are any
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOf, readAnswers } from './2-discover/answers.ts';
import type { Description } from './2-discover/protocol.ts';
import type { Discovery, Identity, Settings } from './3-negotiate/contract.ts';
import { emitRemoteTypes, type RemoteClass } from './4-emit/editor-remotes.ts';
import { emitMacroTypes, type Published } from './4-emit/editor-types.ts';
import { readIfThere, removeFile, writeWhole } from './6-lock/files.ts';
import type { RemoteUse } from './order.ts';

/** What the last macros.d.ts was made from; decides only whether it is made again. */
const STAMP = '.cell/out/editor.json';

export interface EditorOptions {
  discovery: Discovery;
  /** The discovery knows only what was used so far: macros.d.ts that stands has more. */
  offline?: boolean;
  settings: Settings;
  /** Hash of the tools. */
  tools: string;
  /** Classes that stand for other cells. */
  remotes: readonly RemoteUse[];
}

/** Settings of a project of service files, for editors and tsc. */
const OPTIONS = {
  target: 'esnext',
  module: 'esnext',
  moduleResolution: 'bundler',
  noLib: true,
  types: [],
  strict: true,
  strictPropertyInitialization: false,
  experimentalDecorators: true,
  moduleDetection: 'force',
  noEmit: true,
  skipLibCheck: true,
};

/** Settings of everything else in a project that has none: programs that use the clients. */
const PROGRAMS = {
  target: 'esnext',
  module: 'nodenext',
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
};

/** Writes all of it below `cwd`; what already stands is not touched. */
export async function writeEditor(cwd: string, options: EditorOptions): Promise<void> {
  const types = path.join(cwd, '.cell', 'types');
  for (const name of ['cell.d.ts', 'macro.d.ts']) {
    const sdk = fileURLToPath(new URL(`../assembly/guest/${name}`, import.meta.url));
    writeWhole(path.join(types, name), fs.readFileSync(sdk));
  }
  writeWhole(path.join(types, 'assembly.d.ts'), libraryText());
  writeProject(cwd);
  await writeMacros(cwd, options.discovery, options);
  await writeRemotes(cwd, options.discovery, options.remotes);
}

/**
 * The names of AssemblyScript: asc's own text with one change, since TypeScript 7 wants `Number` to
 * be an interface, not an alias.
 */
function libraryText(): string {
  const { resolve } = createRequire(import.meta.url);
  const std = path.join(path.dirname(resolve('assemblyscript/package.json')), 'std', 'assembly');
  return fs
    .readFileSync(path.join(std, 'index.d.ts'), 'utf8')
    .replace(/declare type Number = _Float;/, 'declare interface Number extends _Float {}');
}

/**
 * An editor takes the nearest tsconfig.json; one that a project has is its own to write. Ours only
 * leads on: a project with files of its own may refer to no other that emits nothing, and one that
 * emits has to list every file that services import.
 */
function writeProject(cwd: string): void {
  const exclude = ['../**/node_modules', '../**/.cell/out'];
  const services = {
    compilerOptions: OPTIONS,
    include: ['../**/*.cell.ts', 'types/*.d.ts'],
    exclude,
  };
  const programs = {
    compilerOptions: PROGRAMS,
    include: ['../**/*.ts'],
    exclude: [...exclude, '../**/*.cell.ts', '../**/.cell'],
  };
  const paths = ['.cell/tsconfig.json', '.cell/tsconfig.programs.json'];
  for (const [i, settings] of [services, programs].entries()) {
    writeWhole(path.join(cwd, paths[i]), `${JSON.stringify(settings, null, 2)}\n`);
  }
  const root = path.join(cwd, 'tsconfig.json');
  if (fs.existsSync(root)) return;
  const leading = { files: [], references: paths.map((one) => ({ path: `./${one}` })) };
  writeWhole(root, `${JSON.stringify(leading, null, 2)}\n`);
}

async function writeMacros(
  cwd: string,
  discovery: Discovery,
  { offline = false, settings, tools }: EditorOptions,
): Promise<void> {
  const file = path.join(cwd, '.cell/types/macros.d.ts');
  if (offline && fs.existsSync(file)) return;
  const identities = await identitiesOf(discovery);
  const sets = identities.map(({ cell }) => settings.get(cell) ?? null);
  const digests = identities.map(({ cell, digest }) => [cell, digest]);
  const before = readIfThere(file);
  const stamp = (text: string | Uint8Array): string =>
    `${JSON.stringify({ from: hashOf([tools, digests, sets]), text: hashOf(String(text)) })}\n`;
  const stamped = readIfThere(path.join(cwd, STAMP))?.toString('utf8');
  if (before !== null && stamped === stamp(before)) return;
  const cells: Published[] = [];
  for (const identity of identities) {
    const description = await describe(cwd, discovery, identity);
    if (description === null) continue;
    cells.push({ description, settings: settings.get(identity.cell) ?? null });
  }
  const text = emitMacroTypes(cells);
  writeWhole(file, text);
  writeWhole(path.join(cwd, STAMP), stamp(text));
}

async function writeRemotes(
  cwd: string,
  discovery: Discovery,
  remotes: readonly RemoteUse[],
): Promise<void> {
  const folder = path.join(cwd, '.cell/types');
  const classes: RemoteClass[] = [];
  for (const { cell, name, file, exported } of remotes) {
    const found = await discovery.remote(cell);
    if (found === null) continue;
    const module = path.relative(folder, file.replace(/\.ts$/, '')).split(path.sep).join('/');
    classes.push({ module, name, exported, schema: found.schema });
  }
  const text = emitRemoteTypes(classes);
  if (text === '') removeFile(path.join(folder, 'remotes.d.ts'));
  else writeWhole(path.join(folder, 'remotes.d.ts'), text);
}

/** Who would answer for each namespace, sorted by cell. */
async function identitiesOf(discovery: Discovery): Promise<(Identity & { ns: string })[]> {
  const found: (Identity & { ns: string })[] = [];
  for (const ns of await discovery.namespaces()) {
    const identity = await discovery.identify(ns);
    if (!('missing' in identity)) found.push({ ...identity, ns });
  }
  return found.sort((a, b) => (a.cell < b.cell ? -1 : 1));
}

/** From `.cell/macros` when that module answered there, else from the cell; null: it cannot. */
async function describe(
  cwd: string,
  discovery: Discovery,
  { cell, digest, ns }: Identity & { ns: string },
): Promise<Description | null> {
  const answers = readAnswers(cwd, cell);
  if (typeof answers !== 'string' && answers.digest === digest && answers.description !== null) {
    return answers.description;
  }
  const provider = await discovery.find(ns);
  if ('missing' in provider) return null;
  try {
    return await provider.describe();
  } catch {
    return null; // Whoever uses its macros is told by the build; an editor has to do without.
  }
}
