// The verbs `migrate` and `db`, as an operator types them: migrations that are committed are
// applied once, in order, whole or not at all; what a database has is shown beside it. On SQLite,
// and on the servers that are here.
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { sha256 } from '../../build/6-lock/files.ts';
import { writeKept } from '../../build/6-lock/schema-lock.ts';
import { postgresVersions, startPostgres } from '../sql/servers.ts';
import { Project } from './program.ts';

const USERS = `-- users come first
create table users (id text not null primary key, email text not null);
create unique index users_email_key on users (email);
-- undo: drop table users
`;
const ORDERS = 'create table orders (id int8 not null primary key);\n-- undo: drop table orders\n';
const BROKEN = 'create table later (id int8);\ncreate table users (id text);\n';

/** Leaves a lock and documents as a build of `service` would. */
function leave(
  { folder }: Project,
  service: string,
  target: string,
  texts: Record<string, string>,
): void {
  const documents = Object.entries(texts).map(([name, text]) => ({ name, text }));
  const lines = documents.map(({ name, text }, i) => `migration ${i + 1} ${sha256(text)} ${name}`);
  const model = ['model', ...documents.map(({ name }) => `table ${name}`), ''];
  const schema = service.replaceAll('-', '_');
  const lock = [`target ${target}`, `schema ${schema}`, ...lines, ...model].join('\n');
  writeKept(folder, 'postgres', service, { lock, documents });
}

const json = async (project: Project, ...args: string[]) => {
  const { out, code, err } = await project.cell(...args, '--json');
  try {
    return { code, said: JSON.parse(out) };
  } catch {
    throw new Error(`${args.join(' ')}: ${code} ${out} ${err}`);
  }
};

const FIRST = { '0001_create_users.sql': USERS };
const BOTH = { ...FIRST, '0002_create_orders.sql': ORDERS };

/** What holds wherever the database is. `target`: as the lock writes it. */
async function walk(t: ExecutionContext, project: Project, target: string): Promise<void> {
  leave(project, 'shop', target, FIRST);
  const dry = await json(project, 'migrate', '--dry-run');
  t.is(dry.code, 3);
  t.like(dry.said, { ok: false, services: [{ pending: ['0001_create_users.sql'], at: 0 }] });
  const before = await json(project, 'db');
  t.is(before.code, 1);
  t.like(before.said.services[0], { state: 'behind', tables: [], applied: [] });

  const first = await json(project, 'migrate');
  t.is(first.code, 0);
  t.like(first.said, { ok: true, services: [{ applied: ['0001_create_users.sql'], at: 1 }] });
  const again = await project.cell('migrate');
  t.is(again.code, 0, again.err);
  t.regex(again.out, /nothing to do: at migration 1/);

  // Two at once: one migrates, the other finds it done.
  leave(project, 'shop', target, BOTH);
  const two = await Promise.all([json(project, 'migrate'), json(project, 'migrate')]);
  t.deepEqual(
    two.map(({ code }) => code),
    [0, 0],
  );
  const applied = two.flatMap(({ said }) => said.services[0].applied);
  t.deepEqual([...new Set(applied)], ['0002_create_orders.sql']);

  const seen = await json(project, 'db', 'shop');
  t.is(seen.code, 0);
  t.like(seen.said.services[0], { state: 'current', pending: [], schema: 'shop', target });
  t.deepEqual(
    seen.said.services[0].tables.map(({ name, rows }: { name: string; rows: number }) => [
      name,
      rows,
    ]),
    [
      ['orders', 0],
      ['users', 0],
    ],
  );
  t.deepEqual(
    seen.said.services[0].applied.map(({ number, name }: { number: number; name: string }) => [
      ...[number, name],
    ]),
    [
      [1, '0001_create_users.sql'],
      [2, '0002_create_orders.sql'],
    ],
  );

  // A step that fails: nothing of the migration stands, not its first table either.
  leave(project, 'shop', target, { ...BOTH, '0003_break.sql': BROKEN });
  const failed = await json(project, 'migrate');
  t.is(failed.code, 1);
  t.regex(failed.said.error.message, /users.* already exists/);
  const after = await json(project, 'db');
  t.deepEqual([after.code, after.said.services[0].state], [1, 'behind']);
  t.false(JSON.stringify(after.said.services[0].tables).includes('later'));

  // A database that is ahead of the project, and one that came about otherwise.
  leave(project, 'shop', target, FIRST);
  const newer = await json(project, 'migrate');
  t.is(newer.code, 1);
  t.regex(newer.said.error.message, /the database is newer than .*0002_create_orders\.sql/);
  leave(project, 'shop', target, { '0001_create_users.sql': `${USERS}\n` });
  const other = await json(project, 'migrate');
  t.regex(other.said.error.message, /migration 1 of the database .* with another text/);
  t.is((await json(project, 'db')).said.services[0].state, 'differs');
}

test('SQLite: applied once, in order, whole or not at all', async (t) => {
  const project = new Project(t);
  await walk(t, project, 'file:shop.sqlite');
});

for (const version of postgresVersions(test)) {
  test(`PostgreSQL ${version}: applied once, in order, whole or not at all`, async (t) => {
    t.timeout(300_000);
    const server = await startPostgres(version);
    t.teardown(() => server.stop());
    const project = new Project(t);
    project.write('.cell/out/.keep', '');
    process.env[`CELL_TEST_DB_${version}`] = server.url;
    await walk(t, project, `env:CELL_TEST_DB_${version}`);
    const client = new pg.Client(server.url);
    await client.connect();
    const { rows } = await client.query(
      'select model from cell_build.migrations order by service, number',
    );
    await client.end();
    t.deepEqual(
      rows.map(({ model }) => model),
      [
        'model\ntable 0001_create_users.sql\n',
        'model\ntable 0001_create_users.sql\ntable 0002_create_orders.sql\n',
      ],
    );
  });
}

test('services of one database stand or fall together, others are done before', async (t) => {
  const project = new Project(t);
  leave(project, 'a-first', 'file:other.sqlite', FIRST);
  leave(project, 'bank', 'file:shop.sqlite', { '0001_coins.sql': 'create table coins (id int8);' });
  leave(project, 'shop', 'file:shop.sqlite', { '0001_break.sql': 'create table x (;' });
  const { code, err, out } = await project.cell('migrate');
  t.is(code, 1);
  t.regex(out, /a-first .*\n {2}applied 0001_create_users\.sql/);
  t.regex(err, /`bank`, `shop` in .*syntax error.*; done before: `a-first`/s);
  t.regex(err, /cause: nothing of this database was changed/);
  const seen = await json(project, 'db', 'bank');
  t.deepEqual(seen.said.services[0].tables, []);
});

test('what is damaged, unknown or not to be had is said, and how to mend it', async (t) => {
  const project = new Project(t);
  t.regex((await project.cell('migrate')).out, /no service of this project has tables/);
  leave(project, 'shop', 'file:shop.sqlite', FIRST);
  const unknown = await project.cell('migrate', 'shopp');
  t.is(unknown.code, 1);
  t.regex(unknown.err, /`shopp` has no tables here\nfix: one of shop/);
  const doctor = JSON.parse((await project.cell('doctor', '--json')).out);
  t.deepEqual(doctor.databases, { shop: 'SQLite in shop.sqlite' });
  fs.appendFileSync(path.join(project.folder, '.cell/migrations/shop/0001_create_users.sql'), ' ');
  const edited = await project.cell('migrate');
  t.regex(edited.err, /CELL4123: .*0001_create_users\.sql was changed by hand\nfix: put it back/);
  leave(project, 'shop', 'env:CELL_TEST_NOWHERE', FIRST);
  const missing = await project.cell('db');
  t.is(missing.code, 1);
  t.regex(missing.err, /the database of `shop`: .*CELL_TEST_NOWHERE/);
});

test('nobody answers: the password stays where it is', async (t) => {
  const project = new Project(t);
  leave(project, 'shop', 'default', FIRST);
  const secret = 'hunter2';
  project.write(
    'cell.config.ts',
    `const url = 'postgres://me:${secret}@127.0.0.1:1/shop';
     export default { grants: { shop: { sql: { url } } } };`,
  );
  const seen = await json(project, 'db', '--no-drift');
  t.is(seen.code, 1);
  t.is(seen.said.services[0].state, 'unreachable');
  t.false(JSON.stringify(seen.said).includes(secret));
  const { err, code } = await project.cell('migrate');
  t.is(code, 1);
  t.regex(err, /127\.0\.0\.1:1/);
  t.false(err.includes(secret));
});
