// What a host does with a cell's SQL before anything of the cell runs: judges its texts, looks at
// the ledger of its database, gives its statements a role of their own.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { readModule } from '../../host/cell/module.ts';
import { ModuleError } from '../../host/cell/sections.ts';
import { admitSql, judgeStatements } from '../../host/cell/sql-admission.ts';
import { openAdmin } from '../../host/database/open.ts';
import { grantedTarget } from '../../host/database/targets.ts';
import type { CellSpec, Grants } from '../../host/lane/contract.ts';
import type { SqlManifest } from '../../host/schema/types.ts';
import { Desk } from '../lane/desk.ts';
import { answersOf, rowsOf, script, scriptModule, sqlManifest } from './script-cell.ts';
import { type PostgresServer, postgresVersions, startPostgres } from './servers.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-admission-'));
test.after.always(() => fs.rmSync(folder, { recursive: true, force: true }));
const place = { project: folder, env: {} };

function specOf(sql: SqlManifest, grants: Grants, name = 'script'): CellSpec {
  const module = readModule(scriptModule({ name }, sql), 'test.wasm');
  return {
    ...{ name, module: module.module, schema: module.schema, manifest: module.manifest },
    ...{ firstRoute: 0, index: 0, grants, file: 'test.wasm' },
  };
}

async function refusal(t: ExecutionContext, work: Promise<void>, words: RegExp, fix: RegExp) {
  const error = await t.throwsAsync(work, { instanceOf: ModuleError });
  t.regex(error?.message ?? '', words);
  t.regex(error?.fix ?? '', fix);
}

const texts = (...list: string[]): SqlManifest => sqlManifest(list.map((text) => ({ text })));

test('a hostile statement is named, with why; a good cell passes', async (t) => {
  const grants = { sql: {} };
  await judgeStatements(specOf(texts('select 1', 'delete from t'), grants));
  const bad = specOf(texts('select 1', "select  pg_read_file('/etc/passwd')"), grants);
  await refusal(
    t,
    judgeStatements(bad),
    /`select pg_read_file\('\/etc\/passwd'\)` is refused/,
    /./,
  );
  const reads = { ...texts('select * from public.orders'), reads: ['public.orders'] };
  await refusal(t, judgeStatements(specOf(reads, grants)), /not granted/, /cell\.config\.ts/);
  await judgeStatements(specOf(reads, { sql: { read: ['public.orders'] } }));
  const undeclared = specOf(texts('select * from public.orders'), {
    sql: { read: ['public.orders'] },
  });
  await refusal(t, judgeStatements(undeclared), /not granted/, /./);
});

test('whether a statement writes is judged, not believed', async (t) => {
  const sql = sqlManifest([{ text: 'with x as (delete from t) select 1', writes: false }]);
  const spec = specOf(sql, { sql: {} });
  await judgeStatements(spec);
  t.true(spec.manifest.sql?.statements[0].writes);
});

for (const [cell, schema] of [
  ['script', 'other'],
  ['script', 'public'],
  ['public', 'public'],
  ['cell-build', 'cell_build'],
  ['pg-catalog', 'pg_catalog'],
  ['information-schema', 'information_schema'],
]) {
  test(`the cell ${cell} cannot own the schema ${schema}`, async (t) => {
    const spec = specOf({ ...texts('select 1'), schema }, { sql: {} }, cell);
    await refusal(t, judgeStatements(spec), /cannot own the schema/, /another name/);
  });
}

test('a cell that is not granted, or has no SQL, costs nothing', async (t) => {
  await admitSql(specOf(texts('not sql at all'), {}), place);
  t.pass();
});

const [version] = postgresVersions(test);
let server: PostgresServer;
test.before(async () => {
  if (version !== undefined) server = await startPostgres(version);
});
test.after.always(() => server?.stop());
const onServer = version === undefined ? test.skip : test.serial;
const HASH = 'a'.repeat(64);

const at = (number: number, hash: string): SqlManifest => ({
  ...texts('select id from t', 'insert into t (id) values ($1::int8)'),
  migration: { number, hash },
});

async function migrate(grant: NonNullable<Grants['sql']>, target = 'default'): Promise<void> {
  const admin = openAdmin(grantedTarget(target, grant, place));
  const row = { number: 1, hash: HASH, name: '0001_create_t', sql: '', model: '' };
  const change = { service: 'script', handle: 'h', expected: '0:' };
  const sql = target === 'default' ? 'create table t (id int8)' : 'create table t (id integer)';
  await admin.prepare({ ...change, steps: [sql], rows: [{ ...row, sql }] });
  await admin.commit('h');
  await admin.close();
}

onServer('the ledger decides: behind, the same, newer, another history', async (t) => {
  const grant = { url: server.url };
  const behind = admitSql(specOf(at(1, HASH), { sql: grant }), place);
  await refusal(
    t,
    behind,
    /needs migration 1, and PostgreSQL at .* is at 0/,
    /cell migrate script/,
  );
  await migrate(grant);
  const spec = specOf(at(1, HASH), { sql: grant });
  await admitSql(spec, place);
  t.is(spec.grants.sql?.role, 'cell_script');
  const other = admitSql(specOf(at(1, 'b'.repeat(64)), { sql: grant }), place);
  await refusal(t, other, /is not the one that it was built against/, /cell build/);
  const ahead = admitSql(specOf(at(2, HASH), { sql: grant }), place);
  await refusal(t, ahead, /needs migration 2, .* is at 1/, /cell migrate/);
});

onServer('what is asked for and not granted is no right of the role', async (t) => {
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query(
    'create schema shop; create table shop.a (id int); create table shop.b (id int)',
  );
  const sql = { ...at(1, HASH), reads: ['shop.a', 'shop.b'] };
  await admitSql(specOf(sql, { sql: { url: server.url, read: ['shop.a', 'shop.c'] } }), place);
  const { rows } = await client.query(
    "select has_table_privilege('cell_script', 'shop.a', 'select') as a, " +
      "has_table_privilege('cell_script', 'shop.b', 'select') as b, " +
      "has_table_privilege('cell_script', 'shop.a', 'insert') as c",
  );
  await client.end();
  t.deepEqual(rows, [{ a: true, b: false, c: false }]);
});

onServer('statements run as the cell, which reaches nothing else', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  const WHO = 'select current_user::text as who';
  // What the judge would have refused: the second fence has to hold by itself.
  const FOREIGN = 'select id from other.secrets';
  const LEDGER = 'select hash as id from cell_build.migrations';
  const DDL = 'drop table t';
  const sql = sqlManifest([
    { text: WHO, columns: ['who'] },
    { text: FOREIGN, columns: ['id'] },
    { text: LEDGER, columns: ['id'] },
    { text: DDL },
    { text: 'insert into t (id) values ($1::int8)' },
    { text: 'select count(*) as n from t', columns: ['n'] },
  ]);
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query('create schema other; create table other.secrets (id int)');
  await client.end();
  const grants = { sql: { url: server.url, role: 'cell_script' } };
  const route = await desk.loadBytes(scriptModule({}, sql), grants);
  const { payload } = await desk.call(
    route,
    script([
      { run: WHO },
      { run: FOREIGN },
      { run: LEDGER },
      { run: DDL },
      { run: 'insert into t (id) values ($1::int8)', args: ['1'] },
      { run: 'select count(*) as n from t' },
    ]),
  );
  const got = answersOf(payload);
  t.deepEqual(
    got.map(({ status }) => status),
    [0, -7, -7, -7, 0, 0],
  );
  t.deepEqual(rowsOf(got[0].bytes).rows, [['cell_script']]);
  t.regex(Buffer.from(got[1].bytes).toString(), /permission denied for schema other/);
});

onServer('a server that writes nothing still serves what reads', async (t) => {
  const url = `${server.url}?options=${encodeURIComponent('-c default_transaction_read_only=on')}`;
  const spec = specOf(at(1, HASH), { sql: { url } });
  await admitSql(spec, place);
  t.is(spec.grants.sql?.role, undefined);
});

onServer('a login that may make no roles serves without that fence', async (t) => {
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query(`create role plain login; grant usage on schema cell_build to plain;
    grant select on all tables in schema cell_build to plain`);
  await client.end();
  const url = server.url.replace('postgres@', 'plain@');
  const spec = specOf(at(1, HASH), { sql: { url } });
  await admitSql(spec, place);
  t.is(spec.grants.sql?.role, undefined);
});

test('a database that is not there is said, with what to do', async (t) => {
  const nobody = { url: 'postgres://nobody:PASSWORD@127.0.0.1:1/none' };
  const error = await t.throwsAsync(admitSql(specOf(at(1, HASH), { sql: nobody }), place), {
    instanceOf: ModuleError,
  });
  t.regex(error?.message ?? '', /127\.0\.0\.1:1/);
  t.notRegex(`${error?.message} ${error?.fix}`, /PASSWORD/);
  const unset = specOf({ ...at(1, HASH), target: 'env:LOST' }, { sql: {} });
  await refusal(t, admitSql(unset, place), /variable LOST is not set/, /Set it/);
  const wrong = specOf(at(1, HASH), { sql: { file: 'x.db' } });
  await refusal(t, admitSql(wrong, place), /built for postgres, and SQLite/, /another/);
});

test('a file of SQLite has a ledger too', async (t) => {
  const sql: SqlManifest = { ...at(1, HASH), engine: 'sqlite', target: 'file:data/app.db' };
  const spec = specOf(sql, { sql: {} });
  await refusal(t, admitSql(spec, place), /needs migration 1, .* is at 0/, /cell migrate/);
  await migrate({}, 'file:data/app.db');
  await admitSql(spec, place);
  t.is(spec.grants.sql?.role, undefined);
});
