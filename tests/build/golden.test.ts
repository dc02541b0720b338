// Golden folders: service files in, schema, lock and client out. CELL_GOLDEN=1 writes what is
// expected anew. Hashes and the tool versions are left out: they change with every
// tool.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { artifactsOf } from '../../build/artifacts.ts';
import { printFinding } from '../../build/diagnostics/findings.ts';
import { buildService } from '../../build/driver.ts';
import { STANDARD } from './project.ts';

const GOLDEN = fileURLToPath(new URL('./golden/', import.meta.url));
const REWRITE = process.env.CELL_GOLDEN === '1';

for (const name of fs.readdirSync(GOLDEN).sort()) {
  const folder = path.join(GOLDEN, name);
  test(`golden ${name}`, async (t) => {
    const file = path.join(folder, `${name}.cell.ts`);
    const { compiled, findings } = await buildService(file, folder, {}, STANDARD);
    const found: Record<string, string> = {};
    if (compiled === null) {
      found['findings.txt'] = `${findings.map(printFinding).join('\n\n')}\n`;
    } else {
      const artifacts = artifactsOf(compiled, { answers: {}, features: {} });
      found['schema.json'] = Buffer.from(artifacts.schema).toString();
      found['lock.json'] = Buffer.from(artifacts.lock)
        .toString()
        .replace(/"wasm": "[0-9a-f]{64}"/, '"wasm": "..."')
        .replace(/"hash": "[0-9a-f]{64}"/, '"hash": "..."');
    }
    const expected = path.join(folder, 'expected');
    if (REWRITE) {
      fs.rmSync(expected, { recursive: true, force: true });
      fs.mkdirSync(expected);
      for (const [at, text] of Object.entries(found))
        fs.writeFileSync(path.join(expected, at), text);
    }
    t.deepEqual(fs.readdirSync(expected).sort(), Object.keys(found).sort());
    for (const [at, text] of Object.entries(found)) {
      t.is(text, fs.readFileSync(path.join(expected, at), 'utf8'), at);
    }
  });
}
