// The types of macros that cells publish: every shape, names and texts that could break a file, and
// when they are written anew.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { Editor } from '../../bench/editor.ts';
import type { Description } from '../../build/2-discover/protocol.ts';
import { settingsOf } from '../../build/3-negotiate/settings.ts';
import { emitMacroTypes } from '../../build/4-emit/editor-types.ts';
import { type EditorOptions, writeEditor } from '../../build/editor.ts';
import type { Schema } from '../../host/schema/types.ts';
import { description, FakeCell, FakeDiscovery, macro, shape } from '../build/fake-cell.ts';
import { folderWith } from '../build/folder.ts';
import { FILE, macroSdkTypes } from './macro-sdk.ts';

const types = (...cells: Description[]): string =>
  emitMacroTypes(cells.map((description) => ({ description, settings: null })));

test('the same cells in any order make the same text', (t) => {
  const [a, b] = [description('Aa', [macro('x')]), description('Bb', [macro('z'), macro('y')])];
  const sorted = description('Bb', [macro('y'), macro('z')]);
  t.is(types(a, b), types(sorted, a));
});

test('settings give the values of an argument; without them any is allowed', (t) => {
  const role = shape('string', { name: 'role', valuesFrom: 'roles' });
  const auth = description('Auth', [macro('need', { args: [shape('object', { of: [role] })] })]);
  const settings = settingsOf({ auth: { roles: ['admin', 'a "b"', ''] } }).get('auth') ?? null;
  const text = emitMacroTypes([{ description: auth, settings }]);
  t.regex(text, /function need\(args: \{ role: "admin" \| "a \\"b\\"" \| "" \}\): MethodMacro_;/);
  t.regex(types(auth), /function need\(args: \{ role: string \}\): MethodMacro_;/);
});

const all = [
  macro('everything', {
    doc: 'Ends */ a comment.\n@deprecated no `${x}`',
    example: '@Odd.everything(1) */',
    args: [
      shape('string', { values: ['a', "b'c"] }),
      shape('number', { name: 'number' }),
      shape('integer', { name: 'a b' }),
      shape('bool'),
      shape('duration'),
      shape('size'),
      shape('parameter', { doc: 'Which */ one' }),
      shape('template'),
      shape('member'),
      shape('env'),
      shape('list', { of: [shape('oneOf', { of: [shape('string'), shape('bool')] })] }),
      shape('object', {
        of: [
          shape('any', { name: 'class' }),
          shape('any', { name: 'a-b', doc: '*/', optional: true }),
        ],
      }),
      shape('object'),
      shape('list', { optional: true }),
      shape('oneOf', { optional: true }),
      shape('unheard-of', { optional: true }),
    ],
  }),
  macro('public', { on: ['service', 'method', 'field'] }),
  macro('delete', { args: [shape('string', { optional: true })] }),
  macro('no-name'),
  macro('x; } declare const y: 1; namespace Z {'),
  macro('onEnum', { on: ['enum'] }),
  macro('onClass', { on: ['class'] }),
];

test('whatever a cell publishes, the file is right; what a build takes is no error', async (t) => {
  const { folder, remove } = folderWith({ 'odd.cell.ts': '' });
  const odd = new FakeCell('odd', description('Odd', all));
  const options = {
    discovery: new FakeDiscovery({ Odd: odd }),
    settings: new Map(),
    tools: '1',
    remotes: [],
  };
  await writeEditor(folder, options);
  const editor = new Editor(folder);
  t.teardown(() => {
    editor.close();
    remove();
  });
  const file = '.cell/types/macros.d.ts';
  const text = fs.readFileSync(path.join(folder, file), 'utf8');
  t.notRegex(text, /declare const y/);
  t.notRegex(text, /no-name/);
  editor.open('odd.cell.ts', ODD);
  t.deepEqual(await editor.errors('odd.cell.ts'), []);
  editor.open(file, text);
  t.deepEqual(await editor.errors(file), []);
  const hover = await editor.hover('odd.cell.ts', 'Odd.everything', 6);
  t.regex(hover.doc, /Ends \*\\\/ a comment/);
});

const ODD = `
@Odd.onClass class Row { @Odd.public id: u32 = 0; }
@service({ pages: 4 }) @Odd.public class Odd1 {
  @Odd.public @Odd.delete
  a(id: u32): u32 { return id; }
  @Odd.public() @Odd.delete("x")
  @Odd.everything("b'c", 1.5, 2, true, "5m", "64KB", "id", "x:{id}", "a", env("HOME"), ["x", true],
    { class: 1 }, { any: "thing" }, [1, "x"], 7, null)
  b(id: u32): u32 { return id; }
}
`;

test('they are written anew only when others would answer, or say otherwise', async (t) => {
  const { folder, remove } = folderWith({});
  const file = path.join(folder, '.cell/types/macros.d.ts');
  let asked = 0;
  class Counted extends FakeCell {
    override readonly digest: string;
    constructor(digest: string, name: string) {
      super('odd', description('Odd', [macro(name)]));
      this.digest = digest;
    }
    override async describe() {
      asked++;
      return super.describe();
    }
  }
  const write = (digest: string, name: string, settings = {}, offline = false) =>
    writeEditor(folder, {
      ...{
        discovery: new FakeDiscovery({ Odd: new Counted(digest, name) }),
        tools: '1',
        remotes: [],
      },
      ...{ settings: settingsOf(settings), offline },
    });
  await write('a', 'one');
  t.is(asked, 1);
  t.regex(fs.readFileSync(file, 'utf8'), /const one:/);
  await write('a', 'one');
  t.is(asked, 1);
  // Offline only what was used is known; what stands has more.
  await write('b', 'two', {}, true);
  t.regex(fs.readFileSync(file, 'utf8'), /const one:/);
  await write('b', 'two');
  t.regex(fs.readFileSync(file, 'utf8'), /const two:/);
  await write('b', 'two', { odd: { x: [1] } });
  t.is(asked, 3);
  fs.writeFileSync(file, '// damaged');
  await write('b', 'two', { odd: { x: [1] } });
  t.regex(fs.readFileSync(file, 'utf8'), /const two:/);
  remove();
});

test('a cell that cannot describe itself is left out, the others are there', async (t) => {
  const { folder, remove } = folderWith({});
  class Broken extends FakeCell {
    override async describe(): Promise<Description> {
      throw new Error('trapped');
    }
  }
  const cells = {
    Bad: new Broken('bad', description('Bad', [])),
    Good: new FakeCell('good', description('Good', [macro('x')])),
  };
  await writeEditor(folder, {
    ...{ discovery: new FakeDiscovery(cells), settings: new Map(), tools: '1', remotes: [] },
  });
  const text = fs.readFileSync(path.join(folder, '.cell/types/macros.d.ts'), 'utf8');
  t.regex(text, /namespace Good/);
  t.notRegex(text, /namespace Bad/);
  remove();
});

test('a tsconfig.json of the project is left as it is', async (t) => {
  const own = '{ "compilerOptions": { "strict": true } }';
  const { folder, remove } = folderWith({ 'tsconfig.json': own });
  await writeEditor(folder, {
    discovery: new FakeDiscovery({}),
    settings: new Map(),
    tools: '1',
    remotes: [],
  });
  t.is(fs.readFileSync(path.join(folder, 'tsconfig.json'), 'utf8'), own);
  t.true(fs.existsSync(path.join(folder, '.cell/tsconfig.json')));
  remove();
});

const scalar = (name: 'u32' | 'instant') => ({ kind: 'scalar' as const, scalar: name });

const LEDGER: Schema = {
  ...{ version: 1, service: 'Ledger', cell: 'ledger', doc: 'Books */ of accounts.' },
  records: [
    {
      name: 'Account',
      fields: [
        { name: 'id', type: scalar('u32'), doc: 'Its number.' },
        { name: 'since', type: scalar('instant') },
        { name: 'kind', type: { kind: 'enum', name: 'Kind' } },
        { name: 'next', type: { kind: 'nullable', of: { kind: 'record', name: 'Account' } } },
      ],
    },
  ],
  enums: [
    { name: 'Hidden', members: [] },
    { name: 'Kind', members: [{ name: 'Plain', value: 0 }] },
  ],
  methods: ['debit', 'get', '$plan'].map((name, index) => ({
    ...{ name, index, tier: 'pure', canonical: '', fingerprint: '' },
    ...{ access: { public: false, anyRole: [], scopes: [] }, doc: `Does ${name}.` },
    ...(name === '$plan' ? { channel: 'macro' as const } : {}),
    params: [{ name: 'id', type: scalar('u32') }],
    result: name === 'get' ? { kind: 'record', name: 'Account' } : null,
  })),
};

const SHOP = (declared: string) => `${declared}
@service class Shop {
  take(id: u32): Ledger.Account {
    Ledger.debit(id);
    const made = new Ledger.Account();
    made.kind = Ledger.Kind.Plain;
    const known: Ledger.Account = Ledger.get(id);
    Ledger.debit("x");
    return known.id == 0 ? made : known;
  }
}
`;

for (const declared of ['export class Ledger {}', 'class Ledger {}']) {
  test(`remote classes have their methods and types: ${declared}`, async (t) => {
    const { folder, remove } = folderWith({ 'shops/shop.cell.ts': '' });
    class Remote extends FakeDiscovery {
      override async remote(cell: string) {
        return cell === 'ledger' ? { schema: LEDGER, from: 'this test' } : null;
      }
    }
    const file = path.join(folder, 'shops/shop.cell.ts');
    const exported = declared.startsWith('export');
    const write = (remotes: EditorOptions['remotes']) =>
      writeEditor(folder, {
        ...{ discovery: new Remote({}), settings: new Map(), tools: '1', remotes },
      });
    const gone = { cell: 'gone', name: 'Gone', file, exported: false };
    await write([{ cell: 'ledger', name: 'Ledger', file, exported }, gone]);
    const editor = new Editor(folder);
    t.teardown(() => {
      editor.close();
      remove();
    });
    const name = 'shops/shop.cell.ts';
    editor.open(name, SHOP(declared));
    t.deepEqual(
      (await editor.errors(name)).map((e) => [e.line, e.text]),
      [[8, '"x"']],
    );
    t.regex((await editor.hover(name, 'Ledger.debit', 8)).doc, /Does debit\./);
    const offered = await editor.completions(name, 'Ledger.debit', 7);
    for (const one of ['debit', 'get']) t.true(offered.includes(one), one);
    for (const one of ['$plan', 'Hidden']) t.false(offered.includes(one), one);
    const types = fs.readFileSync(path.join(folder, '.cell/types/remotes.d.ts'), 'utf8');
    editor.open('.cell/types/remotes.d.ts', types);
    t.deepEqual(await editor.errors('.cell/types/remotes.d.ts'), []);
    await write([]);
    t.false(fs.existsSync(path.join(folder, '.cell/types/remotes.d.ts')));
  });
}

test('macro.d.ts is what the SDK of macro cells says today', (t) => {
  const text = macroSdkTypes();
  if (process.env.CELL_GOLDEN === '1') fs.writeFileSync(FILE, text);
  t.is(fs.readFileSync(FILE, 'utf8'), text);
  t.notRegex(text, /^ *private/m);
});
