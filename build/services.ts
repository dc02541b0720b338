// Owns the question which files are services: by name, `*.cell.ts`. Opens none of them.
import fs from 'node:fs';
import path from 'node:path';

const SKIPPED = new Set(['node_modules', 'golden']);

/**
 * Every service file below `folder`, sorted; what others installed or generated is left out, and so
 * are folders named `golden`: the cases of `cell test-macro`.
 */
export function findServices(folder: string): string[] {
  const found: string[] = [];
  const look = (at: string): void => {
    for (const entry of fs.readdirSync(at, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue;
      const file = path.join(at, entry.name);
      if (entry.isDirectory()) look(file);
      else if (entry.name.endsWith('.cell.ts')) found.push(file);
    }
  };
  look(folder);
  return found.sort();
}

/** Absolute service files that `names` stand for: files, folders of them; [] = all below `cwd`. */
export function servicesOf(names: readonly string[], cwd: string): string[] {
  if (names.length === 0) return findServices(cwd);
  const files = names.flatMap((name) => {
    const file = path.resolve(cwd, name);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return stat?.isDirectory() ? findServices(file) : [file];
  });
  return [...new Set(files)];
}
