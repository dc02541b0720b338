// Owns what a build left out of a module (`--features auth=off`), as the file beside it says. It
// stands there and not in the module, which is byte for byte that of the undecorated source.
import { createHash } from 'node:crypto';
import fs from 'node:fs';

/**
 * Cells whose macros contributed nothing to `module`; null when nothing says so: no map lies beside
 * it, or that of another module. Throws when the map is damaged.
 */
export function leftOut(module: string): string[] | null {
  let text: string;
  try {
    text = fs.readFileSync(`${module}.map`, 'utf8');
  } catch {
    return null;
  }
  let said: { off?: unknown; of?: unknown } | undefined;
  try {
    said = (JSON.parse(text) as { cell?: typeof said } | null)?.cell;
  } catch {
    throw new Error(`${module}.map is damaged, and it says what was left out: build it again.`);
  }
  const own = createHash('sha256').update(fs.readFileSync(module)).digest('hex');
  if (said?.of !== own) return null;
  const { off = [] } = said;
  return Array.isArray(off) ? off.filter((name) => typeof name === 'string') : null;
}
