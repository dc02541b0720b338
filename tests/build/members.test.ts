// Members that cells add, in a whole build: what editors are told of them is written with the
// module, comes back from the cache, and goes when there is nothing to tell.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { printFinding } from '../../build/diagnostics/findings.ts';
import { make } from '../../build/make.ts';
import { traceTrap } from '../../host/cell/trace.ts';
import { ENTRY, folderWith } from './folder.ts';
import { link } from './linked.ts';
import { type Answers, builtWith, discoveryOf } from './macros.ts';

const answers: Answers = {
  table: {
    on: ['class'],
    gives: [
      { kind: 'member', name: 'half', text: 'half(n: u32): u32 {\n  return this.id / n;\n}' },
    ],
  },
};
const USER = (decorator: string) => `${decorator} export class User { id: u32 = 7; }\n`;
const SERVICE = `import { User } from "./lib/user";
@service class Example { m(n: u32): u32 { return n == 0 ? 0 : new User().id; } }
`;

test('written, kept, and gone', async (t) => {
  const files = { [ENTRY]: SERVICE, 'lib/user.ts': USER('@Test.table') };
  const { folder, remove } = folderWith(files);
  t.teardown(remove);
  const build = async (check = false) => {
    const discover = () => discoveryOf(answers);
    const [made] = await make({ files: [ENTRY], cwd: folder, discover, check });
    t.deepEqual(made.findings.map(printFinding), []);
    return made;
  };
  const file = path.join(folder, '.cell/types/example.members.d.ts');
  await build(true);
  t.false(fs.existsSync(file), 'a check writes nothing');
  const made = await build();
  t.is(made.paths.members, '.cell/types/example.members.d.ts');
  const text = fs.readFileSync(file, 'utf8');
  t.true(text.includes('declare module "../../lib/user" {\n  interface User {'), text);
  t.true(text.includes('    half(n: u32): u32;'), text);
  fs.rmSync(file);
  t.true((await build()).cached);
  t.is(fs.readFileSync(file, 'utf8'), text);
  fs.writeFileSync(path.join(folder, 'lib/user.ts'), USER(''));
  t.false('members' in (await build()).paths);
  t.false(fs.existsSync(file));
});

test('a trap in a member is at the decorator that brought it', async (t) => {
  const service = SERVICE.replace('new User().id', 'new User().half(n - 1)');
  const built = await builtWith(
    { [ENTRY]: service, 'lib/user.ts': USER('\n  @Test.table') },
    answers,
  );
  const cell = await link(built);
  t.deepEqual(cell.call('m', 2), { value: 7 });
  const error = t.throws(() => cell.call('m', 1), { any: true });
  const { at, frames } = traceTrap(error, built.map);
  t.is(at, 'lib/user.ts:2:3');
  t.is(frames[0].function, 'User#half @Test.table');
});
