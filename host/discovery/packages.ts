// Owns which cells the packages of a project bring: package.json `"cell": {"brings": {"auth":
// "./cells/auth.wasm"}}` of every package in node_modules, from the project upward, and of the
// project itself. Reads no module.
import fs from 'node:fs';
import path from 'node:path';

/** One line of a `brings`. */
export interface Brought {
  cell: string;
  /** The module, absolute; it need not be there. */
  file: string;
  /** For people: "package @acme/auth 2.1.0". */
  from: string;
}

/** Every cell that packages bring to `cwd`; the nearest folder of packages first. */
export function broughtTo(cwd: string): Brought[] {
  const brought: Brought[] = broughtBy(cwd, 'this package');
  const seen = new Set<string>();
  for (let at = path.resolve(cwd); ; at = path.dirname(at)) {
    for (const folder of packagesIn(path.join(at, 'node_modules'))) {
      const name = path.relative(path.join(at, 'node_modules'), folder).split(path.sep).join('/');
      // A package that is nearer hides its namesake further up, as for imports.
      if (seen.has(name)) continue;
      seen.add(name);
      brought.push(...broughtBy(folder, `package ${name}`));
    }
    if (path.dirname(at) === at) return brought;
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

/** Folders of the packages in a node_modules, scoped ones among them, sorted. */
function packagesIn(folder: string): string[] {
  const found: string[] = [];
  for (const name of namesIn(folder)) {
    if (name.startsWith('.')) continue;
    const at = path.join(folder, name);
    if (name.startsWith('@')) found.push(...namesIn(at).map((inner) => path.join(at, inner)));
    else found.push(at);
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readIfThere(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
