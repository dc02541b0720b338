// Many who ask for one large file and read it slowly hold one copy of it between them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { folderPage } from '../../host/gateway/pages.ts';

test('one body for all who ask meanwhile; a changed file is read anew', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-page-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'large.bin');
  fs.writeFileSync(file, Buffer.alloc(1 << 20, 1));
  const page = folderPage(folder);
  const answers = await Promise.all(Array.from({ length: 20 }, () => page('/large.bin')));
  const again = await page('/large.bin');
  for (const answer of answers) t.is(answer?.body, again?.body);
  fs.writeFileSync(file, Buffer.alloc(1 << 10, 2));
  const changed = await page('/large.bin');
  t.is(changed?.body.length, 1 << 10);
  t.is(answers[0]?.body.length, 1 << 20);
  fs.rmSync(file);
  t.is(await page('/large.bin'), undefined);
});
