// What a database says of a text before it is ever run, on every engine: kinds, types, sources,
// nullable columns, parameters, and where in the text a mistake stands.
import test, { type ExecutionContext } from 'ava';
import type { Described, DescribedText, Refused } from '../../host/capability/database/contract.ts';
import { describePostgres } from '../../host/capability/database/describe.ts';
import { describeSqlite } from '../../host/capability/database/describe-sqlite.ts';
import { AdminError } from '../../host/database/admin.ts';
import { openAdmin } from '../../host/database/open.ts';
import type { PostgresAdmin } from '../../host/database/postgres-admin.ts';
import { type Engine, onEngines } from './engines.ts';

const TABLES = `create table orgs (id text not null primary key, name text not null, note text);
create table users (id text not null primary key, email text not null unique, phone BLOB,
  created_at INSTANT not null, org_id text references orgs (id), age int4);`;

const ddl = (sqlite: boolean): string =>
  TABLES.replace('INSTANT', sqlite ? 'timestamptz text' : 'timestamptz').replace(
    'BLOB',
    sqlite ? 'bytea blob' : 'bytea',
  );

/** One engine that is asked. */
class Asked {
  readonly sqlite: boolean;
  readonly #engine: () => Engine;
  #admin: PostgresAdmin | undefined;

  constructor(engine: () => Engine, sqlite: boolean) {
    this.#engine = engine;
    this.sqlite = sqlite;
  }

  get admin(): PostgresAdmin {
    this.#admin ??= openAdmin(this.#engine().target, { statementMs: 25_000 }) as PostgresAdmin;
    return this.#admin;
  }

  describe(texts: string[], tables = ddl(this.sqlite)): Promise<Described[]> {
    if (this.sqlite) return describeSqlite('directory', tables, texts);
    return this.admin.aside((connection) => {
      return describePostgres(connection, 'directory', tables, texts);
    });
  }

  async good(t: ExecutionContext, text: string): Promise<DescribedText> {
    const [one] = await this.describe([text]);
    if (one?.ok !== true) throw new Error(`${text}: ${JSON.stringify(one)}`);
    t.true(one.ok);
    return one;
  }

  async bad(t: ExecutionContext, text: string): Promise<Refused & { at: string }> {
    const [one] = await this.describe([text]);
    if (one === undefined || one.ok) throw new Error(`${text} is taken`);
    t.false(one.ok);
    return { ...one, at: text.slice(one.offset, one.offset + one.length) };
  }

  /** Columns as `name`, those that can be null as `name?`. */
  async nulls(t: ExecutionContext, text: string): Promise<string> {
    const { columns } = await this.good(t, text);
    return columns.map((one) => `${one.name}${one.nullable ? '?' : ''}`).join(' ');
  }

  async close(): Promise<void> {
    await this.#admin?.close();
  }
}

type Cases = Record<string, (t: ExecutionContext, db: Asked) => Promise<void>>;

const CASES: Cases = {
  'columns have types, sources and places': async (t, db) => {
    const text = 'select u.id, o.note as n, age + 1 as older, created_at from users u, orgs o';
    const { columns, kind, writes, tables } = await db.good(t, text);
    t.is(kind, 'select');
    t.false(writes);
    t.deepEqual(
      columns.map(({ name: column, type, source, offset, length }) => {
        return [column, type, source, text.slice(offset, offset + length)];
      }),
      [
        ['id', 'text', 'directory.users.id', 'u.id'],
        ['n', 'text', 'directory.orgs.note', 'o.note as n'],
        ['older', db.sqlite ? 'int8' : 'int4', '', 'age + 1 as older'],
        ['created_at', 'timestamptz', 'directory.users.created_at', 'created_at'],
      ],
    );
    t.deepEqual(tables, [
      { name: 'directory.users', writes: false },
      { name: 'directory.orgs', writes: false },
    ]);
  },

  'what can be null': async (t, db) => {
    const is = async (text: string, columns: string): Promise<void> => {
      t.is(await db.nulls(t, text), columns, text);
    };
    await is('select id, age from users', 'id age?');
    await is('select * from orgs', 'id name note?');
    await is('select age from users where age > $1', 'age');
    await is('select age from users where age is not null and 1 = 1', 'age');
    await is('select age from users where age is not null or 1 = 1', 'age?');
    await is('select age from users where not (age = 1)', 'age?');
    await is(
      'select u.id, o.id as oid, o.name from users u left join orgs o on o.id = u.org_id',
      'id oid? name?',
    );
    await is('select o.name from users u join orgs o on o.id = u.org_id', 'name');
    await is('select u.org_id from users u join orgs o on o.id = u.org_id', 'org_id');
    await is(
      "select o.name from users u left join orgs o on o.id = u.org_id where o.name <> ''",
      'name',
    );
    await is('select id from orgs union select org_id from users', 'id?');
    await is('select id from orgs union select id from users', 'id');
    await is(
      'select count(*) as n, sum(age) as s, coalesce(sum(age), 0) as z from users',
      'n s? z',
    );
    await is('select coalesce(note, name) as a, coalesce(note, $1) as b from orgs', 'a b?');
    await is('select lower(email) as e, lower(note) as n from users, orgs', 'e n?');
    await is('select case when age > 1 then 1 else 2 end as a from users', 'a');
    await is('select case when age > 1 then 1 end as a from users', 'a?');
    await is('select (select count(*) from orgs) as n, (select name from orgs) as m', 'n m?');
    await is('select exists (select 1 from orgs) as e, age is null as i from users', 'e i');
    await is('with x as (select id, note from orgs) select x.id, x.note from x', 'id note?');
    await is('select s.n, s.i from (select note as n, id as i from orgs) s', 'n? i');
    await is('select nullif(id, $1) as a, null as b, 1 as c from users', 'a? b? c');
    await is('update users set age = $1 where age > 3 returning id, age', 'id age?');
    await is('delete from users where age > 3 returning id, age', 'id age');
    await is(
      'with recursive r as (select 1 n union all select n + 1 from r where n < 3) select n from r',
      'n?',
    );
  },

  'parameters have types, places, and columns that they go to': async (t, db) => {
    const text = 'insert into users (id, email, created_at, age) values ($1, $2, $3, $4)';
    const { parameters, writes, kind, tables } = await db.good(t, text);
    t.deepEqual(
      parameters.map(({ type, assigned, notNull, offset, length }) => {
        return [type, assigned, notNull, text.slice(offset, offset + length)];
      }),
      [
        ['text', 'directory.users.id', true, '$1'],
        ['text', 'directory.users.email', true, '$2'],
        ['timestamptz', 'directory.users.created_at', true, '$3'],
        ['int4', 'directory.users.age', false, '$4'],
      ],
    );
    t.true(writes);
    t.is(kind, 'insert');
    t.deepEqual(tables, [{ name: 'directory.users', writes: true }]);
    const update = await db.good(
      t,
      'update users set age = $2 where id = $1 and age > $2 limit 1'.slice(0, -8),
    );
    t.deepEqual(
      update.parameters.map(({ type, assigned }) => [type, assigned]),
      [
        ['text', ''],
        ['int4', 'directory.users.age'],
      ],
    );
    const like = await db.good(
      t,
      'select id from users where email like $1 and age in ($2, $3) limit $4',
    );
    t.deepEqual(
      like.parameters.map(({ type }) => type),
      ['text', 'int4', 'int4', 'int8'],
    );
  },

  'a wrong column is pointed at, and the near one offered': async (t, db) => {
    t.like(await db.bad(t, 'select id, emial from users'), {
      ...{ sqlstate: '42703', at: 'emial', hint: 'email' },
    });
    t.like(await db.bad(t, 'select u.emial from users u'), { at: 'emial', hint: 'email' });
    t.like(await db.bad(t, 'select \'ü€😀\', "emial" from users'), {
      at: '"emial"',
      hint: 'email',
    });
    t.like(await db.bad(t, 'select * from usrs'), { sqlstate: '42P01', at: 'usrs', hint: 'users' });
    t.like(await db.bad(t, 'select id from users where'), { sqlstate: '42601' });
    t.like(await db.bad(t, 'selec id from users'), { sqlstate: '42601', at: 'selec' });
    t.like(await db.bad(t, 'insert into users (id, emial) values ($1, $2)'), { sqlstate: '42703' });
  },

  'what no cell may do is refused before the server sees it': async (t, db) => {
    const only = await db.bad(t, 'select 1; drop table users');
    t.like(only, { message: 'only one statement may stand in a text', at: 'drop' });
    for (const text of ['drop table users', 'create table a (b int4)', 'begin', 'commit']) {
      t.like(await db.bad(t, text), { sqlstate: '0A000', at: text.split(' ')[0] });
    }
    t.regex((await db.bad(t, '')).message, /no statement/);
    t.regex((await db.bad(t, '-- nothing')).message, /no statement/);
    t.regex((await db.bad(t, ' '.repeat(65_537))).message, /no more than 65536/);
    t.true((await db.describe([`select 1${' '.repeat(65_528)}`]))[0]?.ok);
  },

  'many texts, some wrong, are answered in their order': async (t, db) => {
    const texts = Array.from({ length: 60 }, (_, i) =>
      i % 7 === 3 ? `select wrong${i} from users` : `select ${i} as n${i} from users`,
    );
    const all = await db.describe(texts);
    const wrong = /wrong\d+/;
    t.deepEqual(
      all.map((one, i) =>
        one.ok ? one.columns[0]?.name : `wrong${i}: ${wrong.exec(one.message)}`,
      ),
      texts.map((_, i) => (i % 7 === 3 ? `wrong${i}: wrong${i}` : `n${i}`)),
    );
    t.deepEqual(await db.describe([]), []);
  },

  'tables that cannot be made are told': async (t, db) => {
    await t.throwsAsync(db.describe(['select 1'], 'create table a (b int4, b int4)'), {
      instanceOf: AdminError,
      message: /making the tables of this source: /,
    });
    // The next question finds all as it was.
    t.true((await db.describe(['select id from users']))[0]?.ok);
  },
};

const SERVER_CASES: Cases = {
  "nothing of the user's is touched, other schemas can be read": async (t, db) => {
    await db.describe([]);
    const own = db.admin;
    await own.prepare({
      ...{ service: 'directory', handle: 'h', expected: '0:', rows: [] },
      steps: [
        'create table users (other int4)',
        'create schema shop',
        'create table shop.a (b int8)',
      ],
    });
    await own.commit('h');
    t.is(await db.nulls(t, 'select id, b from users, shop.a'), 'id b?');
    const { tables, columns } = await db.good(t, 'select directory.users.id from directory.users');
    t.deepEqual(tables, [{ name: 'directory.users', writes: false }]);
    t.is(columns[0]?.source, 'directory.users.id');
    t.like(await db.bad(t, 'select id from directory.users where emial = $1'), { at: 'emial' });
    const { rows } = await own.query(
      "select count(*) from pg_namespace where nspname like 'cell_scratch%'",
      [],
    );
    t.deepEqual(rows, [['0']]);
  },

  'types that the server finds': async (t, db) => {
    const text =
      "select array[id] as a, age::numeric(10,2) as b, now() as c, '1'::interval as d, " +
      "'{}'::jsonb as e, array_agg(age) as f, gen_random_uuid() as g from users group by id, age";
    t.deepEqual(
      (await db.good(t, text)).columns.map(({ type, nullable }) => type + (nullable ? '?' : '')),
      ['text[]', 'numeric?', 'timestamptz', 'interval', 'jsonb', 'int4[]?', 'uuid'],
    );
    t.like(await db.bad(t, "select id from users where age = 'x'"), {
      sqlstate: '22P02',
      at: "'x'",
    });
    t.like(await db.bad(t, 'select id from users where age = id'), { sqlstate: '42883', at: '=' });
    t.true((await db.good(t, 'select id from users for update')).writes);
    t.true((await db.good(t, 'with x as (delete from orgs returning id) select id from x')).writes);
    t.like(await db.bad(t, 'select 1\0'), { sqlstate: '22021', offset: 8, length: 1 });
    t.like(await db.bad(t, 'select $1 + $1'), { sqlstate: '42725' });
  },

  'columns of joins that merge': async (t, db) => {
    t.is(
      await db.nulls(t, 'select * from (select id, note from orgs) o join users u using (id)'),
      'id note? email phone? created_at org_id? age?',
    );
    t.is(
      await db.nulls(t, 'select id, o.name, u.email from orgs o full join users u using (id)'),
      'id? name? email?',
    );
    t.is(
      await db.nulls(t, 'select id, o.name from orgs o left join users u using (id)'),
      'id name',
    );
    t.is(await db.nulls(t, 'select n from generate_series(1, 3) as g (n)'), 'n');
    t.is(await db.nulls(t, 'select id, count(*) from users group by rollup (id)'), 'id? count?');
    t.is(await db.nulls(t, 'values (1, null), (2, 3)'), 'column1 column2?');
  },
};

onEngines(test, ['postgres', 'sqlite'], (name, engine) => {
  const sqlite = name === 'SQLite';
  const asked = new Asked(engine, sqlite);
  const cases = sqlite ? CASES : { ...CASES, ...SERVER_CASES };
  for (const [title, body] of Object.entries(cases)) {
    test.serial(`${name}: ${title}`, (t) => body(t, asked));
  }
  test.after.always(`${name}: closed`, () => asked.close());
});
