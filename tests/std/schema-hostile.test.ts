// What the schema cells do with damaged locks, documents and effects, and with databases that do
// not answer; and how often they ask for a large service. CELL_SEED runs one seed.
import test from 'ava';
import { type FakeDatabase, sha256 } from './fake-database.ts';
import { History } from './schemas.ts';

const SOURCE = `
@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: string = uuid();
  email: string = "";
}
@service
class Directory {
  ping(): void {}
}
`;

const NEXT = SOURCE.replace(
  'email: string = "";',
  'email: string = ""; age: string | null = null;',
);

test('a lock or a document that was damaged is told', async (t) => {
  const history = await History.begin();
  const { plan } = await history.build(SOURCE);
  const { lock = '', documents = [] } = plan ?? {};
  const [document] = documents;
  const cases: [string, string, typeof documents, RegExp][] = [
    ['no lock', 'hello', documents, /not in its form/],
    ['no model', lock.slice(0, lock.indexOf('model')), documents, /not in its form/],
    ['a line too many', `${lock}nonsense\n`, documents, /not in its form/],
    [
      'numbers with a gap',
      lock.replace('migration 1', 'migration 2'),
      documents,
      /not in its form/,
    ],
    ['a document is missing', lock, [], /0001_create_users\.sql is missing/],
    [
      'edited',
      lock,
      [{ ...document, text: `${document.text} ` }],
      /0001_create_users\.sql was edited/,
    ],
    ['nobody knows it', '', documents, /does not know the migration 0001_create_users\.sql/],
    [
      'one more',
      lock,
      [...documents, { name: '0002_mine.sql', text: 'drop table users' }],
      /does not know the migration 0002_mine\.sql/,
    ],
    [
      'the other engine',
      lock.replace('target default', 'target file:a.db'),
      documents,
      /were made for SQLite/,
    ],
  ];
  for (const [name, damaged, found, expected] of cases) {
    history.kept.set('postgres', { lock: damaged, documents: found });
    const built = await history.build(NEXT, { keep: false });
    t.regex(built.told.join('\n'), expected, name);
    t.is(built.plan, null, name);
  }
});

test('locks of random damage are refused or read, and nothing traps', async (t) => {
  const seed = Number(process.env.CELL_SEED ?? Math.floor(Math.random() * 0x7fffffff));
  t.log(`seed ${seed}`);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const history = await History.begin();
  const { plan } = await history.build(SOURCE);
  const { lock = '', documents = [] } = plan ?? {};
  const bits = ['\n', ' ', '->', '(', ')', 'null', 'desc', 'default', '0', 'ü', '\0', 'foreign x'];
  for (let i = 0; i < 60; i++) {
    let text = lock;
    for (let edits = random(4) + 1; edits > 0; edits--) {
      const at = random(text.length);
      text = text.slice(0, at) + bits[random(bits.length)] + text.slice(at + random(9));
    }
    history.kept.set('postgres', { lock: text, documents });
    const built = await history.build(NEXT, { keep: false });
    for (const { code } of built.findings) t.regex(code, /^CELL401[78]$/, `seed ${seed}: ${text}`);
  }
});

test('a database that does not answer is told with its words', async (t) => {
  const history = await History.begin();
  history.database.catalogue = { fails: [14, 'connection refused'] };
  const built = await history.build(SOURCE);
  t.regex(built.told.join(), /connection refused/);
  history.database.catalogue = { engine: 'sqlite' };
  t.regex((await history.build(SOURCE)).told.join(), /it is a fake, not postgres/);
});

test('effects of another form change nothing', async (t) => {
  const history = await History.begin();
  const postgres = history.providers.Postgres;
  const effect = { key: 'schema x', preview: 'x', destructive: false, site: 0, use: 0 };
  for (const data of ['', 'nonsense', '7:default', '999999:x', '-1:x', '7:default1:x5:model']) {
    const before = asked(history.database, 4);
    for (const step of ['prepare', 'commit']) {
      const result = await postgres.apply({ version: 1, step, effects: [{ ...effect, data }] });
      if (data !== '7:default1:x5:model') t.not(result.message, '', data);
    }
    t.is(asked(history.database, 4), before, data);
  }
});

const asked = (database: FakeDatabase, operation: number): number =>
  database.asked.filter((one) => one.operation === operation).length;

test('twenty tables are planned in few questions', async (t) => {
  const tables = Array.from({ length: 20 }, (_, i) => {
    const fields = Array.from({ length: 20 }, (_f, f) => `  field${f}: string = "";`).join('\n');
    const ref = i === 0 ? '' : `@Postgres.foreignKey({ ref: "table${i - 1}.id" }) of: string = "";`;
    return `@Postgres.table({ name: "table${i}", indexes: [{ on: "field1" }] })
class Table${i} {
  @Postgres.primaryKey id: string = uuid();
  ${ref}
${fields}
}`;
  });
  const source = `${tables.join('\n')}\n@service\nclass Directory {\n  ping(): void {}\n}\n`;
  const history = await History.begin();
  const { plan, told } = await history.build(source);
  t.deepEqual(told, []);
  t.is(plan?.documents[0].text.match(/^create table/gm)?.length, 20);
  // Info, ledger, catalogue, hash: not one more for each table.
  t.true(history.database.asked.length < 12, String(history.database.asked.length));
  t.is(sha256(plan?.documents[0].text ?? '').length, 64);
  const began = process.cpuUsage();
  await history.build(source);
  const { user } = process.cpuUsage(began);
  t.log(`planned again in ${Math.round(user / 1000)} ms of CPU`);
});
