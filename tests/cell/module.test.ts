// Modules that claim to be cells: what is refused, and with which words.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { CELL_PAGES } from '../../assembly/shared/limits.ts';
import {
  admit,
  MODULE_BYTES,
  ModuleError,
  readCell,
  readModule,
  TABLE_ELEMENTS,
} from '../../host/cell/module.ts';
import type { Type } from '../../host/schema/types.ts';
import {
  assemble,
  customSection,
  ECHO,
  makeCell,
  manifestOf,
  schemaOf,
  type WatCell,
  watOf,
  wrap,
} from '../lane/cells.ts';

const echo: WatCell = { name: 'echo', methods: [{ name: 'echo', body: ECHO }] };
const SEED = Number(process.env.CELL_SEED ?? 20261120);

function refused(bytes: Uint8Array): string {
  try {
    readModule(bytes, 'x.wasm');
  } catch (error) {
    if (error instanceof ModuleError) return error.message;
    throw error;
  }
  throw new Error('the module was taken');
}

const wat = (cell: WatCell, change: (text: string) => string): Uint8Array =>
  wrap(assemble(change(watOf(cell))), schemaOf(cell), manifestOf(cell));

test('a good module is read whole', (t) => {
  const cell = readModule(makeCell(echo), 'echo.wasm');
  t.deepEqual([cell.name, cell.pages, cell.imports], ['echo', 16, []]);
  t.is(cell.schema.methods[0].name, 'echo');
  t.notThrows(() => admit(cell, { grants: {} }));
});

test('imports: granted always, needing a grant, unknown', (t) => {
  const importing = (module: string, name: string, type: string): Uint8Array =>
    makeCell({ ...echo, name: 'atlas', imports: `(import "${module}" "${name}" ${type})` });
  const log = readModule(importing('cell:log', 'write', '(func (param i32 i32 i32))'), 'a.wasm');
  t.notThrows(() => admit(log, { grants: {} }));
  const blob = readModule(
    importing('cell:blob', 'read', '(func (param i32 i32 i64 i32 i32) (result i32))'),
    'a.wasm',
  );
  t.throws(() => admit(blob, { grants: {} }), {
    message:
      'cell `atlas` imports cell:blob.read, which needs the capability blob; grant it in ' +
      "cell.config.ts: grants: { atlas: { blob: { root: './data' } } }",
  });
  t.notThrows(() => admit(blob, { grants: { blob: { root: '.' } } }));
  for (const [module, name] of [
    ['env', 'abort'],
    ['cell:blob', 'write'],
    ['wasi_snapshot_preview1', 'fd_write'],
  ]) {
    const cell = readModule(importing(module, name, '(func)'), 'a.wasm');
    t.throws(() => admit(cell, { grants: { blob: { root: '.' } } }), {
      message: new RegExp(`imports ${module}.${name}, which no host offers; cells import .cell:`),
    });
  }
  const global = importing('env', 'g', '(global i32)');
  t.regex(refused(global), /imports the global env\.g/);
});

test("memory: none, without maximum, shared, above the host's bound", (t) => {
  const memory = (text: string): Uint8Array =>
    wat(echo, (w) => w.replace('(memory (export "memory") 1 16)', text));
  t.regex(refused(memory('(memory (export "memory") 1)')), /x\.wasm: its memory has no maximum/);
  const exact = readModule(memory(`(memory (export "memory") 1 ${CELL_PAGES})`), 'x.wasm');
  t.notThrows(() => admit(exact, { grants: {} }));
  const over = readModule(memory(`(memory (export "memory") 1 ${CELL_PAGES + 1})`), 'x.wasm');
  t.throws(() => admit(over, { grants: {} }), { message: /limits: \{ pages: 1025 \}/ });
  t.notThrows(() => admit(over, { grants: {}, pages: CELL_PAGES + 1 }));
  const bytes = makeCell(echo);
  const at = Buffer.from(bytes).indexOf(Buffer.from([5, 4, 1, 1, 1, 16]));
  t.true(at > 0);
  const patched = (flags: number): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    copy[at + 3] = flags;
    return copy;
  };
  t.regex(refused(patched(3)), /never shares its memory/);
  t.regex(refused(patched(5)), /64-bit/);
  t.regex(refused(patched(200)), /unknown kind/);
});

test('table: as many elements as are taken, and one more', (t) => {
  const table = (limits: string): Uint8Array =>
    wat(echo, (w) => w.replace('"table") 1 1 funcref)', `"table") ${limits} funcref)`));
  const [most, above] = [TABLE_ELEMENTS, TABLE_ELEMENTS + 1];
  t.notThrows(() => readModule(table(`${most} ${most}`), 'x.wasm'));
  t.notThrows(() => readModule(table(`1 ${most}`), 'x.wasm'));
  t.regex(refused(table(`${above} ${above}`)), /its table has 16385 elements/);
  t.regex(refused(table(`1 ${above}`)), /its table has 16385 elements/);
  t.regex(refused(table('1')), /its table may grow without end/);
});

test('exports: missing, of another kind, start without saying so', (t) => {
  const without = (name: string): string =>
    refused(wat(echo, (w) => w.replace(`(export "${name}")`, `(export "other")`)));
  for (const name of ['alloc', 'handle', 'memory', 'table']) {
    t.regex(without(name), new RegExp(`does not export \`${name}\``));
  }
  const twisted = wat(echo, (w) =>
    w
      .replace('(export "alloc")', '(export "x")')
      .replace(
        '(memory (export "memory")',
        '(global (export "alloc") i32 (i32.const 0)) (memory (export "memory")',
      ),
  );
  t.regex(refused(twisted), /export `alloc` is a global, not a function/);
  const start = { ...echo, start: '(nop)' };
  t.notThrows(() => readModule(makeCell(start), 'x.wasm'));
  const hidden = wrap(assemble(watOf(start)), schemaOf(start), manifestOf(echo));
  t.regex(refused(hidden), /exports `start`, and its manifest says that it has none/);
  const lacking = wrap(assemble(watOf(echo)), schemaOf(echo), manifestOf(start));
  t.regex(refused(lacking), /does not export `start`/);
});

test('sections: missing, twice, not JSON, of two cells', (t) => {
  const wasm = assemble(watOf(echo));
  t.regex(refused(wasm), /no section `cell:schema`: it was not made by `cell build`/);
  t.regex(refused(wrap(wasm, '{', manifestOf(echo))), /`cell:schema` is not JSON/);
  t.regex(refused(wrap(wasm, '\xff\xfe', manifestOf(echo))), /`cell:schema` is not JSON/);
  const twice = Buffer.concat([makeCell(echo), customSection('cell:schema', Buffer.from('{}'))]);
  t.regex(refused(twice), /two sections named cell:schema/);
  const two = wrap(wasm, schemaOf(echo), manifestOf({ ...echo, name: 'other' }));
  t.regex(refused(two), /schema is of `echo`, its manifest of `other`/);
  const others = Buffer.concat([makeCell(echo), customSection('name', Buffer.from('x'))]);
  t.notThrows(() => readModule(others, 'x.wasm'));
});

/** A copy of `base` with the value at a path replaced: `methods.0.tier`. */
function changed(base: object, at: string, value: unknown): unknown {
  const copy = structuredClone(base) as Record<string, unknown>;
  const keys = at.split('.');
  const last = keys.pop() as string;
  let inner = copy;
  for (const key of keys) inner = inner[key] as Record<string, unknown>;
  inner[last] = value;
  return copy;
}

const nest = (depth: number): Type =>
  depth === 0 ? { kind: 'string' } : { kind: 'list', of: nest(depth - 1) };
const twin = schemaOf(echo).methods[0];

const SCHEMAS: [string, unknown, RegExp][] = [
  ['version', 2, /`cell:schema`: \$\.version: expected 1/],
  ['cell', 'No Name', /\$\.cell: expected a name in kebab-case/],
  ['methods', {}, /\$\.methods: expected a list/],
  ['methods.0.index', 1, /\$\.methods\[0\]\.index: expected a whole number from 0 to 0/],
  ['methods.0.tier', 'fast', /tier: expected pure or waiting/],
  ['methods.0.fingerprint', 'xyz', /fingerprint: expected 16 hex digits/],
  ['methods.0.result', { kind: 'record', name: 'Nope' }, /expected a record of this schema/],
  ['methods.0.result', { kind: 'enum', name: 'Nope' }, /expected an enum of this schema/],
  ['methods.0.result', { kind: 'odd' }, /kind: expected a kind of type/],
  ['methods.0.result', nest(40), /at most 32 levels of nesting/],
  ['methods.1', { ...twin, index: 1 }, /a name of its own/],
];

const MANIFESTS: [string, unknown, RegExp][] = [
  ['actor', 1, /`cell:manifest`: \$\.actor: expected true or false/],
  ['limits.pages', 0, /\$\.limits\.pages: expected a whole number from 1/],
  ['tools.x', 5, /\$\.tools\.x: expected a string/],
  ['capabilities', null, /\$\.capabilities: expected a list/],
];

test('schemas and manifests of another shape are refused with the path', (t) => {
  const wasm = assemble(watOf(echo));
  t.regex(refused(wrap(wasm, [], manifestOf(echo))), /`cell:schema`: \$: expected an object/);
  for (const [at, value, expected] of SCHEMAS) {
    const schema = changed(schemaOf(echo), at, value);
    t.regex(refused(wrap(wasm, schema, manifestOf(echo))), expected, at);
  }
  for (const [at, value, expected] of MANIFESTS) {
    const manifest = changed(manifestOf(echo), at, value);
    t.regex(refused(wrap(wasm, schemaOf(echo), manifest)), expected, at);
  }
});

test('what is no module, a component, or too large', (t) => {
  t.regex(refused(new Uint8Array()), /not a WebAssembly binary/);
  t.regex(refused(Buffer.from('<html></html>')), /not a WebAssembly binary/);
  t.regex(
    refused(Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0)),
    /a component or an unknown version/,
  );
  t.regex(refused(new Uint8Array(MODULE_BYTES + 1)), /has 33554433 bytes; at most 33554432/);
});

test('a module cut or changed anywhere is taken or refused with a ModuleError', (t) => {
  t.log(`CELL_SEED=${SEED}`);
  const bytes = makeCell(echo);
  const attempt = (mutant: Uint8Array): void => {
    try {
      readModule(mutant, 'x.wasm');
    } catch (error) {
      t.true(error instanceof ModuleError, String((error as Error).stack));
    }
  };
  for (let cut = 0; cut < bytes.length; cut += 3) attempt(bytes.slice(0, cut));
  let state = SEED;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 3000; i++) {
    const mutant = Uint8Array.from(bytes);
    for (let n = 1 + random(4); n > 0; n--) mutant[random(mutant.length)] = random(256);
    attempt(mutant);
  }
  t.pass();
});

test('readCell: from a file, with its map, its grants asked by name', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-module-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'echo.wasm');
  fs.writeFileSync(file, makeCell(echo));
  const asked: string[] = [];
  const place = { firstRoute: 7, index: 3 };
  const read = (): ReturnType<typeof readCell> =>
    readCell(file, place, (name) => {
      asked.push(name);
      return { grants: {} };
    });
  t.is(read().map, undefined);
  fs.writeFileSync(`${file}.map`, '{}');
  const spec = read();
  t.deepEqual([spec.name, spec.firstRoute, spec.index, spec.map], ['echo', 7, 3, `${file}.map`]);
  t.deepEqual(asked, ['echo', 'echo']);
  t.throws(() => readCell(path.join(folder, 'none.wasm'), place, { grants: {} }), {
    code: 'ENOENT',
  });
});
