// What cells of macros leave for the next build: locks and documents, written after the effects and
// never otherwise, found again, and never guessed at when somebody has been at them. Effects of
// several services: together.test.ts.
import fs from 'node:fs';
import test from 'ava';
import { readCommitted, readSchemaLock, writeKept } from '../../build/6-lock/schema-lock.ts';
import { Keeper } from './keeper.ts';
import { project, service, told } from './keeping.ts';

const LOCK = '.cell/lock/till.schema.lock';
const FOLDER = '.cell/migrations/shop';

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

test('two builds of the same sources at once: both are right', async (t) => {
  const p = project(t, { 'shop.cell.ts': service('Shop', 'users') });
  const made = (await Promise.all([p.run(), p.run(), p.run()])).flat();
  t.deepEqual(told(made), []);
  t.deepEqual(p.listed(FOLDER), ['0001_users.sql']);
  t.deepEqual(told(await p.run({ locked: true })), []);
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
