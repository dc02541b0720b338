// What builds and operators do with a database, on every engine: the ledger, changes under handles
// that share a transaction, two builds at once, and what stands when something fails.
import test, { type ExecutionContext } from 'ava';
import {
  ABORTED,
  FAILED_PRECONDITION,
  INVALID_ARGUMENT,
  NOT_FOUND,
} from '../../assembly/shared/status.ts';
import { type Admin, AdminError, type Change } from '../../host/database/admin.ts';
import { openAdmin } from '../../host/database/open.ts';
import { databaseState } from '../../host/database/state.ts';
import { type Engine, onEngines } from './engines.ts';

/** A change of `service` that makes `table`. */
const change = (service: string, number: number, table: string, before = ''): Change => ({
  service,
  handle: `${service}:${number}`,
  expected: before === '' ? '0:' : `${number - 1}:${before}`,
  steps: [`create table ${table} (id int4 primary key)`],
  rows: [
    {
      number,
      hash: `hash-${table}`,
      name: `000${number}.sql`,
      sql: 'made',
      model: `model ${table}`,
    },
  ],
});

const status =
  (expected: number, message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof AdminError && error.status === expected && message.test(error.message);

async function refuses(
  t: ExecutionContext,
  work: Promise<unknown>,
  expected: number,
  message: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(work, { instanceOf: AdminError });
  t.true(status(expected, message)(error), `${(error as AdminError).status}: ${error.message}`);
}

/** One engine, with the Admins that tests open on it. */
class Bench {
  readonly engine: () => Engine;
  readonly #admins: Admin[] = [];

  constructor(engine: () => Engine) {
    this.engine = engine;
  }

  open(): Admin {
    const admin = openAdmin(this.engine().target, { statementMs: 25_000 });
    this.#admins.push(admin);
    return admin;
  }

  async close(): Promise<void> {
    await Promise.all(this.#admins.splice(0).map((admin) => admin.close()));
  }

  /** Whether a service has a table. */
  has(admin: Admin, service: string, table: string): Promise<boolean> {
    const own = this.engine().target.engine === 'sqlite' ? table : `${service}.${table}`;
    return admin.query(`select count(*) from ${own}`, []).then(
      () => true,
      () => false,
    );
  }

  state(service: string): Promise<string> {
    return databaseState(this.engine().text, this.engine().place, service);
  }
}

const CASES: Record<string, (t: ExecutionContext, db: Bench) => Promise<void>> = {
  // The first one: a session that has seen no ledger must find the one that another made.
  'two builds at once: one migrates, the other finds it done': async (t, db) => {
    const [first, second] = [db.open(), db.open()];
    t.deepEqual(await first.ledger('nine'), []);
    t.deepEqual(await second.ledger('nine'), []);
    const made = change('nine', 1, 't9');
    await first.prepare(made);
    const waiting = second.prepare({ ...made, handle: 'mine' });
    if (db.engine().target.kind === 'server') {
      const waits = "select 1 from pg_locks where locktype = 'advisory' and not granted";
      const watcher = db.open();
      while ((await watcher.query(waits, [])).rows.length === 0);
    }
    await first.commit(made.handle);
    await waiting;
    await second.commit('mine');
    t.is((await second.ledger('nine')).length, 1);
    t.true(await db.has(second, 'nine', 't9'));
  },

  'says what it is': async (t, db) => {
    const info = await db.open().info();
    t.is(info.engine, db.engine().target.engine);
    t.true(info.version > 100_000);
    t.is(info.embedded, db.engine().target.kind !== 'server');
  },

  'asking creates nothing, and writes nothing': async (t, db) => {
    const admin = db.open();
    t.deepEqual(await admin.ledger('empty'), []);
    t.deepEqual(await admin.query('select 1 as a, null as b', []), {
      columns: ['a', 'b'],
      rows: [['1', null]],
    });
    await t.throwsAsync(admin.query('create table nope (id int4)', []), { instanceOf: AdminError });
    t.false(await db.has(admin, 'public', 'nope'));
    await t.throwsAsync(admin.query('select broken', []), { message: /broken/ });
    t.is((await admin.query('select 2', [])).rows[0]?.[0], '2');
  },

  'a change stands when it is committed, with its row': async (t, db) => {
    const before = await db.state('one');
    const admin = db.open();
    await admin.prepare(change('one', 1, 'users'));
    await admin.commit('one:1');
    t.true(await db.has(admin, 'one', 'users'));
    const [row, ...more] = await admin.ledger('one');
    t.like(row, { number: 1, hash: 'hash-users', name: '0001.sql', model: 'model users' });
    t.regex(row?.appliedAt ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
    t.is(more.length, 0);
    const after = await db.state('one');
    t.not(after, before);
    t.is(await db.state('one'), after);
    await admin.commit('one:1');
    await refuses(t, admin.rollback('one:1'), FAILED_PRECONDITION, /is committed/);
    await refuses(t, admin.rollback('one:9'), NOT_FOUND, /was not prepared here/);
    await refuses(t, admin.commit('one:9'), NOT_FOUND, /was not prepared here/);
  },

  'a failing step leaves nothing, and says which it was': async (t, db) => {
    const admin = db.open();
    const wrong = change('two', 1, 'a');
    wrong.steps.push('create table a (id int4)');
    await refuses(t, admin.prepare(wrong), INVALID_ARGUMENT, /step 2 of 2, `create table a/);
    t.false(await db.has(admin, 'two', 'a'));
    t.deepEqual(await admin.ledger('two'), []);
    await refuses(t, admin.commit('two:1'), FAILED_PRECONDITION, /was rolled back/);
    await admin.rollback('two:1');
  },

  'handles of one build share a transaction': async (t, db) => {
    const admin = db.open();
    await admin.prepare(change('three', 1, 't3'));
    await admin.prepare(change('four', 1, 't4'));
    await refuses(t, admin.prepare(change('four', 1, 't5')), INVALID_ARGUMENT, /prepared already/);
    // The committed one waits for the other.
    await admin.commit('three:1');
    t.false((await db.state('three')).includes('hash-t3'));
    await admin.commit('four:1');
    t.true((await db.state('three')).includes('hash-t3'));
    t.true((await db.has(admin, 'three', 't3')) && (await db.has(admin, 'four', 't4')));
  },

  'one that is rolled back takes the later ones with it': async (t, db) => {
    const admin = db.open();
    await admin.prepare(change('five', 1, 't5'));
    await admin.prepare(change('six', 1, 't6'));
    await admin.commit('five:1');
    await admin.rollback('five:1');
    await refuses(t, admin.commit('six:1'), FAILED_PRECONDITION, /was rolled back/);
    await admin.rollback('six:1');
    t.false(await db.has(admin, 'five', 't5'));
    t.false(await db.has(admin, 'six', 't6'));
    // The transaction has ended: the next one begins anew.
    await admin.prepare(change('five', 1, 't5'));
    await admin.commit('five:1');
    t.true(await db.has(admin, 'five', 't5'));
  },

  'the last one that is rolled back lets the first one stand': async (t, db) => {
    const admin = db.open();
    await admin.prepare(change('seven', 1, 't7'));
    await admin.prepare(change('eight', 1, 't8'));
    await admin.rollback('eight:1');
    await admin.commit('seven:1');
    t.true(await db.has(admin, 'seven', 't7'));
    t.false(await db.has(admin, 'eight', 't8'));
  },

  'another ledger than was planned against is refused': async (t, db) => {
    const admin = db.open();
    const planned = change('one', 3, 'later', 'another');
    await refuses(t, admin.prepare(planned), ABORTED, /`one` was at migration 2 another.* is at/);
    t.false(await db.has(admin, 'one', 'later'));
  },

  'an Admin that closes rolls back what it holds': async (t, db) => {
    const first = openAdmin(db.engine().target);
    await first.prepare(change('ten', 1, 't10'));
    await first.close();
    await t.throwsAsync(first.commit('ten:1'), { instanceOf: AdminError });
    const second = db.open();
    await second.prepare(change('ten', 1, 't10'));
    await second.commit('ten:1');
    t.true(await db.has(second, 'ten', 't10'));
  },

  'rows without hash and SQL leave the ledger': async (t, db) => {
    const admin = db.open();
    await admin.prepare({
      ...{ service: 'ten', handle: 'undo', expected: '1:hash-t10' },
      steps: ['drop table t10'],
      rows: [{ number: 1, hash: '', name: '', sql: '', model: '' }],
    });
    await admin.commit('undo');
    t.deepEqual(await admin.ledger('ten'), []);
    t.false(await db.has(admin, 'ten', 't10'));
  },

  'a step cannot end the transaction': async (t, db) => {
    const admin = db.open();
    const wrong = change('eleven', 1, 't11');
    wrong.steps.push('insert into t11 values (1);\ncommit');
    await refuses(t, admin.prepare(wrong), INVALID_ARGUMENT, /transaction/);
    t.false(await db.has(admin, 'eleven', 't11'));
    t.deepEqual(await admin.ledger('eleven'), []);
  },

  'documents of several statements are steps, too': async (t, db) => {
    const admin = db.open();
    const text = '-- made by hand\ncreate table a12 (id int4);\ncreate table b12 (id int4);\n';
    await admin.prepare({ ...change('twelve', 1, 'x'), steps: [text] });
    await admin.commit('twelve:1');
    t.true((await db.has(admin, 'twelve', 'a12')) && (await db.has(admin, 'twelve', 'b12')));
  },
};

onEngines(test, ['postgres', 'sqlite'], (name, engine) => {
  const bench = new Bench(engine);
  for (const [title, body] of Object.entries(CASES)) {
    test.serial(`${name}: ${title}`, (t) => body(t, bench));
  }
  test.after.always(`${name}: closed`, () => bench.close());
});
