// Owns the identity of the tools that make a module: versions for people, and a hash over
// everything of this package that decides what comes out, for the cache.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from './files.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Folders whose texts decide what a build makes. */
const FOLDERS = ['build', 'assembly/guest', 'assembly/shared', 'host/schema'];
const PACKAGES = ['assemblyscript', 'magic-string', '@jridgewell/remapping'];

export interface Tools {
  versions: Record<string, string>;
  hash: string;
}

/** Reads some sixty small files; 3-5 ms. */
export function readTools(): Tools {
  const cell = versionIn(path.join(ROOT, 'package.json'));
  const versions: Record<string, string> = { cell };
  const lines: string[] = [];
  for (const name of PACKAGES) {
    const version = packageVersion(name);
    lines.push(`${name}@${version}`);
    if (name === 'assemblyscript') versions.assemblyscript = version;
  }
  for (const folder of FOLDERS) {
    for (const file of textsBelow(path.join(ROOT, folder))) {
      lines.push(`${path.relative(ROOT, file)} ${sha256(fs.readFileSync(file))}`);
    }
  }
  return { versions, hash: sha256(lines.join('\n')) };
}

function packageVersion(name: string): string {
  // Beside this package, or above it when it is installed as a dependency.
  for (let at = ROOT; ; at = path.dirname(at)) {
    const file = path.join(at, 'node_modules', name, 'package.json');
    if (fs.existsSync(file)) return versionIn(file);
    if (path.dirname(at) === at) throw new Error(`the package ${name} is not installed`);
  }
}

function versionIn(file: string): string {
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}

function textsBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && /\.(ts|md)$/.test(e.name))
    .map((e) => path.join(e.parentPath, e.name))
    .sort();
}
