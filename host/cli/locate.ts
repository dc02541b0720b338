// Owns finding a cell's module from what a user typed, and the folders of a project. Never reads a
// module.
import fs from 'node:fs';
import path from 'node:path';
import { broughtTo, builtCells, standardCells } from '../discovery/packages.ts';
import { UserError } from './print.ts';

export const outFolder = (cwd: string): string => path.join(cwd, '.cell', 'out');
export const runFolder = (cwd: string): string => path.join(cwd, '.cell', 'run');

/**
 * The module for `what`: a `.wasm` path, or the name of a cell that was built here or that a
 * package brings. UserError when there is none.
 */
export function findModule(what: string, cwd: string): string {
  const direct = path.resolve(cwd, what);
  if (what.endsWith('.wasm')) {
    if (fs.existsSync(direct)) return direct;
    throw new UserError(`there is no module ${what}`, undefined, 'give the path of a .wasm file');
  }
  // A source names the cell that it makes; what it says now may be newer.
  const name = path.basename(what).replace(/\.cell\.ts$/, '');
  const file = path.join(outFolder(cwd), `${name}.wasm`);
  if (fs.existsSync(file)) return file;
  const brought = [...broughtTo(cwd), ...standardCells()];
  const module = brought.find((b) => b.cell === name && fs.existsSync(b.file));
  if (module !== undefined && !what.endsWith('.ts')) return module.file;
  const built = builtCells(cwd);
  throw new UserError(
    `there is no cell \`${name}\` here`,
    `${path.relative(cwd, file)} does not exist`,
    built.length > 0
      ? `one of those built here: ${built.join(', ')}; or build it: cell build ${name}.cell.ts`
      : `build it first: cell build ${name}.cell.ts`,
  );
}
