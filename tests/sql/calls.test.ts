// The imports of `cell:sql` in real lanes on a real server, and what a call leaves behind, however
// it ends: no transaction, no lock, no statement under way. The guest is a script (script-cell.ts).
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import * as S from '../../assembly/shared/status.ts';
import { type Answer, Desk } from '../lane/desk.ts';
import { u32 } from '../lane/waiters.ts';
import {
  answersOf,
  rowsOf,
  type ScriptOptions,
  type Step,
  type StepAnswer,
  script,
  scriptModule,
  sqlManifest,
} from './script-cell.ts';
import { type PostgresServer, postgresVersions, startPostgres } from './servers.ts';

const INSERT = 'insert into t (id, name) values ($1::int8, $2)';
const COUNT = 'select count(*) as n from t';
const NAME = 'select name from t where id = $1::int8';
const SLOW = 'select pg_sleep($1::float8)::text as s';
const SLOW_WRITE = 'insert into t (id, name) select 77, pg_sleep($1::float8)::text';
const SUM = 'select coalesce(sum(id), 0)::text as s from t';
const MANIFEST = sqlManifest([
  { text: INSERT },
  { text: COUNT, columns: ['n'] },
  { text: NAME, columns: ['name'] },
  { text: SLOW, columns: ['s'] },
  { text: SLOW_WRITE },
  { text: SUM, columns: ['s'] },
  { text: 'select lost from t', columns: ['lost'] },
]);

interface Stand {
  desk: Desk;
  route: number;
  admin(sql: string): Promise<(string | null)[][]>;
}

const [version] = postgresVersions(test);
let server: PostgresServer;
test.before(async () => {
  if (version !== undefined) server = await startPostgres(version);
});
test.after.always(() => server?.stop());

const noTypes = { getTypeParser: () => (value: string) => value };

async function admin(sql: string): Promise<(string | null)[][]> {
  const client = new pg.Client({ connectionString: server.url, types: noTypes } as pg.ClientConfig);
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

async function stand(
  t: ExecutionContext,
  lanes: number,
  options: ScriptOptions & { grant?: object; desk?: object } = {},
): Promise<Stand> {
  await admin('drop schema if exists script cascade');
  await admin('create schema script');
  await admin('create table script.t (id int8 primary key, name text)');
  const desk = await Desk.open(t, { lanes, ...options.desk });
  desk.session(1);
  const { grant = {}, ...rest } = options;
  const grants = { sql: { url: server.url, connections: 2, ...grant } };
  return { desk, route: await desk.loadBytes(scriptModule(rest, MANIFEST), grants), admin };
}

const all = (answer: Answer): StepAnswer[] => answersOf(answer.payload);
const text = ({ bytes }: StepAnswer): string => Buffer.from(bytes).toString();
const one = (answer: StepAnswer): string | null => rowsOf(answer.bytes).rows[0]?.[0] ?? null;

async function steps(s: Stand, list: Step[]): Promise<StepAnswer[]> {
  const answer = await s.desk.call(s.route, script(list));
  if (answer.status !== 0) throw new Error(`status ${answer.status}`);
  return all(answer);
}

async function count(): Promise<string | null> {
  return (await admin('select count(*) from script.t'))[0][0];
}

/** Resolves when no session of a cell has a transaction or a statement on the server. */
async function quiet(): Promise<void> {
  const sql =
    "select count(*) from pg_stat_activity where application_name = 'cell' and state <> 'idle'";
  while ((await admin(sql))[0][0] !== '0') await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Resolves when a statement of a cell runs on the server. */
async function busy(): Promise<void> {
  const sql =
    "select count(*) from pg_stat_activity where application_name = 'cell' and state = 'active'";
  while ((await admin(sql))[0][0] === '0') await new Promise((resolve) => setTimeout(resolve, 20));
}

const onServer = version === undefined ? test.skip : test.serial;

for (const lanes of [0, 1]) {
  onServer(`statements, rows, failures and their words, --lanes ${lanes}`, async (t) => {
    const s = await stand(t, lanes);
    const got = await steps(s, [
      { run: INSERT, args: ['1', 'ünï'] },
      { run: INSERT, args: ['2', null] },
      { run: INSERT, args: ['2', 'SECRET'] },
      { run: NAME, args: ['1'] },
      { run: NAME, args: ['2'] },
      { run: 'select lost from t' },
      { run: COUNT },
    ]);
    t.deepEqual(
      got.map(({ status }) => status),
      [0, 0, -S.ALREADY_EXISTS, 0, 0, -S.FAILED_PRECONDITION, 0],
    );
    t.is(text(got[2]), 'a row with the same key exists: unique `t_pkey` of `t`');
    t.deepEqual([one(got[3]), one(got[4]), one(got[6])], ['ünï', null, '2']);
    t.regex(text(got[5]), /column "lost" does not exist.*cell migrate/);
  });

  onServer(`a commit, a rollback, and what a call forgets, --lanes ${lanes}`, async (t) => {
    const s = await stand(t, lanes);
    const begun: Step[] = [{ begin: 2 }, { run: INSERT, args: ['1', 'x'] }];
    await steps(s, [...begun, { end: true }]);
    t.is(await count(), '1');
    await steps(s, [{ begin: 0 }, { run: INSERT, args: ['2', 'x'] }, { end: false }]);
    await steps(s, [{ begin: 1 }, { run: INSERT, args: ['3', 'x'] }]);
    t.is((await s.desk.call(s.route, script([...begun.slice(0, 1), { fail: 9 }]))).status, 9);
    const late = [{ begin: 0 as const }, { run: INSERT, args: ['4', 'x'] }, { fail: 5 }];
    t.is((await s.desk.call(s.route, script(late))).status, 5);
    await quiet();
    t.is(await count(), '1');
    t.is(one((await steps(s, [{ run: COUNT }]))[0]), '1', 'in no transaction of an earlier call');
  });

  onServer(`a trap in a transaction leaves nothing, --lanes ${lanes}`, async (t) => {
    const s = await stand(t, lanes);
    for (let i = 0; i < 5; i++) {
      const list = [{ begin: 0 as const }, { run: INSERT, args: [String(i), 'x'] }];
      const { status } = await s.desk.call(s.route, script([...list, { trap: true }]));
      t.is(status, S.INTERNAL);
    }
    await quiet();
    t.is(await count(), '0');
    t.is(one((await steps(s, [{ run: COUNT }]))[0]), '0');
  });

  onServer(`a call that is cancelled ends its statement, --lanes ${lanes}`, async (t) => {
    const s = await stand(t, lanes);
    const list: Step[] = [{ begin: 0 }, { run: INSERT, args: ['1', 'x'] }];
    s.desk.push(0, 1, [
      { route: s.route, id: 5, payload: script([...list, { run: SLOW, args: ['600'] }]) },
    ]);
    await busy();
    s.desk.cancel(0, 1, s.route, 5);
    await s.desk.until(() => s.desk.got(5).length > 0);
    t.is(s.desk.got(5)[0].status, S.CANCELLED);
    await quiet();
    t.is(await count(), '0');
    t.is(one((await steps(s, [{ run: COUNT }]))[0]), '0');
  });

  onServer(`a deadline ends the statement under way, --lanes ${lanes}`, async (t) => {
    const s = await stand(t, lanes);
    const slow = script([{ run: SLOW_WRITE, args: ['600'] }]);
    const { status } = await s.desk.call(s.route, slow, { remainingMs: 400 });
    t.is(status, S.DEADLINE_EXCEEDED);
    await quiet();
    t.is(await count(), '0');
  });
}

onServer('what is wrong with arguments is said, and nothing is sent', async (t) => {
  const s = await stand(t, 0);
  const long = 'x'.repeat((1 << 20) - 100);
  const got = await steps(s, [
    { run: 'select 1' },
    { run: INSERT, args: ['1'] },
    { run: INSERT, args: ['1', '2', '3'] },
    { run: INSERT, bytes: Uint8Array.of(5, 0, 0, 0, 1) },
    { run: INSERT, bytes: Uint8Array.of(254, 255, 255, 255, 1) },
    { run: INSERT, args: ['1', 'a\0b'] },
    { run: INSERT, args: ['1', Uint8Array.of(0xc3, 0x28)] },
    { run: INSERT, args: ['1', Uint8Array.of(0xed, 0xa0, 0x80)] },
    { run: COUNT },
  ]);
  const wrong = -S.INVALID_ARGUMENT;
  t.deepEqual(
    got.map(({ status }) => status),
    [-S.PERMISSION_DENIED, wrong, wrong, wrong, wrong, wrong, wrong, wrong, 0],
  );
  t.regex(text(got[0]), /none of those that the build has seen/);
  t.regex(text(got[1]), /takes 2 arguments, not 1/);
  t.regex(text(got[3]), /no sequence of fields/);
  t.regex(text(got[5]), /argument 2 has the character U\+0000/);
  t.regex(text(got[6]), /not UTF-8/);
  t.is(one(got[8]), '0');
  await steps(s, [{ run: INSERT, args: ['9', long] }]);
  t.is(one((await steps(s, [{ run: NAME, args: ['9'] }]))[0]), long);
});

onServer('the order of things: take once, begin once, end what is open', async (t) => {
  const s = await stand(t, 0);
  const got = await steps(s, [
    { take: true },
    { end: true },
    { begin: 9 },
    { begin: 0 },
    { begin: 0 },
    { end: true },
    { end: true },
    { run: COUNT },
    { take: true },
  ]);
  const order = -S.FAILED_PRECONDITION;
  t.deepEqual(
    got.map(({ status }) => status),
    [order, order, -S.INVALID_ARGUMENT, 0, order, 0, order, 0, order],
  );
  t.is(text(got[4]), 'a transaction is open');
});

onServer('wild pointers are refused', async (t) => {
  const s = await stand(t, 0);
  const got = await steps(s, [{ wild: COUNT }, { run: COUNT }]);
  t.deepEqual([got[0].status, got[1].status], [-S.INVALID_ARGUMENT, 0]);
});

onServer('raw texts run where they are granted, and only there', async (t) => {
  const s = await stand(t, 0, { raw: true, grant: { raw: true } });
  const got = await steps(s, [
    { raw: 'select $1::int8 + 1 as n', args: ['41'] },
    { raw: "select 'a\0b'" },
    { raw: 'selec' },
    { raw: 'select 1; select 2' },
    { raw: 'begin' },
    { raw: 'select * from other.t' },
    { raw: 'delete from t returning id' },
  ]);
  t.is(one(got[0]), '42');
  for (const [i, why] of [/U\+0000/, /cannot be read/, /2 statements/, /transaction/].entries()) {
    t.regex(text(got[i + 1]), why);
  }
  t.is(got[5].status, -S.PERMISSION_DENIED);
  t.regex(text(got[5]), /other\.t, which is not granted/);
  t.is(got[6].status, 0);
  const desk = await Desk.open(t, { lanes: 0 });
  const module = scriptModule({ raw: true }, MANIFEST);
  await t.throwsAsync(desk.loadBytes(module, { sql: { url: server.url } }), { message: /raw/ });
});

onServer('serialization failures are ABORTED, and so is a commit that loses', async (t) => {
  const s = await stand(t, 0);
  await steps(s, [{ run: INSERT, args: ['1', 'x'] }]);
  // Each reads what the other writes: one of them cannot stand.
  const list = (id: string): Step[] => [
    { begin: 2 },
    { run: SUM },
    { run: SLOW, args: ['0.3'] },
    { run: INSERT, args: [id, 'x'] },
    { run: SLOW, args: ['0.3'] },
    { end: true },
  ];
  const both = await Promise.all([steps(s, list('10')), steps(s, list('11'))]);
  const failed = both.flat().filter(({ status }) => status < 0);
  t.true(failed.length > 0);
  t.true(
    failed.some(({ status }) => status === -S.ABORTED),
    failed.map(text).join('; '),
  );
  t.is(await count(), '2');
});

onServer('a read-only server, a statement that takes too long', async (t) => {
  const s = await stand(t, 0, { grant: { timeoutMs: 300 } });
  const [slow] = await steps(s, [{ run: SLOW, args: ['600'] }]);
  t.is(slow.status, -S.DEADLINE_EXCEEDED);
  t.is(text(slow), 'the statement took too long');
  await admin('alter system set default_transaction_read_only = on');
  await admin('select pg_reload_conf()');
  try {
    await steps(s, [{ run: SLOW, args: ['0.05'] }]);
    const fresh = await stand2(t);
    const [refused] = await steps(fresh, [{ run: INSERT, args: ['1', 'x'] }]);
    t.is(refused.status, -S.FAILED_PRECONDITION);
    t.regex(text(refused), /read-only/);
  } finally {
    await reset();
  }
});

async function reset(): Promise<void> {
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query('set default_transaction_read_only = off');
  await client.query('alter system reset default_transaction_read_only');
  await client.query('select pg_reload_conf()');
  await client.end();
}

/** Another host on the schema as it is. */
async function stand2(t: ExecutionContext): Promise<Stand> {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  const route = await desk.loadBytes(scriptModule({}, MANIFEST), { sql: { url: server.url } });
  return { desk, route, admin };
}

onServer('a lane that is lost in a transaction leaves nothing on the server', async (t) => {
  const s = await stand(t, 1, { desk: { limits: { cpuMs: 50 } } });
  const list: Step[] = [{ begin: 0 }, { run: INSERT, args: ['1', 'x'] }, { spin: true }];
  const { status } = await s.desk.call(s.route, script(list));
  t.is(status, S.DEADLINE_EXCEEDED);
  await quiet();
  t.is(await count(), '0');
  t.is(one((await steps(s, [{ run: COUNT }]))[0]), '0');
});

onServer('more calls than connections: all are served, in pools of two', async (t) => {
  const s = await stand(t, 1);
  const calls = Array.from({ length: 200 }, (_, id) => ({
    ...{ route: s.route, id },
    payload: script([
      { run: INSERT, args: [String(id), 'n'] },
      { run: NAME, args: [String(id)] },
    ]),
  }));
  s.desk.push(0, 1, calls);
  await s.desk.until(() => s.desk.total === calls.length);
  for (const { id } of calls)
    t.deepEqual(
      all(s.desk.got(id)[0]).map((a) => a.status),
      [0, 0],
    );
  const mine = "select count(*) from pg_stat_activity where application_name = 'cell'";
  t.true(Number((await admin(mine))[0][0]) <= 2);
});

onServer('a server that dies: what is known is said, and the pool comes back', async (t) => {
  const s = await stand(t, 1);
  await steps(s, [{ run: COUNT }]);
  const pending = (id: number, list: Step[]): void =>
    s.desk.push(0, 1, [{ route: s.route, id, payload: script(list) }]);
  pending(1, [{ run: SLOW_WRITE, args: ['600'] }]);
  pending(2, [{ begin: 0 }, { run: INSERT, args: ['1', 'x'] }, { run: SLOW, args: ['600'] }]);
  await busy();
  await server.kill();
  await s.desk.until(() => s.desk.got(1).length > 0 && s.desk.got(2).length > 0);
  t.is(all(s.desk.got(1)[0])[0].status, -S.UNKNOWN);
  t.is(all(s.desk.got(2)[0])[2].status, -S.UNAVAILABLE);
  const [away] = await steps(s, [{ run: COUNT }]);
  t.is(away.status, -S.UNAVAILABLE);
  t.regex(text(away), /cannot be reached: nothing listens there/);
  await server.restart();
  let [back] = await steps(s, [{ run: COUNT }]);
  while (back.status !== 0) {
    t.is(back.status, -S.UNAVAILABLE);
    await new Promise((resolve) => setTimeout(resolve, 50));
    [back] = await steps(s, [{ run: COUNT }]);
  }
  t.is(one(back), '0');
  // Idle connections that died meanwhile are found out before anything is sent over them.
  await server.kill();
  await server.restart();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const [again] = await steps(s, [{ run: INSERT, args: ['5', 'x'] }]);
  t.is(again.status, 0, text(again));
});

onServer('an echo beside waiting statements costs them nothing', async (t) => {
  const s = await stand(t, 0);
  const echo = await s.desk.call(s.route + 1, u32(7));
  t.deepEqual([...echo.payload], [...u32(7)]);
});
