// What a build writes, what it takes from its cache, and what it leaves when it is wrong or killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { sha256 } from '../../build/6-lock/files.ts';
import { findServices, make, PLACES } from '../../build/make.ts';
import { standardAnswers } from '../std/standard.ts';
import { folderWith } from './project.ts';

const HELLO = '@service class Hello { hi(): string { return "hi"; } }';
const MAKE = fileURLToPath(new URL('../std/make.ts', import.meta.url));

function project(files: Record<string, string>) {
  const { folder: cwd, remove } = folderWith(files);
  const read = (file: string): Buffer => fs.readFileSync(path.join(cwd, file));
  const write = (file: string, text: string): void => fs.writeFileSync(path.join(cwd, file), text);
  const run = (names: string[] = [], locked = false) =>
    make({ files: names, cwd, locked, discover: standardAnswers });
  return { cwd, remove, read, write, run };
}

test('a build writes module, map, schema, client, lock and types', async (t) => {
  const p = project({ 'hello.cell.ts': HELLO });
  const [made] = await p.run(['hello.cell.ts']);
  t.is(made.summary?.cell, 'hello');
  t.false(made.cached);
  // No class of it has members from cells.
  const places = Object.keys(PLACES).filter((name) => name !== 'members');
  t.deepEqual(Object.keys(made.paths).sort(), places.sort());
  t.true(WebAssembly.validate(p.read('.cell/out/hello.wasm') as Uint8Array<ArrayBuffer>));
  t.is(JSON.parse(p.read('.cell/out/hello.wasm.map').toString()).version, 3);
  t.is(JSON.parse(p.read('.cell/out/hello.schema.json').toString()).cell, 'hello');
  t.regex(p.read('.cell/clients/hello.ts').toString(), /class Hello/);
  const lock = JSON.parse(p.read('.cell/lock/hello.lock').toString());
  t.is(lock.methods.hi.canonical, 'hello.hi()->string');
  t.regex(lock.wasm, /^[0-9a-f]{64}$/);
  t.regex(p.read('.cell/types/cell.d.ts').toString(), /declare function fail/);
  p.remove();
});

test('sections of the module are the schema and the manifest', async (t) => {
  const p = project({ 'hello.cell.ts': HELLO });
  await p.run();
  const module = new WebAssembly.Module(p.read('.cell/out/hello.wasm') as Uint8Array<ArrayBuffer>);
  const section = (name: string) => {
    const found = WebAssembly.Module.customSections(module, name);
    t.is(found.length, 1);
    return JSON.parse(Buffer.from(found[0]).toString());
  };
  t.deepEqual(section('cell:schema'), JSON.parse(p.read('.cell/out/hello.schema.json').toString()));
  t.like(section('cell:manifest'), { cell: 'hello', actor: false, start: false, version: 1 });
  t.deepEqual(WebAssembly.Module.customSections(module, 'name'), []);
  t.deepEqual(WebAssembly.Module.customSections(module, 'sourceMappingURL'), []);
  p.remove();
});

test('the cache answers for what did not change, and only for that', async (t) => {
  const lib = 'export function word(): string { return "hi"; }';
  const p = project({
    'a.cell.ts':
      'import { word } from "./lib";\n@service class A { hi(): string { return word(); } }',
    'lib/index.ts': lib,
    'b.cell.ts': '@service class B { hi(): u32 { return 1; } }',
  });
  const cached = async () => (await p.run()).map((m) => m.cached);
  t.deepEqual(await cached(), [false, false]);
  const first = p.read('.cell/out/a.wasm');
  t.deepEqual(await cached(), [true, true]);
  p.write('lib/index.ts', lib.replace('"hi"', '"ho"'));
  t.deepEqual(await cached(), [false, true]);
  t.false(p.read('.cell/out/a.wasm').equals(first));
  p.write('lib/index.ts', lib);
  t.deepEqual(await cached(), [true, true], 'an earlier state is still known');
  t.true(p.read('.cell/out/a.wasm').equals(first));
  p.write('lib.ts', lib.replace('"hi"', '"file before folder"'));
  t.deepEqual(await cached(), [false, true], 'a file that was not there takes precedence now');
  p.remove();
});

test('what is missing or damaged is made again', async (t) => {
  const p = project({ 'hello.cell.ts': HELLO });
  await p.run();
  const good = p.read('.cell/out/hello.wasm');
  p.write('.cell/out/hello.wasm', 'damaged');
  fs.rmSync(path.join(p.cwd, '.cell/clients/hello.ts'));
  t.true((await p.run())[0].cached);
  t.true(p.read('.cell/out/hello.wasm').equals(good));
  t.true(fs.existsSync(path.join(p.cwd, '.cell/clients/hello.ts')));
  const cache = path.join(p.cwd, '.cell/out/cache');
  for (const damage of ['{', '["../../x"]', '{"artifacts":{"wasm":"no"}}']) {
    for (const name of fs.readdirSync(cache)) fs.writeFileSync(path.join(cache, name), damage);
    t.false((await p.run())[0].cached, damage);
    t.true(p.read('.cell/out/hello.wasm').equals(good));
  }
  p.remove();
});

test('a source that is wrong leaves the last good files, and is not remembered', async (t) => {
  const p = project({ 'hello.cell.ts': HELLO });
  await p.run();
  const good = p.read('.cell/out/hello.wasm');
  p.write('hello.cell.ts', HELLO.replace('"hi"', '5'));
  for (let i = 0; i < 2; i++) {
    const [made] = await p.run();
    t.is(made.summary, null);
    t.is(made.findings[0].code, 'CELL5002');
    t.is(made.findings[0].file, 'hello.cell.ts');
  }
  t.true(p.read('.cell/out/hello.wasm').equals(good));
  p.remove();
});

test('CELL6001: two files make the same cell', async (t) => {
  const p = project({ 'a.cell.ts': HELLO, 'b.cell.ts': HELLO });
  const made = await p.run();
  t.is(made[0].summary?.cell, 'hello');
  t.is(made[1].summary, null);
  t.deepEqual(
    made[1].findings.map((f) => f.code),
    ['CELL6001'],
  );
  p.remove();
});

test('CELL6002: a locked build changes no lock', async (t) => {
  const p = project({ 'hello.cell.ts': HELLO });
  t.is((await p.run([], true))[0].findings[0].code, 'CELL6002');
  t.false(fs.existsSync(path.join(p.cwd, '.cell/out/hello.wasm')));
  await p.run();
  t.truthy((await p.run([], true))[0].summary);
  p.write('hello.cell.ts', HELLO.replace('"hi"', '"ho"'));
  const [made] = await p.run([], true);
  t.is(made.findings[0].code, 'CELL6002');
  t.is(made.summary, null);
  p.remove();
});

test('what a new lock changes is said in words', async (t) => {
  const p = project({
    'hello.cell.ts': `@service class Hello {
      hi(name: string): string { return name; }
      gone(): void {}
      open(): u32 { return 1; }
      same(n: u32): u32 { return n; }
    }`,
  });
  t.deepEqual((await p.run())[0].changes, []);
  p.write(
    'hello.cell.ts',
    `@service class Hello {
      hi(name: u32): string { return name.toString(); }
      fresh(): void { log.info("x"); }
      @Auth.public open(): u32 { return 1; }
      same(n: u32): u32 { return n + 1; }
    }`,
  );
  t.deepEqual((await p.run())[0].changes, [
    'fresh is new',
    'gone is gone; clients that call it get UNIMPLEMENTED',
    'hi: parameter 1: string became u32; clients built before are refused',
    'open: access is public now, was authenticated',
    'uses macros of auth now',
    'may use log now (brought by Hello.fresh); approved in .cell/lock/capabilities.lock',
  ]);
  t.deepEqual((await p.run())[0].changes, []);
  for (const damaged of ['', '{}', 'null', '{"methods":{"a":5},"capabilities":[]}']) {
    p.write('.cell/lock/hello.lock', damaged);
    const [said, ...more] = (await p.run())[0].changes;
    t.regex(said, /^the lock does not fit its hash/);
    t.deepEqual(more, []);
  }
  p.remove();
});

test('services are found below a folder, generated and installed ones left out', (t) => {
  const p = project({
    'b.cell.ts': '',
    'a/c.cell.ts': '',
    'a/d.ts': '',
    'node_modules/x/e.cell.ts': '',
    '.cell/f.cell.ts': '',
  });
  const found = findServices(p.cwd).map((f) => path.relative(p.cwd, f));
  t.deepEqual(found, [path.join('a', 'c.cell.ts'), 'b.cell.ts']);
  p.remove();
});

/** Runs a script in a process of its own; its standard output. */
async function script(text: string, cwd: string): Promise<{ out: string; code: number | null }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  const [code] = await once(child, 'close');
  return { out, code };
}

test('an unchanged build loads neither asc nor the stages', async (t) => {
  const p = project({ 'hello.cell.ts': HELLO });
  const again = `const { make } = await import(${JSON.stringify(MAKE)});
     const [made] = await make({ files: [], cwd: process.cwd() });`;
  await script(again, p.cwd);
  const { out } = await script(
    `import { registerHooks } from 'node:module';
     const seen = [];
     registerHooks({
       resolve(name, context, next) { seen.push(name); return next(name, context); }
     });
     ${again}
     console.log(JSON.stringify({ cached: made.cached, seen }));`,
    p.cwd,
  );
  const { cached, seen } = JSON.parse(out) as { cached: boolean; seen: string[] };
  t.true(cached);
  t.deepEqual(
    seen.filter((s) =>
      /assemblyscript(\/asc)?$|driver|magic-string|1-read|2-discover\/wire|jose|piscina/.test(s),
    ),
    [],
  );
  p.remove();
});

test('a build killed at any point leaves whole files, and the next one succeeds', async (t) => {
  const p = project({ 'hello.cell.ts': HELLO });
  const seed = Date.now() % 1_000_000;
  t.log(`seed ${seed}`);
  let state = seed;
  for (let round = 0; round < 4; round++) {
    p.write('hello.cell.ts', HELLO.replace('"hi"', `"hi ${round}"`));
    const text = `const { make } = await import(${JSON.stringify(MAKE)});
      console.log('begun'); await make({ files: [], cwd: process.cwd() });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
      cwd: p.cwd,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    state = (state * 1103515245 + 12345) % 2147483648;
    const timer = setTimeout(() => child.kill('SIGKILL'), state % 700);
    await closed;
    clearTimeout(timer);
    checkWhole(t, p.cwd);
  }
  const [made] = await p.run();
  t.truthy(made.summary);
  t.true(p.read('.cell/out/hello.wasm').includes(Buffer.from('hi 3', 'utf16le')));
  p.remove();
});

function checkWhole(t: { true(value: boolean, message?: string): void }, cwd: string): void {
  const out = path.join(cwd, '.cell');
  if (!fs.existsSync(out)) return;
  for (const name of fs.readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    const file = path.join(out, name);
    if (name.endsWith('.tmp') || fs.statSync(file).isDirectory()) continue;
    const bytes = fs.readFileSync(file);
    if (/\.(json|map|lock)$/.test(name)) t.true(typeof JSON.parse(bytes.toString()) === 'object');
    else if (name.endsWith('.wasm')) t.true(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>));
    // Types of members that no class has are an artifact without bytes: its name is its hash.
    else t.true(bytes.length > 0 || name.endsWith(`${sha256('')}.bin`), name);
  }
}
