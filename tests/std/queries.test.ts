// What the cell `postgres` makes of calls: what a database says of their texts is scripted here, so
// that every complaint is seen at its place. tests/sql has the same against real databases.
import test, { type ExecutionContext } from 'ava';
import { type Build, History } from './schemas.ts';
import { fieldsOf, placeOf, type Said } from './scripted-text.ts';

const history = await History.begin();

const PEOPLE = `
enum Mood { Good, Bad }
@Postgres.table({ name: "people" })
class Person {
  @Postgres.primaryKey id: i64 = 0;
  name: string = "";
  nick: string | null = null;
  big: u64 = 0;
  @Postgres.encrypted({ algorithm: "aes-256-gcm" }) phone: string | null = null;
}
class Pair { name: string = ""; total: i64 = 0; }
class Loose { name: string | null = null; }
@Postgres.table({ name: "orders", existing: true })
class Order { @Postgres.primaryKey id: i64 = 0; }
`;

/** One call in a method of a service: `call` is an expression of type `type`. */
const around = (call: string, params = ''): string => `${PEOPLE}
@service
class Notes {
  ask(${params}): void {
    ${call};
  }
}
`;

async function asked(call: string, said: Said | string[], params = ''): Promise<Build> {
  const columns = [['public', 'orders', 't', 'id', 'bigint', 't', '']];
  history.database.catalogue = {
    columns,
    describes: (text) => (Array.isArray(said) ? said : fieldsOf(text, said)),
  };
  history.kept.clear();
  return history.build(around(call, params), { keep: false });
}

const ofQueries = ({ findings }: Build) =>
  findings.filter(({ message }) => /`Postgres\.(query|queryOne|execute)`/.test(message));

async function complains(
  t: ExecutionContext,
  call: string,
  said: Said | string[],
  message: RegExp,
  fix: RegExp,
  marked: string,
): Promise<void> {
  const build = await asked(call, said);
  const [one] = ofQueries(build);
  if (one === undefined) return t.fail(`${call}: nothing was said: ${build.told.join('; ')}`);
  t.regex(one.message, message);
  t.regex(one.fix, fix, call);
  t.is(one.excerpt.slice(one.column - 1, one.column - 1 + one.length), marked, call);
}

const NAME: Said = { columns: [['name', 'text', 'notes.people.name']] };

test.serial('a text that is made of values is refused, whatever it is made of', async (t) => {
  const calls = [
    ['Postgres.query<string>(`select name from people where name = ${who}`)', /\$1/],
    ['Postgres.query<string>("select name from people where name = \'" + who + "\'")', /\$1/],
    ['Postgres.execute(who)', /literal/],
  ] as const;
  for (const [call, fix] of calls) {
    const build = await asked(call, NAME, 'who: string');
    t.is(ofQueries(build).length, 1, call);
    t.regex(ofQueries(build)[0]?.fix ?? '', fix);
    t.false(build.plan?.contributions.some(({ kind }) => kind === 'call') ?? false);
  }
});

test.serial('a template without holes is a literal', async (t) => {
  const build = await asked('Postgres.query<string>(`select name from people`)', NAME);
  t.deepEqual(build.told, []);
  t.is(build.plan?.contributions.filter(({ kind }) => kind === 'call').length, 1);
});

test.serial('kinds of statements and calls agree', async (t) => {
  const none: Said = { kind: 'delete', writes: true, tables: [['notes.people', 'write']] };
  const query = 'Postgres.query<string>("delete from people")';
  await complains(t, query, none, /gives no rows/, /execute.*returning/, '"delete from people"');
  const execute = 'Postgres.execute("select name from people")';
  await complains(t, execute, NAME, /gives no rows/, /query/, '"select name from people"');
  const typed = 'Postgres.execute<string>("delete from people")';
  await complains(t, typed, none, /takes no type/, /remove <string>/, '"delete from people"');
  const bare = 'Postgres.query("select name from people")';
  await complains(t, bare, NAME, /type of the rows/, /<User>/, '"select name from people"');
});

test.serial('as many values as parameters', async (t) => {
  const one: Said = { ...NAME, params: [['text']] };
  const text = '"select name from people where name = $1"';
  const few = `Postgres.query<string>(${text})`;
  await complains(t, few, one, /1 parameter, and 0 are given/, /pass \$1/, '$1');
  const many = `Postgres.query<string>(${text}, "a", "b")`;
  await complains(t, many, one, /1 parameter, and 2 are given/, /remove it/, '"b"');
});

test.serial('columns and fields agree: a class', async (t) => {
  const query = (text: string): string => `Postgres.query<Pair>("${text}")`;
  const total = ['total', 'int8'] as [string, string];
  const missing: Said = {
    columns: [
      ['name', 'text', 'notes.people.name'],
      ['totl', 'int8'],
    ],
  };
  const text = query('select name, count(*) as totl from people');
  await complains(t, text, missing, /no column gives `Pair\.total`/, /`totl as total`/, 'totl');
  const nullable: Said = { columns: [['name', 'text', 'notes.people.nick', true, 'nick'], total] };
  const nick = query('select nick as name, 1 as total from people');
  await complains(
    t,
    nick,
    nullable,
    /`name` may be null/,
    /name: string \| null.*coalesce/,
    'nick',
  );
  const wrong: Said = { columns: [['name', 'int4'], total] };
  const number = query('select 1 as name, 2 as total');
  await complains(t, number, wrong, /`name` is int4.*no string/, /use i32, or .*::text/, 'name');
  const twice: Said = { columns: [['name', 'text'], total, ['name', 'text']] };
  const both = query('select name, 1 as total, name from people');
  await complains(t, both, twice, /two columns are called `name`/, /as other/, 'name');
});

test.serial('columns and types agree: one value', async (t) => {
  const call = 'Postgres.queryOne<i64>("select max(id) from people")';
  const nullable: Said = { columns: [['max', 'int8', '', true]] };
  await complains(t, call, nullable, /`max` may be null/, /coalesce\(max, 0\)/, 'max');
  const two: Said = {
    columns: [
      ['id', 'int8'],
      ['name', 'text'],
    ],
  };
  const both = 'Postgres.query<i64>("select id, name from people")';
  await complains(t, both, two, /one column, here are 2/, /class with a field/, 'name');
  const text: Said = { columns: [['name', 'text']] };
  const wrong = 'Postgres.query<bool>("select name from people")';
  await complains(t, wrong, text, /is text in the database, which is no bool/, /string/, 'name');
  const maybe = await asked('Postgres.query<string | null>("select nick from people")', {
    columns: [['nick', 'text', 'notes.people.nick', true]],
  });
  t.deepEqual(maybe.told, []);
});

test.serial(
  'what the database refuses is told at its place, with the name that was meant',
  async (t) => {
    const refusal = (text: string, state: string, word: string): string[] => [
      ...['f', 'the server says no', state],
      ...[...placeOf(text, word), ''],
    ];
    const column = 'select emial from people';
    const call = 'Postgres.query<string>("select nme from people")';
    await complains(
      t,
      call,
      refusal('select nme from people', '42703', 'nme'),
      /no column `nme`/,
      /"name"/,
      'nme',
    );
    const far = `Postgres.query<string>("${column}")`;
    await complains(
      t,
      far,
      refusal(column, '42703', 'emial'),
      /no column `emial`/,
      /one of|mean/,
      'emial',
    );
    const table = 'select name from peple';
    const near = `Postgres.query<string>("${table}")`;
    await complains(
      t,
      near,
      refusal(table, '42P01', 'peple'),
      /no table `peple`/,
      /"people"/,
      'peple',
    );
    const other = 'select name from invoices_of_2026';
    const unknown = `Postgres.query<string>("${other}")`;
    const fix = /@Postgres\.table\(\{ name: "invoices_of_2026", existing: true \}\)/;
    await complains(
      t,
      unknown,
      refusal(other, '42P01', 'invoices_of_2026'),
      /no table/,
      fix,
      'invoices_of_2026',
    );
  },
);

test.serial('tables of others are declared, and only read', async (t) => {
  const foreign: Said = { ...NAME, tables: [['public.secrets', 'read']] };
  const unsaid = 'Postgres.query<string>("select name from public.secrets")';
  await complains(t, unsaid, foreign, /public\.secrets` is no table/, /existing: true/, 'secrets');
  const secret: Said = { ...NAME, tables: [['pg_catalog.pg_authid', 'read']] };
  const call = 'Postgres.query<string>("select name from pg_authid")';
  await complains(
    t,
    call,
    secret,
    /pg_catalog\.pg_authid` is the database's own/,
    /leave it out/,
    'pg_authid',
  );
  const write: Said = { kind: 'delete', writes: true, tables: [['public.orders', 'write']] };
  const gone = 'Postgres.execute("delete from public.orders")';
  await complains(t, gone, write, /not this cell's to change/, /only read/, 'orders');
});

const PHONE: [string, string, string, boolean] = ['phone', 'bytea', 'notes.people.phone', true];
const WRITES: [string, 'read' | 'write'][] = [['notes.people', 'write']];

test.serial('encrypted columns are stored and read as a whole, and nothing else', async (t) => {
  const query = (text: string): string => `Postgres.query<string | null>("${text}", "x")`;
  const param: Said = { columns: [PHONE], params: [['bytea']] };
  const encrypted = /`phone` is encrypted/;
  const where = 'select nick from people where phone = $1';
  const compared: Said = { columns: [['nick', 'text', '', true]], params: [['bytea']] };
  await complains(t, query(where), compared, encrypted, /in the cell/, 'phone');
  const ordered = 'select phone from people where name = $1 order by people.phone';
  const sorted = await asked(query(ordered), { ...param, params: [['text']] });
  const [told] = ofQueries(sorted);
  t.is(told?.column, (told?.excerpt.lastIndexOf('phone') ?? 0) + 1);
  const computed = 'Postgres.query<string>("select length(phone) as n from people")';
  await complains(t, computed, { columns: [['n', 'text']] }, encrypted, /as it is/, 'phone');
  const literal = `Postgres.execute("update people set phone = '123' where id = 1")`;
  await complains(
    t,
    literal,
    { kind: 'update', writes: true, tables: WRITES },
    encrypted,
    /./,
    'phone',
  );
  const inserted = `Postgres.execute("insert into people (name, phone) values ('a', 'b')")`;
  const insert: Said = { kind: 'insert', writes: true, tables: WRITES };
  await complains(t, inserted, insert, encrypted, /parameter of its own/, 'phone');
  const placed = `Postgres.execute("insert into people values (1, 'a', 'b', 2, 'c')")`;
  await complains(t, placed, insert, encrypted, /parameter of its own/, 'people');
  const shared = `Postgres.execute("update people set phone = $1, name = $1", "a")`;
  const twice: Said = {
    ...{ kind: 'update', writes: true, tables: WRITES },
    params: [['bytea', 'notes.people.phone']],
  };
  await complains(t, shared, twice, /used elsewhere/, /two parameters/, '$1');
});

test.serial('encrypted columns, rightly', async (t) => {
  const stored: Said = {
    ...{ kind: 'update', writes: true, tables: WRITES },
    params: [['bytea', 'notes.people.phone'], ['int8']],
  };
  const texts: [string, Said][] = [
    ['Postgres.execute("update people set phone = $1 where id = $2", "a", 1)', stored],
    ['Postgres.query<string | null>("select phone from people")', { columns: [PHONE] }],
    [
      'Postgres.query<string | null>("select p.phone from people p where p.phone is not null")',
      { columns: [[...PHONE, 'p.phone']] },
    ],
    ['Postgres.execute("update people set phone = null")', { ...stored, params: [] }],
  ];
  for (const [call, said] of texts) {
    const build = await asked(call, said);
    t.deepEqual(build.told, [], call);
  }
  const [first] = texts;
  const { plan } = await asked(first?.[0] ?? '', first?.[1] ?? {});
  const made = plan?.contributions.filter(
    (c) => c.kind === 'statement' && c.text.includes('set phone = $1 where'),
  );
  t.deepEqual(made?.at(-1)?.values, ['bytea=notes.people.phone', 'int8']);
  const call = plan?.contributions.find(({ kind }) => kind === 'call');
  t.regex(call?.text ?? '', /\(p1: string \| null, p2: i64\): i64/);
});

test.serial('parameters have the types of what they are stored in or compared with', async (t) => {
  const cases: [text: string, args: string, said: Said, written: RegExp][] = [
    [
      'select name from people where big = $1',
      '1',
      { ...NAME, params: [['numeric']] },
      /p1: u64\)/,
    ],
    [
      'select name from people where $1 < people.big',
      '1',
      { ...NAME, params: [['numeric']] },
      /p1: u64\)/,
    ],
    [
      'select name from people where big between $1 and $2',
      '1, 2',
      { ...NAME, params: [['numeric'], ['numeric']] },
      /p1: u64, p2: u64\)/,
    ],
    [
      'select name from people where big not in ($1, $2)',
      '1, 2',
      { ...NAME, params: [['numeric'], ['numeric']] },
      /p1: u64, p2: u64\)/,
    ],
    [
      'select name from people where big * $1 > 5',
      'Decimal.ofInteger(1)',
      { ...NAME, params: [['numeric']] },
      /p1: Decimal\)/,
    ],
    ['select name from people where id = $1', '1', { ...NAME, params: [['int8']] }, /p1: i64\)/],
    ['select name from people limit $1', '1', { ...NAME, params: [['int4']] }, /p1: i64\)/],
    [
      'select name from people where nick is not distinct from $1',
      '"a"',
      { ...NAME, params: [['text']] },
      /p1: string \| null\)/,
    ],
    [
      'select name from people where $1::text is null or name = $1',
      '"a"',
      { ...NAME, params: [['text']] },
      /p1: string \| null\)/,
    ],
    [
      'select name from people where name = any($1)',
      '["a"]',
      { ...NAME, params: [['text[]']] },
      /p1: string\[\]\)/,
    ],
    [
      "select name from people where name = '$1' or nick = $1 -- $2",
      '"a"',
      { ...NAME, params: [['text']] },
      /p1: string\)/,
    ],
  ];
  for (const [text, args, said, written] of cases) {
    const build = await asked(`Postgres.query<string>("${text}", ${args})`, said);
    t.deepEqual(build.told, [], text);
    const call = build.plan?.contributions.find(({ kind }) => kind === 'call');
    t.regex(call?.text ?? '', written, text);
  }
});

test.serial('every text of a service is described in one question, each once', async (t) => {
  const call = 'Postgres.query<string>("select name from people")';
  history.database.asked.length = 0;
  const build = await asked(
    `${call}; ${call}; Postgres.query<Loose>("select name from people")`,
    NAME,
  );
  t.deepEqual(build.told, []);
  const questions = history.database.asked.filter(({ operation }) => operation === 3);
  const rounds = build.negotiated.answers.find(({ cell }) => cell === 'postgres')?.requests ?? 0;
  t.true(questions.length <= rounds);
  for (const { fields } of questions) t.is(fields[3], '1');
  const statements = build.plan?.contributions.filter(
    (c) => c.kind === 'statement' && c.text === 'select name from people',
  );
  t.is(statements?.length, 3);
  for (const one of statements ?? []) t.deepEqual(one.values, statements?.[0]?.values);
});
