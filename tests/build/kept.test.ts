// What cells of macros leave for the next build: locks and documents, written after the effects and
// never otherwise, found again, and never guessed at when somebody has been at them. And effects of
// several services: together or not at all.
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { readCommitted, readSchemaLock, writeKept } from '../../build/6-lock/schema-lock.ts';
import { type Made, type MakeOptions, make } from '../../build/make.ts';
import type { Schema } from '../../host/schema/types.ts';
import { FakeDiscovery } from './fake-cell.ts';
import { folderWith } from './folder.ts';
import { Keeper } from './keeper.ts';
import { neighbours } from './village.ts';

const LOCK = '.cell/lock/till.schema.lock';
const FOLDER = '.cell/migrations/shop';

const service = (name: string, ...tables: string[]): string =>
  `${tables.map((table) => `@Till.table("${table}")`).join('\n')}
@service class ${name} { one(): u32 { return 1; } }`;

function project(t: ExecutionContext, files: Record<string, string>) {
  const { folder: cwd, remove } = folderWith(files);
  t.teardown(remove);
  const at = (name: string): string => path.join(cwd, name);
  const till = new Keeper();
  const cells = { Till: till };
  const run = (options: Partial<MakeOptions> = {}, more: Record<string, Keeper> = {}) =>
    make({
      ...{ files: [], cwd, discover: () => new FakeDiscovery({ ...cells, ...more }) },
      databaseState: async (_target, schema) => (till.database.get(schema) ?? []).join(),
      ...options,
    });
  return {
    ...{ cwd, at, till, run },
    read: (name: string) => fs.readFileSync(at(name), 'utf8'),
    write: (name: string, text: string) => {
      fs.mkdirSync(path.dirname(at(name)), { recursive: true });
      fs.writeFileSync(at(name), text);
    },
    there: (name: string) => fs.existsSync(at(name)),
    listed: (name: string) => (fs.existsSync(at(name)) ? fs.readdirSync(at(name)).sort() : []),
    drop: (name: string) => fs.rmSync(at(name), { recursive: true, force: true }),
  };
}

const told = (made: Made[]): string[] =>
  made.flatMap((m) => m.findings.map((f) => `${f.code} ${f.file}:${f.line} ${f.message}`));

test('a migration is made once, kept, and found again', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  const [first] = await p.run();
  t.deepEqual(first.findings, []);
  t.deepEqual(first.summary?.effects, [
    {
      ...{ cell: 'till', preview: 'table users', destructive: false },
      ...{ file: 'shop.cell.ts', line: 1, column: 1 },
    },
  ]);
  t.deepEqual(first.documents, [{ file: `${FOLDER}/0001_users.sql`, text: '-- table users' }]);
  t.is(p.read(`${FOLDER}/0001_users.sql`), '-- table users');
  t.true(p.read(LOCK).includes('"0001_users.sql"'));
  t.true(first.changes.includes(`${LOCK}: of shop 0001_users.sql is new`));
  t.deepEqual(p.till.steps, ['prepare shop', 'commit shop']);

  // Unchanged: nobody is asked, nothing is done.
  const [again] = await p.run();
  t.true(again.cached);
  t.deepEqual([again.summary?.effects, again.documents, again.changes], [[], [], []]);

  // What was left comes back in the request, and the next table is the next migration.
  p.write('shop.cell.ts', service('Shop', 'users', 'orders'));
  const [more] = await p.run();
  const asked = p.till.requests.at(-1);
  t.deepEqual(
    [asked?.service, asked?.documents],
    ['shop', [{ name: '0001_users.sql', text: '-- table users' }]],
  );
  t.regex(asked?.lock ?? '', /^migration 0001_users\.sql [0-9a-f]{64}$/);
  t.deepEqual(
    more.summary?.effects.map((e) => e.preview),
    ['table orders'],
  );
  t.deepEqual(p.listed(FOLDER), ['0001_users.sql', '0002_orders.sql']);
});

test('effects that fail leave nothing behind; the next build tries again', async (t) => {
  for (const step of ['prepare shop', 'commit shop', 'lost prepare shop', 'lost commit shop']) {
    const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
    p.till.fails.add(step);
    const [failed] = await p.run();
    t.is(failed.summary, null, step);
    t.is(failed.findings.length, 1, step);
    t.like(failed.findings[0], { code: 'CELL4044', file: 'shop.cell.ts', line: 1, column: 1 });
    t.false(p.there(LOCK), step);
    t.false(p.there(FOLDER), step);
    t.false(p.there('.cell/out/shop.wasm'), step);
    p.till.fails.clear();
    const [good] = await p.run();
    t.deepEqual(good.findings, [], step);
    t.deepEqual(p.till.database.get('shop'), ['-- table users'], step);
  }
});

test('a check shows the plan and touches nothing', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  const [made] = await p.run({ check: true });
  t.deepEqual(
    made.summary?.effects.map((e) => e.preview),
    ['table users'],
  );
  t.deepEqual(made.documents, [{ file: `${FOLDER}/0001_users.sql`, text: '-- table users' }]);
  t.deepEqual(p.till.steps, []);
  t.false(p.there('.cell'));
});

test('--locked names the lock that would change, before anything is done', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  t.deepEqual(told(await p.run({ locked: true })), []);
  p.write('shop.cell.ts', service('Shop', 'users', 'orders'));
  p.till.steps.length = 0;
  const made = await p.run({ locked: true });
  t.is(made[0].findings[0].code, 'CELL6002');
  t.deepEqual(p.till.steps, []);
  t.deepEqual(p.listed(FOLDER), ['0001_users.sql']);
  // A clone with nothing but what is committed.
  p.write('shop.cell.ts', service('Shop', 'users'));
  p.drop('.cell/out');
  p.till.database.clear();
  const [clone] = await p.run({ locked: true });
  t.deepEqual([clone.findings, clone.cached], [[], false]);
  t.deepEqual(p.till.steps, ['prepare shop', 'commit shop'], 'the steps are applied there, too');
});

test('another database is noticed, and gets what is committed', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  const lock = p.read(LOCK);
  const answers = p.read('.cell/macros/till.json');
  // The manifest names no database here, so the key does not know it: a build without a cache does.
  p.till.database.clear();
  p.drop('.cell/out/cache');
  const [made] = await p.run();
  t.deepEqual(
    made.summary?.effects.map((e) => e.preview),
    ['table users'],
  );
  t.deepEqual(made.changes, []);
  t.is(p.read(LOCK), lock);
  t.is(p.read('.cell/macros/till.json'), answers, 'answers do not depend on the database');
});

test('what is recorded needs nobody: --offline --locked in a clone', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  p.till.warning = 'the database is slow today';
  const [first] = await p.run();
  t.deepEqual(told([first]), ['CELL4018 shop.cell.ts:1 `@Till.table`: the database is slow today']);
  const wasm = fs.readFileSync(p.at('.cell/out/shop.wasm'));
  p.drop('.cell/out');
  const offline = { offline: true, locked: true };
  const [made] = await p.run(offline);
  t.deepEqual(
    made.findings.map((f) => [f.code, f.warning]),
    [['CELL4045', true]],
    'nobody was there to look at the database',
  );
  t.true(fs.readFileSync(p.at('.cell/out/shop.wasm')).equals(wasm));
});

test('CELL4120: what loses data needs a word, at its decorator, once', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'orders', 'users') });
  await p.run();
  p.write('shop.cell.ts', service('Shop', 'orders'));
  for (const check of [false, true]) {
    const made = await p.run({ check });
    t.deepEqual(told(made), ['CELL4120 shop.cell.ts:1 `till` would lose data: table no users']);
  }
  t.deepEqual(p.till.steps.length, 2);
  const [allowed] = await p.run({ destructive: true });
  t.deepEqual(allowed.findings, []);
  t.true(allowed.summary?.effects[0].destructive);
  // It is committed now, and so approved: a team-mate's build needs no flag.
  p.till.database.clear();
  p.drop('.cell/out');
  const [mate] = await p.run();
  t.deepEqual(mate.findings, []);
  t.is(mate.summary?.effects[0].preview, 'table orders\ntable users\ntable no users');
});

test('CELL4121, CELL4122: a lock that is damaged or merged is not guessed at', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  const good = p.read(LOCK);
  for (const text of [good.replace('users', 'usersx'), good.slice(0, -9), '{}', '[]', '']) {
    p.write(LOCK, text);
    t.is(readSchemaLock(p.cwd, 'till'), 'damaged');
    const made = await p.run();
    t.deepEqual(told(made), [`CELL4121 ${LOCK}:0 ${LOCK} does not fit its hash`]);
  }
  const merged = `<<<<<<< HEAD\n${good}=======\n${good}>>>>>>> theirs\n`;
  p.write(LOCK, merged);
  p.write(`${FOLDER}/0002_mine.sql`, '-- table mine');
  p.write(`${FOLDER}/0002_theirs.sql`, '-- table theirs');
  p.till.steps.length = 0;
  const [made] = await p.run();
  t.regex(told([made])[0], /^CELL4122 .*two changes of the schema meet/);
  t.regex(made.findings[0].fix, /delete 0002_mine\.sql or 0002_theirs\.sql of your side/);
  t.deepEqual(p.till.steps, []);
  t.is(p.read(LOCK), merged, 'nothing was written');
});

test('the way out of a merge: their lock, without my file, and my change comes next', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  const common = { lock: p.read(LOCK), database: [...(p.till.database.get('shop') ?? [])] };
  p.write('shop.cell.ts', service('Shop', 'users', 'theirs'));
  await p.run();
  const theirs = p.read(LOCK);
  // My side: from the same common ancestor.
  p.write(LOCK, common.lock);
  fs.rmSync(p.at(`${FOLDER}/0002_theirs.sql`));
  p.till.database.set('shop', common.database);
  p.drop('.cell/out');
  p.write('shop.cell.ts', service('Shop', 'users', 'mine'));
  t.deepEqual(told(await p.run()), []);
  // The merge, with their lock taken, and both files there.
  p.write(LOCK, theirs);
  p.write(`${FOLDER}/0002_theirs.sql`, '-- table theirs');
  p.write('shop.cell.ts', service('Shop', 'users', 'mine', 'theirs'));
  t.deepEqual(told(await p.run()), [
    `CELL4124 ${FOLDER}/0002_mine.sql:0 no build has made ${FOLDER}/0002_mine.sql; ` +
      '0002_theirs.sql has its number',
  ]);
  fs.rmSync(p.at(`${FOLDER}/0002_mine.sql`));
  t.deepEqual(told(await p.run()), []);
  t.deepEqual(p.listed(FOLDER), ['0001_users.sql', '0002_theirs.sql', '0003_mine.sql']);
});

test('CELL4123: a document that was edited or lost; line ends of Windows are none', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  const file = `${FOLDER}/0001_users.sql`;
  p.write(file, '-- table user');
  t.deepEqual(told(await p.run()), [`CELL4123 ${file}:0 ${file} was changed by hand`]);
  fs.rmSync(p.at(file));
  t.deepEqual(told(await p.run()), [`CELL4123 ${file}:0 ${file} is gone`]);
  const text = '-- table users\n-- and more\n';
  writeKept(p.cwd, 'till', 'shop', { lock: 'x', documents: [{ name: '0001_users.sql', text }] });
  p.write(file, text.replaceAll('\n', '\r\n'));
  const read = readCommitted(p.cwd, 'till', 'shop');
  t.deepEqual([read.documents, read.faults], [[{ name: '0001_users.sql', text }], []]);
});

test('CELL4124: a file that nobody has made; others beside it are nobody s business', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  for (const name of ['README.md', '.gitkeep', '.hidden.sql']) p.write(`${FOLDER}/${name}`, '');
  t.deepEqual(told(await p.run()), []);
  p.write(`${FOLDER}/0009_more.sql`, 'drop table users');
  t.deepEqual(told(await p.run()), [
    `CELL4124 ${FOLDER}/0009_more.sql:0 no build has made ${FOLDER}/0009_more.sql`,
  ]);
  // What a build that was killed has left is made again, and so is right.
  fs.rmSync(p.at(`${FOLDER}/0009_more.sql`));
  p.drop(LOCK);
  t.deepEqual(told(await p.run()), []);
  t.true(p.there(LOCK));
});

test('CELL4125: two cells may not number the documents of one service', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  const both = `@Safe.table("gold")\n${service('Shop', 'users')}`;
  p.write('shop.cell.ts', both);
  const made = await p.run({}, { Safe: new Keeper('Safe') });
  t.deepEqual(told(made), [
    `CELL4125 ${FOLDER}:0 \`safe\` and \`till\` both keep documents in ${FOLDER}`,
  ]);
});

test('CELL4126: the lock changes while the service is built', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  p.write('shop.cell.ts', service('Shop', 'users', 'orders'));
  const other = [{ name: '0001_users.sql', text: '-- table users' }];
  const plan = p.till.plan.bind(p.till);
  p.till.plan = async (request) => {
    const said = await plan(request);
    writeKept(p.cwd, 'till', 'shop', { lock: 'another', documents: other });
    return said;
  };
  p.till.steps.length = 0;
  const made = await p.run();
  t.deepEqual(told(made), [`CELL4126 ${LOCK}:0 ${LOCK} has changed while \`shop\` was built`]);
  t.deepEqual(p.till.steps, []);
});

test('CELL4127: a service that uses the cell no more is told that its tables stay', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  p.write('shop.cell.ts', service('Shop'));
  for (const cached of [false, true]) {
    const [made] = await p.run();
    t.is(made.cached, cached);
    t.like(made.findings[0], { code: 'CELL4127', warning: true });
  }
  t.true(p.there(`${FOLDER}/0001_users.sql`));
});

test('a cell that is off leaves what it left', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  await p.run();
  const lock = p.read(LOCK);
  const [off] = await p.run({ features: new Map([['till', 'off']]) });
  t.deepEqual(off.findings, []);
  t.is(p.read(LOCK), lock);
  t.deepEqual(p.listed(FOLDER), ['0001_users.sql']);
});

test('CELL4128: effects of two services are made together or not at all', async (t) => {
  const files = {
    'bank.cell.ts': service('Bank', 'coins'),
    'plain.cell.ts': service('Plain'),
    'shop.cell.ts': service('Shop', 'users'),
  };
  const good = project(t, files);
  t.deepEqual(told(await good.run()), []);
  t.deepEqual(good.till.steps, ['prepare bank', 'prepare shop', 'commit bank', 'commit shop']);
  const stands: Record<string, RegExp> = {
    'prepare bank': /nothing stands$/,
    'prepare shop': /nothing stands$/,
    'commit bank': /nothing stands$/,
    'commit shop': /nothing stands$/,
    'lost commit shop': /nothing stands/,
  };
  for (const [step, text] of Object.entries(stands)) {
    const p = project(t, files);
    p.till.fails.add(step);
    const made = await p.run();
    const culprit = step.endsWith('bank') ? 0 : 2;
    t.is(made[culprit].findings[0].code, 'CELL4044', step);
    t.regex(made[culprit].findings[0].message, text, step);
    t.deepEqual(
      made[2 - culprit].findings.map((f) => f.code),
      ['CELL4128'],
      step,
    );
    t.deepEqual([made[0].summary, made[2].summary], [null, null], step);
    t.not(made[1].summary, null, 'what has no part in it is built');
    t.deepEqual([...p.till.database], [], step);
    t.false(p.there(LOCK), step);
    t.deepEqual(
      p.listed('.cell/out').filter((n) => n.endsWith('.wasm')),
      ['plain.wasm'],
      step,
    );
  }
  // What cannot be taken back is said to stand, and by whom it was wanted.
  const p = project(t, files);
  for (const step of ['commit shop', 'rollback of commit bank']) p.till.fails.add(step);
  const made = await p.run();
  t.regex(
    made[2].findings[0].message,
    /could not commit its effects: service shop: no commit; these stand: till for bank: table coins\./,
  );
});

test('a service that is called waits with those that it calls', async (t) => {
  const files = {
    'bank.cell.ts': service('Bank', 'coins'),
    'shop.cell.ts': `@remote("bank") class Bank {}
@service class Shop { two(): u32 { return Bank.one() + 1; } }`,
  };
  const p = project(t, files);
  p.till.fails.add('commit bank');
  const discover = (): Discovery => {
    const fake = new FakeDiscovery({ Till: p.till });
    const { find } = neighbours({});
    const schemaOf = (cell: string): Schema => JSON.parse(p.read(`.cell/out/${cell}.schema.json`));
    return {
      find: (ns) => (ns === '' ? find(ns) : fake.find(ns)),
      identify: (ns) => (ns === '' ? find(ns) : fake.find(ns)),
      remote: async (cell) =>
        p.there(`.cell/out/${cell}.wasm`) ? { schema: schemaOf(cell), from: 'here' } : null,
      namespaces: async () => ['', 'Till'],
      close: async () => {},
    };
  };
  const failed = await p.run({ discover });
  t.deepEqual(
    failed.map((m) => m.findings.map((f) => f.code)),
    [['CELL4044'], ['CELL4128']],
  );
  t.deepEqual(
    p.listed('.cell/out').filter((n) => n.endsWith('.wasm')),
    [],
  );
  p.till.fails.clear();
  t.deepEqual(told(await p.run({ discover })), []);
  t.deepEqual(
    p.listed('.cell/out').filter((n) => n.endsWith('.wasm')),
    ['bank.wasm', 'shop.wasm'],
  );
});
