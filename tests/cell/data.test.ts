// What a module says of its data, `manifest.sql` and `manifest.persisted`: hostile ones are refused
// with the path of what is wrong; bounds hold at N and N + 1.
import test from 'ava';
import { ModuleError, readModule } from '../../host/cell/module.ts';
import { STATEMENT_CHARS, STATEMENTS } from '../../host/schema/sql-limits.ts';
import { statementId } from '../../host/schema/statement-id.ts';
import type { Manifest, SqlManifest, SqlStatement } from '../../host/schema/types.ts';
import { assemble, ECHO, manifestOf, schemaOf, type WatCell, watOf, wrap } from '../lane/cells.ts';

const echo: WatCell = { name: 'echo', methods: [{ name: 'echo', body: ECHO }] };
const wasm = assemble(watOf(echo));

function readWith(more: object): Manifest | string {
  try {
    const manifest = { ...(manifestOf(echo) as Manifest), ...more };
    return readModule(wrap(wasm, schemaOf(echo), manifest), 'x').manifest;
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    return error.message.replace('x: section `cell:manifest`: ', '');
  }
}

const statement = (text: string, more: Partial<SqlStatement> = {}): SqlStatement => ({
  ...{ id: statementId(text), text, writes: false, params: [], columns: [], ...more },
});
const sql = (more: Partial<Record<keyof SqlManifest, unknown>>): object => ({
  sql: {
    ...{ engine: 'postgres', target: 'default', schema: 'echo', reads: ['public.orders'] },
    ...{ migration: { number: 1, hash: 'ab' }, statements: [statement('select 1')], ...more },
  },
});

test('what builds write is taken', (t) => {
  const encrypted = { type: 'bytea', encrypted: 'echo.users.phone' };
  const statements = [
    statement('select id from users where phone = $1', {
      params: [encrypted],
      columns: [{ name: '?column?', type: 'text' }],
    }),
  ];
  t.is(typeof readWith(sql({ statements })), 'object');
  t.is(typeof readWith(sql({ engine: 'sqlite', target: 'file:data/a b.db' })), 'object');
  t.is(typeof readWith(sql({ target: 'env:MY_URL', statements: [], reads: [] })), 'object');
  const persisted = [
    { field: 'visits', kind: 'map', canonical: 'u64', key: 'string' },
    { field: 'place', kind: 'value', canonical: 'u32' },
  ];
  t.is(typeof readWith({ actor: true, persisted }), 'object');
});

const a = statement('select 1');
const b = statement('select 2');
const [low, high] = a.id < b.id ? [a, b] : [b, a];
const one = (more: object) => sql({ statements: [{ ...a, ...more }] });
const WRONG: [string, object, RegExp][] = [
  ['no object', { sql: [] }, /^\$\.sql: expected an object/],
  ['an engine', sql({ engine: 'mysql' }), /^\$\.sql\.engine: expected postgres or sqlite/],
  ['a connection string', sql({ target: 'postgres://u:p@h/d' }), /^\$\.sql\.target: expected def/],
  ['a target of two lines', sql({ target: 'env:A\nB' }), /^\$\.sql\.target/],
  ['a file of postgres', sql({ target: 'file:x' }), /^\$\.sql\.target: expected a file of sqlite/],
  ['a schema that quotes', sql({ schema: 'a"; drop' }), /^\$\.sql\.schema/],
  ['a table of no schema', sql({ reads: ['orders'] }), /^\$\.sql\.reads\[0\]: expected a table/],
  ['a migration', sql({ migration: { number: -1, hash: '' } }), /^\$\.sql\.migration\.number/],
  ['statements that are none', sql({ statements: {} }), /^\$\.sql\.statements: expected a list/],
  ['an id of another text', one({ id: 7 }), /^\$\.sql\.statements\[0\]\.id: expected \d+, the id/],
  ['an empty text', sql({ statements: [statement('  ')] }), /\[0\]\.text: expected a statement/],
  ['a NUL', sql({ statements: [statement('select 1\0')] }), /\[0\]\.text: expected a statement/],
  ['a lone surrogate', one({ text: '\ud800' }), /\[0\]\.text: expected a statement in Unicode/],
  ['no flag', one({ writes: 1 }), /\[0\]\.writes: expected true or false/],
  ['a parameter of no type', one({ params: [{ type: '' }] }), /\[0\]\.params\[0\]\.type: expected/],
  ['encrypted with nothing', one({ params: [{ type: 'bytea', encrypted: '' }] }), /encrypted/],
  ['a column of no name', one({ columns: [{ type: 'text' }] }), /\[0\]\.columns\[0\]\.name/],
  ['ids that do not ascend', sql({ statements: [high, low] }), /\[1\]\.id: expected ids in asc/],
  ['one statement twice', sql({ statements: [a, a] }), /\[1\]\.id: expected ids in ascending/],
  ['fields of no actor', { persisted: [] }, /^\$\.persisted: expected fields of a cell with one/],
  [
    'a field with a path for a name',
    { actor: true, persisted: [{ field: '../x', kind: 'value', canonical: 'u32' }] },
    /^\$\.persisted\[0\]\.field: expected a name/,
  ],
  [
    'one field twice',
    {
      actor: true,
      persisted: [
        { field: 'x', kind: 'value', canonical: 'u32' },
        { field: 'x', kind: 'value', canonical: 'u32' },
      ],
    },
    /^\$\.persisted\[1\]\.field: expected a name of its own/,
  ],
  [
    'a map without a key',
    { actor: true, persisted: [{ field: 'x', kind: 'map', canonical: 'u32' }] },
    /^\$\.persisted\[0\]\.key: expected the key of a map/,
  ],
];

for (const [what, more, says] of WRONG) {
  test(`refused: ${what}`, (t) => {
    const found = readWith(more);
    if (typeof found === 'string') t.regex(found, says);
    else t.fail('it was taken');
  });
}

test('bounds: at N it is taken, at N + 1 refused', (t) => {
  const many = (n: number) =>
    sql({
      statements: Array.from({ length: n }, (_, i) => statement(`select ${i}`)).sort(
        (x, y) => x.id - y.id,
      ),
    });
  t.is(typeof readWith(many(STATEMENTS)), 'object');
  t.regex(String(readWith(many(STATEMENTS + 1))), /at most 4096 entries, got 4097/);
  const long = (n: number) => sql({ statements: [statement('select 1'.padEnd(n, ' '))] });
  t.is(typeof readWith(long(STATEMENT_CHARS)), 'object');
  t.regex(String(readWith(long(STATEMENT_CHARS + 1))), /at most 65536 characters, got 65537/);
});
