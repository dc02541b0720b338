// Texts of calls against real databases, by whole builds: what is wrong is told at the column in
// the string, with a fix; what is right answers with rows of its type.
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { type Call, DatabaseProject, failureOf, onServers } from './project.ts';
import { missingPostgres, startPostgres } from './servers.ts';

const TABLES = `
@Postgres.table({ name: "teams" })
class Team {
  @Postgres.primaryKey id: i64 = 0;
  @Postgres.index({ unique: true }) name: string = "";
}
@Postgres.table({ name: "people" })
class Person {
  @Postgres.primaryKey id: i64 = 0;
  name: string = "";
  nick: string | null = null;
  score: u64 = 0;
  joinedAt: Instant = new Instant();
  tags: string[] = [];
  @Postgres.foreignKey({ ref: "teams.id" }) teamId: i64 = 0;
}
class Count { name: string = ""; people: i64 = 0; }
class Maybe { name: string = ""; team: string | null = null; }
class Sure { name: string = ""; team: string = ""; }
`;

const wrong: [call: string, message: RegExp, fix: RegExp, marked: string][] = [
  [
    'query<Person>("select * from people where naem = $1", "a")',
    /no column `naem`/,
    /"name"/,
    'naem',
  ],
  ['query<Person>("select * from peple")', /no table `peple`/, /"people"/, 'peple'],
  [
    'query<Count>("select name, count(*) as n from people group by 1")',
    /gives `Count\.people`/,
    /count\(\*\) as people/,
    'count(*) as n',
  ],
  [
    'query<Sure>("select p.name, t.name as team from people p left join teams t on t.id = p.id")',
    /`team` may be null/,
    /string \| null/,
    't.name as team',
  ],
  ['query<string>("select nick from people")', /`nick` may be null/, /coalesce/, 'nick'],
  ['query<i64>("select name from people")', /`name` is text/, /string/, 'name'],
  [
    'query<string>("select name from people where id = $1")',
    /1 parameter, and 0/,
    /pass \$1/,
    '$1',
  ],
  ['query<string>("select name from people; select 1")', /./, /./, ''],
  ['execute("drop table people")', /./, /./, ''],
  ['execute("insert into people (id, name) values ($1)", 1)', /./, /./, ''],
  ['query<string>("select name fro people")', /./, /./, ''],
  ['query<string>("select rolname::text from pg_authid")', /pg_authid/, /./, 'pg_authid'],
  [
    'query<string | null>("select pg_read_file($1)", "/etc/passwd")',
    /pg_read_file/,
    /./,
    'pg_read_file',
  ],
  [
    'query<string | null>("select set_config(\'role\', $1, false)", "postgres")',
    /set_config/,
    /./,
    'set_config',
  ],
];

const RIGHT = `${TABLES}
@service
class Notes {
  db: Postgres.Connection;

  team(id: i64, name: string): void { const t = new Team(); t.id = id; t.name = name; t.insert(); }
  add(id: i64, name: string, nick: string | null, score: u64, team: i64): void {
    const p = new Person();
    p.id = id; p.name = name; p.nick = nick; p.score = score; p.teamId = team; p.tags = [name];
    p.joinedAt = new Instant(1000000 * id);
    p.insert();
  }
  like(pattern: string): Person[] {
    return Postgres.query<Person>("select * from people where name like $1 order by id", pattern);
  }
  bound(name: string): Person | null {
    return this.db.queryOne<Person>("select * from people where name = $1", name);
  }
  counts(): Count[] {
    return Postgres.query<Count>(\`
      select t.name, count(p.id) as people
      from teams t left join people p on p.team_id = t.id
      group by t.id order by t.id\`);
  }
  maybes(): Maybe[] {
    return Postgres.query<Maybe>("select p.name, p.nick as team from people p order by p.id");
  }
  nicks(): Array<string | null> {
    return Postgres.query<string | null>("select nick from people order by id");
  }
  scores(least: u64): u64[] {
    return Postgres.query<u64>("select score from people where score >= $1 order by id", least);
  }
  total(): i64 { return Postgres.queryOne<i64>("select count(*) from people"); }
  one(id: i64): string | null {
    return Postgres.queryOne<string>("select name from people where id = $1", id);
  }
  number(id: i64): i64 {
    return Postgres.queryOne<i64>("select team_id from people where id = $1", id);
  }
  many(): string | null { return Postgres.queryOne<string>("select name from people"); }
  rename(id: i64, nick: string | null): i64 {
    return Postgres.execute("update people set nick = $2 where id = $1", id, nick);
  }
  tagged(tags: string[]): string[] {
    return Postgres.query<string>("select name from people where tags && $1 order by id", tags);
  }
  since(at: Instant): Instant[] {
    return Postgres.query<Instant>(
      "select joined_at from people where joined_at > $1 order by 1",
      at
    );
  }
  inserted(id: i64, name: string): i64 {
    return Postgres.queryOne<i64>(
      "insert into teams (id, name) values ($1, $2) returning id",
      id, name
    );
  }
  same(nick: string | null): string[] {
    return Postgres.query<string>(
      "select name from people where nick is not distinct from $1 order by id",
      nick
    );
  }
}
`;

type Person = { id: bigint; name: string; nick: string | null; score: bigint };

/** `most`: the greatest whole number. `overlaps`: arrays can be compared. */
async function answers(
  t: ExecutionContext,
  call: Call,
  most = 2n ** 64n - 1n,
  overlaps = true,
): Promise<void> {
  await call('team', 1n, 'red');
  await call('team', 2n, 'blue');
  await call('add', 1n, 'Ada', null, most, 1n);
  await call('add', 2n, 'Bob', 'bo', 0n, 1n);
  const like = (await call('like', 'A%')) as Person[];
  t.like(like[0], { id: 1n, name: 'Ada', nick: null, score: most });
  t.is(like.length, 1);
  t.deepEqual(await call('like', "' or true --"), []);
  t.like((await call('bound', 'Bob')) as Person, { id: 2n, nick: 'bo' });
  t.is(await call('bound', 'Nobody'), null);
  t.deepEqual(await call('counts'), [
    { name: 'red', people: 2n },
    { name: 'blue', people: 0n },
  ]);
  t.deepEqual(await call('maybes'), [
    { name: 'Ada', team: null },
    { name: 'Bob', team: 'bo' },
  ]);
  t.deepEqual(await call('nicks'), [null, 'bo']);
  t.deepEqual(await call('scores', most), [most]);
  t.is(await call('total'), 2n);
  t.is(await call('one', 1n), 'Ada');
  t.is(await call('one', 9n), null);
  t.is(await call('number', 2n), 1n);
  t.is((await failureOf(call('number', 9n)))?.status, 5);
  const many = await failureOf(call('many'));
  t.is(many?.status, 11);
  t.regex(many?.message ?? '', /more than one row/);
  t.is(await call('rename', 1n, 'countess'), 1n);
  t.is(await call('rename', 9n, 'x'), 0n);
  t.deepEqual(await call('same', 'countess'), ['Ada']);
  t.is(await call('rename', 1n, null), 1n);
  t.deepEqual(await call('same', null), ['Ada']);
  if (overlaps) {
    t.deepEqual(await call('tagged', ['Ada', 'x']), ['Ada']);
    t.deepEqual(await call('tagged', []), []);
  }
  t.deepEqual(await call('since', 1_000_000n), [2_000_000n]);
  t.is(await call('inserted', 3n, 'green'), 3n);
  t.is((await failureOf(call('inserted', 3n, 'x')))?.status, 6);
}

let told = false;

/** All in one build: each is told on its own line. */
async function complaints(t: ExecutionContext, project: DatabaseProject): Promise<void> {
  const lines = wrong.map(([call], i) => `  go${i}(): void { Postgres.${call}; }`);
  const source = [TABLES, '@service', 'class Notes {', ...lines, '}', ''].join('\n');
  const { summary, findings } = await project.build(source, { check: true });
  t.is(summary, null);
  for (const [i, [call, message, fix, marked]] of wrong.entries()) {
    const line = source.split('\n').findIndex((one) => one.includes(`go${i}()`)) + 1;
    const [one, more] = findings.filter((f) => f.line === line);
    if (one === undefined) throw new Error(`nothing was said of ${call}`);
    t.log(`${call}\n  ${one.line}:${one.column} ${one.message}\n  fix: ${one.fix}`);
    t.true(more === undefined, call);
    t.regex(one.message, message, call);
    t.regex(one.fix, fix, call);
    if (marked === '') continue;
    t.is(one.excerpt.slice(one.column - 1, one.column - 1 + one.length), marked, call);
  }
}

onServers(test, RIGHT, [15, 18, 'PGlite'], async (t, call, { url, project }) => {
  await answers(t, call);
  if (url === '') return;
  if (!told) await complaints(t, project);
  told = true;
  await untouched(t, url);
});

/** Checking has made and locked nothing: no scratch schema is left. */
async function untouched(t: ExecutionContext, url: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  const { rows } = await admin.query(
    "select nspname from pg_namespace where nspname !~ '^pg_' order by 1",
  );
  await admin.end();
  t.deepEqual(
    rows.map(({ nspname }) => nspname),
    ['cell_build', 'information_schema', 'notes', 'public'],
  );
}

test.serial('SQLite', async (t) => {
  t.timeout(180_000);
  const project = new DatabaseProject();
  const lines = RIGHT.replace(/ {2}tagged\([\s\S]*?\n {2}\}\n/, '').split('\n');
  const file = '@Database.sqlite({ file: "notes.db" })\n@service';
  await project.built(
    lines.join('\n').replaceAll('Postgres.', 'Database.').replace('@service', file),
  );
  await answers(t, await project.serve(t), 2n ** 63n - 1n, false);
});

test.serial('tables of others are read where that is granted', async (t) => {
  t.timeout(180_000);
  const version = ([15, 18] as const).find((one) => missingPostgres(one) === null);
  if (version === undefined) {
    t.log('no PostgreSQL here: NOT RUN');
    return t.pass();
  }
  const server = await startPostgres(version);
  t.teardown(() => server.stop());
  process.env.DATABASE_URL = server.url;
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query('create table public.orders (id int8 primary key, what text not null)');
  await admin.query("insert into public.orders values (7, 'tea'), (8, 'milk')");
  await admin.end();
  const source = (body: string): string => `
@Postgres.table({ name: "orders", existing: true })
class Order { @Postgres.primaryKey id: i64 = 0; what: string = ""; }
@service
class Notes { ${body} }
`;
  const project = new DatabaseProject();
  const write = await project.build(source('go(): void { new Order().insert(); }'));
  t.regex(write.findings.map(({ message }) => message).join(), /insert/);
  const change = await project.build(
    source('go(): void { Postgres.execute("delete from public.orders"); }'),
  );
  t.regex(change.findings[0]?.message ?? '', /changes public\.orders/);
  await project.built(
    source(`find(id: i64): Order | null { return Order.find(id); }
  all(): Order[] { return Order.all(); }
  count(): i64 { return Order.count(); }
  what(id: i64): string | null {
    return Postgres.queryOne<string>("select what from public.orders where id = $1", id);
  }`),
  );
  const call = await project.serve(t, { sql: { read: ['public.orders'] } });
  t.deepEqual(await call('find', 7n), { id: 7n, what: 'tea' });
  t.is(((await call('all')) as unknown[]).length, 2);
  t.is(await call('count'), 2n);
  t.is(await call('what', 8n), 'milk');
  await t.throwsAsync(project.serve(t, { sql: {} }), { message: /orders/ });
});
