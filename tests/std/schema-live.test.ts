// Migrations on real databases: what is made, drift, ledgers that differ, and what is taken back.
import test, { type ExecutionContext } from 'ava';
import { type Engine, onEngines } from '../database/engines.ts';
import { byHand, clean, Live } from './live-schemas.ts';

/** A service over one table in the words of an engine; `fields` of the class. */
function source(engine: Engine, fields: string, more = ''): string {
  const isFile = engine.name === 'SQLite';
  const ns = isFile ? 'Database' : 'Postgres';
  const where = isFile ? '@Database.sqlite({ file: "data/app.db" })\n' : '';
  return `@${ns}.table({ name: "users" })
class User {
  @${ns}.primaryKey id: string = uuid();
  ${fields.replaceAll('@Db', `@${ns}`)}
}
${more.replaceAll('@Db', `@${ns}`)}
${where}@service
class Directory {
  ping(): void {}
}
`;
}

/** A host for one test, over an empty database. */
async function fresh(t: ExecutionContext, engine: Engine): Promise<Live> {
  const live = await Live.open(engine);
  t.teardown(() => live.close());
  await clean(engine);
  return live;
}

const messages = ({ findings }: { findings: { message: string; fix: string }[] }): string =>
  findings.map(({ message, fix }) => `${message} | ${fix}`).join('\n');

const now = '@Db.default("now()") at: Instant = Instant.unset;';
const first = 'email: string = "";';
const second = `${first}\n  ${now}\n  @Db.index({ unique: true }) nick: string | null = null;`;

/** A test over the database of an engine. */
type Body = (t: ExecutionContext, engine: Engine) => Promise<void>;

const TESTS: Record<string, Body> = {
  async 'migrations are made once, in order'(t, engine) {
    const live = await fresh(t, engine);
    const history = await live.history();
    const one = await live.build(history, source(engine, first));
    t.deepEqual(one.told, []);
    t.true(one.plan?.effects[0].preview.includes('create table users'), messages(one));
    await byHand(engine, insert(engine, "('a', 'a@x')"));
    const again = await history.build(source(engine, first));
    t.is(again.plan?.effects[0].preview, '');
    const two = await live.build(history, source(engine, second));
    t.deepEqual(two.told, []);
    t.regex(two.plan?.effects[0].preview ?? '', /^0002_/);
    const unchanged = await history.build(source(engine, second));
    t.deepEqual(unchanged.told, []);
    t.is(unchanged.plan?.effects[0].preview, '');
    // A team-mate has the lock and an empty database: both, in order, in one transaction.
    await clean(engine);
    const late = await live.build(history, source(engine, second));
    t.regex(late.plan?.effects[0].preview ?? '', /^0001_.*0002_/s);
    t.is((await history.build(source(engine, second))).plan?.effects[0].preview, '');
  },
  async 'drift is shown as a difference'(t, engine) {
    const live = await fresh(t, engine);
    const history = await live.history();
    await live.build(history, source(engine, first));
    await byHand(engine, `alter table ${users(engine)} drop column email`);
    await byHand(engine, `alter table ${users(engine)} add column extra int`);
    const drifted = await history.build(source(engine, first));
    t.regex(messages(drifted), /changed by hand since migration 1: users\.email: expected text/);
    t.regex(messages(drifted), /alter table users add column email text not null/);
  },
  async 'a column that was added by hand is told, and is in the way of a field'(t, engine) {
    const live = await fresh(t, engine);
    const history = await live.history();
    const other = 'class Team {\n  @Db.primaryKey id: string = uuid();\n}';
    const more = `@Db.table({ name: "teams" })\n${other}`;
    await live.build(history, source(engine, first, more));
    await byHand(engine, `alter table ${users(engine)} add column extra int8`);
    const warned = await history.build(source(engine, first, more));
    t.deepEqual(
      warned.findings.map(({ line, warning }) => [line, warning]),
      [[1, true]],
    );
    t.regex(messages(warned), /users\.extra: expected no column, found int8 null \| take it back/);
    await byHand(engine, `alter table ${teams(engine)} add column extra int8`);
    const both = await history.build(source(engine, first, more));
    t.deepEqual(
      both.findings.map(({ line }) => line),
      [1, 6],
    );
    const field = '@Db.default("0") extra: i64 = 0;';
    const refused = await history.build(source(engine, `${first} ${field}`, more));
    t.regex(messages(refused), /users\.extra: expected no column/);
    t.is(refused.findings[0].warning, undefined);
  },

  async 'a table that nobody made is in the way'(t, engine) {
    const live = await fresh(t, engine);
    await byHand(engine, 'select 1');
    if (engine.name !== 'SQLite') await byHand(engine, 'create schema directory');
    await byHand(engine, `create table ${users(engine)} (id text)`);
    const history = await live.history();
    const built = await live.build(history, source(engine, first));
    t.regex(messages(built), /no migration made it: users: expected nothing, found a table/);
  },
  async 'a ledger that the lock does not know'(t, engine) {
    const live = await fresh(t, engine);
    const [ours, theirs] = [await live.history(), await live.history()];
    await live.build(ours, source(engine, first));
    theirs.kept.set(...(kept(ours) as [string, never]));
    await live.build(theirs, source(engine, second));
    const behind = await ours.build(source(engine, first), { keep: false });
    t.regex(messages(behind), /newer than the lock: it has migration 2/);
    const other = await ours.build(source(engine, `${first}\n  age: i64 | null = 0;`));
    t.regex(messages(other), /migration 2 of the database is another one/);
  },
  async 'what was made can be taken back'(t, engine) {
    const live = await fresh(t, engine);
    const history = await live.history();
    await live.build(history, source(engine, first));
    const { plan } = await history.build(source(engine, second));
    const effects = plan?.effects ?? [];
    await live.apply('prepare', effects);
    await live.apply('rollback', effects);
    t.false((await columns(engine)).includes('nick'));
    await live.apply('prepare', effects);
    await live.apply('commit', effects);
    t.true((await columns(engine)).includes('nick'));
    await live.apply('rollback', effects);
    t.false((await columns(engine)).includes('nick'));
    const back = await history.build(source(engine, second));
    t.regex(back.plan?.effects[0].preview ?? '', /^0002_/, messages(back));
  },
  async 'a column that will not take null has none'(t, engine) {
    const live = await fresh(t, engine);
    const history = await live.history();
    const nick = 'nick: string | null = null;';
    await live.build(history, source(engine, nick));
    await byHand(engine, `insert into ${users(engine)} (id) values ('a'), ('b')`);
    const strict = source(engine, 'nick: string = "";');
    const refused = await history.build(strict);
    t.regex(messages(refused), /`User\.nick` was null until now, and 2 rows have null there/);
    await byHand(engine, `update ${users(engine)} set nick = 'x'`);
    const built = await live.build(history, strict);
    t.regex(messages(built), /the migration fails where a row has null/);
    t.is(built.findings.length, 1);
  },
  async 'of two builds at once one migrates'(t, engine) {
    const [one, other] = [await fresh(t, engine), await Live.open(engine)];
    t.teardown(() => other.close());
    const history = await one.history();
    const { plan } = await history.build(source(engine, second));
    const effects = plan?.effects ?? [];
    await Promise.all(
      [one, other].map(async (live) => {
        await live.apply('prepare', effects);
        await live.apply('commit', effects);
      }),
    );
    t.deepEqual(await columns(engine), ['id', 'email', 'at', 'nick']);
    const built = await history.build(source(engine, second));
    t.is(built.plan?.effects[0].preview, '');
  },
};

onEngines(test, ['postgres', 'sqlite'], (name, engine) => {
  for (const [title, body] of Object.entries(TESTS)) {
    test.serial(`${name}: ${title}`, (t) => body(t, engine()));
  }
});

const users = (engine: Engine): string => (engine.name === 'SQLite' ? 'users' : 'directory.users');

const teams = (engine: Engine): string => (engine.name === 'SQLite' ? 'teams' : 'directory.teams');

const insert = (engine: Engine, values: string): string =>
  `insert into ${users(engine)} (id, email) values ${values}`;

/** Columns of the table in their order. */
async function columns(engine: Engine): Promise<string[]> {
  const rows = await byHand(
    engine,
    engine.name === 'SQLite'
      ? "select name from pragma_table_info('users')"
      : `select column_name as name from information_schema.columns
         where table_schema = 'directory' and table_name = 'users' order by ordinal_position`,
  );
  return rows.map((row) => (row as { name: string }).name);
}

/** The one cell that keeps something. */
function kept(history: { kept: Map<string, { lock: string }> }): unknown {
  return [...history.kept].find(([, { lock }]) => lock !== '');
}
