// Owns which cells the packages of a project bring: package.json `"cell": {"brings": {"auth":
// "./cells/auth.wasm"}}` of the packages that the project (or a folder above it, in a workspace)
// names among its dependencies, and of the project itself; and those that were built there. Reads
// no module.
//
// Packages of packages bring nothing: whoever answers for `@Auth` decides who may call, so it is
// somebody whom the project has asked for by name.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** One line of a `brings`. */
export interface Brought {
  cell: string;
  /** The module, absolute; it need not be there. */
  file: string;
  /** For people: "package @acme/auth 2.1.0". */
  from: string;
}

const PACKAGE = /^(@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i;
const DEPENDENCIES = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
];

/** The folder of cell itself, whose package brings the standard cells. */
const HOME = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '');

/** The standard cells. */
export const standardCells = (): Brought[] => broughtBy(HOME, 'cell');

/** Every cell that packages bring to `cwd`; the nearest folder of packages first. */
export function broughtTo(cwd: string): Brought[] {
  const brought: Brought[] = broughtBy(cwd, 'this package');
  const wanted = new Set<string>();
  const seen = new Set<string>();
  for (let at = path.resolve(cwd); ; at = path.dirname(at)) {
    for (const name of dependenciesOf(at)) wanted.add(name);
    for (const name of [...wanted].sort()) {
      const folder = path.join(at, 'node_modules', name);
      // A package that is nearer hides its namesake further up, as for imports.
      if (seen.has(name) || !fs.existsSync(folder)) continue;
      seen.add(name);
      brought.push(...broughtBy(folder, `package ${name}`));
    }
    if (path.dirname(at) === at) return brought;
  }
}

/** Names of packages that the package.json in `folder` asks for, in any of its lists. */
function dependenciesOf(folder: string): string[] {
  const text = readIfThere(path.join(folder, 'package.json'));
  if (text === null) return [];
  try {
    const data = JSON.parse(text) as Record<string, unknown>;
    const lists = DEPENDENCIES.map((list) => data?.[list]);
    const names = lists.flatMap((list) => (list instanceof Object ? Object.keys(list) : []));
    return names.filter((name) => PACKAGE.test(name));
  } catch {
    return [];
  }
}

/** What the package in `folder` brings; [] when it is none or brings nothing. */
export function broughtBy(folder: string, title: string): Brought[] {
  const text = readIfThere(path.join(folder, 'package.json'));
  // Few packages bring cells, and a project has hundreds: most are not even parsed.
  if (text === null || !text.includes('"brings"')) return [];
  let data: { version?: unknown; cell?: { brings?: unknown } };
  try {
    data = JSON.parse(text);
  } catch {
    return [];
  }
  const brings = data?.cell?.brings;
  if (typeof brings !== 'object' || brings === null) return [];
  const version = typeof data.version === 'string' ? ` ${data.version}` : '';
  const brought: Brought[] = [];
  for (const [cell, place] of Object.entries(brings)) {
    if (typeof place !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(cell)) continue;
    const file = path.resolve(folder, place);
    // What a package brings lies in it: a path out of it could name any file of the user.
    if (!file.startsWith(folder + path.sep)) continue;
    brought.push({ cell, file, from: `${title}${version}` });
  }
  return brought;
}

/** Names of the cells that were built below `cwd`, sorted. */
export function builtCells(cwd: string): string[] {
  const folder = path.join(cwd, '.cell', 'out');
  if (!fs.existsSync(folder)) return [];
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  return files.map((name) => name.slice(0, -'.wasm'.length)).sort();
}

function readIfThere(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
