// Where cells are found: packages near and far, this project's own, a running host; and what is
// said when nobody, the wrong one or two of them would answer.
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Discover } from '../../build/2-discover/discover.ts';
import type { Missing } from '../../build/3-negotiate/contract.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import { CellPlaces } from '../../host/discovery/places.ts';
import { startHost } from '../../host/host.ts';
import { folderWith } from '../build/folder.ts';

let out = '';
test.before(async () => {
  ({ out } = await buildStandardCells());
});

const wasm = (cell: string): Buffer => fs.readFileSync(path.join(out, `${cell}.wasm`));

/** A module of the same cell with other bytes: a custom section more. */
function otherVersion(cell: string): Buffer {
  return Buffer.concat([wasm(cell), Buffer.from([0, 3, 1, 0x78, 0])]);
}

/** A project with these packages: name -> what it brings, file -> bytes. */
function project(
  t: ExecutionContext,
  packages: Record<string, Record<string, Buffer | null>> = {},
) {
  const { folder, remove } = folderWith({});
  t.teardown(remove);
  const dependencies = Object.fromEntries(Object.keys(packages).map((name) => [name, '*']));
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ dependencies }));
  for (const [name, brings] of Object.entries(packages)) {
    const at = name === '.' ? folder : path.join(folder, 'node_modules', name);
    fs.mkdirSync(at, { recursive: true });
    const entries = Object.keys(brings).map((cell) => [cell, `./${cell}.wasm`]);
    const cell = { brings: Object.fromEntries(entries) };
    const data = { name, version: '2.1.0', cell, ...(name === '.' ? { dependencies } : {}) };
    fs.writeFileSync(path.join(at, 'package.json'), JSON.stringify(data));
    for (const [cell, bytes] of Object.entries(brings)) {
      if (bytes !== null) fs.writeFileSync(path.join(at, `${cell}.wasm`), bytes);
    }
  }
  return folder;
}

function discovery(t: ExecutionContext, cwd: string, start = true) {
  const found = new Discover(new CellPlaces(cwd, {}), start);
  t.teardown(() => found.close());
  return found;
}

async function who(t: ExecutionContext, cwd: string, ns: string, start = true) {
  const found = await discovery(t, cwd, start).identify(ns);
  return 'missing' in found ? (found as Missing) : { level: found.level, from: found.from };
}

test('with nothing installed, cell itself brings the standard cells', async (t) => {
  const found = discovery(t, project(t));
  const auth = await found.identify('Auth');
  t.false('missing' in auth);
  if (!('missing' in auth)) t.regex(auth.from, /^cell \d/);
  t.deepEqual(await found.namespaces(), [
    '',
    'Auth',
    'Cache',
    'Database',
    'Flags',
    'Postgres',
    'RateLimit',
    'Retry',
    'Storage',
    'Telemetry',
  ]);
});

test('a link to cell itself in node_modules brings the standard cells, not others', async (t) => {
  const folder = project(t);
  const dependencies = { cell: '*' };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ dependencies }));
  fs.mkdirSync(path.join(folder, 'node_modules'));
  const home = path.resolve(import.meta.dirname, '../..');
  fs.symlinkSync(home, path.join(folder, 'node_modules', 'cell'), 'junction');
  // Standard ones alone are let at the project's databases.
  const postgres = await discovery(t, folder).identify('Postgres');
  t.false('missing' in postgres);
  if (!('missing' in postgres)) t.regex(postgres.from, /^cell \d/);
});

test('a package comes before the standard cell, scoped or not, and says its version', async (t) => {
  const plain = project(t, { acme: { retry: otherVersion('retry') } });
  t.deepEqual(await who(t, plain, 'Retry'), { level: 1, from: 'package acme 2.1.0' });
  const scoped = project(t, { '@acme/cells': { retry: otherVersion('retry') } });
  t.deepEqual(await who(t, scoped, 'Retry'), { level: 1, from: 'package @acme/cells 2.1.0' });
  const own = project(t, { '.': { retry: otherVersion('retry') } });
  t.deepEqual(await who(t, own, 'Retry'), { level: 1, from: 'this package 2.1.0' });
});

test('packages of a folder above are found; a nearer namesake hides them', async (t) => {
  const above = project(t, { acme: { retry: otherVersion('retry') }, other: {} });
  const below = path.join(above, 'packages/app');
  fs.mkdirSync(below, { recursive: true });
  t.deepEqual(await who(t, below, 'Retry'), { level: 1, from: 'package acme 2.1.0' });
  fs.mkdirSync(path.join(below, 'node_modules/acme'), { recursive: true });
  fs.writeFileSync(path.join(below, 'package.json'), '{"devDependencies":{"acme":"3"}}');
  fs.writeFileSync(path.join(below, 'node_modules/acme/package.json'), '{"version":"3.0.0"}');
  const found = await who(t, below, 'Retry');
  t.regex('from' in found ? found.from : '', /^cell /);
});

test('a package that nobody asked for by name answers for nothing', async (t) => {
  const cwd = project(t, { a: { retry: wasm('retry') } });
  fs.writeFileSync(path.join(cwd, 'package.json'), '{"dependencies":{"b":"*"}}');
  const found = await who(t, cwd, 'Retry');
  t.regex('from' in found ? found.from : '', /^cell /);
});

test('two packages with two versions: both are named; with the same one, no matter', async (t) => {
  const two = project(t, { a: { retry: wasm('retry') }, b: { retry: otherVersion('retry') } });
  const found = (await who(t, two, 'Retry')) as Missing;
  t.deepEqual(found.tried, ['package a 2.1.0 and package b 2.1.0 bring different ones']);
  t.regex(found.fix, /remove one of the two/);
  const same = project(t, { a: { retry: wasm('retry') }, b: { retry: wasm('retry') } });
  t.deepEqual(await who(t, same, 'Retry'), { level: 1, from: 'package a 2.1.0' });
});

test('what this project has built comes before packages', async (t) => {
  const cwd = project(t, { a: { retry: wasm('retry') } });
  fs.mkdirSync(path.join(cwd, '.cell/out'), { recursive: true });
  fs.writeFileSync(path.join(cwd, '.cell/out/retry.wasm'), otherVersion('retry'));
  t.deepEqual(await who(t, cwd, 'Retry'), { level: 1, from: '.cell/out/retry.wasm' });
  const remote = await discovery(t, cwd).remote('retry');
  t.is(remote?.from, '.cell/out/retry.wasm');
});

test('a package that brings nothing that could answer is told with its reason', async (t) => {
  const ghost = { acme: { ghost: null as Buffer | null } };
  const gone = (await who(t, project(t, ghost), 'Ghost')) as Missing;
  t.true(
    gone.tried.includes(
      'package acme 2.1.0 brings it, but node_modules/acme/ghost.wasm is not there',
    ),
  );
  const damaged = { acme: { ghost: Buffer.from('not wasm') } };
  const noCell = (await who(t, project(t, damaged), 'Ghost')) as Missing;
  t.true(
    noCell.tried.some((line) => /ghost\.wasm is no cell/.test(line)),
    noCell.tried.join(),
  );
  const misnamed = { acme: { ghost: wasm('retry') } };
  const wrong = (await who(t, project(t, misnamed), 'Ghost')) as Missing;
  t.true(wrong.tried.includes('node_modules/acme/ghost.wasm is the cell `retry`'));
  const nobody = (await who(t, project(t), 'Ghost')) as Missing;
  t.deepEqual(nobody.tried, ['no host of this project runs', 'no package brings it']);
  t.regex(nobody.fix, /cell run ghost/);
});

test('--no-start: what would have to be started is not taken, and that is said', async (t) => {
  const found = (await who(t, project(t), 'Retry', false)) as Missing;
  t.regex(found.tried[0], /^cell .* brings it, and --no-start is given$/);
  t.is(found.fix, 'start it: cell run retry, or build without --no-start');
});

test('hostile packages: paths out of the package, wrong types, damaged files', async (t) => {
  const { folder, remove } = folderWith({});
  t.teardown(remove);
  const packages: Record<string, string> = {
    out: JSON.stringify({ cell: { brings: { ghost: '../../secret.wasm' } } }),
    absolute: JSON.stringify({ cell: { brings: { ghost: path.join(folder, 'secret.wasm') } } }),
    types: JSON.stringify({ cell: { brings: { ghost: 7, other: null, 'a b': './x.wasm' } } }),
    list: JSON.stringify({ cell: { brings: ['ghost'] } }),
    text: '{"brings": ',
    none: 'null "brings"',
    proto: '{"cell":{"brings":{"__proto__":"./x.wasm"}}}',
  };
  const dependencies = Object.fromEntries(Object.keys(packages).map((name) => [name, '*']));
  const asked = JSON.stringify({
    dependencies: { ...dependencies, '../..': '*' },
    peerDependencies: 7,
  });
  fs.writeFileSync(path.join(folder, 'package.json'), asked);
  for (const [name, text] of Object.entries(packages)) {
    fs.mkdirSync(path.join(folder, 'node_modules', name), { recursive: true });
    fs.writeFileSync(path.join(folder, 'node_modules', name, 'package.json'), text);
  }
  fs.writeFileSync(path.join(folder, 'secret.wasm'), wasm('retry'));
  const found = (await who(t, folder, 'Ghost')) as Missing;
  t.deepEqual(found.tried, ['no host of this project runs', 'no package brings it']);
});

async function hosted(t: ExecutionContext, cwd: string, file: string) {
  const host = await startHost({
    ...{ cwd, modules: [file], config: {}, lanes: 1, port: 0, host: '127.0.0.1' },
    events: { log: () => {} },
  });
  t.teardown(() => host.stop());
  return host;
}

test('a running host comes first, answers, and is left running', async (t) => {
  const cwd = project(t, { a: { retry: wasm('retry') } });
  const file = path.join(cwd, 'node_modules/a/retry.wasm');
  const host = await hosted(t, cwd, file);
  const places = new CellPlaces(cwd, {});
  const found = new Discover(places, false);
  const provider = await found.find('Retry');
  if ('missing' in provider) return t.fail(provider.tried.join());
  t.deepEqual([provider.level, provider.from], [2, `the running host ${host.url}`]);
  const description = await provider.describe();
  t.is(description.ns, 'Retry');
  t.is((await found.remote('retry'))?.schema.cell, 'retry');
  const missing = (await found.identify('Ghost')) as Missing;
  t.is(missing.tried[0], 'the running host serves retry');
  await found.close();
  t.is(host.reception.counts().connections, 0);
});

test('a host whose module was built anew meanwhile still answers for what it serves', async (t) => {
  const cwd = project(t, { a: { retry: wasm('retry') } });
  const file = path.join(cwd, 'node_modules/a/retry.wasm');
  await hosted(t, cwd, file);
  fs.writeFileSync(file, otherVersion('retry'));
  const found = discovery(t, cwd);
  const identity = await found.identify('Retry');
  if ('missing' in identity) return t.fail();
  t.is(identity.level, 2);
  t.regex(identity.from, /^the running host .*, another version than that of package a 2\.1\.0$/);
  const remote = await found.remote('retry');
  t.is(remote?.from, 'package a 2.1.0', 'its schema is only known from a file');
});

test.serial('a host with issuers of its own is asked with CELL_TOKEN, or not at all', async (t) => {
  const cwd = project(t, { a: { ghost: null } });
  const run = path.join(cwd, '.cell/run');
  fs.mkdirSync(run, { recursive: true });
  const ghost = { name: 'ghost', file: path.join(cwd, 'ghost.wasm'), digest: '00' };
  const cells = [null, 7, { digest: '00' }, ghost];
  const entry = { pid: process.pid, url: 'ws://127.0.0.1:1/cell', socket: null, issuerKey: null };
  fs.writeFileSync(path.join(run, 'host.json'), JSON.stringify({ ...entry, cells }));
  const found = (await who(t, cwd, 'Ghost')) as Missing;
  t.regex(found.tried[0], /wants a token: CELL_TOKEN, with the scope cell:build$/);
  process.env.CELL_TOKEN = 'abc';
  t.teardown(() => delete process.env.CELL_TOKEN);
  const allowed = await who(t, cwd, 'Ghost');
  t.is('level' in allowed ? allowed.level : 0, 2);
});
