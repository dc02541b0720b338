// Owns what every driver behind `cell:sql` has to do alike: the text format, affected rows,
// statuses, transactions, cancelling, bounds. A driver brings a pool on an empty schema `script`,
// and a way to run statements past it.
import type { ExecutionContext, TestFn } from 'ava';
import * as S from '../../assembly/shared/status.ts';
import {
  type Isolation,
  SQL_RESULT_BYTES,
  SQL_WAITERS,
  type SqlJob,
  type SqlPool,
  type SqlSession,
  type SqlText,
} from '../../host/capability/sql/contract.ts';
import { writeFields } from '../../host/capability/sql/fields.ts';
import { ResultBytes } from '../../host/capability/sql/result.ts';
import { statementId } from '../../host/schema/statement-id.ts';
import { type Rows, rowsOf } from './script-cell.ts';

/** One way to a database. */
export interface Subject {
  pool: SqlPool;
  /** Runs SQL as the owner of the database. */
  admin(sql: string): Promise<void>;
}

export interface SubjectOptions {
  connections?: number;
  timeoutMs?: number;
}

/** What a driver is, and what it cannot do. */
export interface Kind {
  name: string;
  sqlite?: boolean;
  open(t: ExecutionContext, options?: SubjectOptions): Promise<Subject>;
}

export interface Outcome extends Partial<Rows> {
  status: number;
  error: string;
}

type Value = string | null;

/** `select $1::int8` with its types: what the build would have put into the manifest. */
export function statement(text: string, types: string[] = [], columns: string[] = []): SqlText {
  const [names, columnTypes] = [0, 1].map((i) => columns.map((c) => c.split(' ')[i] ?? 'text'));
  return {
    ...{ id: statementId(text), text, writes: !/^(?:select|values)/.test(text) },
    ...{ params: types.length, columns: names, types: { params: types, columns: columnTypes } },
  };
}

/** One job, whose end is a promise. */
export class Job implements SqlJob {
  statement: SqlText;
  bytes: Uint8Array;
  at = 0;
  length: number;
  readonly result = new ResultBytes();
  error = '';
  session: SqlSession | null = null;
  readonly ended: Promise<Outcome>;
  returned = false;
  private resolve: (outcome: Outcome) => void = () => {};
  private times = 0;

  constructor(text: SqlText, args: Value[] = []) {
    this.statement = text;
    this.bytes = writeFields(args);
    this.length = this.bytes.length;
    this.ended = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  done(status: number): void {
    if (!this.returned)
      throw new Error('done was called before the call that began the job returned');
    if (++this.times > 1) throw new Error('done was called twice');
    const taken = this.result.bytes.subarray(0, this.result.length);
    const rows = status === 0 && this.result.length > 0 ? rowsOf(taken) : {};
    this.resolve({ status, error: status === 0 ? '' : this.error, ...rows });
  }

  begin(work: () => void): Promise<Outcome> {
    work();
    this.returned = true;
    return this.ended;
  }
}

const NONE = statement('');

/** Runs one statement on a pool or in a session. */
export function run(on: SqlPool | SqlSession, text: SqlText, args: Value[] = []): Promise<Outcome> {
  const job = new Job(text, args);
  return job.begin(() => on.run(job));
}

export async function begin(
  pool: SqlPool,
  isolation: Isolation = 0,
  readOnly = false,
): Promise<SqlSession> {
  const job = new Job(NONE);
  const { status, error } = await job.begin(() => pool.begin(isolation, readOnly, job));
  if (status !== 0) throw new Error(`begin: ${status} ${error}`);
  return job.session as SqlSession;
}

export function end(session: SqlSession, commit: boolean): Promise<Outcome> {
  const job = new Job(NONE);
  return job.begin(() => session.end(commit, job));
}

const INSERT = statement('insert into t (id, name) values ($1, $2)', ['int8', 'text']);
const NAME = statement('select name from t where id = $1', ['int8'], ['name']);
const ALL = statement('select id, name from t order by id', [], ['id int8', 'name']);
const COUNT = statement('select count(*) as n from t', [], ['n int8']);
const RENAME = statement('update t set name = $2 where id >= $1', ['int8', 'text']);

const TABLE = 'create table t (id bigint primary key, name text unique)';

/** The suite. */
export function conformance(test: TestFn, kind: Kind): void {
  const each = (name: string, work: (t: ExecutionContext, s: Subject) => Promise<void>): void => {
    test.serial(`${kind.name}: ${name}`, async (t) => {
      const subject = await kind.open(t);
      await subject.admin(TABLE);
      await work(t, subject);
    });
  };
  values(each, kind);
  statuses(each, kind);
  transactions(each, kind, test);
  bounds(each, kind, test);
}

type Each = (name: string, work: (t: ExecutionContext, s: Subject) => Promise<void>) => void;

function values(each: Each, kind: Kind): void {
  each('rows, affected rows, nulls, empty texts', async (t, { pool }) => {
    t.like(await run(pool, INSERT, ['1', 'one']), { status: 0, affected: 1, rows: [] });
    await run(pool, INSERT, ['2', null]);
    await run(pool, INSERT, ['-9223372036854775808', '']);
    t.like(await run(pool, ALL), {
      affected: 3,
      rows: [
        ['-9223372036854775808', ''],
        ['1', 'one'],
        ['2', null],
      ],
    });
    t.like(await run(pool, RENAME, ['100', 'x']), { status: 0, affected: 0 });
    t.like(await run(pool, RENAME, ['2', 'x']), { status: 0, affected: 1 });
    t.like(await run(pool, NAME, ['2']), { affected: 1, rows: [['x']] });
    t.like(await run(pool, NAME, ['77']), { affected: 0, rows: [] });
  });

  each('the text format', async (t, { pool, admin }) => {
    const real = kind.sqlite ? 'real' : 'float8';
    const blob = kind.sqlite ? 'blob' : 'bytea';
    await admin(`create table v (b boolean, i bigint, f ${real}, d ${blob}, s text)`);
    const text = 'insert into v values ($1, $2, $3, $4, $5) returning b, i, f, d, s';
    const types = ['bool', 'int8', 'float8', 'bytea', 'text'];
    const columns = ['b bool', 'i int8', 'f float8', 'd bytea', 's'];
    const back = async (values: Value[]): Promise<Outcome> =>
      run(pool, statement(text, types, columns), values);
    const same = async (values: Value[]): Promise<void> => {
      t.deepEqual((await back(values)).rows, [values]);
    };
    await same(['t', '9223372036854775807', '1.5', '\\x00ff10', 'ünï \u{1f600}']);
    await same(['f', '-1', '-Infinity', '\\x', '']);
    await same([null, null, null, null, null]);
    await same(['t', '0', '0.1', '\\x01', 'x'.repeat(1 << 20)]);
    await same(['t', '0', kind.sqlite ? '7' : '-0', '\\x01', "'; drop table t; --"]);
    await same([
      't',
      '0',
      kind.sqlite ? '2.5e-7' : '2.5e-07',
      `\\x${'ab'.repeat(100_000)}`,
      '\ufffd\u0001\u007f',
    ]);
    const nan = await back(['t', '0', 'NaN', '\\x', '']);
    if (kind.sqlite) t.like(nan, { status: S.INVALID_ARGUMENT });
    else t.is(nan.rows?.[0][2], 'NaN');
  });

  each('many rows, wide rows, and the next result begins anew', async (t, { pool }) => {
    for (let i = 0; i < 300; i++) await run(pool, INSERT, [String(i), 'n'.repeat(i)]);
    const { rows = [] } = await run(pool, ALL);
    t.deepEqual([rows.length, rows[299][1]?.length, rows[7][1]], [300, 299, 'nnnnnnn']);
    t.deepEqual((await run(pool, COUNT)).rows, [['300']]);
  });

  each('a table that has grown gives the columns that were asked for', async (t, s) => {
    const star = statement('select * from t', [], ['id int8', 'name']);
    await run(s.pool, INSERT, ['1', 'one']);
    t.deepEqual((await run(s.pool, star)).rows, [['1', 'one']]);
    await s.admin("alter table t add column extra text default 'e'");
    t.deepEqual((await run(s.pool, star)).rows, [['1', 'one']]);
    // SQLite makes its plan anew and does not say so; the names of its columns stay unseen.
    if (kind.sqlite) return;
    await s.admin('alter table t rename column name to title');
    const gone = await run(s.pool, star);
    t.is(gone.status, S.FAILED_PRECONDITION, gone.error);
  });
}

function statuses(each: Each, kind: Kind): void {
  each('statuses, and no value in any word', async (t, { pool, admin }) => {
    await admin(
      'create table c (id bigint references t (id), n bigint not null check (n > 0), s text)',
    );
    const into = statement('insert into c (id, n, s) values ($1, $2, $3)', [
      'int8',
      'int8',
      'text',
    ]);
    await run(pool, INSERT, ['1', 'SECRET']);
    const refused = async (status: number, outcome: Promise<Outcome>, words: RegExp) => {
      const { status: got, error } = await outcome;
      t.is(got, status, error);
      t.regex(error, words);
      t.notRegex(error, /SECRET|4242/);
    };
    await refused(S.ALREADY_EXISTS, run(pool, INSERT, ['1', 'other']), /key/);
    await refused(S.ALREADY_EXISTS, run(pool, INSERT, ['2', 'SECRET']), /name|key/);
    await refused(S.FAILED_PRECONDITION, run(pool, into, ['4242', '1', 'SECRET']), /foreign key/);
    await refused(S.INVALID_ARGUMENT, run(pool, into, ['1', null, 'SECRET']), /null.*n\b/);
    await refused(S.INVALID_ARGUMENT, run(pool, into, ['1', '-4242', 'SECRET']), /check/);
    await refused(S.INVALID_ARGUMENT, run(pool, into, ['SECRET', '1', null]), /type|number/);
    await refused(
      S.FAILED_PRECONDITION,
      run(pool, statement("select nope, 'SECRET' from t", [], ['nope', 'x'])),
      /nope|schema/,
    );
    await refused(
      S.FAILED_PRECONDITION,
      run(pool, statement("select id from lost where 'SECRET' = ''", [], ['id'])),
      /lost/,
    );
    t.is((await run(pool, COUNT)).status, 0, 'the connection is whole after each');
  });

  each('what no cell does', async (t, { pool }) => {
    const texts = kind.sqlite
      ? [
          ...["attach '/tmp/x.db' as x", 'pragma journal_mode', 'create table x (a)', 'begin'],
          ...['drop table t', 'select * from sqlite_master', "select load_extension('x')"],
        ]
      : ['copy t to stdout', 'copy t from stdin'];
    for (const text of texts) {
      const { status } = await run(pool, { ...statement(text), columns: null });
      t.not(status, 0, text);
      t.is((await run(pool, COUNT)).status, 0, `after ${text}`);
    }
  });
}

function transactions(each: Each, kind: Kind, test: TestFn): void {
  each('commit, rollback, and what others see', async (t, { pool }) => {
    const session = await begin(pool);
    await run(session, INSERT, ['1', 'one']);
    t.deepEqual((await run(session, COUNT)).rows, [['1']]);
    t.is((await end(session, true)).status, 0);
    const other = await begin(pool, 2);
    await run(other, INSERT, ['2', 'two']);
    t.is((await end(other, false)).status, 0);
    t.deepEqual((await run(pool, COUNT)).rows, [['1']]);
    t.is((await run(other, COUNT)).status, S.UNAVAILABLE, 'a session that has ended');
    t.is((await end(other, true)).status, S.UNAVAILABLE);
  });

  each('a session that is dropped leaves nothing', async (t, { pool }) => {
    for (let i = 0; i < 12; i++) {
      const session = await begin(pool, 1);
      await run(session, INSERT, [String(i), null]);
      session.drop();
      session.drop();
    }
    t.deepEqual((await run(pool, COUNT)).rows, [['0']]);
  });

  each('a transaction in which a statement failed commits nothing', async (t, { pool }) => {
    const session = await begin(pool);
    await run(session, INSERT, ['1', 'one']);
    t.is((await run(session, INSERT, ['1', 'again'])).status, S.ALREADY_EXISTS);
    const { status } = await end(session, !kind.sqlite);
    t.is(status, kind.sqlite ? 0 : S.FAILED_PRECONDITION);
    t.deepEqual((await run(pool, COUNT)).rows, [['0']]);
  });

  each('a read-only transaction writes nothing', async (t, { pool }) => {
    const session = await begin(pool, 1, true);
    t.is((await run(session, COUNT)).status, 0);
    t.is((await run(session, INSERT, ['1', 'x'])).status, S.FAILED_PRECONDITION);
    await end(session, false);
    t.is((await run(pool, INSERT, ['1', 'x'])).status, 0, 'the next one does');
    const next = await begin(pool);
    t.is((await run(next, INSERT, ['2', 'y'])).status, 0);
    t.is((await end(next, true)).status, 0);
  });

  test.serial(`${kind.name}: more jobs than connections are served in turn`, async (t) => {
    const { pool, admin } = await kind.open(t, { connections: 2 });
    await admin(TABLE);
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, i) => run(pool, INSERT, [String(i), `n${i}`])),
    );
    t.true(all.every(({ status }) => status === 0));
    t.deepEqual((await run(pool, COUNT)).rows, [['60']]);
  });
}

function bounds(each: Each, kind: Kind, test: TestFn): void {
  each(
    'a result beyond all bounds is refused, and the pool goes on',
    async (t, { pool, admin }) => {
      const chunk = 'x'.repeat(1 << 20);
      const count = SQL_RESULT_BYTES / (1 << 20) + 1;
      await admin('create table big (id bigint primary key, name text)');
      const put = statement('insert into big (id, name) values ($1, $2)', ['int8', 'text']);
      for (let i = 0; i < count; i++) await run(pool, put, [String(i), chunk]);
      const all = statement('select id, name from big', [], ['id int8', 'name']);
      const { status, error } = await run(pool, all);
      t.is(status, S.RESOURCE_EXHAUSTED);
      t.regex(error, /fewer rows/);
      const fewer = statement(
        `select id, name from big where id < ${count - 2}`,
        [],
        ['id int8', 'name'],
      );
      t.is((await run(pool, fewer)).rows?.length, count - 2);
      const session = await begin(pool);
      t.is((await run(session, all)).status, S.RESOURCE_EXHAUSTED);
      session.drop();
      t.deepEqual((await run(pool, COUNT)).rows, [['0']]);
    },
  );

  test.serial(
    `${kind.name}: waiters are bounded, can be cancelled, and are told the end`,
    async (t) => {
      const { pool, admin } = await kind.open(t, { connections: 1 });
      await admin(TABLE);
      const session = await begin(pool);
      await run(session, INSERT, ['1', 'x']);
      const jobs = Array.from(
        { length: SQL_WAITERS + 1 },
        (_, i) => new Job(INSERT, [String(i + 10), `w${i}`]),
      );
      const ended = jobs.map((job) => job.begin(() => pool.run(job)));
      t.is((await ended[SQL_WAITERS]).status, S.RESOURCE_EXHAUSTED);
      pool.cancel(jobs[0], S.CANCELLED);
      pool.cancel(jobs[1], S.DEADLINE_EXCEEDED);
      pool.cancel(jobs[0], S.CANCELLED);
      t.is((await ended[0]).status, S.CANCELLED);
      t.is((await ended[1]).status, S.DEADLINE_EXCEEDED);
      await end(session, true);
      for (const outcome of ended.slice(2, SQL_WAITERS)) t.is((await outcome).status, 0);
      await pool.close();
      t.is((await run(pool, COUNT)).status, S.UNAVAILABLE);
    },
  );
}
