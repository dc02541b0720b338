// What cells of data say wrongly is told at the decorator that it comes from: SQL that a manifest
// could not hold, members and codecs that have no place.
import test from 'ava';
import { STATEMENT_CHARS } from '../../host/schema/sql-limits.ts';
import { type Gives, madeWith } from './macros.ts';

const statement = (text: string, more: object = {}) => ({
  ...{ kind: 'statement', text, values: ['n:int4'], numbers: [0, 0], ...more },
});
const own = {
  ...{ kind: 'database', name: 'example', text: 'default' },
  values: ['postgres', '0', ''],
};

/** Findings of macros that give these on a class, `@Test.a` before `@Test.b`. */
async function told(a: Gives, b: Gives = [], text?: string) {
  const source =
    text ?? '@Test.a @Test.b class Row { id: u32 = 0; }\n@service class Example { m(): void {} }';
  const answers = { a: { gives: a }, b: { gives: b } };
  const { emission, findings } = await madeWith(source, answers, { compile: false });
  if (emission !== null) throw new Error(`it was emitted: ${JSON.stringify([a, b])}`);
  return findings;
}

test('CELL4110: two texts with one number', async (t) => {
  const [finding, ...more] = await told([own, statement('costarring')], [statement('liquid')]);
  t.deepEqual([more.length, finding.code, finding.line, finding.column], [0, 'CELL4110', 1, 9]);
  t.regex(finding.message, /@Test\.b.*@Test\.a.*`costarring` and `liquid`/);
});

test('CELL4111: one text, said in two ways', async (t) => {
  const other = { values: ['n:int8'] };
  const [finding] = await told([own, statement('select 1')], [statement('select 1', other)]);
  t.is(finding.code, 'CELL4111');
  t.regex(finding.message, /different things of one statement, `select 1`/);
});

test('CELL4112: a statement of no database', async (t) => {
  const [finding, ...more] = await told([statement('select 1')]);
  t.deepEqual([more.length, finding.code, finding.column], [0, 'CELL4112', 1]);
});

test('one database a service: said twice the same, or an error that names both', async (t) => {
  const elsewhere = { ...own, text: 'env:OTHER' };
  const [finding] = await told([own], [elsewhere]);
  t.is(finding.code, 'CELL4063');
  t.is(finding.message, 'the database of the service is brought by `@Test.b` and by @Test.a');
});

const ODD: [string, object, RegExp][] = [
  ['a NUL', statement('select \0'), /with a NUL/],
  ['a lone surrogate', statement('select \ud800'), /no Unicode/],
  ['too long', statement('x'.repeat(STATEMENT_CHARS + 1)), /65537 characters; 65536 are the most/],
  ['no numbers', statement('select 1', { numbers: [] }), /-1 parameters in 1 values/],
  ['more than there are', statement('select 1', { numbers: [2, 0] }), /2 parameters in 1 values/],
  ['half a parameter', statement('select 1', { numbers: [0.5, 0] }), /0\.5 parameters/],
  ['no flag', statement('select 1', { numbers: [0, 2] }), /whether it writes/],
  ['a column of no type', statement('select 1', { values: ['n'] }), /`n` is no type/],
  ['a parameter of no type', statement('s', { values: [''], numbers: [1, 0] }), /`` is no type/],
  [
    'parameters without end',
    statement('s', { values: Array(1025).fill('text'), numbers: [1025, 0] }),
    /1025 parameters; 1024 are the most/,
  ],
  ['an engine', { ...own, values: ['mysql', '0', ''] }, /`mysql` is no engine/],
  ['a migration', { ...own, values: ['postgres', '-1', ''] }, /`-1` is no number of a migration/],
  ['a hash', { ...own, values: ['postgres', '1', 'a b'] }, /`a b` is no hash/],
  ['no hash', { ...own, values: ['postgres', '1'] }, /is no hash/],
  ['a schema', { ...own, name: 'a"b' }, /is no name of a schema/],
  ['a connection string', { ...own, text: 'postgres://u:p@h' }, /is no place of a database/],
  ['a file of postgres', { ...own, text: 'file:a' }, /postgres is not at `file:a`/],
  ['a table', { ...own, values: ['postgres', '0', '', 'users'] }, /`users` is no table/],
];

for (const [what, gives, says] of ODD) {
  test(`refused of SQL: ${what}`, async (t) => {
    const findings = await told(gives === own ? [own] : [gives as Gives[0]]);
    t.is(findings[0].code, 'CELL4062');
    t.regex(findings[0].message, says);
    t.is(findings[0].line, 1);
  });
}

const field = (use: string) =>
  `@service class Example { ${use} n: Map<string, u32> = new Map(); m(): void {} }`;
const MISPLACED: [string, Gives, string, RegExp][] = [
  [
    'a member of the service',
    [{ kind: 'member', name: 'x', text: 'x(): void {}' }],
    '@Test.a @service class Example { m(): void {} }',
    /CELL4062 .*service class has methods/,
  ],
  [
    'a member of a class with type parameters',
    [{ kind: 'member', name: 'x', text: 'x(): void {}' }],
    '@Test.a class Row<T> { a: u32 = 0; }\n@service class Example { m(): void {} }',
    /CELL4062 .*`Row` has type parameters/,
  ],
  [
    'a member that the class has',
    [{ kind: 'member', name: 'id', text: 'id(): void {}' }],
    '@Test.a class Row { id: u32 = 0; }\n@service class Example { m(): void {} }',
    /CELL4063 `id` is brought by .* the class `Row`/,
  ],
  [
    'a static member twice',
    ['a', 'b'].map((a) => ({ kind: 'member', name: 'x', text: `static x(${a}: u32): void {}` })),
    '@Test.a class Row { x: u32 = 0; }\n@service class Example { m(): void {} }',
    /CELL4063 `x` is brought by `@Test.a` and by @Test.a/,
  ],
  [
    'a member that is a field',
    [{ kind: 'member', name: 'x', text: 'x: u32 = 0;' }],
    '@Test.a class Row { id: u32 = 0; }\n@service class Example { m(): void {} }',
    /CELL4060 .*not one method/,
  ],
  ['what starts elsewhere', [{ kind: 'start', text: 'a();' }], '', /CELL4062 .*only the service/],
  ['what starts and closes', [{ kind: 'start', text: '} }' }], field('@Test.a'), /CELL4060/],
  ['a first value of nothing', [{ kind: 'initial', name: 'x', text: '1' }], '', /no field `x`/],
  ['what is no value', [{ kind: 'initial', name: 'id', text: '1; 2' }], '', /CELL4060/],
  [
    'two first values',
    ['1', '2'].map((text) => ({ kind: 'initial', name: 'id', text })),
    '',
    /CELL4063 what `id` holds first/,
  ],
  ['a codec of no type', [{ kind: 'codec', name: 'x', type: 'u32; let' }], '', /CELL4060/],
  ['a codec of what is no value', [{ kind: 'codec', name: 'x', type: 'number' }], '', /CELL3001/],
  [
    'two codecs of one name',
    ['u32', 'u64'].map((type) => ({ kind: 'codec', name: 'x', type })),
    '',
    /CELL4063 the codec `x`/,
  ],
  [
    'a codec that keeps what is no map',
    [{ kind: 'codec', name: 'n', type: 'u32', values: ['map'] }],
    field('@Test.a'),
    /CELL4062 .*`u32` is no map/,
  ],
  [
    'a codec that keeps a list',
    [{ kind: 'codec', name: 'n', type: 'u32[]', values: ['list'] }],
    field('@Test.a'),
    /CELL4062 .*a map or a value, not `list`/,
  ],
  [
    'what outlives a class that is no service',
    [{ kind: 'codec', name: 'id', type: 'u32', values: ['value'] }],
    '',
    /CELL4062 .*only fields of the service outlive it/,
  ],
];

for (const [what, gives, text, says] of MISPLACED) {
  test(`refused: ${what}`, async (t) => {
    const findings = await told(gives, [], text === '' ? undefined : text);
    t.is(findings.length, 1, JSON.stringify(findings));
    t.regex(`${findings[0].code} ${findings[0].message}`, says);
    t.is(findings[0].line, 1);
  });
}
