// Tables that only exist, keys to other schemas, and defaults: what the database says of them while
// the code compiles.
import test, { type ExecutionContext } from 'ava';
import { type Engine, onEngines } from '../database/engines.ts';
import { byHand, clean, Live } from './live-schemas.ts';
import type { History } from './schemas.ts';

const EXISTING = `
drop schema if exists shop cascade;
create schema shop;
create table shop.orders (
  id uuid primary key, "number" int4 not null, total numeric(12,2), note varchar(80),
  placed timestamptz not null, open boolean, spot point, kinds text[] not null
);
create table shop.plain (name text);
create view shop.recent as select id, total from shop.orders;
`;

/** A class over `shop.<table>` with these fields. */
const existing = (table: string, fields: string): string => `
@Postgres.table({ name: "${table}", schema: "shop", existing: true })
class Order {
  ${fields}
}
@service
class Directory {
  ping(): void {}
}
`;

/** A history of builds over a database with the tables of EXISTING. */
async function shop(t: ExecutionContext, engine: Engine): Promise<History> {
  const live = await Live.open(engine);
  t.teardown(() => live.close());
  await clean(engine);
  await byHand(engine, EXISTING);
  return live.history();
}

type Told = { findings: { line: number; column: number; message: string; fix: string }[] };
const told = ({ findings }: Told): string[] =>
  findings.map(({ line, column, message, fix }) => {
    const what = message.replace(/^`@\w+\.\w+`: /, '');
    return `${line}:${column} ${what} | ${fix}`;
  });

/** A test over the database of an engine. */
type Body = (t: ExecutionContext, engine: Engine) => Promise<void>;

const TESTS: Record<string, Body> = {
  async 'classes over tables that exist'(t, engine) {
    const history = await shop(t, engine);
    const right = await history.build(
      existing(
        'orders',
        `@Postgres.primaryKey id: Uuid = newUuid();
  number: i32 = 0;
  total: Decimal | null = null;
  note: string | null = null;
  placed: Instant = Instant.unset;
  kinds: string[] = [];`,
      ),
    );
    t.deepEqual(told(right), []);
    const { plan } = right.negotiated.answers.find(({ cell }) => cell === 'postgres') ?? {};
    const database = plan?.contributions.find(({ kind }) => kind === 'database');
    t.deepEqual(database?.values, ['postgres', '0', '', 'shop.orders']);
    t.deepEqual([plan?.lock, plan?.documents, plan?.effects], ['', [], []]);
    t.deepEqual(told(await history.build(existing('recent', 'id: Uuid | null = null;'))), [
      '2:1 `Order` has no primary key, so it gets no find | mark a field with @Postgres.primaryKey',
    ]);
    const wrong = await history.build(
      existing(
        'orders',
        `numbr: i32 = 0;
  total: Decimal = Decimal.ofInteger(0);
  placed: string = "";
  open: bool = false;
  spot: string = "";
  note: string = "";`,
      ),
    );
    t.deepEqual(told(wrong), [
      '4:3 there is no column shop.orders.numbr | did you mean number?',
      '5:3 shop.orders.total may be null, `total` never is | make it `total: Decimal | null`',
      '6:3 shop.orders.placed is timestamptz, `placed` string | make the field Instant',
      '7:3 shop.orders.open may be null, `open` never is | numbers and bools are never null ' +
        'here: leave the field out and query coalesce(open, 0)',
      '8:3 shop.orders.spot is point, `spot` string | leave the field out: no field holds point',
      '9:3 shop.orders.note may be null, `note` never is | make it `note: string | null`',
    ]);
    const nothing = await history.build(existing('oders', 'id: Uuid = newUuid();'));
    t.regex(told(nothing)[0], /^2:25 the database has no table shop\.oders \| /);
    const empty = await history.build(existing('orders', ''));
    t.regex(told(empty)[0], /has no fields.*id: Uuid; number: i32; total: Decimal \| null/);
  },
  async 'keys to tables of others'(t, engine) {
    const history = await shop(t, engine);
    const source = (ref: string, type: string): string => `
@Postgres.table({ name: "notes" })
class Note {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.foreignKey({ ref: "${ref}" }) of: ${type};
}
@service
class Directory {
  ping(): void {}
}
`;
    const right = await history.build(source('shop.orders.id', 'Uuid = newUuid()'), {
      keep: false,
    });
    t.deepEqual(told(right), []);
    t.regex(right.plan?.documents[0].text ?? '', /of uuid not null references shop\.orders \(id\)/);
    const wrong = async (ref: string, type: string): Promise<string> =>
      told(await history.build(source(ref, type)))[0] ?? '';
    t.regex(await wrong('shop.orders.idd', 'Uuid = newUuid()'), /no column idd \| did you mean id/);
    t.regex(await wrong('shop.orders.id', 'string = ""'), /text cannot refer to .* uuid/);
    t.regex(await wrong('shop.plain.name', 'string = ""'), /may be the same in many rows/);
    t.regex(await wrong('shop.nothing.id', 'string = ""'), /there is no table shop\.nothing/);
  },
  async 'defaults are tried'(t, engine) {
    const history = await shop(t, engine);
    const source = (preset: string): string => `
@Postgres.table({ name: "notes" })
class Note {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.default("${preset}") at: Instant = Instant.unset;
}
@service
class Directory {
  ping(): void {}
}
`;
    for (const right of ['now()', "now() + interval '1 day'", "'2020-01-01'"]) {
      t.deepEqual(told(await history.build(source(right), { keep: false })), [], right);
    }
    for (const outside of ['null)::text || (now()', "now() || 'a", '((1)', 'now() -- x']) {
      t.regex(told(await history.build(source(outside)))[0], /one expression of SQL/, outside);
    }
    const wrong = await history.build(source('  nwo()'));
    t.regex(told(wrong)[0], /^5:24 .*nwo\(\).* \| /);
    t.regex(told(await history.build(source("'soon'")))[0], /^5:2\d .*soon/);
    t.regex(told(await history.build(source('$1')))[0], /^5:/);
    t.regex(told(await history.build(source('true')))[0], /cannot cast/);
  },
};

onEngines(test, ['postgres'], (name, engine) => {
  for (const [title, body] of Object.entries(TESTS)) {
    test.serial(`${name}: ${title}`, (t) => body(t, engine()));
  }
});
