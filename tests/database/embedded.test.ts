// The embedded PostgreSQL as its clients see it: one engine with one session, and many clients who
// must not notice. Its process: started by whoever comes first, ends itself, loses nothing.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { embeddedClient, embeddedPlaces, openEmbedded } from '../../host/database/embedded.ts';
import { TargetError } from '../../host/database/target-error.ts';
import { temporary } from './engines.ts';

process.env.CELL_PGLITE_IDLE_MS = '1000';

const project = temporary('embedded');
/** A copy of its database, for tests that need one. */
const copy = path.join(temporary('copy'), 'postgres');

async function connect(t: ExecutionContext, more: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ ...embeddedClient(await openEmbedded(project)), ...more });
  client.on('error', () => {});
  await client.connect();
  t.teardown(() => client.end().catch(() => {}));
  return client;
}

const one = async (client: pg.Client, text: string, values: unknown[] = []): Promise<unknown> => {
  const { rows } = await client.query({ text, values, rowMode: 'array' });
  return (rows as unknown[][])[0]?.[0];
};

const code = async (t: ExecutionContext, work: Promise<unknown>): Promise<string | undefined> =>
  ((await t.throwsAsync(work)) as pg.DatabaseError).code;

/** The process that listens for `folder`, by what the system says of it. */
function serverOf(folder: string): number {
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const line = fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      if (line.some((word) => word.endsWith('pglite/server.ts')) && line.includes(folder)) {
        return Number(name);
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return 0;
}

/** Resolves when `what` holds. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(20);
}

test.serial('clients that start it at once find one server', async (t) => {
  const clients = await Promise.all([connect(t), connect(t), connect(t)]);
  const answers = await Promise.all(clients.map((client, i) => one(client, `select ${i}`)));
  t.deepEqual(answers, [0, 1, 2]);
  const { folder, socket } = embeddedPlaces(project);
  t.true(serverOf(folder) > 0);
  if (process.platform !== 'win32') {
    t.is(fs.statSync(socket).mode & 0o077, 0);
    t.is(fs.statSync(path.dirname(socket)).mode & 0o077, 0);
  }
});

test.serial('settings are those of each client, from its start and later', async (t) => {
  const a = await connect(t, { options: '-c search_path=pg_catalog -c TimeZone=Asia/Tokyo' });
  const b = await connect(t, { options: '--statement-timeout=7000 -csearch_path="a\\ b",public' });
  t.is(await one(a, 'show search_path'), 'pg_catalog');
  t.is(await one(b, 'show search_path'), '"a b",public');
  t.is(await one(b, 'show statement_timeout'), '7s');
  await b.query("set timezone to 'Europe/Berlin'");
  await one(b, "select set_config('application_name', 'set by a function', false)");
  t.is(await one(a, 'show timezone'), 'Asia/Tokyo');
  t.is(await one(b, 'show timezone'), 'Europe/Berlin');
  t.is(await one(b, 'show application_name'), 'set by a function');
  t.is(await one(a, 'show statement_timeout'), '0');
  await b.query("begin; set local timezone to 'UTC'");
  t.is(await one(b, 'show timezone'), 'UTC');
  await b.query('rollback');
  t.is(await one(b, 'show timezone'), 'Europe/Berlin');
  await b.query('reset all');
  t.is(await one(a, 'show search_path'), 'pg_catalog');
});

test.serial('a role holds for its client only', async (t) => {
  const owner = await connect(t);
  await owner.query('create schema s; create table s.t (a int); create role cell_s nologin');
  await owner.query('grant usage on schema s to cell_s');
  const cell = await connect(t, { options: '-c role=cell_s -c search_path=s' });
  t.is(await code(t, cell.query('select * from t')), '42501');
  t.is(await one(owner, 'select count(*)::int from s.t'), 0);
  t.is(await code(t, cell.query('select * from t')), '42501');
  t.is(await one(cell, 'select current_user::text'), 'cell_s');
  t.is(await code(t, connect(t, { options: '-c role=nobody' })), '22023');
});

test.serial('prepared statements of one name do not meet', async (t) => {
  const [a, b] = [await connect(t), await connect(t)];
  const ask = (client: pg.Client, text: string) =>
    client.query({ name: 'q', text, values: [3], rowMode: 'array' });
  t.deepEqual((await ask(a, 'select $1::int + 1')).rows, [[4]]);
  t.deepEqual((await ask(b, "select $1::int || ' apples'")).rows, [['3 apples']]);
  t.deepEqual((await ask(a, 'select $1::int + 1')).rows, [[4]]);
  // What one of them throws away is parsed again for the other.
  await b.query('deallocate all');
  t.deepEqual((await ask(a, 'select $1::int + 1')).rows, [[4]]);
});

test.serial('a transaction keeps the others waiting, and goes with its client', async (t) => {
  const [a, b] = [await connect(t), await connect(t)];
  await a.query('create table held (n int)');
  await a.query('begin');
  await a.query('insert into held values (1)');
  let answered = false;
  const waiting = one(b, 'select count(*)::int from held').then((count) => {
    answered = true;
    return count;
  });
  t.is(await one(a, 'select count(*)::int from held'), 1);
  t.false(answered);
  // Gone without a word, as a process that was killed.
  (a as unknown as { connection: { stream: net.Socket } }).connection.stream.destroy();
  t.is(await waiting, 0);
});

test.serial('a failed transaction stays the client’s until it ends it', async (t) => {
  const [a, b] = [await connect(t), await connect(t)];
  await a.query('begin');
  t.is(await code(t, a.query('select nope')), '42703');
  t.is(await code(t, a.query('select 1')), '25P02');
  const waiting = one(b, 'select 5');
  await a.query('rollback');
  t.is(await waiting, 5);
  t.is(await one(a, 'select 6'), 6);
});

test.serial('a hundred calls of eight clients come back to who asked', async (t) => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(t)));
  const calls = Array.from({ length: 100 }, async (_, i) => {
    const client = clients[i % 8] as pg.Client;
    return one(client, 'select $1::int * 2 + length($2)', [i, 'x'.repeat(i)]);
  });
  t.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 100 }, (_, i) => i * 3),
  );
});

function cancelOf(processID: number, secretKey: number): Buffer {
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80877102, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  return request;
}

test.serial('a statement that does not end is ended, by a cancel or by its timeout', async (t) => {
  const [a, b] = [await connect(t), await connect(t, { options: '-c statement_timeout=300' })];
  await a.query({ name: 'kept', text: 'select $1::int', values: [1] });
  const endless = 'with recursive r as (select 1 union all select 1 from r) select count(*) from r';
  t.is(await code(t, b.query(endless)), '57014');
  t.is(await one(b, 'select 1'), 1);
  const running = code(t, a.query(endless));
  const { processID, secretKey } = a as unknown as { processID: number; secretKey: number };
  const { socket } = embeddedPlaces(project);
  net.connect(socket).end(cancelOf(processID, secretKey));
  t.is(await running, '57014');
  // The engine was started again: what was prepared is there, settings are.
  const { rows } = await a.query({ name: 'kept', text: 'select $1::int', values: [4] });
  t.deepEqual(rows, [{ int4: 4 }]);
  t.is(await one(b, 'show statement_timeout'), '300ms');
});

test.serial('a cancel with a wrong secret does nothing', async (t) => {
  const a = await connect(t);
  const running = one(a, 'select pg_sleep(0.3)::text');
  const { processID } = a as unknown as { processID: number };
  net.connect(embeddedPlaces(project).socket).end(cancelOf(processID, 12345));
  t.is(await running, '');
});

test.serial('large values pass', async (t) => {
  const a = await connect(t);
  const large = 'ü€😀'.repeat(200_000);
  t.is(await one(a, 'select $1::text', [large]), large);
});

test.serial('COPY FROM STDIN is refused before it ends the engine', async (t) => {
  const a = await connect(t);
  await a.query('create table c (n int)');
  t.is(await code(t, a.query('copy c from stdin')), '0A000');
  t.is(await one(a, 'select 1'), 1);
});

test.serial('strangers are refused as a server refuses them', async (t) => {
  t.is(await code(t, connect(t, { user: 'nobody' })), '28000');
  t.is(await code(t, connect(t, { database: 'other' })), '3D000');
  t.is(await code(t, connect(t, { options: '-c nope=1' })), '42704');
  t.is(await code(t, connect(t, { options: 'nonsense' })), '08P01');
  await t.throwsAsync(connect(t, { ssl: true }), { message: /does not support SSL/ });
});

/** Sends bytes; resolves to all that comes back until the server hangs up. */
function exchange(...bytes: Buffer[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(embeddedPlaces(project).socket);
    let said = '';
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
    socket.end(Buffer.concat(bytes));
  });
}

test.serial('what is no PostgreSQL is told so, and disturbs nobody', async (t) => {
  const a = await connect(t);
  const startup = Buffer.from('\0\0\0\0\0\x03\0\0user\0postgres\0database\0postgres\0\0', 'latin1');
  startup.writeInt32BE(startup.length, 0);
  const bad = (length: number, type = 'Q'): Buffer => {
    const message = Buffer.from(`${type}0000`);
    message.writeInt32BE(length, 1);
    return message;
  };
  t.regex(await exchange(Buffer.from('GET / HTTP/1.1\r\n\r\n')), /08P01/);
  t.regex(await exchange(Buffer.from([0, 0, 0, 8, 0, 2, 0, 0])), /unsupported frontend protocol 2/);
  t.regex(await exchange(startup, bad(2)), /invalid message length/);
  t.regex(await exchange(startup, bad(0x7fffffff)), /invalid message length/);
  t.regex(await exchange(startup, bad(4, '?')), /invalid frontend message type/);
  t.is(await exchange(Buffer.from([0, 0, 0])), '');
  t.is(await exchange(), '');
  t.is(await one(a, 'select 7'), 7);
});

test.serial('what was answered outlives a kill, what was not committed does not', async (t) => {
  const a = await connect(t);
  await a.query('create table kept (n int primary key)');
  await a.query('insert into kept values (1)');
  await a.query('begin; insert into kept values (2)');
  process.kill(serverOf(embeddedPlaces(project).folder), 'SIGKILL');
  await t.throwsAsync(one(a, 'select 1'));
  const b = await connect(t);
  t.deepEqual((await b.query('select n from kept')).rows, [{ n: 1 }]);
});

test.serial('it ends itself when its last client has gone, and starts again', async (t) => {
  const { folder, socket } = embeddedPlaces(project);
  await until(() => serverOf(folder) === 0);
  t.false(fs.existsSync(socket));
  fs.cpSync(folder, copy, { recursive: true });
  t.is(await one(await connect(t), 'select count(*)::int from kept'), 1);
});

test.serial('a folder whose path is too long for a socket has one elsewhere', async (t) => {
  const deep = path.join(temporary('deep'), 'x'.repeat(60), 'y'.repeat(60));
  const { socket } = embeddedPlaces(deep);
  t.true(Buffer.byteLength(socket) <= 100);
  fs.cpSync(copy, embeddedPlaces(deep).folder, { recursive: true });
  const client = new pg.Client(embeddedClient(await openEmbedded(deep)));
  await client.connect();
  t.is(await one(client, 'select 1'), 1);
  await client.end();
  t.is(fs.statSync(path.dirname(socket)).mode & 0o077, 0);
  await until(() => serverOf(embeddedPlaces(deep).folder) === 0);
  fs.rmSync(path.dirname(socket), { recursive: true });
});

test.serial('a damaged folder is told, with what to do', async (t) => {
  const broken = temporary('broken');
  const { folder } = embeddedPlaces(broken);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'PG_VERSION'), '12\n');
  const error = (await t.throwsAsync(openEmbedded(broken), {
    instanceOf: TargetError,
    message: /the embedded database in .*postgres did not start: /,
  })) as TargetError;
  t.regex(error.fix, /restore a copy, or remove the folder/);
  t.is(fs.readFileSync(path.join(folder, 'PG_VERSION'), 'utf8'), '12\n');
});

test.serial('a start that was killed while it made the database is made good', async (t) => {
  const killed = temporary('killed');
  const { folder } = embeddedPlaces(killed);
  const starting = openEmbedded(killed).catch(() => {});
  await until(() => fs.existsSync(path.join(folder, 'PG_VERSION')));
  process.kill(serverOf(folder), 'SIGKILL');
  await starting;
  const client = new pg.Client(embeddedClient(await openEmbedded(killed)));
  await client.connect();
  t.is(await one(client, 'select 1'), 1);
  await client.end();
});

test.serial('a folder that is no database is left as it is', async (t) => {
  const foreign = temporary('foreign');
  const { folder } = embeddedPlaces(foreign);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'mine.txt'), 'mine');
  await t.throwsAsync(openEmbedded(foreign), { instanceOf: TargetError });
  t.is(fs.readFileSync(path.join(folder, 'mine.txt'), 'utf8'), 'mine');
});
