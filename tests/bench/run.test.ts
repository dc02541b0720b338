// bench/run.ts: how it reads its order, and what becomes of suites that behave and that do not.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Row } from '../../bench/report.ts';
import { OrderError, readOrder, runSuite, type Suite, suites, usage } from '../../bench/run.ts';
import { targets } from '../../bench/targets.ts';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const fake = (limitSeconds: number, ...names: string[]): Suite => ({
  name: 'fake',
  modules: names.map((name) => `../tests/bench/fixtures/${name}.ts`),
  limitSeconds,
});

async function outcome(suite: Suite, quick = false): Promise<{ rows: Row[]; why: string | null }> {
  const rows: Row[] = [];
  const why = await runSuite(suite, quick, (row) => rows.push(row));
  return { rows, why };
}

function command(file: string, ...args: string[]) {
  const done = spawnSync(process.execPath, [path(file), ...args], { encoding: 'utf8' });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test('no suite named means all, in order', (t) => {
  const order = readOrder([]);
  t.deepEqual(
    order.suites.map((suite) => suite.name),
    [
      ...['kernel', 'macros', 'ring', 'wire', 'codec', 'faults', 'peers', 'density', 'build'],
      ...['compile', 'sql', 'storage'],
    ],
  );
  t.deepEqual([order.json, order.quick, order.strict, order.help], [false, false, false, false]);
});

test('suites keep the order given and run once each; flags may stand anywhere', (t) => {
  const order = readOrder(['ring', '--json', 'kernel', 'ring', '--quick', '--strict']);
  t.deepEqual(
    order.suites.map((suite) => suite.name),
    ['ring', 'kernel'],
  );
  t.deepEqual([order.json, order.quick, order.strict], [true, true, true]);
  t.true(readOrder(['-h']).help);
});

test('an unknown suite or option is refused with what there is', (t) => {
  const suite = t.throws(() => readOrder(['kernel', 'kernal']), { instanceOf: OrderError });
  t.regex(suite?.message ?? '', /no suite "kernal"/);
  for (const { name } of suites) t.true(suite?.message.includes(name), name);
  const option = t.throws(() => readOrder(['--jsno']), { instanceOf: OrderError });
  t.is(
    option?.message,
    'bench has no option --jsno; it knows --json, --quick, --strict and --help',
  );
  t.throws(() => readOrder(['--json=yes']), { instanceOf: OrderError });
});

test('every target belongs to a suite, every suite is in the help', (t) => {
  const names = new Set(suites.map((suite) => suite.name));
  for (const key of Object.keys(targets)) t.true(names.has(key.split('/')[0]), key);
  for (const name of names) t.true(usage.includes(name), name);
});

test('the command: help, and a refusal that leaves stdout empty', (t) => {
  const help = command('../../bench/run.ts', '--help');
  t.is(help.code, 0);
  t.is(help.out.trim(), usage);
  const refused = command('../../bench/run.ts', 'nosuch', '--json');
  t.is(refused.code, 64);
  t.is(refused.out, '');
  t.regex(refused.err, /no suite "nosuch"/);
});

test('rows of all modules arrive with the suite in front, quick or not', async (t) => {
  const { rows, why } = await outcome(fake(60, 'rows', 'more'));
  t.is(why, null);
  t.deepEqual(rows, [
    { suite: 'fake', name: 'first', unit: 'ns', value: 2, n: 10 },
    { suite: 'fake', name: 'second', unit: 'x', value: 3.5, n: 1 },
    { suite: 'fake', name: 'third', unit: 'us', value: 4, n: 2 },
  ]);
  t.is((await outcome(fake(60, 'rows'), true)).rows[0].value, 1);
});

test('a suite that fails keeps its rows and says why', async (t) => {
  const { rows, why } = await outcome(fake(60, 'throws', 'more'));
  t.deepEqual(
    rows.map((row) => row.name),
    ['first'],
  );
  t.regex(why ?? '', /the peer went away/);
});

test('a suite whose process dies is told apart from one that ended', async (t) => {
  const { rows, why } = await outcome(fake(60, 'crashes'));
  t.deepEqual(rows, []);
  t.is(why, 'ended without a word (SIGKILL)');
});

test('a suite that never ends is ended at its limit', async (t) => {
  const { why } = await outcome(fake(3, 'hangs'));
  t.is(why, 'took longer than its 3 seconds and was ended');
});

test('a module that is absent, another suite, or emits nonsense is a failure', async (t) => {
  t.regex((await outcome(fake(60, 'absent'))).why ?? '', /absent\.ts does not exist$/);
  t.regex((await outcome(fake(60, 'nameless'))).why ?? '', /must export suite = 'fake'/);
  t.regex((await outcome(fake(60, 'wrong-row'))).why ?? '', /fake\/first: value is NaN/);
});

test('--json leaves nothing on stdout but one object a line', (t) => {
  const { code, out, err } = command('fixtures/order.ts', '--json', 'rows', 'more');
  t.is(code, 0);
  t.is(
    out,
    '{"suite":"fake","name":"first","unit":"ns","value":2,"n":10}\n' +
      '{"suite":"fake","name":"second","unit":"x","value":3.5,"n":1}\n' +
      '{"suite":"fake","name":"third","unit":"us","value":4,"n":2}\n',
  );
  t.regex(err, /must not reach the stdout/);
});

test('without --json there is a table; a failed suite is exit code 1', (t) => {
  const good = command('fixtures/order.ts', 'rows');
  t.is(good.code, 0);
  t.regex(good.out, /^fake\n {2}first +2 ns/);
  t.regex(good.out, /0 of 0 targets held/);
  const bad = command('fixtures/order.ts', '--json', 'throws');
  t.is(bad.code, 1);
  t.is(bad.out.trim().split('\n').length, 1);
  t.regex(bad.err, /suite fake failed: .*the peer went away/);
});
