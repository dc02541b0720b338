// Suite sql: what a cell adds to a query. The cell's methods and the bare driver (`pg`, a pool of
// as many connections, prepared statements by name) ask one PostgreSQL the same things from one
// thread of one process, eight at once, in turns; a ratio is the median of the turns' throughputs.
// Then `cell build` over 20 tables and 100 queries as a user waits for it. Tables, cell and server
// are made here, on a Unix socket, without fsync.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { readModule } from '../host/cell/module.ts';
import { encodeArguments, type Value } from '../host/schema/dynamic.ts';
import type { Schema } from '../host/schema/types.ts';
import { request, Stand } from './faults.ts';
import { missingPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';

export const suite = 'sql';

type Emit = (result: { name: string; unit: string; value: number; n: number }) => void;

const BIN = fileURLToPath(new URL('../host/cli/cell.mjs', import.meta.url));
const AT_ONCE = 8;
const CONNECTIONS = 4;
const ITEMS = 10_000;

const SERVICE = `@Postgres.table({ name: "items" })
export class Item {
  @Postgres.primaryKey id: string = "";
  name: string = "";
  n: i64 = 0;
  price: f64 = 0;
  active: bool = false;
}

@service
class Shop {
  get(id: string): Item {
    const item = Item.find(id);
    return item === null ? fail<Item>(Status.NOT_FOUND, "no item") : item;
  }
  put(id: string, name: string, n: i64): void {
    const item = new Item();
    item.id = id;
    item.name = name;
    item.n = n;
    item.insert();
  }
  hundred(from: i64): Item[] {
    return Postgres.query<Item>("select * from items where n >= $1 order by n limit 100", from);
  }
}
`;

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Milliseconds of one `cell build`; throws with what it said when it fails. */
async function build(cwd: string, url: string): Promise<number> {
  const began = performance.now();
  const env = { ...process.env, DATABASE_URL: url };
  const child = spawn(process.execPath, [BIN, 'build'], {
    ...{ cwd, env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      said += data;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`cell build: ${said}`);
  return performance.now() - began;
}

/** One side of a comparison: makes the `i`th call. */
type Call = (i: number) => Promise<unknown>;

/** Calls a second, AT_ONCE at a time. */
async function rate(call: Call, ms: number): Promise<number> {
  const began = performance.now();
  const until = began + ms;
  let done = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < until) {
      await call(done++);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  return (done * 1000) / (performance.now() - began);
}

/** The cell behind an inline lane; `call` resolves when its answer is delivered. */
class Shop {
  readonly #stand = new Stand(0);
  readonly #schema: Schema;
  readonly #waiting: (() => void)[] = [];
  #answered = 0;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  static async open(file: string, url: string): Promise<Shop> {
    const cell = readModule(fs.readFileSync(file) as Uint8Array<ArrayBuffer>, file);
    const shop = new Shop(cell.schema);
    await shop.#stand.open(0);
    const grants = { sql: { url, connections: CONNECTIONS } };
    await shop.#stand.lanes.load({
      ...{ name: cell.name, index: 0, firstRoute: 0, file, grants },
      ...{ module: cell.module, schema: cell.schema, manifest: cell.manifest },
    });
    return shop;
  }

  /** A function that calls `method`; answers come in any order, so calls are counted. */
  calling(method: string, args: (i: number) => Value[]): Call {
    const found = this.#schema.methods.find(({ name }) => name === method);
    if (found === undefined) throw new Error(method);
    let id = 0;
    this.#stand.heard = () => {
      while (this.#answered < this.#stand.answers) {
        this.#answered++;
        this.#waiting.shift()?.();
      }
    };
    return (i) => {
      const payload = encodeArguments(this.#schema, found, args(i));
      const answer = new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#stand.lanes.push(0, 1, 1, request(found.index, id++ & 0xffffff, payload));
      return answer;
    };
  }

  close(): Promise<void> {
    return this.#stand.lanes.stop();
  }
}

async function compared(
  emit: Emit,
  name: string,
  pair: { cell: Call; bare: Call },
  options: { turns: number; ms: number },
): Promise<void> {
  const cells: number[] = [];
  const bares: number[] = [];
  await rate(pair.bare, options.ms / 2);
  await rate(pair.cell, options.ms / 2);
  for (let i = 0; i < options.turns; i++) {
    bares.push(await rate(pair.bare, options.ms));
    cells.push(await rate(pair.cell, options.ms));
  }
  const value = median(cells) / median(bares);
  emit({ name: `${name}-bare`, unit: '/s', value: median(bares), n: options.turns });
  emit({ name, unit: 'x', value, n: options.turns });
}

async function running(emit: Emit, server: PostgresServer, quick: boolean): Promise<void> {
  const cwd = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cell-bench-')));
  const pool = new pg.Pool({ connectionString: server.socketUrl, max: CONNECTIONS });
  try {
    fs.writeFileSync(path.join(cwd, 'shop.cell.ts'), SERVICE);
    await build(cwd, server.socketUrl);
    await pool.query(
      `insert into shop.items select 'i' || i, 'item ' || i, i, i / 7.0, i % 2 = 0
         from generate_series(1, ${ITEMS}) i`,
    );
    await pool.query('create index on shop.items (n)');
    await pool.query('analyze shop.items');
    const shop = await Shop.open(path.join(cwd, '.cell/out/shop.wasm'), server.socketUrl);
    const columns = 'id, name, n, price, active';
    const find = `select ${columns} from shop.items where id = $1`;
    const put = `insert into shop.items(${columns}) values ($1, $2, $3, $4, $5)`;
    const hundred = 'select * from shop.items where n >= $1 order by n limit 100';
    const key = (i: number): string => `i${1 + ((i * 7919) % ITEMS)}`;
    const bare = (name: string, text: string, values: (i: number) => unknown[]): Call => {
      return (i) => pool.query({ name, text, values: values(i) });
    };
    const options = { turns: quick ? 3 : 7, ms: quick ? 300 : 1000 };
    let made = 0;
    await compared(
      ...([emit, 'find'] as const),
      {
        cell: shop.calling('get', (i) => [key(i)]),
        bare: bare('f', find, (i) => [key(i)]),
      },
      options,
    );
    await compared(
      ...([emit, 'insert'] as const),
      {
        cell: shop.calling('put', (i) => [`c${made++}`, 'made', BigInt(i)]),
        bare: bare('p', put, (i) => [`b${made++}`, 'made', i, 0, false]),
      },
      options,
    );
    await compared(
      ...([emit, 'query-100-rows'] as const),
      {
        cell: shop.calling('hundred', (i) => [BigInt(i % 9000)]),
        bare: bare('h', hundred, (i) => [i % 9000]),
      },
      options,
    );
    await shop.close();
  } finally {
    await pool.end();
    fs.rmSync(cwd, { recursive: true, force: true });
  }
}

/** A service of `tables` tables and five queries of each. */
function serviceOf(tables: number): string {
  const texts: string[] = [];
  const methods: string[] = [];
  for (let i = 0; i < tables; i++) {
    texts.push(`@Postgres.table({ name: "table_${i}" })
export class Row${i} {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index name: string = "";
  n: i64 = 0;
  note: string | null = null;
}
`);
    const from = `from table_${i}`;
    const ask = (k: number, type: string, sql: string, param: string): void => {
      methods.push(`  ask${i}x${k}(value: ${param}): ${type}[] {
    return Postgres.query<${type}>("${sql}", value);
  }`);
    };
    ask(0, `Row${i}`, `select * ${from} where name = $1`, 'string');
    ask(1, `Row${i}`, `select * ${from} where n > $1 order by n limit 10`, 'i64');
    ask(2, 'i64', `select count(*) ${from} where n < $1`, 'i64');
    ask(3, 'string', `select name ${from} where id = $1`, 'string');
    ask(4, `Row${i}`, `select t.* ${from} t where t.name like $1 and t.n > 0`, 'string');
  }
  return `${texts.join('\n')}\n@service\nclass Large {\n${methods.join('\n')}\n}\n`;
}

async function building(emit: Emit, server: PostgresServer, quick: boolean): Promise<void> {
  const cwd = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cell-bench-')));
  const file = path.join(cwd, 'large.cell.ts');
  try {
    const text = serviceOf(20);
    fs.writeFileSync(file, text);
    await build(cwd, server.socketUrl);
    await build(cwd, server.socketUrl);
    const unchanged: number[] = [];
    const one: number[] = [];
    for (let i = 0; i < (quick ? 2 : 5); i++) {
      unchanged.push(await build(cwd, server.socketUrl));
      const changed = text.replace('where n > $1', `where n > $1 + ${i + 1}`);
      fs.writeFileSync(file, changed);
      one.push(await build(cwd, server.socketUrl));
    }
    const n = unchanged.length;
    const name = 'build-20-tables-100-queries';
    emit({ name: `${name}-unchanged`, unit: 'ms', value: median(unchanged), n });
    emit({ name: `${name}-one`, unit: 'ms', value: median(one), n });
  } finally {
    fs.rmSync(cwd, { recursive: true, force: true });
  }
}

/** Emits find, insert, query-100-rows, the bare driver's rates, and the times of `cell build`. */
export async function run(emit: Emit, { quick }: { quick: boolean }): Promise<void> {
  const version = missingPostgres(15) === null ? 15 : 18;
  const missing = missingPostgres(version);
  if (missing !== null) throw new Error(`the suite sql needs a server: ${missing}`);
  const server = await startPostgres(version);
  try {
    await running(emit, server, quick);
    await building(emit, server, quick);
  } finally {
    await server.stop();
  }
}
