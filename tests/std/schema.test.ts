// What the cells `postgres` and `database` make of sources, one build after another: the folders of
// tests/std/schemas. CELL_GOLDEN=1 writes them anew: read what changed, then commit.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type Build, History } from './schemas.ts';

const FOLDER = fileURLToPath(new URL('schemas/', import.meta.url));
const isDestructive = (source: string): boolean => source.startsWith('// destructive\n');

/** Findings, new documents and the lock of one build. */
function shown({ findings, plan }: Build, known: Set<string>): string {
  const parts = findings.map(({ code, line, column, message, fix, warning }) => {
    const kind = warning === true ? 'warning' : 'error';
    return `${kind} ${code} ${line}:${column} ${message}\n  fix: ${fix}`;
  });
  if (plan !== null) {
    for (const { name, text } of plan.documents) {
      if (!known.has(name)) parts.push(`--- ${name}\n${text.trimEnd()}`);
      known.add(name);
    }
    parts.push(`--- lock\n${plan.lock.trimEnd().replace(/ [0-9a-f]{64} /g, ' <hash> ')}`);
  }
  return parts.join('\n');
}

for (const name of fs.readdirSync(FOLDER).sort()) {
  test(`schema ${name}`, async (t) => {
    const folder = path.join(FOLDER, name);
    const history = await History.begin();
    const known = new Set<string>();
    const parts: string[] = [];
    const sources = fs.readdirSync(folder).filter((file) => file.endsWith('.cell.ts'));
    for (const file of sources.sort()) {
      const source = fs.readFileSync(path.join(folder, file), 'utf8');
      const built = await history.build(source, { destructive: isDestructive(source) });
      parts.push(`=== ${file}\n${shown(built, known)}\n`);
      if (built.findings.every(({ warning }) => warning === true)) {
        // A plan is a fixed point: what it has left changes nothing.
        const again = await history.build(source);
        const bare = ({ plan }: Build) => plan && { ...plan, complaints: [] };
        t.deepEqual(bare(again), bare(built), file);
      }
    }
    const expected = path.join(folder, 'expected.txt');
    const got = parts.join('\n');
    if (process.env.CELL_GOLDEN === '1') fs.writeFileSync(expected, got);
    t.is(got, fs.readFileSync(expected, 'utf8'));
  });
}
