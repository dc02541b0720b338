// Owns what a build left out of a module (`--features auth=off`), as the file beside it says. It
// stands there and not in the module, which is byte for byte that of the undecorated source.
import fs from 'node:fs';

/** Cells whose macros contributed nothing to `module`; [] when no map lies beside it. */
export function leftOut(module: string): string[] {
  let text: string;
  try {
    text = fs.readFileSync(`${module}.map`, 'utf8');
  } catch {
    return [];
  }
  let off: unknown;
  try {
    off = (JSON.parse(text) as { cell?: { off?: unknown } } | null)?.cell?.off;
  } catch {
    throw new Error(`${module}.map is damaged, and it says what was left out: build it again.`);
  }
  return Array.isArray(off) ? off.filter((name) => typeof name === 'string') : [];
}
