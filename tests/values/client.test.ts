// The generated client as a user's project sees it: it type-checks under the strictest flags, wrong
// calls are compile errors, and what it calls on a connection is the contract
// (host/synapse/contract.ts).

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { emitClient, takenNames } from '../../build/4-emit/client.ts';
import { encodeRecord } from '../../host/schema/dynamic.ts';
import type { Schema } from '../../host/schema/types.ts';
import { loadModule } from './clients.ts';
import { echoSchema, fields, list, map, nullable, oneOf, record, scalar, text } from './schemas.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

function schemaWithEverything(): Schema {
  const place = fields('Place', {
    id: scalar('u32'),
    name: text,
    raw: { kind: 'bytes' },
    at: nullable(scalar('instant')),
    color: oneOf('Color'),
    by: map(text, scalar('i64')),
    near: list(record('Place')),
    grid: list(list(scalar('f64'))),
    maybe: list(nullable(text)),
  });
  place.doc = 'A place.\n\nOf two lines */ and a trap.';
  place.fields[0]!.doc = 'Its number.';
  const colors = {
    name: 'Color',
    members: [
      { name: 'Red', value: 0 },
      { name: 'Blue', value: 7 },
    ],
  };
  const schema = echoSchema(
    [record('Place'), nullable(record('Place')), oneOf('Color'), map(text, text)],
    [place],
    [colors],
  );
  const [first, , third] = schema.methods;
  first!.doc = 'Gives it back.';
  third!.params = ['at', 'synapse', 'method', 'options', 'error'].map((name) => ({
    name,
    type: text,
  }));
  third!.result = null;
  schema.details = ['Place'];
  return schema;
}

const USE = `
import { Color, detailsOf, Echo, type Place } from './client.ts';
const echo = await Echo.connect({ url: 'ws://127.0.0.1:1/cell' });
const place: Place = {
  id: 1, name: 'x', raw: new Uint8Array(1), at: 5n, color: Color.Blue, near: [],
  by: new Map([['a', 1n]]), grid: [[1]], maybe: ['a', null],
};
const back: Place = await echo.echo0(place, { timeout: 5 });
const perhaps: Place | null = await echo.echo1(null);
const nothing: void = await echo.echo2('a', 's', 'b', 'o', 'e', {});
const seven: 7 | 0 = back.color;
const details = detailsOf(new Error('x'));
const reason: string = details?.type === 'Place' ? details.value.name : '';
export { back, nothing, perhaps, reason, seven };
`;

/** Each line must be an error, and no other may be. */
const WRONG = [
  'await echo.echo0(5);',
  "await echo.echo0({ ...place, id: '1' });",
  'await echo.echo0({ ...place, at: 5 });',
  'await echo.echo0({ ...place, color: 3 });',
  'await echo.echo0({ ...place, maybe: undefined });',
  'await echo.echo0();',
  "await echo.echo2('a', 's', 'b', 'o');",
  "await echo.echo3({ a: 'b' });",
  'const wrong: string = await echo.echo0(place); void wrong;',
  'await echo.echo4(place);',
  'new Echo();',
];

test('the generated client type-checks strictly and wrong calls do not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cell-types-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    writeFileSync(join(folder, 'client.ts'), emitClient(schemaWithEverything()));
    writeFileSync(join(folder, 'use.ts'), USE);
    writeFileSync(join(folder, 'wrong.ts'), `${USE}\n${WRONG.join('\n')}\n`);
    const compilerOptions = {
      target: 'es2024',
      lib: ['ESNext', 'DOM', 'DOM.Iterable'],
      module: 'nodenext',
      moduleDetection: 'force',
      strict: true,
      noEmit: true,
      erasableSyntaxOnly: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      isolatedModules: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      noFallthroughCasesInSwitch: true,
      exactOptionalPropertyTypes: false,
      noImplicitReturns: true,
      paths: { 'cell/synapse': [join(root, 'host/synapse/index.ts')] },
    };
    const config = { compilerOptions, files: ['client.ts', 'use.ts', 'wrong.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const told = await run(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
    }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
    const lines = told.split('\n').filter((line) => /error TS/.test(line));
    const from = USE.split('\n').length;
    const wrong = lines
      .filter((line) => line.startsWith('wrong.ts'))
      .map((line) => Number(/\((\d+),/.exec(line)![1]) - from - 1);
    t.deepEqual(
      [...new Set(wrong)].sort((a, b) => a - b),
      WRONG.map((_, i) => i),
      told,
    );
    t.deepEqual(
      lines.filter((line) => !line.startsWith('wrong.ts')),
      [],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the same schema makes the same text; docs are in, and cannot break out', (t) => {
  const client = emitClient(schemaWithEverything());
  t.is(client, emitClient(schemaWithEverything()));
  t.regex(client, /\/\*\*\n \* A place\.\n \*\n \* Of two lines \* \/ and a trap\.\n \*\//);
  t.regex(client, /\/\*\* Gives it back\. \*\//);
  t.true(client.endsWith('}\n'));
});

test("an error's details become a value again", async (t) => {
  const schema = echoSchema([text], [fields('TooLow', { least: scalar('u32'), why: text })]);
  schema.details = ['TooLow'];
  const { module } = await loadModule(schema);
  const detailsOf = module.detailsOf as (error: unknown) => unknown;
  const value = { least: 5, why: 'money' };
  const bytes = encodeRecord(schema, [{ name: 'value', type: record('TooLow') }], { value });
  const inside = new Uint8Array(bytes.length + 7);
  inside.set(bytes, 3);
  const details = inside.subarray(3, 3 + bytes.length);
  t.deepEqual(detailsOf({ type: 'TooLow', details }), { type: 'TooLow', value });
  const none = { type: 'TooLow', details: null };
  for (const other of [{ type: 'Other', details }, none, null, 'text']) {
    t.is(detailsOf(other), null);
  }
  const cut = details.subarray(0, 10);
  t.throws(() => detailsOf({ type: 'TooLow', details: cut }), { instanceOf: RangeError });
});

test('names that the client cannot have are told beforehand', (t) => {
  const schema = echoSchema(
    [record('Map'), record('read_x')],
    [fields('Map', {}), fields('read_x', {}), fields('Echo', {})],
  );
  t.deepEqual(takenNames(schema), ['Map', 'read_x', 'Echo']);
  t.throws(() => emitClient(schema), { message: /cannot have the name `Map`/ });
  t.deepEqual(takenNames(schemaWithEverything()), []);
});
