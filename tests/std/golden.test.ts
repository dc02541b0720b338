// The golden folders of the standard cells, cells/std/<cell>/golden: what each case expands to, and
// what is found in it. `cell test-macro cells/std/<cell>/golden --update` writes them anew.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { casesIn, runCase } from '../../build/test-macro.ts';
import { answering } from './standard.ts';

const STD = fileURLToPath(new URL('../../cells/std/', import.meta.url));
const folders = fs
  .readdirSync(STD)
  .map((cell) => path.join(STD, cell, 'golden'))
  .filter((folder) => fs.existsSync(folder));

let discovery: Discovery;
test.before(async () => {
  discovery = await answering({
    ...{ Auth: 'auth', Cache: 'cache', Flags: 'flags', RateLimit: 'ratelimit' },
    ...{ Retry: 'retry', Storage: 'storage', Telemetry: 'telemetry' },
  });
});

for (const folder of folders) {
  const cell = path.basename(path.dirname(folder));
  test(`${cell} answers as its golden folder says`, async (t) => {
    const cases = casesIn(folder);
    t.true(cases.length > 0);
    for (const one of cases) {
      const { name, differs } = await runCase(one, { folder, discovery, update: false });
      for (const { file, expected, got } of differs) t.is(got, expected, `${name}/${file}`);
    }
  });
}
