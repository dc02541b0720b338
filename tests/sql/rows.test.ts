// What a table gives to its class, on real databases: every member, every type, defaults, keys of
// several columns; values that try to be SQL stay values.
import test, { type ExecutionContext } from 'ava';
import { type Call, DatabaseProject, failureOf, onServers } from './project.ts';

const SOURCE = `
enum Mood { Calm = 1, Glad = 7 }

@Postgres.table({ name: "order" })
export class Row {
  @Postgres.primaryKey id: string = uuid();
  yes: bool = false;
  tiny: i8 = 0;
  byte: u8 = 0;
  short: i16 = 0;
  word: u16 = 0;
  int: i32 = 0;
  count: u32 = 0;
  long: i64 = 0;
  big: u64 = 0;
  single: f32 = 0;
  double: f64 = 0;
  text: string = "";
  maybe: string | null = null;
  bytes: Uint8Array = new Uint8Array(0);
  at: Instant = new Instant();
  seen: Instant | null = null;
  took: Duration = new Duration();
  key: Uuid = new Uuid();
  price: Decimal = Decimal.ofInteger(0);
  tags: string[] = [];
  numbers: i32[] = [];
  bigs: u64[] = [];
  @Postgres.column({ type: "int4" }) mood: Mood = Mood.Calm;
  @Postgres.index select: string = "";
  @Postgres.index({ unique: true }) rank: i64 = 0;
}
`;

const CELL = `${SOURCE}
@Postgres.table({ name: "lines" })
class Line {
  @Postgres.primaryKey order: string = "";
  @Postgres.primaryKey place: i32 = 0;
  what: string = "";
  all(): string { return "mine"; }
}

@Postgres.table({ name: "visits" })
class Visit {
  @Postgres.primaryKey @Postgres.default("gen_random_uuid()") id: Uuid = new Uuid();
  @Postgres.default("now()") at: Instant = Instant.unset;
  @Postgres.default("'nobody'") who: string | null = null;
  @Postgres.default("5") stars: i32 = 1;
}

@service
class Notes {
  put(row: Row): Row { row.insert(); return Row.find(row.id)!; }
  change(row: Row): bool { return row.update(); }
  find(id: string): Row | null { return Row.find(id); }
  all(limit: i32): Row[] { return Row.all(limit); }
  count(): i64 { return Row.count(); }
  bySelect(select: string, limit: i32): Row[] { return Row.findBySelect(select, limit); }
  byRank(rank: i64): Row | null { return Row.findByRank(rank); }
  remove(row: Row): bool { return row.delete(); }
  removeBy(id: string): bool { return Row.delete(id); }

  line(order: string, place: i32, what: string): string {
    const line = new Line();
    line.order = order;
    line.place = place;
    line.what = what;
    line.insert();
    line.what = what + "!";
    line.update();
    const found = Line.find(order, place);
    return found ? found.what + found.all() : "";
  }
  unline(order: string, place: i32): bool { return Line.delete(order, place); }

  visit(): Visit {
    const visit = new Visit();
    visit.insert();
    return visit;
  }
  visited(visit: Visit): Visit | null {
    visit.at = Instant.unset;
    visit.who = null;
    visit.update();
    return Visit.find(visit.id);
  }
}
`;

/** Every extreme. `big`: SQLite counts to 2^63 - 1. */
const rowWith = (big: bigint) => ({
  ...{ id: 'a', yes: true, tiny: -128, byte: 255, short: -32768, word: 65535 },
  ...{ int: -2147483648, count: 4294967295, long: -(2n ** 63n), big },
  ...{ single: 0.5, double: 5e-324, text: 'größe', maybe: null, bytes: new Uint8Array([0, 255]) },
  ...{
    at: 1_700_000_000_123_456n,
    seen: null,
    took: -1n,
    key: '01234567-89ab-cdef-0123-456789abcdef',
  },
  ...{ price: '-12.5', tags: ['', 'NULL', '"\\'], numbers: [], bigs: [2n ** 63n] },
  ...{ mood: 7, select: 's', rank: 1n },
});
type Row = ReturnType<typeof rowWith>;
/** SQLite has no NaN. */
const isLite = ({ big }: Row): boolean => big < 2n ** 63n;

/** Texts that end a literal, a statement, a comment, or the patience of a server. */
const ATTACKS = [
  `'; drop table "order"; --`,
  `' or '1'='1`,
  `$1`,
  `\\'; delete from lines; --`,
  `"; select pg_sleep(10); --`,
  `/* */ union select rolpassword from pg_authid --`,
  `\u0000'`.slice(1),
  `E'\\047'`,
  `%' ; --`,
  `{"a":"}"}`,
  `𝕬\u{10ffff}`,
  `\r\n\t\b\u001a`,
  `0x27; --`,
];

async function walk(t: ExecutionContext, call: Call, first: Row): Promise<void> {
  t.deepEqual(await call('put', first), first);
  t.is(await call('count'), 1n);
  t.deepEqual(await call('find', 'a'), first);
  t.is(await call('find', 'b'), null);
  const other = {
    ...first,
    id: 'b',
    seen: 0n,
    maybe: '',
    double: isLite(first) ? 0.5 : NaN,
    rank: 2n,
    tags: ['x'],
  };
  t.deepEqual(await call('put', other), other);
  for (const double of [Infinity, -Infinity, 0.1, 1.7976931348623157e308]) {
    t.true(await call('change', { ...other, double }));
    t.is(((await call('find', 'b')) as Row).double, double);
  }
  t.false(await call('change', { ...other, id: 'c' }));
  t.deepEqual(
    ((await call('all', 10)) as Row[]).map(({ id }) => id),
    ['a', 'b'],
  );
  t.is(((await call('all', 1)) as unknown[]).length, 1);
  t.deepEqual([await call('all', 0), await call('all', -1)], [[], []]);
  t.is(((await call('bySelect', 's', 10)) as unknown[]).length, 2);
  t.is(((await call('byRank', 2n)) as Row).id, 'b');
  t.is(await call('byRank', 3n), null);
  t.is((await failureOf(call('put', first)))?.status, 6);
  const taken = await failureOf(call('put', { ...first, id: 'z' }));
  t.is(taken?.status, 6);
  t.regex(taken?.message ?? '', /rank/);
  t.true(await call('remove', other));
  t.false(await call('remove', other));
  t.true(await call('removeBy', 'a'));
  t.is(await call('count'), 0n);
  await call('put', first);
}

async function keys(t: ExecutionContext, call: Call): Promise<void> {
  t.is(await call('line', 'a', 1, 'one'), 'one!mine');
  t.is(await call('line', 'a', 2, 'two'), 'two!mine');
  t.is((await failureOf(call('line', 'a', 2, 'again')))?.status, 6);
  t.true(await call('unline', 'a', 1));
  t.false(await call('unline', 'a', 1));
}

async function defaults(t: ExecutionContext, call: Call): Promise<void> {
  type Visit = { id: string; at: bigint; who: string | null; stars: number };
  const made = (await call('visit')) as Visit;
  t.regex(made.id, /^[0-9a-f]{8}-/);
  t.not(made.id, '00000000-0000-0000-0000-000000000000');
  t.true(made.at > 1_700_000_000_000_000n);
  t.is(made.who, 'nobody');
  t.is(made.stars, 1);
  // An instant that is not set stays as it is; a null is a value.
  t.deepEqual(await call('visited', made), { ...made, who: null });
}

async function attacks(t: ExecutionContext, call: Call, first: Row): Promise<void> {
  const before = await call('count');
  for (const [i, text] of ATTACKS.entries()) {
    const rank = BigInt(100 + i);
    const row = { ...first, id: text, text, maybe: text, select: text, tags: [text], rank };
    t.deepEqual(await call('put', row), row, text);
    t.deepEqual(await call('find', text), row);
    t.deepEqual(await call('bySelect', text, 10), [row]);
    t.true(await call('change', row));
    t.is(await call('line', text, 1, text), `${text}!mine`);
    t.true(await call('unline', text, 1));
    t.true(await call(i % 2 === 0 ? 'removeBy' : 'remove', i % 2 === 0 ? text : row));
  }
  t.is(await call('count'), before);
}

async function limits(t: ExecutionContext, call: Call, first: Row): Promise<void> {
  const long = 'x'.repeat(900_000);
  t.is(((await call('put', { ...first, id: 'long', text: long, rank: 50n })) as Row).text, long);
  const nul = await failureOf(call('put', { ...first, id: 'nul', text: 'a\0b', rank: 51n }));
  t.is(nul?.status, 3);
  t.false(nul?.message.includes('\0') ?? false);
  const odd = isLite(first) ? { double: NaN } : { double: -0 };
  const put = await failureOf(call('put', { ...first, id: 'odd', ...odd, rank: 54n }));
  t.is(put?.status, isLite(first) ? 3 : undefined);
  const lone = (await call('put', { ...first, id: 'lone', text: '\ud800', rank: 52n })) as Row;
  t.is(lone.text, '\ufffd');
  const unset = await failureOf(call('put', { ...first, id: 'u', at: -(2n ** 63n), rank: 53n }));
  t.is(unset?.status, 3);
  t.regex(unset?.message ?? '', /unset/);
}

async function everything(t: ExecutionContext, call: Call, row: Row): Promise<void> {
  await walk(t, call, row);
  await keys(t, call);
  await defaults(t, call);
  await attacks(t, call, row);
  await limits(t, call, row);
}

onServers(test, CELL, [15, 18, 'PGlite'], (t, call) =>
  everything(t, call, rowWith(2n ** 64n - 1n)),
);

test.serial('SQLite: one line says where the tables are', async (t) => {
  t.timeout(180_000);
  const project = new DatabaseProject();
  const file = '@Database.sqlite({ file: "notes.db" })\n@service';
  await project.built(CELL.replaceAll('@Postgres.', '@Database.').replace('@service', file));
  await everything(t, await project.serve(t), rowWith(2n ** 63n - 1n));
});
