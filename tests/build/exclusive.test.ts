// Turns between builds: one at a time, whoever was killed holds nothing, whoever fails lets go.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { exclusive } from '../../build/6-lock/exclusive.ts';
import { folderWith } from './folder.ts';

const MODULE = fileURLToPath(new URL('../../build/6-lock/exclusive.ts', import.meta.url));

test('many processes that read, add one and write lose nothing', async (t) => {
  const { folder, remove } = folderWith({ count: '0' });
  const text = `import { exclusive } from ${JSON.stringify(MODULE)};
    import fs from 'node:fs';
    for (let i = 0; i < 20; i++) {
      await exclusive(process.cwd(), () => {
        const count = Number(fs.readFileSync('count', 'utf8'));
        fs.writeFileSync('count', String(count + 1));
      });
    }`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', text], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'close'))[0]));
  t.deepEqual(codes, [0, 0, 0, 0]);
  t.is(fs.readFileSync(path.join(folder, 'count'), 'utf8'), '80');
  t.deepEqual(fs.readdirSync(path.join(folder, '.cell/out')), []);
  remove();
});

test('what a killed build, or rubbish, left behind holds nobody up', async (t) => {
  const { folder, remove } = folderWith({});
  const file = path.join(folder, '.cell/out/writing.pid');
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'close');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (const left of [String(child.pid), 'rubbish', '-1', '0', '1.5']) {
    fs.writeFileSync(file, left);
    t.is(await exclusive(folder, () => fs.readFileSync(file, 'utf8')), String(process.pid), left);
    t.false(fs.existsSync(file));
  }
  remove();
});

test('work that throws lets the next one in', async (t) => {
  const { folder, remove } = folderWith({});
  const fault = () => {
    throw new Error('disk full');
  };
  await t.throwsAsync(exclusive(folder, fault), { message: 'disk full' });
  t.is(await exclusive(folder, () => 7), 7);
  remove();
});
