// What goes wrong between a build and a server, and what is said of it: a server that goes away at
// each moment of a change, one that may not be written, logins with few rights; and the roles that
// keep cells apart.
import test, { type ExecutionContext } from 'ava';
import {
  ABORTED,
  FAILED_PRECONDITION,
  PERMISSION_DENIED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import { type Admin, AdminError, type Change } from '../../host/database/admin.ts';
import { Connection } from '../../host/database/connection.ts';
import { openAdmin } from '../../host/database/open.ts';
import { admitRole } from '../../host/database/roles.ts';
import { databaseState } from '../../host/database/state.ts';
import { resolveTarget, type Target } from '../../host/database/targets.ts';
import { type PostgresServer, postgresVersions, startPostgres } from '../sql/servers.ts';
import { temporary } from './engines.ts';
import { Proxy } from './proxy.ts';

const [version] = postgresVersions(test);
const project = temporary('failures');

let running: PostgresServer | undefined;
const server = (): PostgresServer => running as PostgresServer;
const target = (url: string): Target => {
  return resolveTarget('default', { project, env: { DATABASE_URL: url } });
};

/** The server's address with other parts. */
function url(parts: { user?: string; port?: number; search?: string }): string {
  const changed = new URL(server().url);
  if (parts.user !== undefined) changed.username = parts.user;
  if (parts.port !== undefined) changed.port = String(parts.port);
  changed.search = parts.search ?? '';
  return changed.href;
}

const change = (service: string): Change => ({
  ...{ service, handle: service, expected: '0:' },
  steps: ['create table t (id int4 primary key)'],
  rows: [{ number: 1, hash: 'h', name: 'n', sql: 's', model: 'm' }],
});

function admin(t: ExecutionContext, at: string): Admin {
  const opened = openAdmin(target(at), { statementMs: 20_000, turnMs: 20_000 });
  t.teardown(() => opened.close());
  return opened;
}

async function sql(text: string): Promise<(string | null)[][]> {
  const connection = await Connection.open(target(server().url), { statementMs: 0 });
  try {
    return await connection.rows(text);
  } finally {
    await connection.close();
  }
}

async function refuses(
  t: ExecutionContext,
  work: Promise<unknown>,
  status: number,
  words: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(work, { instanceOf: AdminError });
  t.is((error as AdminError).status, status, error.message);
  t.regex(error.message, words);
}

if (version !== undefined) {
  test.before('a server starts', async () => {
    running = await startPostgres(version);
  });
  test.after.always('it stops', () => running?.stop());

  test.serial(
    'a connection that is cut before the commit: nothing stands, and it is said',
    async (t) => {
      const proxy = await Proxy.to(Number(new URL(server().url).port));
      t.teardown(() => proxy.close());
      const own = admin(t, url({ port: proxy.port }));
      await own.prepare(change('before'));
      proxy.cutAt('commit', false);
      await refuses(t, own.commit('before'), UNAVAILABLE, /has gone/);
      t.deepEqual(await own.ledger('before'), []);
      await refuses(t, own.rollback('before'), ABORTED, /was rolled back/);
    },
  );

  test.serial(
    'a connection that is cut after the commit: the ledger says that it stands',
    async (t) => {
      const proxy = await Proxy.to(Number(new URL(server().url).port));
      t.teardown(() => proxy.close());
      const own = admin(t, url({ port: proxy.port }));
      await own.prepare(change('after'));
      proxy.cutAt('commit', true);
      await own.commit('after');
      t.is((await own.ledger('after')).length, 1);
      await refuses(t, own.rollback('after'), FAILED_PRECONDITION, /is committed/);
    },
  );

  test.serial('a server that dies under a prepared change takes it along', async (t) => {
    const own = admin(t, server().url);
    await own.prepare(change('killed'));
    await server().kill();
    // Its process for this connection notices a moment later.
    let answered = true;
    while (answered) answered = await own.info().then(Boolean, () => false);
    await refuses(t, own.info(), UNAVAILABLE, /has gone|cannot be reached/);
    await server().restart();
    await refuses(t, own.commit('killed'), ABORTED, /connection was lost/);
    t.deepEqual(await own.ledger('killed'), []);
    await own.prepare(change('killed'));
    await own.commit('killed');
    t.is((await own.ledger('killed')).length, 1);
  });

  test.serial('a server that may not be written is told as such', async (t) => {
    const search = '?options=-c%20default_transaction_read_only%3Don';
    const own = admin(t, url({ search }));
    await refuses(t, own.prepare(change('readonly')), FAILED_PRECONDITION, /read-only/);
    t.deepEqual(await own.ledger('readonly'), []);
  });

  test.serial('a login without rights is told what it may not', async (t) => {
    await sql('create role lame login');
    const own = admin(t, url({ user: 'lame' }));
    t.false((await own.info()).createsRoles);
    await sql('grant usage on schema cell_build to lame');
    await sql('grant select on cell_build.migrations to lame');
    await refuses(t, own.prepare(change('lame')), PERMISSION_DENIED, /permission denied/);
  });

  test.serial(
    'a login that may make schemas but no roles has a change without a role',
    async (t) => {
      await sql('create role maker login');
      await sql(`grant create on database ${new URL(server().url).pathname.slice(1)} to maker`);
      const own = admin(t, url({ user: 'maker' }));
      const words = /may not read the ledger .*grant usage on schema cell_build/;
      await refuses(t, own.ledger('made'), PERMISSION_DENIED, words);
      await sql('grant usage on schema cell_build to maker');
      await sql('grant select, insert on cell_build.migrations to maker');
      await own.prepare(change('made'));
      await own.commit('made');
      t.is((await own.ledger('made')).length, 1);
      t.is(await admitRole(target(url({ user: 'maker' })), 'made'), null);
      t.deepEqual(await sql("select 1 from pg_roles where rolname = 'cell_made'"), []);
    },
  );

  test.serial('a role reaches its schema, what it is granted, and nothing else', async (t) => {
    const own = admin(t, server().url);
    await own.prepare({ ...change('walled'), steps: ['create table a (id serial primary key)'] });
    await own.commit('walled');
    await sql('create schema shop');
    await sql('create table shop.orders (id int4)');
    await sql('create table shop.secrets (id int4)');
    t.is(await admitRole(target(server().url), 'walled', ['shop.orders']), 'cell_walled');
    const search = '?options=-c%20role%3Dcell_walled%20-c%20search_path%3Dwalled';
    const cell = await Connection.open(target(url({ search })), { statementMs: 0 });
    t.teardown(() => cell.close());
    t.deepEqual(await cell.rows('insert into a default values returning id'), [['1']]);
    t.deepEqual(await cell.rows('select id from shop.orders'), []);
    await t.throwsAsync(cell.rows('select id from shop.secrets'), { message: /permission denied/ });
    await t.throwsAsync(cell.rows('insert into shop.orders values (1)'), { message: /denied/ });
    await t.throwsAsync(cell.rows('create table b (id int4)'), { message: /permission denied/ });
    await t.throwsAsync(cell.rows('select * from cell_build.migrations'), { message: /denied/ });
    // Tables of later migrations, too.
    await own.prepare({
      ...{
        service: 'walled',
        handle: '2',
        expected: '1:h',
        steps: ['create table late (id int4)'],
      },
      rows: [{ number: 2, hash: 'h2', name: 'n', sql: 's', model: 'm' }],
    });
    await own.commit('2');
    t.deepEqual(await cell.rows('select id from late'), []);
    await t.throwsAsync(admitRole(target(server().url), 'walled', ['shop.nothing']));
  });

  test.serial('the state of a server changes with its schema, by whomever', async (t) => {
    const place = { project, env: { DATABASE_URL: server().url } };
    const state = (): Promise<string> => databaseState('default', place, 'walled');
    const before = await state();
    t.is(await state(), before);
    await sql('alter table walled.late add column by_hand int4');
    const drifted = await state();
    t.not(drifted, before);
    await sql('alter table walled.late drop column by_hand');
    t.is(await state(), before);
    t.not(await databaseState('default', place, 'made'), before);
  });
}

test('a server that is not there is told with what to do, and without its password', async (t) => {
  const at = 'postgres://app:hunter2@127.0.0.1:1/shop';
  const own = admin(t, at);
  const error = await t.throwsAsync(own.info(), { instanceOf: AdminError });
  t.is((error as AdminError).status, UNAVAILABLE);
  t.regex(error.message, /PostgreSQL at 127.0.0.1:1, database shop \(DATABASE_URL\) cannot be/);
  t.regex(error.message, /Check that the server runs/);
  t.false(error.message.includes('hunter2'));
  const place = { project, env: { DATABASE_URL: at } };
  const state = await databaseState('default', place, 'a');
  t.regex(state, /^none: .*cannot be reached/);
  t.is(await databaseState('default', place, 'a'), state);
  t.regex(await databaseState('env:NOWHERE', place, 'a'), /^none: .*NOWHERE is not set/);
  t.is(await databaseState('default', { project, env: {} }, 'a'), 'embedded none\n');
  t.is(await databaseState('file:none.db', place, 'a'), 'SQLite none.db none\n');
});
