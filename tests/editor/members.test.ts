// What an editor shows of what cells add: members of classes, exported or not, calls that cells
// answer for, fields that stand for a cell. Through a real tsserver.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { Editor } from '../../bench/editor.ts';
import { emitMemberTypes } from '../../build/4-emit/editor-members.ts';
import { writeEditor } from '../../build/editor.ts';
import { description, FakeCell, FakeDiscovery, macro, shape } from '../build/fake-cell.ts';
import { folderWith } from '../build/folder.ts';
import { type Answers, madeWith } from '../build/macros.ts';

const member = (text: string) => {
  const name = /(\w+|\$\w+)\(/.exec(text)?.[1] ?? '';
  return { kind: 'member', name, text };
};
const TABLE: Answers = {
  table: {
    on: ['class'],
    gives: [
      member('/** Puts it in. */ insert(): void {}'),
      member('delete(): bool { return true; }'),
      member('static delete(id: string): bool { return true; }'),
      member('/** Ends */ static find(id: string): User | null { return null; }'),
      member('static all(limit: i32 = 1000): User[] { return []; }'),
      member('copy(): User { return new User(); }'),
      member('static count(): i64 { return 0; }'),
      member('private static $read(): User { return new User(); }'),
      { kind: 'field', name: 'imported', type: 'u32', text: '7' },
    ],
  },
};

const SERVICE = (declared: string) => `@Test.table
${declared} User {
  id: string = "";
  email: string = "";
}
class Other {
  id: u32 = 0;
}
@service
class Directory {
  one(id: string): u32 {
    const user = new User();
    user.insert();
    if (user.delete() || User.delete(id)) return user.imported;
    const found = User.find(id);
    if (found == null) return <u32>User.all().length + <u32>User.count();
    return <u32>(found.copy().email.length + User.all(7)[0].email.length);
  }
}
`;
const WRONG = `
function wrong(): void {
  User.find(7);
  new User().insert("x");
  User.all("x");
  new User().nothing();
  new Other().insert();
  Other.find("x");
  const n: u32 = User.find("x");
}
`;

/** A project with what a build of it writes for editors. */
async function project(t: { teardown(end: () => void): void }, text: string) {
  const { emission } = await madeWith(text, TABLE, { compile: false });
  if (emission === null) throw new Error('not emitted');
  const { folder, remove } = folderWith({ 'directory.cell.ts': '' });
  const args = [shape('string', { name: 'sql', doc: 'SQL.' }), shape('any', { optional: true })];
  const call = (name: string, result: string, more = {}) =>
    macro(name, { on: ['call'], args, rest: true, result, doc: `Makes a ${name}.`, ...more });
  const macros = [
    macro('table', { on: ['class'] }),
    call('query', 'T[]'),
    call('one', 'T | null'),
    call('execute', 'i64'),
    call('map', 'Map<string, T>'),
    call('delete', ''),
    call('odd', 'any; } declare const odd1: 1; namespace Z {'),
    call('both', 'u32', { on: ['call', 'method'], args: [shape('any', { optional: true })] }),
  ];
  const described = { ...description('Test', macros), bindings: ['Connection', 'no name', 'new'] };
  const discovery = new FakeDiscovery({ Test: new FakeCell('test', described) });
  await writeEditor(folder, { discovery, settings: new Map(), tools: '1', remotes: [] });
  const types = emitMemberTypes(emission.members, 'my-directory', () => '../../directory.cell');
  const file = '.cell/types/my-directory.members.d.ts';
  fs.writeFileSync(path.join(folder, file), types);
  const editor = new Editor(folder);
  t.teardown(() => {
    editor.close();
    remove();
  });
  return { editor, types, file, folder };
}

for (const declared of ['export class', 'class']) {
  test(`members are seen, typed and documented: ${declared}`, async (t) => {
    const text = SERVICE(declared).replace('@Test.table\nexport', '@Test.table export');
    const { editor, types, file } = await project(t, text);
    const name = 'directory.cell.ts';
    editor.open(name, text);
    t.deepEqual(await editor.errors(name), []);
    editor.open(file, types);
    t.deepEqual(await editor.errors(file), []);
    t.notRegex(types, /\$read/);
    t.regex((await editor.hover(name, 'user.insert', 7)).doc, /Puts it in\./);
    t.regex(
      (await editor.hover(name, 'User.find', 6)).type,
      /find.*\(.*id: string\): User \| null/,
    );
    const offered = await editor.completions(name, 'user.insert', 5);
    // Nothing can make an editor offer what every object has.
    const shown = declared === 'class' ? ['email'] : ['insert', 'delete', 'email', 'imported'];
    for (const one of shown) t.true(offered.includes(one), one);
    const statics = await editor.completions(name, 'User.find', 5);
    for (const one of ['find', 'all', 'count', 'delete']) t.true(statics.includes(one), one);
    editor.open(name, text + WRONG);
    const lines = text.split('\n').length - 1;
    const errors = await editor.errors(name);
    t.deepEqual(
      errors.map((e) => e.line - lines),
      [3, 4, 5, 6, 7, 8, 9],
      JSON.stringify(errors),
    );
  });
}

const CALLS = `class User { id: string = ""; }
@service
class Directory {
  db: Test.Connection;
  one(id: string): string {
    const a: User[] = Test.query<User>("select", id, 7, true);
    const b: User | null = this.db.one<User>("select");
    const c: i64 = this.db.execute("delete");
    const d: Map<string, string> = Test.map<string>(\`select\`);
    Test.delete("x");
    Test.odd<User>("x", 1).anything();
    this.db.delete("x");
    return a.length > 1 || b != null || c > 1 ? a[0].id : d.get("x");
  }
  @Test.both two(): u32 { return Test.both("x"); }
}
`;

test('calls that cells answer for have the types of their values, on fields too', async (t) => {
  const { editor, folder } = await project(t, SERVICE('class'));
  const name = 'directory.cell.ts';
  editor.open(name, CALLS);
  t.deepEqual(await editor.errors(name), []);
  const macros = '.cell/types/macros.d.ts';
  const text = fs.readFileSync(path.join(folder, macros), 'utf8');
  editor.open(macros, text);
  t.deepEqual(await editor.errors(macros), []);
  t.notRegex(text, /odd1|no name/);
  t.regex((await editor.hover(name, 'Test.query', 6)).doc, /Makes a query\./);
  t.regex(
    (await editor.hover(name, 'this.db.one', 9)).type,
    /one<User>\(sql: string, .*User \| null/,
  );
  const offered = await editor.completions(name, 'this.db.one', 8);
  t.deepEqual(
    ['query', 'one', 'execute', 'delete'].filter((one) => !offered.includes(one)),
    [],
  );
  t.false(offered.includes('table'));
  const wrong = CALLS.replace('const c: i64', 'const c: string').replace('("select")', '(7)');
  editor.open(name, wrong);
  t.deepEqual(
    (await editor.errors(name)).map((e) => e.line),
    [7, 8, 13],
  );
});

test('no members, no text', (t) => {
  t.is(emitMemberTypes([], 'a', String), '');
});
