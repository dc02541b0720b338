// Owns the edits on the user's own text. Two kinds only: decorators that were answered become
// blanks of the same length, and imports and exports are added behind the end. Invariant: every
// position in the user's text stays what it was, so errors and frames of asc are the user's own.
import path from 'node:path';
import MagicString from 'magic-string';
import type { DecoratorUse, SourceShape } from '../1-read/shapes.ts';
import { sdkUses } from './sdk.ts';

/** An emitted text and its map to the user's. */
export interface Emitted {
  text: string;
  map: { mappings: string; names: string[]; sources: string[]; version: number };
}

/** Name under which the entry reaches a declaration, exported or not. */
export const alias = (name: string): string => `__cell_${name}`;

/** Path of the generated entry, relative to the root of the build. */
export const ENTRY = '__cell.ts';

/**
 * Edits one source. `at` is its path in the build; `reached` are the declarations that the entry
 * imports from it; `declared` every name of its top level.
 */
export function emitUserText(
  source: SourceShape,
  at: string,
  reached: string[],
  declared: Set<string>,
): Emitted {
  const s = new MagicString(source.text);
  for (const use of answered(source)) {
    const blank = source.text.slice(use.start, use.end).replace(/[^\r\n]/g, ' ');
    s.update(use.start, use.end, blank);
  }
  const lines: string[] = [];
  const uses = sdkUses(source, declared);
  for (const [file, names] of [...uses.files].sort()) {
    lines.push(`import { ${names.join(', ')} } from "cell/${file}";`);
  }
  if (uses.details) lines.push(`import { details } from "${relativeImport(at, ENTRY)}";`);
  if (reached.length > 0) {
    lines.push(`export { ${reached.map((n) => `${n} as ${alias(n)}`).join(', ')} };`);
  }
  if (lines.length > 0) s.append(`\n${lines.join('\n')}\n`);
  const { mappings, names, version } = s.generateMap({ source: at, hires: 'boundary' });
  return { text: s.toString(), map: { mappings, names, version, sources: [at] } };
}

/** `lib/a.ts` -> `__cell.ts`: "../__cell". */
export function relativeImport(from: string, to: string): string {
  const found = path.posix.relative(path.posix.dirname(from), to).replace(/\.ts$/, '');
  return found.startsWith('.') ? found : `./${found}`;
}

function answered(source: SourceShape): DecoratorUse[] {
  const all = [...source.strayDecorators, ...source.enums.flatMap((e) => e.decorators)];
  for (const c of source.classes) {
    all.push(...c.decorators);
    for (const member of [...c.fields, ...c.methods]) all.push(...member.decorators);
  }
  return all.filter((d) => d.ns === 'Auth' || (d.ns === '' && d.name === 'service'));
}
