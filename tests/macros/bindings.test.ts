// Fields that stand for a cell, `db: Db.Connection`: found, checked, called, and nothing else.
import test from 'ava';
import { description, FakeCell, FakeDiscovery, macro, shape } from '../build/fake-cell.ts';
import { ENTRY } from '../build/folder.ts';
import { talk } from './negotiate.ts';

const QUERY = macro('query', {
  on: ['call'],
  args: [shape('string'), shape('any', { optional: true })],
  rest: true,
});

function cells(bindings = ['Connection', 'Cursor']) {
  const db = new FakeCell('db', { ...description('Db', [QUERY]), bindings });
  return { db, discovery: new FakeDiscovery({ Db: db }) };
}

const service = (field: string, body = '', around = ''): string => `${around}
@service
class Example {
  ${field}
  one(id: u32): u32 {
    ${body}
    return 1;
  }
}
`;

test("a field of a type that the cell has is a binding; its calls are the cell's", async (t) => {
  const { db, discovery } = cells();
  const body = 'this.db.query<u32>("a", id); if (this.db.query("b", this.db.query("c"))) {}';
  const text = service('private readonly db: Db.Connection;', body);
  const { told, negotiated } = await talk(text, discovery);
  t.deepEqual(told, []);
  t.deepEqual(
    negotiated.bindings.map(({ owner, field, source }) => [owner, field.name, source.path]),
    [['Example', 'db', ENTRY]],
  );
  const uses = db.requests[0].sites.flatMap((site) => site.declaration.uses);
  t.deepEqual(
    uses.map(({ ns, name, args }) => [ns, name, args[0].text]),
    [
      ['Db', 'query', 'a'],
      ['Db', 'query', 'b'],
      ['Db', 'query', 'c'],
    ],
  );
  t.is(db.requests[0].sites[0].declaration.kind, 'call');
});

test('any class may have one, of any of its types', async (t) => {
  const { discovery } = cells();
  const around = 'class Rows { cursor: Db.Cursor; all(): void { this.cursor.query("x"); } }';
  const { told, negotiated } = await talk(service('', '', around), discovery);
  t.deepEqual(told, []);
  t.deepEqual(
    negotiated.bindings.map(({ owner, field }) => [owner, field.name]),
    [['Rows', 'cursor']],
  );
  t.is(negotiated.answers.find((a) => a.cell === 'db')?.sites.length, 1);
});

test('a cell that only a field names is asked nothing', async (t) => {
  const { db, discovery } = cells();
  const { told, negotiated } = await talk(service('db: Db.Connection;'), discovery);
  t.deepEqual(told, []);
  t.is(negotiated.bindings.length, 1);
  t.deepEqual(db.requests, []);
});

test('types of the own project are no bindings', async (t) => {
  const { discovery } = cells();
  for (const around of [
    'namespace Db { export class Connection {} }',
    'import * as Db from "./lib";',
    'class Db {}',
  ]) {
    const files = {
      [ENTRY]: service('db: Db.Connection = make();', '', around),
      'lib.ts': 'export class Connection {}',
    };
    const { told, negotiated } = await talk(files, discovery);
    t.deepEqual(told, []);
    t.deepEqual(negotiated.bindings, []);
  }
});

/** What, field, body, place, code, fix. */
const WRONG: string[][] = [
  [
    ...['a cell that is not there', 'db: Nobody.Connection;', ''],
    ...['Nobody.Connection', 'CELL4001', 'none'],
  ],
  [
    ...['a type that is misspelt', 'db: Db.Conection;', 'this.db.query("x");'],
    ...['Db.Conection', 'CELL4102', 'did you mean Db.Connection?'],
  ],
  [
    ...['a type like none', 'db: Db.Zzz;', ''],
    ...['Db.Zzz', 'CELL4102', 'did you mean Db.Connection?'],
  ],
  [
    ...['an initializer', 'db: Db.Connection = make();', ''],
    ...['make()', 'CELL4103', 'write db: Db.Connection;'],
  ],
  ['a static one', 'static db: Db.Connection;', '', 'db', 'CELL4103', 'remove `static`'],
  [
    ...['one that may be null', 'db: Db.Connection | null;', ''],
    ...['Db.Connection | null', 'CELL4103', 'write db: Db.Connection;'],
  ],
  [
    ...['type arguments', 'db: Db.Connection<u32>;', ''],
    ...['Db.Connection<u32>', 'CELL4103', 'write db: Db.Connection;'],
  ],
  [
    ...['an assignment', 'db: Db.Connection;', 'this.db = make();'],
    ...['this.db', 'CELL4103', 'write this.db.query(...)'],
  ],
  [
    ...['a use as a value', 'db: Db.Connection;', 'take(this.db, id);'],
    ...['this.db', 'CELL4103', 'write this.db.query(...)'],
  ],
  [
    ...['a member that is not called', 'db: Db.Connection;', 'const f = this.db.query;'],
    ...['this.db', 'CELL4103', 'write this.db.query(...)'],
  ],
  [
    ...['an initializer that calls it', 'db: Db.Connection; x: u32 = this.db.query("x");', ''],
    ...[
      'this.db.query("x")',
      'CELL4101',
      'move it into the body of a method, such as `start()`, or of a function',
    ],
  ],
  [
    ...['a call that the cell does not answer', 'db: Db.Connection;', 'this.db.qeury("x");'],
    ...['qeury', 'CELL4100', 'did you mean Db.query?'],
  ],
];

for (const [what, field, body, at, code, fix] of WRONG) {
  test(`refused: ${what}`, async (t) => {
    const { findings, marked } = await talk(service(field, body), cells().discovery);
    t.deepEqual(
      findings.map((f) => f.code),
      [code],
    );
    t.deepEqual(marked, [at]);
    t.is(findings[0].fix, fix);
  });
}

test('a decorator on one is refused, whoever it belongs to', async (t) => {
  const { discovery } = cells();
  const { told } = await talk(service('@Db.query("x") db: Db.Connection;'), discovery);
  t.true(told.some((one) => one.startsWith('CELL4103 4:3')));
});

test('a cell without types says how it is called', async (t) => {
  const { findings } = await talk(service('db: Db.Connection;'), cells([]).discovery);
  t.is(findings[0].code, 'CELL4102');
  t.is(findings[0].fix, 'remove the field, and write `Db.query(...)` where it is called');
});

test('a cell that is switched off has no fields', async (t) => {
  const features = { db: 'off' };
  const { told } = await talk(service('db: Db.Connection;'), cells().discovery, { features });
  t.deepEqual(told, [
    'CELL4104 4:7 `Db.Connection` needs the cell `db`, which this build switches off',
  ]);
});
