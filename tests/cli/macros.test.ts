// The verbs and flags of macros as a user meets them: what a build prints, offline, locked,
// features, check, and an example app from source to call.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { end, Project } from './program.ts';

const ACCOUNTS = path.resolve(import.meta.dirname, '../../cells/apps/accounts/accounts.cell.ts');
const FILE = 'accounts.cell.ts';

function accounts(t: ConstructorParameters<typeof Project>[0]): Project {
  const project = new Project(t);
  fs.copyFileSync(ACCOUNTS, path.join(project.folder, FILE));
  return project;
}

test('the example app: built with nothing prepared, then served and called', async (t) => {
  const p = accounts(t);
  const built = await p.cell('build');
  t.is(built.code, 0, built.err);
  t.is(built.err, '');
  const rows: [string, RegExp][] = [
    ['auth', /@Auth\.protected @Auth\.public @Auth\.require +4 policies$/m],
    ['cache', /@Cache\.invalidate @Cache\.memoize +2 policies$/m],
    ['ratelimit', /@RateLimit\.throttle +1 policy$/m],
    ['retry', /@Retry\.onFailure +1 import, 1 wrap$/m],
    ['telemetry', /@Telemetry\.metrics @Telemetry\.span +3 policies$/m],
  ];
  for (const [cell, row] of rows) {
    t.regex(built.out, row);
    t.regex(built.out, new RegExp(`^  ${cell} +brought by (?:package )?cell \\d`, 'm'));
  }
  t.regex(built.out, /^ {2}get\(u32\)->.* role admin$/m);
  t.regex(built.out, /changed: may use random now \(brought by @Retry\.onFailure\); approved in/);
  await p.run('accounts', '--lanes', '1');
  const call = (...args: string[]) => p.cell('call', 'accounts', ...args, '--json');
  const writer = ['--scope', 'write:accounts'];
  t.is((await call('open', '"Ada"', ...writer)).out.trim(), '1');
  const got = JSON.parse((await call('get', '1', '--role', 'admin')).out);
  t.like(got, { id: 1, name: 'Ada', renamed: 0 });
  t.is((await call('rename', '1', '"Ada L."', ...writer)).out.trim(), 'true');
  t.is(JSON.parse((await call('get', '1', '--role', 'admin')).out).name, 'Ada L.');
  t.is((await call('count', '--anonymous')).out.trim(), '1');
  const refused = await call('get', '1', '--role', 'customer');
  t.is(refused.code, 1);
  t.regex(refused.out + refused.err, /PERMISSION_DENIED/);
});

test('--json says who answered, at which level, and what came of it', async (t) => {
  const p = accounts(t);
  const { ok, cells } = JSON.parse((await p.cell('build', '--json')).out);
  t.true(ok);
  const [{ macros, effects, changes }] = cells;
  t.deepEqual(
    macros.map((m: { cell: string; level: number }) => [m.cell, m.level]),
    [
      ['service', 1],
      ['auth', 1],
      ['cache', 1],
      ['ratelimit', 1],
      ['retry', 1],
      ['telemetry', 1],
    ],
  );
  t.deepEqual(effects, []);
  t.is(changes.length, 2);
  fs.rmSync(path.join(p.folder, '.cell/out'), { recursive: true });
  const offline = JSON.parse((await p.cell('build', '--json', '--offline', '--locked')).out);
  t.true(offline.ok);
  t.deepEqual([...new Set(offline.cells[0].macros.map((m: { level: number }) => m.level))], [0]);
});

test('a running host answers: --no-start builds, and without the host it does not', async (t) => {
  const p = accounts(t);
  const cells = ['service', 'auth', 'telemetry', 'ratelimit', 'cache', 'retry'];
  const { url, process: host } = await p.run(...cells, '--lanes', '1');
  const built = await p.cell('build', '--no-start');
  t.is(built.code, 0, built.err);
  t.true(built.out.includes(`  auth       running on ${url}  `), built.out);
  t.regex((await p.cell('build', '--no-start')).out, /^accounts {2}unchanged/m);
  await end(host, 'SIGTERM');
  t.regex((await p.cell('build', '--no-start')).err, /CELL4001/);
  // The same module from the package: what the host said still holds.
  const started = await p.cell('build', '--locked');
  t.regex(started.out, /^accounts {2}unchanged[\s\S]* auth +brought by/m);
});

test('nobody there: the error says what to run or install', async (t) => {
  const p = new Project(t);
  p.write('a.cell.ts', '@service\nclass A {\n  @Ledgers.keep\n  hi(): u32 { return 1; }\n}\n');
  const { code, err } = await p.cell('build', '--no-start');
  t.is(code, 1);
  t.regex(err, /error CELL4001: no cell answers for `@service`.*--no-start/);
  t.regex(err, /fix: start it: cell run service/);
  const unknown = await p.cell('build');
  t.regex(unknown.err, /error CELL4001: no cell answers for `@Ledgers`/);
  t.regex(unknown.err, /a\.cell\.ts:3:3/);
  t.regex(unknown.err, /cell run ledgers, or install a package that brings `ledgers`/);
});

test('features: off is as if it was not written; unknown ones are refused', async (t) => {
  const p = new Project(t);
  const service = (decorators: string) =>
    `@service class A { ${decorators} hi(): u32 { return 1; } }`;
  p.write('a.cell.ts', service('@Telemetry.span @Cache.cached'));
  const off = await p.cell('build', '--features', 'telemetry=off', '--features', 'cache=off');
  t.is(off.code, 0, off.err);
  const wasm = fs.readFileSync(path.join(p.folder, '.cell/out/a.wasm'));
  p.write('a.cell.ts', service(''));
  t.is((await p.cell('build')).code, 0);
  t.true(fs.readFileSync(path.join(p.folder, '.cell/out/a.wasm')).equals(wasm));
  const wrong: [string, number, RegExp][] = [
    [
      'telemetri=off',
      1,
      /no cell `telemetri` answers for macros here\nfix: did you mean telemetry\?/,
    ],
    ['telemetry', 2, /`telemetry` is no feature; write <cell>=off/],
    ['Telemetry=off', 2, /is no feature/],
  ];
  for (const [text, code, says] of wrong) {
    const refused = await p.cell('build', '--features', text);
    t.is(refused.code, code, text);
    t.regex(refused.err, says);
  }
  p.write('a.cell.ts', service('@Telemetry.span'));
  const profile = await p.cell('build', '--features', 'telemetry=metrics-onli');
  t.is(profile.code, 1);
  t.regex(profile.err, /did you mean telemetry=metrics-only\?/);
});

test("check writes nothing; conflicting flags are the command line's fault", async (t) => {
  const p = accounts(t);
  const before = fs.readdirSync(p.folder);
  const checked = await p.cell('check', FILE);
  t.is(checked.code, 0, checked.err);
  t.regex(checked.out, /^accounts {2}is right, seen in \d+ ms/m);
  t.deepEqual(fs.readdirSync(p.folder), before);
  t.is((await p.cell('check', '--offline', '--no-start')).code, 2);
  p.write(FILE, fs.readFileSync(ACCOUNTS, 'utf8').replace('ttl: "5m"', 'ttl: "5 minutes"'));
  const wrong = await p.cell('check', FILE);
  t.is(wrong.code, 1);
  t.regex(wrong.err, /accounts\.cell\.ts:\d+:\d+/);
  t.regex(wrong.err, /accounts\.cell\.ts is not right: 1 error/);
});
