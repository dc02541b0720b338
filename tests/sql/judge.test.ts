// What a hostile module may list as its statements: all that reaches beyond its own schema is
// refused by its text, before anything of it runs.
import test from 'ava';
import { judge, loadJudge } from '../../host/capability/sql/judge.ts';
import { randomOf } from './stand.ts';

test.before(loadJudge);

const reach = { schema: 'directory', reads: ['public.orders', 'public.soundex'] };

const GOOD: [string, boolean][] = [
  ['select * from users where email like $1', false],
  [
    'select u.*, count(*) over () from directory.users u join public.orders o on o.who = u.id',
    false,
  ],
  ['insert into users (id, email) values ($1, $2) on conflict do nothing returning id', true],
  ['update users set email = lower($1) where id = $2', true],
  ['delete from directory.users using public.orders o where o.who = users.id', true],
  ['merge into users u using (values ($1)) v (id) on u.id = v.id when matched then delete', true],
  ['values (1), (2)', false],
  ['table users', false],
  ['with recursive t (n) as (values (1) union all select n + 1 from t) select n from t', false],
  ['with gone as (delete from users returning *) select * from gone', true],
  [
    'select coalesce(max(id), 0)::int8, now(), pg_typeof(1), pg_catalog.lower($1) from users',
    false,
  ],
  ["select nextval('users_id_seq'), nextval('directory.users_id_seq')", true],
  ["select '{\"a\":1}'::jsonb ->> 'a', 1 operator(pg_catalog.+) 2, directory.own($1)", false],
  ['select public.soundex($1)', false],
  ['select * from users tablesample system (10) for update', false],
  ['select x from unnest($1::text[]) as x', false],
];

for (const [text, writes] of GOOD) {
  test(`let through: ${text}`, (t) => {
    t.deepEqual(judge(text, reach), { fault: null, writes });
  });
}

const BAD: [string, RegExp][] = [
  ['select * from other.users', /reads other\.users, which is not granted.*sql: \{ read/],
  ['select * from public.customers', /reads public\.customers/],
  ['select (select token from auth.tokens limit 1)', /reads auth\.tokens/],
  ['insert into public.orders values (1)', /changes public\.orders/],
  ['update public.orders set x = 1', /changes public\.orders/],
  ['delete from other.users', /changes other\.users/],
  ['merge into public.orders o using users u on true when matched then delete', /changes public/],
  ['with x as (update other.users set a = 1 returning *) select * from x', /changes other/],
  ['select * from users u, public.orders o for update', /locks rows/],
  ['select * from pg_authid', /pg_authid/],
  ['select passwd from pg_shadow', /pg_shadow/],
  ['select * from pg_catalog.pg_authid', /pg_catalog\.pg_authid/],
  ['select * from information_schema.tables', /information_schema/],
  ['select * from cell_build.migrations', /cell_build/],
  ['select * from db.directory.users', /another database/],
  ["select query_to_xml('select * from auth.tokens', true, true, '')", /query_to_xml/],
  ["select table_to_xml('auth.tokens', true, true, '')", /table_to_xml/],
  ["select schema_to_xml_and_xmlschema('auth', true, true, '')", /schema_to_xml/],
  ["select cursor_to_xml('c', 1, true, true, '')", /cursor_to_xml/],
  ["select * from ts_stat('select v from auth.t')", /ts_stat/],
  ["select ts_rewrite('a'::tsquery, 'select t, s from auth.t')", /ts_rewrite/],
  ["select set_config('role', 'postgres', false)", /set_config/],
  ["select current_setting('x')", /current_setting/],
  ["select lo_import('/etc/passwd')", /lo_import/],
  ["select lo_get(1), lo_export(1, '/tmp/x')", /lo_/],
  ["select pg_read_file('/etc/passwd')", /pg_read_file/],
  ["select pg_catalog.pg_read_file('/etc/passwd')", /pg_read_file/],
  ["select * from pg_ls_dir('.')", /pg_ls_dir/],
  ["select PG_READ_BINARY_FILE('x')", /pg_read_binary_file/],
  ['select pg_sleep(1000)', /pg_sleep/],
  ['select pg_terminate_backend(1)', /pg_terminate_backend/],
  ['select pg_advisory_lock(1)', /pg_advisory_lock/],
  ["select pg_notify('a', 'b')", /pg_notify/],
  ["select * from dblink('host=x', 'select 1') as t(a int)", /dblink/],
  ["select public.dblink('x')", /public\.dblink/],
  ['select other.f(1)', /other\.f/],
  ['select 1 operator(other.+) 2', /other\.\+/],
  ["select 'x'::other.domain", /other\.domain/],
  ["select 'auth.tokens'::regclass", /regclass/],
  ["select cast('x' as regproc)", /regproc/],
  ["select to_regclass('auth.tokens')", /to_regclass/],
  ["select regclassin('auth.tokens')", /regclassin/],
  ["select domain_in('x', 1, 1)", /domain_in/],
  ["select nextval('other.seq')", /sequence/],
  ['select nextval($1)', /sequence/],
  ["select setval('pg_catalog.x', 1)", /sequence/],
  ['copy users to stdout', /copy statement/],
  ["copy users from program 'id'", /copy statement/],
  ['do $$ begin perform 1; end $$', /do statement/],
  ['call f()', /call statement/],
  ['set role postgres', /variable set statement/],
  ['reset role', /variable set statement/],
  ['begin', /transaction statement/],
  ['create table x (a int)', /create statement/],
  ['create view v as select * from auth.tokens', /view statement/],
  ['drop table users', /drop statement/],
  ['truncate users', /truncate statement/],
  ['grant all on users to public', /grant statement/],
  ['explain analyze delete from users', /explain statement/],
  ['prepare p as select 1', /prepare statement/],
  ['execute p', /execute statement/],
  ['listen x', /listen statement/],
  ['lock table users', /lock statement/],
  ['vacuum', /vacuum statement/],
  ['select * into copied from users', /select into/],
  ['delete from users where current of c', /cursor/],
  ['select 1; select 2', /2 statements/],
  ['select 1; drop table users', /2 statements/],
  ['', /cannot be read/],
  ['-- nothing', /0 statements/],
  ['selec 1', /cannot be read/],
  [`select ${'('.repeat(50_000)}1${')'.repeat(50_000)}`, /cannot be read|nested/],
  [`select ${'array['.repeat(400)}1${']'.repeat(400)}`, /nested too deeply/],
];

for (const [text, why] of BAD) {
  test(`refused: ${text.slice(0, 90)}`, (t) => {
    t.regex(judge(text, reach).fault ?? 'let through', why);
  });
}

test('what is granted to read is not granted to change, and a grant is of one name', (t) => {
  t.is(judge('select * from public.orders', reach).fault, null);
  t.not(judge('select * from public.orders_old', reach).fault, null);
  t.not(judge('select * from "public.orders"."x"', reach).fault, null);
  t.is(judge('select * from "pub"."ord"', { schema: 'a', reads: ['pub.ord'] }).fault, null);
});

test('the parser is whole after what it refused', (t) => {
  for (let i = 0; i < 50; i++) judge(`select ${'('.repeat(20_000)}`, reach);
  t.is(judge('select 1', reach).fault, null);
});

/** Fragments that reach out, as an expression or as what is selected from. */
const EVIL_EXPRESSIONS = [
  ...["pg_read_file('/x')", '(select a from auth.t limit 1)', "'auth.t'::regclass::text"],
  ...["query_to_xml('select 1', true, true, '')::text", 'other.f(1)', "cast('x' as other.d)"],
  ...["set_config('role', 'x', false)", '1 operator(other.+) 2', 'exists (table pg_authid)'],
  ...['array(select b from auth.t)', '(with q as (select * from auth.t) select a from q)'],
];
const EVIL_SOURCES = [
  ...['auth.t', 'pg_shadow', 'information_schema.tables', "dblink('x', 'y') as d (a int)"],
  ...['(values (1)) v (a) natural join auth.t', "rows from (pg_ls_dir('.')) as r (a)"],
  ...['lateral (select * from auth.t) l', 'only auth.t', 'auth.t tablesample system (1)'],
];

/** Grows statements; at most one hole of each is filled with `evil`. */
class Grower {
  private readonly random: () => number;
  private evil: { expression?: string; source?: string };

  constructor(random: () => number, evil: { expression?: string; source?: string }) {
    this.random = random;
    this.evil = evil;
  }

  get placed(): boolean {
    return this.evil.expression === undefined && this.evil.source === undefined;
  }

  private pick<T>(list: T[]): T {
    return list[this.random() % list.length];
  }

  private expression(depth: number): string {
    const { expression } = this.evil;
    if (expression !== undefined && this.random() % 4 === 0) {
      this.evil = {};
      return expression;
    }
    if (depth === 0) return this.pick(['1', "'t'", '$1', 'u.a', 'null', 'now()::text']);
    const one = (): string => this.expression(depth - 1);
    const forms: (() => string)[] = [
      () => `coalesce(${one()}, ${one()})`,
      () => `case when ${one()} is null then ${one()} else ${one()} end`,
      () => `(${this.select(depth - 1)} limit 1)`,
      () => `(${one()}) || (${one()})::text`,
      () => `count(*) filter (where ${one()} is not null) over (order by ${one()})`,
      () => `array[${one()}, ${one()}]`,
      () => `json_build_object('k', ${one()})`,
      () => `(${one()}) in (${one()}, ${one()})`,
    ];
    return this.pick(forms)();
  }

  private source(depth: number): string {
    const { source } = this.evil;
    if (source !== undefined && this.random() % 3 === 0) {
      this.evil = {};
      return source;
    }
    if (depth === 0) return this.pick(['users u', 'directory.users u', 'public.orders u']);
    const one = (): string => this.source(depth - 1);
    return this.pick([
      () => `${one()}, ${one()}`,
      () => `(${this.select(depth - 1)}) s${this.random() % 9} (a)`,
      () => `${one()} left join (${this.select(depth - 1)}) j (a) on ${this.expression(depth - 1)}`,
    ])();
  }

  select(depth: number): string {
    const where = this.random() % 2 === 0 ? '' : ` where ${this.expression(depth)} is null`;
    const order = this.random() % 3 === 0 ? ` order by ${this.expression(depth)}` : '';
    const core = `select ${this.expression(depth)} from ${this.source(depth)}${where}${order}`;
    if (this.random() % 4 !== 0 || depth === 0) return core;
    return `with w as (${this.select(depth - 1)}) ${core}`;
  }

  statement(): string {
    return this.pick([
      () => this.select(3),
      () => `insert into users (a) ${this.select(2)} returning ${this.expression(2)}`,
      () => `update users u set a = ${this.expression(2)} from ${this.source(2)}`,
      () => `delete from users u using ${this.source(2)} where ${this.expression(2)} is null`,
      () => `with d as (delete from users returning *) ${this.select(2)}`,
    ])();
  }
}

test('grown statements: what reaches out is refused wherever it stands, else let through', (t) => {
  const seed = Number(process.env.CELL_SEED ?? Math.floor(Math.random() * 2 ** 32));
  t.log(`CELL_SEED=${seed}`);
  const random = randomOf(seed);
  const refusals = { good: 0, evil: 0, unread: 0 };
  for (let i = 0; i < 2000; i++) {
    const kind = i % 3;
    const grower = new Grower(random, {
      ...(kind === 1 ? { expression: EVIL_EXPRESSIONS[random() % EVIL_EXPRESSIONS.length] } : {}),
      ...(kind === 2 ? { source: EVIL_SOURCES[random() % EVIL_SOURCES.length] } : {}),
    });
    const text = grower.statement();
    const { fault } = judge(text, reach);
    if (fault?.startsWith('it cannot be read')) refusals.unread++;
    else if (kind > 0 && grower.placed) {
      refusals.evil++;
      if (fault === null) return t.fail(`let through: ${text}`);
    } else {
      refusals.good++;
      if (fault !== null) return t.fail(`refused (${fault}): ${text}`);
    }
  }
  t.log(JSON.stringify(refusals));
  t.true(refusals.good > 300 && refusals.evil > 300);
});
