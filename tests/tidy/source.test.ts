// The scanner behind tests/tidy.test.ts, on texts whose answer is known: a rule that sees nothing
// passes everything.

import test from 'ava';
import { judgeImport } from './directions.ts';
import { functions, imports, lineOf, read } from './source.ts';

const spans = (text: string) => functions(read(text)).map(({ name, from, to }) => [name, from, to]);

test('comments, strings, templates and regular expressions are no code', (t) => {
  const text = [
    "const a = '{'; // {",
    'const b = `{ ${c.map((x) => `{${x}}`)} {`;',
    'const d = /[/{]\\/{/g; const e = f / g; /* {',
    '{ */ const h = "\\"{";',
  ].join('\n');
  const { code } = read(text);
  t.is(code.length, text.length);
  t.is(code.split('\n').length, 4);
  t.false(code.includes('{'));
  t.true(code.includes('c.map((x) =>'));
  t.true(code.includes('f / g'));
  t.true(code.includes('const h ='));
});

test('a text that ends inside a comment, a string or a template is read to its end', (t) => {
  for (const open of ['/* a', '// a', "'a", '`a', '`${', '/a', 'a {']) {
    t.is(read(open).code.length, open.length, open);
  }
});

test('functions of every form are seen, from header to brace', (t) => {
  t.deepEqual(spans('function a() {\n}\n'), [['a', 1, 2]]);
  t.deepEqual(spans('export async function a<T>(b: T): Promise<{ c: T }> {\n\n}\n'), [['a', 1, 3]]);
  t.deepEqual(spans('class A {\n  private b(c: string): void {\n  }\n}'), [['b', 2, 3]]);
  t.deepEqual(spans('class A {\n  @inline static b(): u32 {\n  }\n}'), [['b', 2, 3]]);
  t.deepEqual(spans('const a = () => {\n};'), [['=>', 1, 2]]);
  t.deepEqual(spans('const a = function (b) {\n};'), [['function', 1, 2]]);
  t.deepEqual(spans('function a(\n  b: { c: number },\n): { d: number } {\n}'), [['a', 1, 4]]);
  t.deepEqual(spans('function isA(b: unknown): b is A {\n}'), [['isA', 1, 2]]);
});

test('what is no function is not taken for one', (t) => {
  t.deepEqual(spans('if (a) {\n}\nfor (;;) {\n}\nswitch (a) {\n}\n'), []);
  t.deepEqual(spans('declare function a(): void;\nconst b = { c: 1 };'), []);
  t.deepEqual(spans('call(a);\nconst b = {\n};'), []);
  t.deepEqual(spans('interface A {\n  b(c: number): void;\n}'), []);
});

test('a function of 71 lines has 71 lines', (t) => {
  const text = `function long() {\n${'  a();\n'.repeat(69)}}\n`;
  t.deepEqual(spans(text), [['long', 1, 71]]);
});

test('imports of every form are seen, those in comments and strings are not', (t) => {
  const text = [
    "import a from './a.ts';",
    'import type {',
    '  B,',
    "} from './b.ts';",
    "export * from './c.ts';",
    "import './d.ts';",
    "const e = await import('./e.ts');",
    "const f = new URL('f.ts', import.meta.url);",
    "// import g from './g.ts';",
    'const h = "import(\'./h.ts\')";',
  ].join('\n');
  const found = imports(read(text)).map(({ specifier, line }) => `${line} ${specifier}`);
  t.deepEqual(found.sort(), [
    '1 ./a.ts',
    '2 ./b.ts',
    '5 ./c.ts',
    '6 ./d.ts',
    '7 ./e.ts',
    '8 ./f.ts',
  ]);
});

test('line numbers count from one', (t) => {
  t.is(lineOf('a\nb\nc', 0), 1);
  t.is(lineOf('a\nb\nc', 1), 1);
  t.is(lineOf('a\nb\nc', 2), 2);
  t.is(lineOf('a\nb\nc', 4), 3);
});

test('the directions of ARCHITECTURE.md are enforced', (t) => {
  const refused = [
    ['assembly/shared/frame.ts', 'host/schema/types.ts'],
    ['assembly/kernel/kernel.ts', 'assembly/guest/index.ts'],
    ['host/schema/dynamic.ts', 'node:fs'],
    ['host/synapse/synapse.ts', 'ws'],
    ['host/synapse/synapse.ts', 'host/session/token.ts'],
    ['host/lane/worker.ts', 'build/driver.ts'],
    ['host/session/hello.ts', 'host/cli/main.ts'],
    ['build/driver.ts', 'host/lane/ring.ts'],
    ['bench/run.ts', 'tests/bench/run.test.ts'],
  ];
  for (const [file, what] of refused) t.is(typeof judgeImport(file, what), 'string', file);
  const allowed = [
    ['assembly/kernel/kernel.ts', 'assembly/shared/frame.ts'],
    ['host/schema/dynamic.ts', 'host/schema/types.ts'],
    ['host/synapse/node/ws.ts', 'ws'],
    ['host/cli/build.ts', 'build/driver.ts'],
    ['build/driver.ts', 'host/schema/types.ts'],
    ['tests/bench/run.test.ts', 'bench/run.ts'],
  ];
  for (const [file, what] of allowed) t.is(judgeImport(file, what), null, file);
});
