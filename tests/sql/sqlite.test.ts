// What is SQLite's own: a writer in the way, files that are damaged, read-only or full, and values
// that it cannot hold. The lane never stands still for somebody else's lock.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import * as S from '../../assembly/shared/status.ts';
import { SqlitePool } from '../../host/capability/sql/sqlite.ts';
import { BUSY, sqliteFailure } from '../../host/capability/sql/sqlite-file.ts';
import { begin, end, Job, run, statement } from './conformance.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-sqlite-'));
test.after.always(() => fs.rmSync(folder, { recursive: true, force: true }));
let files = 0;

const INSERT = statement('insert into t (id, name) values ($1, $2)', ['int8', 'text']);
const COUNT = statement('select count(*) as n from t', [], ['n int8']);

/** A pool on a file with a table, and another handle on the file. */
function open(t: ExecutionContext, timeoutMs = 30_000) {
  const file = path.join(folder, `${files++}.db`);
  const other = new DatabaseSync(file);
  other.exec('pragma journal_mode = wal; create table t (id integer primary key, name text)');
  const pool = new SqlitePool({ schema: 'script', connections: 2, timeoutMs, file });
  t.teardown(async () => {
    await pool.close();
    if (other.isOpen) other.close();
  });
  return { file, other, pool };
}

test('somebody else writes: jobs wait, the event loop turns, readers read', async (t) => {
  const { other, pool } = open(t);
  await run(pool, COUNT);
  other.exec('begin immediate');
  let ended = false;
  const wrote = run(pool, INSERT, ['1', 'x']).then((outcome) => {
    ended = true;
    return outcome;
  });
  const job = new Job(INSERT, ['2', 'y']);
  const cancelled = job.begin(() => pool.run(job));
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
  t.false(ended);
  t.deepEqual((await run(pool, COUNT)).rows, [['0']], 'a reader waits for nobody');
  pool.cancel(job, S.CANCELLED);
  t.is((await cancelled).status, S.CANCELLED);
  other.exec('commit');
  t.is((await wrote).status, 0);
  t.deepEqual((await run(pool, COUNT)).rows, [['1']]);
});

test('somebody writes for too long: DEADLINE_EXCEEDED, and later all is well', async (t) => {
  const { other, pool } = open(t, 100);
  other.exec('begin immediate');
  const late = await run(pool, INSERT, ['1', 'x']);
  t.is(late.status, S.DEADLINE_EXCEEDED);
  t.regex(late.error, /somebody else writes for too long/);
  other.exec('rollback');
  t.is((await run(pool, INSERT, ['1', 'x'])).status, 0);
});

test('transactions of one pool take turns, and each sees a whole', async (t) => {
  const { pool } = open(t);
  const one = async (id: number): Promise<void> => {
    const session = await begin(pool);
    const before = Number((await run(session, COUNT)).rows?.[0][0]);
    await run(session, INSERT, [String(id), 'x']);
    await new Promise((resolve) => setImmediate(resolve));
    t.is(Number((await run(session, COUNT)).rows?.[0][0]), before + 1);
    t.is((await end(session, id % 3 !== 0)).status, 0);
  };
  await Promise.all(Array.from({ length: 30 }, (_, id) => one(id)));
  t.deepEqual((await run(pool, COUNT)).rows, [['20']]);
});

test('values that it cannot hold are refused, and their neighbours are not', async (t) => {
  const { pool, other } = open(t);
  other.exec('create table n (u numeric, f real)');
  const put = statement('insert into n values ($1, $2)', ['numeric(20)', 'float8']);
  const refused = async (values: string[], words: RegExp): Promise<void> => {
    const { status, error } = await run(pool, put, values);
    t.is(status, S.INVALID_ARGUMENT);
    t.regex(error, words);
  };
  t.is((await run(pool, put, ['9223372036854775807', '1e308'])).status, 0);
  await refused(['9223372036854775808', '1'], /argument 1 is above 2\^63 - 1/);
  await refused(['18446744073709551615', '1'], /above 2\^63 - 1/);
  await refused(['1', 'NaN'], /argument 2 is NaN/);
  await refused(['one', '1'], /argument 1 is no whole number/);
  await refused(['1', ''], /argument 2 is no number/);
  const bool = statement('insert into n (u) values ($1)', ['bool']);
  t.is((await run(pool, bool, ['true'])).status, S.INVALID_ARGUMENT);
  const bytes = statement('insert into n (u) values ($1)', ['bytea']);
  for (const text of ['\\x0', 'x00', '\\xzz', '']) {
    t.is((await run(pool, bytes, [text])).status, S.INVALID_ARGUMENT, text);
  }
});

test('the ledger and the engine’s own tables are not the cell’s', async (t) => {
  const { pool, other } = open(t);
  other.exec('create table cell_build_migrations (service text)');
  for (const text of [
    'select * from cell_build_migrations',
    'delete from cell_build_migrations',
    'select * from sqlite_schema',
    'update sqlite_schema set sql = 1',
    'vacuum',
    'pragma query_only = off',
    "select * from pragma_table_info('t')",
  ]) {
    const { status } = await run(pool, { ...statement(text), columns: null });
    t.not(status, 0, text);
  }
});

test('a damaged file, a file that is a folder, a disk that is full', async (t) => {
  const { pool, other, file } = open(t);
  other.close();
  await pool.close();
  const damaged = path.join(folder, 'damaged.db');
  fs.writeFileSync(damaged, 'this is no database '.repeat(500));
  const open2 = (name: string) =>
    new SqlitePool({ schema: 's', connections: 1, timeoutMs: 1000, file: name });
  const broken = await run(open2(damaged), COUNT);
  t.is(broken.status, S.DATA_LOSS, broken.error);
  const none = await run(open2(folder), COUNT);
  t.is(none.status, S.UNAVAILABLE, none.error);
  t.notRegex(`${broken.error} ${none.error}`, new RegExp(folder), 'no path is told to a cell');
  const back = open2(file);
  t.deepEqual((await run(back, COUNT)).rows, [['0']]);
  await back.close();
  const full = { errcode: 13, message: 'database or disk is full' };
  t.like(sqliteFailure(full), { status: S.RESOURCE_EXHAUSTED });
  t.is(sqliteFailure({ errcode: 261, message: 'database is locked' }), BUSY);
  t.like(sqliteFailure({ errcode: 517, message: 'database is locked' }), { status: S.ABORTED });
});
