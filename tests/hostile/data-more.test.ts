// What cells that share a database keep from each other.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import * as S from '../../assembly/shared/status.ts';
import { openSqlCell } from '../../host/capability/sql/cell.ts';
import { SqlitePool } from '../../host/capability/sql/sqlite.ts';
import { Connection } from '../../host/database/connection.ts';
import { admitRole } from '../../host/database/roles.ts';
import { SqliteAdmin } from '../../host/database/sqlite-admin.ts';
import { TargetError } from '../../host/database/target-error.ts';
import { onEngines } from '../database/engines.ts';
import { begin, end, run, statement } from '../sql/conformance.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-more-'));
test.after.always(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Applies a migration of `service`, as a build does. */
async function migrate(
  file: string,
  service: string,
  number: number,
  tables: string[],
  sql: string,
): Promise<void> {
  const admin = new SqliteAdmin(file, 'shared.db');
  const model = ['model', ...tables.map((name) => `table ${name}\ncolumn id int8`), ''].join('\n');
  const row = { number, hash: `h${number}`, name: `${number}.sql`, sql, model };
  const expected = number === 1 ? '0:' : `${number - 1}:h${number - 1}`;
  const change = { handle: 'one', service, expected, steps: [sql], rows: [row] };
  await admin.prepare(change);
  await admin.commit('one');
  await admin.close();
}

test('cells that share a file of SQLite reach their own tables only', async (t) => {
  const file = path.join(folder, 'shared.db');
  await migrate(file, 'shop', 1, ['orders'], 'create table orders (id int8)');
  await migrate(file, 'bank', 1, ['cards'], 'create table cards (id int8)');
  const base = { schema: 'shop', connections: 1, timeoutMs: 1000, file };
  const pool = new SqlitePool({ ...base, owner: { service: 'shop', reads: [] } });
  const granted = new SqlitePool({ ...base, owner: { service: 'shop', reads: ['bank.cards'] } });
  t.teardown(() => Promise.all([pool.close(), granted.close()]));
  const asked = (text: string) => ({ ...statement(text), columns: null });
  const fine = [
    'insert into orders values (1)',
    'select count(*) from ORDERS',
    'with x as (select id from orders) select count(*) from x',
    "select o.id from orders o, json_each('[1]') j where j.value = o.id",
    'insert into orders select id + 1 from orders returning id',
  ];
  for (const text of fine) {
    const { status, error } = await run(pool, asked(text));
    t.is(status, 0, `${text}: ${error}`);
  }
  const reads = ['select id from cards', 'select count(*) from Cards', 'select 1 from main.cards'];
  const hidden = [
    'insert into orders select id from cards',
    'with x as (select * from cards) select count(*) from x',
    'update orders set id = (select max(id) from cards)',
  ];
  const writes = ['insert into cards values (1)', 'delete from cards', 'update cards set id = 2'];
  for (const text of [...reads, ...hidden, ...writes]) {
    const { status, error } = await run(pool, asked(text));
    t.is(status, S.PERMISSION_DENIED, text);
    t.regex(error, /the table `cards` is not the cell's/i, text);
  }
  const session = await begin(pool);
  t.is((await run(session, asked('select id from cards'))).status, S.PERMISSION_DENIED);
  await end(session, false);
  for (const text of reads) t.is((await run(granted, asked(text))).status, 0, text);
  for (const text of writes) {
    t.is((await run(granted, asked(text))).status, S.PERMISSION_DENIED, text);
  }
});

test('a file of SQLite: a newer row of the ledger says what is the cell’s now', async (t) => {
  const file = path.join(folder, 'newer.db');
  await migrate(file, 'shop', 1, ['orders'], 'create table orders (id int8)');
  const manifest = { engine: 'sqlite', target: 'file:newer.db', schema: 'shop', statements: [] };
  const whole = { ...manifest, migration: { number: 1, hash: 'h1' }, reads: [] };
  const grants = { sql: { file: 'newer.db' }, project: folder };
  const { pool } = openSqlCell(
    ...(['shop', grants, whole] as unknown as Parameters<typeof openSqlCell>),
  );
  t.teardown(() => pool.close());
  const orders = statement('select id from orders', [], ['id']);
  const items = statement('select id from items', [], ['id']);
  t.is((await run(pool, orders)).status, 0);
  t.not((await run(pool, items)).status, 0);
  await migrate(file, 'shop', 2, ['items'], 'alter table orders rename to items');
  await migrate(file, 'bank', 1, ['orders'], 'create table orders (id int8)');
  t.is((await run(pool, items)).status, 0);
  const refused = await run(pool, orders);
  t.is(refused.status, S.PERMISSION_DENIED);
  t.is(refused.error, "the table `orders` is not the cell's");
});

onEngines(test, ['postgres'], (name, engine) => {
  test.serial(`${name}: a cell keeps no table that it is no longer granted`, async (t) => {
    const { target } = engine();
    const login = await Connection.open(target, { statementMs: 20_000 });
    t.teardown(() => login.close());
    await login.run('create schema mint; create table mint.coins (id int4)');
    await login.run('create table mint.notes (id int4)');
    const may = async () => {
      const sql = 'select has_table_privilege($1, $2, $3)';
      const of = (table: string) => login.rows(sql, ['cell_till', table, 'select']);
      return [...(await of('mint.coins')), ...(await of('mint.notes'))].flat();
    };
    await admitRole(target, 'till', ['mint.coins', 'mint.notes']);
    t.deepEqual(await may(), ['t', 't']);
    await admitRole(target, 'till', ['mint.notes']);
    t.deepEqual(await may(), ['f', 't']);
    await admitRole(target, 'till');
    t.deepEqual(await may(), ['f', 'f']);
  });

  test.serial(`${name}: a role with rights of its own is none for a cell`, async (t) => {
    const { target } = engine();
    const login = await Connection.open(target, { statementMs: 20_000 });
    t.teardown(() => login.close());
    for (const right of ['login', 'superuser', 'bypassrls']) {
      await login.run(
        `create role cell_strong_${right} nologin ${right}`.replace('nologin l', 'l'),
      );
      const error = await t.throwsAsync(admitRole(target, `strong_${right}`), {
        instanceOf: TargetError,
      });
      t.regex(error?.message ?? '', /is no wall/);
      await login.run(`drop role cell_strong_${right}`);
      t.is(await admitRole(target, `strong_${right}`), `cell_strong_${right}`);
    }
  });
});
