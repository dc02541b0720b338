// What texts, targets and servers can do to the host that reads them: statements that call what no
// cell may, migrations that end their transaction, addresses that would show a password.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { INTERNAL } from '../../assembly/shared/status.ts';
import { sha256 } from '../../build/6-lock/files.ts';
import { writeKept } from '../../build/6-lock/schema-lock.ts';
import { kvFile } from '../../host/capability/kv/open.ts';
import { SqliteFile } from '../../host/capability/kv/sqlite-file.ts';
import { HEAD } from '../../host/capability/sql/backend.ts';
import { judge, loadJudge } from '../../host/capability/sql/judge.ts';
import { PostgresConnection } from '../../host/capability/sql/postgres-connection.ts';
import { failureOf } from '../../host/capability/sql/sqlstate.ts';
import { projectSchemas } from '../../host/cli/project-schemas.ts';
import { embeddedPlaces, openEmbedded } from '../../host/database/embedded.ts';
import { refuseEndings } from '../../host/database/endings.ts';
import { openAdmin } from '../../host/database/open.ts';
import { describeTarget, resolveTarget } from '../../host/database/targets.ts';
import { Job, statement } from '../sql/conformance.ts';

test.before(loadJudge);

const reach = { schema: 'directory', reads: [] };

for (const text of [
  "select ('select v from auth.t'::text).ts_stat",
  "select ('other.seq'::text).nextval",
  "select ('server_version'::text).current_setting",
  'select (array[5::float8])[1].pg_sleep',
  "select ((select '/etc/passwd'::text)).pg_read_file",
  "select ('auth.tokens'::text).regclass",
  'select f.pg_sleep from unnest(array[5::float8]) f',
  "select f.ts_stat from concat('select v from auth.t') as f",
  'select generate_series.pg_sleep from generate_series(1, 2)',
  "select r.ts_stat from rows from (concat('select v from auth.t')) as r",
  'select 1 from users where (select f.lo_get is null from unnest(array[1::oid]) f)',
]) {
  test(`a function is not called as a field: ${text}`, (t) => {
    t.regex(judge(text, reach).fault ?? 'let through', /calls `\w+` as a field, which no cell may/);
  });
}

for (const text of [
  'select u.has_email, u.lo_price, u.currval from users u',
  'select (u.address).street, (row(1, 2)).f1 from users u',
  'select f.id, f from unnest($1::int8[]) as f (id), users u where u.has_email = f.id::text',
]) {
  test(`columns are columns, whatever their names: ${text}`, (t) => {
    t.is(judge(text, reach).fault, null);
  });
}

for (const step of [
  "select E'\\''; commit; --'",
  "select e'\\\\\\''; commit; --'",
  'select 1 as é$$; commit; select 2 as é$$',
  "select $é$ ' $é$; commit; select ' '",
  'select 1 --\r; commit',
]) {
  test(`a migration cannot hide that it ends its transaction: ${JSON.stringify(step)}`, (t) => {
    t.throws(() => refuseEndings([step]), { message: /cannot have `commit`/ });
  });
}

test('what looks like the end of a transaction, and is text, is let through', (t) => {
  t.notThrows(() =>
    refuseEndings([
      "insert into t values (E'a\\'; commit; --', 'b; commit;', $é$ ; commit; $é$)",
      'create table é$$ (a int4); select "; commit"',
      'do $$ begin perform 1; end $$',
    ]),
  );
});

test('types that look names up are refused by their other names too', (t) => {
  t.regex(judge("select '{auth.tokens}'::_regclass", reach).fault ?? '', /casts to `_regclass`/);
});

const place = { project: os.tmpdir(), env: {} };

test('a password with a slash is never shown as the name of a database', (t) => {
  const env = { DATABASE_URL: 'postgres://user:12/SECRET@host/db' };
  const error = t.throws(() => resolveTarget('default', { ...place, env }));
  t.regex(error?.message ?? '', /has an `@` behind a `\/`/);
  t.notRegex(`${error?.message} ${(error as Error & { fix: string }).fix}`, /SECRET|12/);
  const good = { DATABASE_URL: 'postgres://user:12%2FSECRET@host/d%40b' };
  t.notRegex(describeTarget(resolveTarget('default', { ...place, env: good })), /SECRET/);
});

for (const name of ['.cell/data/kv/shop.sqlite', './.cell/run/x', 'a/../.cell/x', '.CELL/data/x']) {
  test(`a file of SQLite is nothing of the host: ${name}`, (t) => {
    t.throws(() => resolveTarget(`file:${name}`, place), { message: /the host's own/ });
  });
}

test('a file of SQLite may have a name that begins like the host', (t) => {
  t.is(resolveTarget('file:.cellar/app.db', place).kind, 'file');
});

test('names that a server says in errors are bounded, and on one line', (t) => {
  const name = `\u001b[2J\n${'x'.repeat(1 << 20)}`;
  const error = { fatal: false, message: name, table: name, column: name, constraint: name };
  for (const code of ['23505', '23503', '23502', '23514', '23P01', '42501', '42703']) {
    const { text } = failureOf({ ...error, code });
    t.true(text.length < 1000, code);
    t.notRegex(text, /[\n\u001b]/, code);
  }
});

/** A message of a server, at the very end of what was read. */
function message(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD);
  head.write(type);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.from(Uint8Array.from([...head, ...body]));
}

for (const [what, body] of [
  ['no count', Buffer.alloc(0)],
  ['half a count', Buffer.of(0)],
  ['columns that are not there', Buffer.of(255, 255)],
  ['a name without an end', Buffer.from('\0\x01abc', 'latin1')],
  ['a column that is cut', Buffer.from('\0\x01a\0\0\0', 'latin1')],
  ['more than its columns', Buffer.concat([Buffer.of(0, 0), Buffer.alloc(9)])],
] as const) {
  test(`a description of rows with ${what} ends the connection, not the lane`, async (t) => {
    const wire = { write: () => {}, destroy: () => {}, cancel: async () => {} };
    const connection = new PostgresConnection({ free: () => {}, died: () => {} });
    connection.open(wire);
    const job = new Job(statement('select a from t', [], ['a']), []);
    const ended = job.begin(() => connection.run(job, 1));
    const bytes = message('T', body);
    t.notThrows(() => connection.data(bytes, bytes.length));
    t.true(connection.dead);
    const { status, error } = await ended;
    t.is(status, INTERNAL);
    t.regex(error, /not its protocol/);
  });
}

const onUnix = process.platform === 'win32' ? test.skip : test.serial;

onUnix('who listens for the embedded database in a foreign folder is not asked', async (t) => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-h-'));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = root;
  t.teardown(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    fs.rmSync(root, { recursive: true, force: true });
  });
  const project = path.join(root, 'p'.repeat(100));
  fs.mkdirSync(project);
  const { socket } = embeddedPlaces(project);
  const theirs = path.join(root, 'theirs');
  fs.mkdirSync(theirs);
  fs.symlinkSync(theirs, path.dirname(socket));
  let asked = 0;
  const server = net.createServer((client) => {
    asked++;
    client.on('error', () => {});
    client.once('data', () => client.write('N'));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => server.close());
  await t.throwsAsync(openEmbedded(project), { message: /belongs to somebody else/ });
  t.is(asked, 0);
});

onUnix('durable fields stand in a folder of their owner alone', (t) => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-h-'));
  t.teardown(() => fs.rmSync(root, { recursive: true, force: true }));
  const before = process.umask(0o022);
  const store = new SqliteFile({ file: kvFile(root, 'shop'), fields: ['visits'] });
  store.load(0);
  store.close();
  process.umask(before);
  t.is(fs.statSync(path.dirname(kvFile(root, 'shop'))).mode & 0o077, 0);
});

const inFile = (project: string, turnMs?: number) =>
  openAdmin(resolveTarget('file:a.db', { project, env: {} }), { turnMs });

test('who reads a file of SQLite waits for who commits, and the other way round', async (t) => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-h-'));
  t.teardown(() => fs.rmSync(root, { recursive: true, force: true }));
  const other = new DatabaseSync(path.join(root, 'a.db'));
  other.exec('create table t (a)');
  const admin = inFile(root);
  const row = { number: 1, hash: 'h', name: '0001.sql', sql: 'x', model: '' };
  const change = { service: 'shop', handle: 'one', expected: '0:', rows: [row] };
  await admin.prepare({ ...change, steps: ['create table s (a)'] });
  other.exec('begin; select * from t');
  const reads = other.prepare('select * from t').all();
  const committed = admin.commit('one');
  await turn();
  other.exec('rollback');
  await committed;
  other.exec('begin exclusive');
  const ledger = admin.ledger('shop');
  const asked = admin.query('select count(*) from s', []);
  await turn();
  other.exec('rollback');
  t.deepEqual(reads, []);
  t.is((await ledger).length, 1);
  t.deepEqual((await asked).rows, [['0']]);
  other.exec('begin exclusive');
  const late = inFile(root, 0);
  await t.throwsAsync(late.ledger('shop'), { message: /./ });
  other.close();
  await Promise.all([admin.close(), late.close()]);
});

/** What was asked for has been tried. */
const turn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

for (const [what, change] of [
  ['another hash', (line: string) => line.replace(/[0-9a-f]{64}/, 'a'.repeat(64))],
  ['a gap', (line: string) => line.replace('migration 1', 'migration 2')],
  ['a document of another name', (line: string) => line.replace('0001_a', '0001_b')],
] as const) {
  test(`a lock with ${what} is told, and not passed over`, async (t) => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-h-'));
    t.teardown(() => fs.rmSync(root, { recursive: true, force: true }));
    const text = 'create table a (id int4);\n';
    const documents = [{ name: '0001_a.sql', text }];
    const line = `migration 1 ${sha256(text)} 0001_a.sql`;
    const lock = (one: string): string =>
      ['target file:a.db', 'schema shop', one, 'model', ''].join('\n');
    writeKept(root, 'postgres', 'shop', { lock: lock(line), documents });
    t.is((await projectSchemas(root, {}))[0]?.migrations.length, 1);
    writeKept(root, 'postgres', 'shop', { lock: lock(change(line)), documents });
    await t.throwsAsync(projectSchemas(root, {}), { message: /are not those that its lock lists/ });
  });
}
