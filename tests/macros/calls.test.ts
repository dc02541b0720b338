// Calls that cells answer: which are asked about, what a request says of them, and what people are
// told when something is wrong with one.
import test from 'ava';
import type { PlanRequest, Site } from '../../build/2-discover/protocol.ts';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import {
  contribution,
  description,
  FakeCell,
  FakeDiscovery,
  macro,
  plan,
  shape,
  spots,
} from '../build/fake-cell.ts';
import { ENTRY } from '../build/folder.ts';
import { talk } from './negotiate.ts';

const QUERY = macro('query', {
  on: ['call'],
  args: [shape('string', { doc: 'SQL' }), shape('any', { optional: true })],
  rest: true,
});
const COUNT = macro('count', { on: ['call'], args: [shape('string')] });
const TABLE = macro('table', { on: ['class'] });

/** A database that answers calls, and a cell that does not. */
function cells(answer?: (request: PlanRequest) => ReturnType<typeof plan>) {
  const db = new FakeCell('db', description('Db', [QUERY, COUNT, TABLE]), answer);
  const other = new FakeCell('other', description('Other', [macro('note')]));
  return { db, other, discovery: new FakeDiscovery({ Db: db, Other: other }) };
}

const service = (body: string, around = ''): string => `${around}
@service
class Example {
  one(id: u32): u32 {
    ${body}
    return 1;
  }
}
`;

/** What a cell was asked about calls, in the order of the request. */
const callsOf = (db: FakeCell): Site[] =>
  (db.requests[0]?.sites ?? []).filter((site) => site.declaration.kind === 'call');

test('a call is a site of its own: arguments, type arguments, place', async (t) => {
  const { db, discovery } = cells();
  const { told, negotiated } = await talk(
    service('Db.query<Map<string,  u32>>("select $1", id, 7, true);'),
    discovery,
  );
  t.deepEqual(told, []);
  const [site] = callsOf(db);
  t.like(site, { id: 1, file: ENTRY, members: [], body: '' });
  t.like(site.owner, { kind: 'class', name: 'Example' });
  t.like(site.declaration, { kind: 'call', name: 'one', params: [], type: '', doc: '' });
  const [use] = site.declaration.uses;
  t.like(use, { ns: 'Db', name: 'query', called: true, types: ['Map<string, u32>'] });
  t.deepEqual(
    use.args.map(({ kind, text, number }) => [kind, text, number]),
    [
      [3, 'select $1', 0],
      [7, 'id', 0],
      [2, '', 7],
      [1, '', 1],
    ],
  );
  t.is(negotiated.answers.find((a) => a.cell === 'db')?.sites.length, 1);
});

test('two equal calls are two sites; order in the text changes no request', async (t) => {
  const calls = ['Db.query("b")', 'Db.query("a")', 'Db.count("a")', 'Db.query("b")'];
  const requests: string[] = [];
  for (const order of [calls, calls.toReversed(), [calls[1], calls[3], calls[2], calls[0]]]) {
    const { db, discovery } = cells();
    const { told } = await talk(service(`${order.join('; ')};`), discovery);
    t.deepEqual(told, []);
    t.deepEqual(
      callsOf(db).map((site) => site.id),
      [1, 2, 3, 4],
    );
    requests.push(JSON.stringify(db.requests));
  }
  t.is(new Set(requests).size, 1);
});

test('what is contributed at a call names that call', async (t) => {
  const { discovery } = cells((request) =>
    plan({
      contributions: spots(request, 'Db').map(({ at, use }) =>
        contribution('call', at, { text: `function $name(): void { ${use.args[0].text} }` }),
      ),
    }),
  );
  const text = service('Db.query("b"); Db.query("a");');
  const { negotiated } = await talk(text, discovery);
  const placed = negotiated.contributions.filter((c) => c.kind === 'call');
  t.deepEqual(
    placed.map(({ siteRef, useRef, text: made, macro: by }) => [
      ...[siteRef.kind, siteRef.owner, siteRef.name, by],
      ...[text.slice(useRef.start, useRef.end), made.slice(25, -2)],
    ]),
    [
      ['call', 'Example', 'one', 'Db.query', 'Db.query("a")', 'a'],
      ['call', 'Example', 'one', 'Db.query', 'Db.query("b")', 'b'],
    ],
  );
});

const USER = `/** Somebody. */
export class User {
  /** Its number. */
  @Db.note id: u32 = 0;
  private name: string | null = null;
  static last: User | null = null;
  constructor(id: u32) { this.id = id; }
  say(): void {}
}`;

for (const [what, files, type] of [
  ['in the same file', { [ENTRY]: USER }, 'User'],
  ['nullable', { [ENTRY]: USER }, 'User | null'],
  [
    'in another file, under another name',
    { [ENTRY]: 'import { User as Person } from "./lib";', 'lib.ts': USER },
    'Person',
  ],
  [
    'behind aliases and exports of others',
    {
      [ENTRY]: 'import * as all from "./lib";',
      'lib.ts': 'export { Row } from "./rows";',
      'rows.ts': 'import { User } from "./user"; export type Row = Inner; type Inner = User;',
      'user.ts': USER,
    },
    'all.Row',
  ],
] as const) {
  test(`fields of the class that the type argument names: ${what}`, async (t) => {
    const { db, discovery } = cells();
    const own = { ...files, [ENTRY]: service(`Db.query<${type}>("x");`, files[ENTRY]) };
    await talk(own, discovery);
    const [site] = callsOf(db);
    t.deepEqual(
      site.members.map((m) => [m.kind, m.name, m.type, m.visibility, m.isStatic, m.doc]),
      [
        ['field', 'id', 'u32', 'public', false, ''],
        ['field', 'name', 'string | null', 'private', false, ''],
        ['field', 'last', 'User | null', 'public', true, ''],
      ],
    );
    t.is(site.members[0].uses[0].name, 'note');
  });
}

for (const type of ['u32', 'User[]', 'Map<string, User>', 'Missing', 'Loop', '(x: u32) => User']) {
  test(`a type argument that is no class has no fields: ${type}`, async (t) => {
    const { db, discovery } = cells();
    const around = `${USER.replace('@Db.note', '')}\ntype Loop = Round; type Round = Loop;`;
    const { told } = await talk(service(`Db.query<${type}>("x");`, around), discovery);
    t.deepEqual(told, []);
    t.deepEqual(callsOf(db)[0].members, []);
  });
}

for (const [what, around, body] of [
  ['a class of that name', 'class Db { static query(sql: string): void {} }', 'Db.query("x");'],
  ['a namespace', 'namespace Db { export function query(sql: string): void {} }', 'Db.query("x");'],
  ['an enum', 'enum Db { query }', 'Db.query("x");'],
  ['what is global elsewhere', 'import "./global";', 'Db.query("x");'],
  ['an import', 'import { Db } from "./lib";', 'Db.query("x");'],
  ['an import of all', 'import * as Db from "./lib";', 'Db.query("x");'],
  ['a variable', '', 'const Db = this; Db.query("x");'],
  ['a namespace that nobody answers for', '', 'Nobody.query("x");'],
  ['a cell that answers no calls', '', 'Other.note("x");'],
  ['what the SDK brings', '', 'Session.require("x"); Flags.is("y");'],
] as const) {
  test(`not asked about: ${what}`, async (t) => {
    const { db, other, discovery } = cells();
    const lib = 'export class Db { static query(sql: string): void {} }';
    const files = { [ENTRY]: service(body, around), 'lib.ts': lib, 'global.ts': `@global ${lib}` };
    const { told, negotiated } = await talk(files, discovery);
    t.deepEqual(told, []);
    t.deepEqual([...db.requests, ...other.requests], []);
    t.deepEqual(
      negotiated.answers.map((a) => a.cell),
      ['service'],
    );
  });
}

test('nobody answers: an error where a decorator names it too', async (t) => {
  const text = service('Nobody.query("x");').replace('  one', '  @Nobody.here one');
  const { told } = await talk(text, cells().discovery);
  t.deepEqual(told, ['CELL4001 4:3 no cell answers for `@Nobody`: this test']);
});

test('a cell that fails to describe itself is told of, at its call', async (t) => {
  const broken = new FakeCell('db', { ...description('Db', [QUERY]), version: 9 });
  const { told, marked } = await talk(service('Db.query("x");'), new FakeDiscovery({ Db: broken }));
  t.is(told.length, 1);
  t.regex(told[0], /^CELL4025 5:5 the cell `db`/);
  t.deepEqual(marked, ['Db.query("x")']);
});

const WRONG: [string, string, string, string][] = [
  ['no such call', 'Db.qeury("x");', 'CELL4100', 'did you mean Db.query?'],
  ['a name like none', 'Db.zzz("x");', 'CELL4100', 'one of Db.query, Db.count'],
  ['no argument', 'Db.query();', 'CELL4006', 'write Db.query('],
  ['one too many', 'Db.count("x", 1);', 'CELL4006', 'write Db.count('],
  ['a text that is none', 'Db.query("x" + "y");', 'CELL4006', 'write a literal, such as'],
  ['a template with holes', 'Db.query(`x ${id}`, id);', 'CELL4006', 'write a literal, such as'],
  ['a decorator called', 'Db.table("x");', 'CELL4008', 'move it, or remove it'],
];

for (const [what, body, code, fix] of WRONG) {
  test(`refused: ${what}`, async (t) => {
    const { db, discovery } = cells();
    const { findings } = await talk(service(body), discovery);
    t.deepEqual(
      findings.map((f) => [f.code, f.line]),
      [[code, 5]],
    );
    t.true(findings[0].fix.includes(fix), findings[0].fix);
    t.notRegex(`${findings[0].message} ${findings[0].fix}`, /@Db/);
    t.deepEqual(db.requests, []);
  });
}

test('a macro for calls is no decorator', async (t) => {
  const text = service('').replace('  one', '  @Db.query("x") one');
  const { told } = await talk(text, cells().discovery);
  t.deepEqual(told, [
    'CELL4008 4:3 `@Db.query` stands on a method, it belongs on a call in a method',
  ]);
});

test('only what may be repeated takes any number of arguments', async (t) => {
  const { db, discovery } = cells();
  const many = Array.from({ length: 300 }, (_, i) => i).join(', ');
  const { told } = await talk(service(`Db.query("x", ${many});`), discovery);
  t.deepEqual(told, []);
  t.is(callsOf(db)[0].declaration.uses[0].args.length, 301);
});

for (const [what, text] of [
  ['a field', 'class A { a: u32 = Db.query("x"); }'],
  ['a static field', 'class A { static a: u32 = Db.query("x"); }'],
  ['a variable', 'const a = Db.query("x");'],
  ['a default value', 'function f(a: u32 = Db.query("x")): void {}'],
  ['nothing', 'Db.query("x");'],
]) {
  test(`a call in the initializer of ${what} is refused`, async (t) => {
    const { marked, findings } = await talk(service('', text), cells().discovery);
    t.deepEqual(
      findings.map((f) => f.code),
      ['CELL4101'],
    );
    t.deepEqual(marked, ['Db.query("x")']);
  });
}

test('a cell that is switched off answers no calls', async (t) => {
  const { db, discovery } = cells();
  const features = { db: 'off' };
  const { told } = await talk(service('Db.query("x"); Db.qeury("y");'), discovery, { features });
  t.deepEqual(
    told.map((one) => one.slice(0, 12)),
    ['CELL4104 5:5', 'CELL4100 5:23'.slice(0, 12)],
  );
  t.deepEqual(db.requests, []);
});

test('a complaint points into the text of its argument', async (t) => {
  const sql = 'select "\\u{1F600}",\\n \\x41, emial from users';
  const value = 'select "\u{1F600}",\n A, emial from users';
  const { discovery } = cells((request) =>
    plan({
      complaints: spots(request, 'Db').map(({ at, use }) => ({
        ...{ ...at, path: '0', message: 'no such column', fix: 'write email', warning: false },
        ...{ offset: use.args[0].text.indexOf('emial'), length: 5 },
      })),
    }),
  );
  for (const quote of ["'", '`']) {
    const { findings, marked } = await talk(
      service(`Db.query(${quote}${sql}${quote}, id);`),
      discovery,
    );
    t.is(value.indexOf('emial'), 17);
    t.like(findings[0], { code: 'CELL4017', line: 5, column: 43, length: 5 });
    t.is(findings[0].message, '`Db.query`: no such column');
    t.deepEqual(marked, ['emial']);
  }
});

test('a complaint about more than there is, or no text, points at the argument', async (t) => {
  const complain = (path: string, offset: number, length: number) => (request: PlanRequest) =>
    plan({
      complaints: spots(request, 'Db').map(({ at }) => ({
        ...{ ...at, path, message: 'bad', fix: '', warning: true, offset, length },
      })),
    });
  const text = service('Db.query("select 1", id);');
  const at = async (path: string, offset: number, length: number): Promise<string> => {
    const { discovery } = cells(complain(path, offset, length));
    const { marked, findings } = await talk(text, discovery);
    t.is(findings[0].code, 'CELL4018');
    return marked[0];
  };
  t.is(await at('0', -1, 0), '"select 1"');
  t.is(await at('0', 7, 1000), '1');
  t.is(await at('0', 1000, 1), '1');
  t.is(await at('0', 2 ** 31 - 1, 2 ** 31 - 1), '1');
  t.is(await at('0', 0, -5), 's');
  t.is(await at('1', 0, 2), 'id');
  t.is(await at('', 3, 2), 'Db.query("select 1", id)');
  t.is(await at('9', 3, 2), 'Db.query("select 1", id)');
});

test('a complaint may be about a member of the class', async (t) => {
  const at = async (path: string, decorated: string, on: string) => {
    const a = new FakeCell('a', description('A', [macro('it', { on: [on] })]), (request) =>
      plan({
        complaints: spots(request, 'A').map((spot) => ({
          ...{ ...spot.at, path, message: 'bad', fix: '', warning: true, offset: -1, length: 0 },
        })),
      }),
    );
    const { findings, marked } = await talk(decorated, new FakeDiscovery({ A: a }));
    return `${findings[0].line} ${marked[0]}`;
  };
  const row = '@A.it class Row {\n  age: u32 = 0;\n  say(): void {}\n}';
  t.is(await at('.age', row, 'class'), '2 age');
  t.is(await at('.say', row, 'class'), '3 say');
  for (const none of ['.', '.none', '.age.type', '..age']) {
    t.is(await at(none, row, 'class'), '1 @A.it', none);
  }
  t.is(await at('.age', 'class Row {\n  age: u32 = 0;\n  @A.it b: u32 = 0; }', 'field'), '2 age');
  t.is(await at('.Red', '@A.it enum Color { Red }', 'enum'), '1 @A.it');
});

test('a policy at a call is refused: it would hold for nobody', async (t) => {
  const { discovery } = cells((request) =>
    plan({
      contributions: spots(request, 'Db').map(({ at }) =>
        contribution('policy', at, { name: 'public' }),
      ),
    }),
  );
  const { told, negotiated } = await talk(service('Db.query("x");'), discovery);
  t.regex(told[0], /^CELL4008 5:5 `Db.query` stands on a declaration that clients cannot call/);
  t.is(negotiated.access.get('one'), undefined);
});

test('1,000 calls are one request', async (t) => {
  const { db, discovery } = cells();
  const body = Array.from({ length: 1000 }, (_, i) => `Db.query<User>("select ${i}");`).join('\n');
  const { told } = await talk(service(body, USER.replace('@Db.note', '')), discovery as Discovery);
  t.deepEqual(told, []);
  t.is(db.requests.length, 1);
  t.is(callsOf(db).length, 1000);
});

test('fields travel once for each file and type argument', async (t) => {
  const { db, discovery } = cells();
  const body = [
    'Db.query<User>("b"); Db.query<User | null>("a"); Db.query<User>("a"); Db.query<u32>("a");',
    'Db.query<Other>("a"); Db.query<Other>("c");',
  ].join('\n');
  const own = USER.replace('@Db.note', '');
  const around = `import { far } from "./lib";\n${own}\nclass Other { x: u32 = 0; }`;
  const lib = `${own}\nexport function far(): void { Db.query<User>("z"); Db.query<User>("y"); }`;
  await talk({ [ENTRY]: service(body, around), 'lib.ts': lib }, discovery);
  const told = (sites: Site[]) =>
    sites.map(({ file, declaration: { uses }, members }) =>
      [file[0], uses[0].types[0], uses[0].args[0].text, members.length].join(' '),
    );
  const sent = callsOf(db);
  t.deepEqual(told(sent), [
    ...['e Other a 1', 'e User | null a 3', 'e User a 3', 'e u32 a 0', 'e User b 0', 'e Other c 0'],
    ...['l User y 3', 'l User z 0'],
  ]);
});
