// What a call leaves behind on a real server, however it ends: no transaction, no lock, nothing
// under way. The guest is a script (script-cell.ts).
import test from 'ava';
import pg from 'pg';
import * as S from '../../assembly/shared/status.ts';
import { caller } from '../lane/callers.ts';
import { Desk } from '../lane/desk.ts';
import { answersOf, type Step, script, scriptModule } from './script-cell.ts';
import {
  all,
  COUNT,
  INSERT,
  insert,
  MANIFEST,
  NAME,
  one,
  ScriptServer,
  SLOW,
  SLOW_WRITE,
  SUM,
  steps,
  text,
} from './stand.ts';

const db = new ScriptServer(test);

for (const lanes of [0, 1]) {
  db.on(`a commit, a rollback, and what a call forgets, --lanes ${lanes}`, async (t) => {
    const s = await db.stand(t, lanes);
    const begun: Step[] = [{ begin: 2 }, { run: INSERT, args: ['1', 'x'] }];
    await steps(s, [...begun, { end: true }]);
    t.is(await db.count(), '1');
    await steps(s, [{ begin: 0 }, { run: INSERT, args: ['2', 'x'] }, { end: false }]);
    await steps(s, [{ begin: 1 }, { run: INSERT, args: ['3', 'x'] }]);
    t.is((await s.desk.call(s.route, script([...begun.slice(0, 1), { fail: 9 }]))).status, 9);
    const late = [{ begin: 0 as const }, { run: INSERT, args: ['4', 'x'] }, { fail: 5 }];
    t.is((await s.desk.call(s.route, script(late))).status, 5);
    await db.quiet();
    t.is(await db.count(), '1');
    t.is(one((await steps(s, [{ run: COUNT }]))[0]), '1', 'in no transaction of an earlier call');
  });

  db.on(`a trap in a transaction leaves nothing, --lanes ${lanes}`, async (t) => {
    const s = await db.stand(t, lanes);
    for (let i = 0; i < 5; i++) {
      const list = [{ begin: 0 as const }, { run: INSERT, args: [String(i), 'x'] }];
      const { status } = await s.desk.call(s.route, script([...list, { trap: true }]));
      t.is(status, S.INTERNAL);
    }
    await db.quiet();
    t.is(await db.count(), '0');
    t.is(one((await steps(s, [{ run: COUNT }]))[0]), '0');
  });

  db.on(`a call that is cancelled ends its statement, --lanes ${lanes}`, async (t) => {
    const s = await db.stand(t, lanes);
    const list: Step[] = [{ begin: 0 }, { run: INSERT, args: ['1', 'x'] }];
    s.desk.push(0, 1, [
      { route: s.route, id: 5, payload: script([...list, { run: SLOW, args: ['600'] }]) },
    ]);
    await db.busy();
    s.desk.cancel(0, 1, s.route, 5);
    await s.desk.until(() => s.desk.got(5).length > 0);
    t.is(s.desk.got(5)[0].status, S.CANCELLED);
    await db.quiet();
    t.is(await db.count(), '0');
    t.is(one((await steps(s, [{ run: COUNT }]))[0]), '0');
  });

  db.on(`a deadline ends the statement under way, --lanes ${lanes}`, async (t) => {
    const s = await db.stand(t, lanes);
    const slow = script([{ run: SLOW_WRITE, args: ['600'] }]);
    const { status } = await s.desk.call(s.route, slow, { remainingMs: 400 });
    t.is(status, S.DEADLINE_EXCEEDED);
    await db.quiet();
    t.is(await db.count(), '0');
  });
}

db.on('serialization failures are ABORTED, and so is a commit that loses', async (t) => {
  const s = await db.stand(t, 0);
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
  t.is(await db.count(), '2');
});

db.on('a read-only server, a statement that takes too long', async (t) => {
  const s = await db.stand(t, 0, { grant: { timeoutMs: 300 } });
  const [slow] = await steps(s, [{ run: SLOW, args: ['600'] }]);
  t.is(slow.status, -S.DEADLINE_EXCEEDED);
  t.is(text(slow), 'the statement took too long');
  await db.admin('alter system set default_transaction_read_only = on');
  await db.admin('select pg_reload_conf()');
  try {
    await steps(s, [{ run: SLOW, args: ['0.05'] }]);
    const fresh = await db.join(t, 0);
    const [refused] = await steps(fresh, [{ run: INSERT, args: ['1', 'x'] }]);
    t.is(refused.status, -S.FAILED_PRECONDITION);
    t.regex(text(refused), /read-only/);
  } finally {
    await reset();
  }
});

async function reset(): Promise<void> {
  const client = new pg.Client(db.server.url);
  await client.connect();
  await client.query('set default_transaction_read_only = off');
  await client.query('alter system reset default_transaction_read_only');
  await client.query('select pg_reload_conf()');
  await client.end();
}

db.on('a lane that is lost in a transaction leaves nothing on the server', async (t) => {
  const s = await db.stand(t, 1, { desk: { limits: { cpuMs: 50 } } });
  const list: Step[] = [{ begin: 0 }, { run: INSERT, args: ['1', 'x'] }, { spin: true }];
  const { status } = await s.desk.call(s.route, script(list));
  t.is(status, S.DEADLINE_EXCEEDED);
  await db.quiet();
  t.is(await db.count(), '0');
  t.is(one((await steps(s, [{ run: COUNT }]))[0]), '0');
});

db.on('more calls than connections: all are served, in pools of two', async (t) => {
  const s = await db.stand(t, 1);
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

  t.true((await db.connections()) <= 2);
});

db.on('a server that dies: what is known is said, and the pool comes back', async (t) => {
  const s = await db.stand(t, 1);
  await steps(s, [{ run: COUNT }]);
  const pending = (id: number, list: Step[]): void =>
    s.desk.push(0, 1, [{ route: s.route, id, payload: script(list) }]);
  pending(1, [{ run: SLOW_WRITE, args: ['600'] }]);
  pending(2, [{ begin: 0 }, { run: INSERT, args: ['1', 'x'] }, { run: SLOW, args: ['600'] }]);
  await db.busy();
  await db.server.kill();
  await s.desk.until(() => s.desk.got(1).length > 0 && s.desk.got(2).length > 0);
  t.is(all(s.desk.got(1)[0])[0].status, -S.UNKNOWN);
  t.is(all(s.desk.got(2)[0])[2].status, -S.UNAVAILABLE);
  const [away] = await steps(s, [{ run: COUNT }]);
  t.is(away.status, -S.UNAVAILABLE);
  t.regex(text(away), /cannot be reached: nothing listens there/);
  await db.server.restart();
  let [back] = await steps(s, [{ run: COUNT }]);
  while (back.status !== 0) {
    t.is(back.status, -S.UNAVAILABLE);
    await new Promise((resolve) => setTimeout(resolve, 50));
    [back] = await steps(s, [{ run: COUNT }]);
  }
  t.is(one(back), '0');
  // Idle connections that died meanwhile are found out before anything is sent over them.
  await db.server.kill();
  await db.server.restart();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const [again] = await steps(s, [{ run: INSERT, args: ['5', 'x'] }]);
  t.is(again.status, 0, text(again));
});

db.on('start() may ask, and leaves no transaction behind', async (t) => {
  await db.admin('drop schema if exists script cascade');
  await db.admin('create schema script');
  await db.admin('create table script.t (id int8 primary key, name text)');
  const desk = await Desk.open(t, { lanes: 1 });
  desk.session(1);
  const start: Step[] = [insert('1'), { begin: 0 }, insert('2')];
  const module = scriptModule({ start, actor: true }, MANIFEST);
  const route = await desk.loadBytes(module, { sql: { url: db.server.url } });
  await db.quiet();
  t.is(await db.count(), '1');
  const { payload } = await desk.call(route, script([{ begin: 0 }, insert('3'), { end: true }]));
  t.deepEqual(
    answersOf(payload).map(({ status }) => status),
    [0, 0, 0],
  );
});

db.on('a call from another cell ends its transaction, however it ends', async (t) => {
  const s = await db.stand(t, 1);
  const ways = [{ name: 'go', target: 'script.script' }];
  const front = await s.desk.load(caller('front', ways), { call: ['script'] });
  const open: Step[] = [{ begin: 0 }, { run: INSERT, args: ['1', 'x'] }];
  t.is((await s.desk.call(front, script(open))).status, 0);
  await db.quiet();
  t.is(await db.count(), '0');
  t.is((await s.desk.call(front, script([...open, { trap: true }]))).status, S.INTERNAL);
  await db.quiet();
  t.is(await db.count(), '0');
  s.desk.push(0, 1, [
    { route: front, id: 9, payload: script([...open, { run: SLOW, args: ['600'] }]) },
  ]);
  await db.busy();
  s.desk.cancel(0, 1, front, 9);
  await s.desk.until(() => s.desk.got(9).length > 0);
  t.is(s.desk.got(9)[0].status, S.CANCELLED);
  await db.quiet();
  t.is(await db.count(), '0');
  const [done] = await steps(s, [{ run: COUNT }]);
  t.is(one(done), '0');
});
