// Owns the catalogue of diagnostics: the Markdown files beside it are its only source. One entry a
// code:
//
//   ## CELL2003 message with {holes}
//   Cause, one or more paragraphs.
//
//   Fix: one line with {holes}
//
//   ```ts               an example that yields exactly this code; further files: ```ts lib.ts
//
// Codes never change meaning; a retired code is never used again. Read lazily: a build that finds
// nothing wrong opens no Markdown.
import fs from 'node:fs';

export interface Entry {
  code: string;
  message: string;
  cause: string;
  fix: string;
  /** File name -> text; the first is `example.cell.ts`. */
  example: Record<string, string>;
}

const folder = new URL('./', import.meta.url);
let entries: Map<string, Entry> | undefined;

/** Every entry by code, in order of code. */
export function catalogue(): Map<string, Entry> {
  if (entries !== undefined) return entries;
  const found: Entry[] = [];
  for (const file of fs.readdirSync(folder).sort()) {
    if (!file.endsWith('.md')) continue;
    found.push(...parseCatalogue(fs.readFileSync(new URL(file, folder), 'utf8')));
  }
  found.sort((a, b) => (a.code < b.code ? -1 : 1));
  entries = new Map(found.map((e) => [e.code, e]));
  if (entries.size !== found.length) throw new Error('a code is documented twice');
  return entries;
}

/** The entry of a code. Throws for a code that is not documented: that is a fault of the build. */
export function entryOf(code: string): Entry {
  const entry = catalogue().get(code);
  if (entry === undefined) throw new Error(`${code} is not in the catalogue`);
  return entry;
}

/**
 * Parses one Markdown file of the catalogue. Throws with the heading when an entry is not whole.
 */
export function parseCatalogue(markdown: string): Entry[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const head = /^(CELL\d{4}) (.+)\n/.exec(section);
      const fix = /^Fix: (.+)$/m.exec(section);
      const blocks = [...section.matchAll(/^```ts ?(\S*)\n([\s\S]*?)^```$/gm)];
      const cause = head && fix ? section.slice(head[0].length, fix.index).trim() : '';
      if (!head || !fix || cause === '' || blocks.length === 0) {
        throw new Error(`entry is not whole: ${section.slice(0, 60)}`);
      }
      const example = Object.fromEntries(
        blocks.map((b) => [b[1] || 'example.cell.ts', b[2]] as [string, string]),
      );
      return { code: head[1], message: head[2], cause, fix: fix[1], example };
    });
}
