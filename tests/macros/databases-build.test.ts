// Whole builds with real databases: the standard cell `postgres` plans for two services, one on the
// embedded PostgreSQL and one on a server where there is one; a cell of the project fails beside
// it. Either everything stands, or nothing does, in both databases, in locks and in modules.
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Made, type MakeOptions, make } from '../../build/make.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import { discoveryWith } from '../../host/cli/discovery.ts';
import { openAdmin } from '../../host/database/open.ts';
import { databaseState } from '../../host/database/state.ts';
import { resolveTarget } from '../../host/database/targets.ts';
import { folderWith } from '../build/folder.ts';
import { missingPostgres, type PostgresServer, startPostgres } from '../sql/servers.ts';

process.env.CELL_PGLITE_IDLE_MS = '1000';

/** Its effects come last, by its name; it fails at the steps that its argument names. */
const ZOO = `
@service
class Zoo {
  @macro({ on: ["service"], args: [{ type: "string" }] })
  private needs(spot: Spot): void {
    spot.effect("cage", "build a cage", spot.args.text("0"));
  }
  @macro.prepare private ready(effect: Effect): void { this.step("prepare", effect); }
  @macro.commit private stand(effect: Effect): void { this.step("commit", effect); }
  @macro.rollback private undo(effect: Effect): void { this.step("rollback", effect); }
  private step(name: string, effect: Effect): void {
    if (effect.data.includes("trap " + name)) throw new Error("broken");
    if (effect.data.includes("no " + name)) fail<void>(Status.ABORTED, "no " + name);
  }
}`;

const table = (name: string, fields: string[]): string => `
@Postgres.table({ name: "${name}" })
class Row {
  @Postgres.primaryKey id: i32 = 0;
  ${fields.map((field) => `${field}: string | null = null;`).join('\n  ')}
}`;

const directory = (zoo: string, ...fields: string[]): string => `${table('users', fields)}
@Zoo.needs("${zoo}")
@service class Directory { count(): i64 { return Row.count(); } }`;

const shop = (...fields: string[]): string => `${table('orders', fields)}
@Database.postgres({ url: env("CELL_TEST_SHOP") })
@service class Shop { count(): i64 { return Row.count(); } }`;

let server: PostgresServer | undefined;
test.before(async (t) => {
  t.timeout(600_000);
  await buildStandardCells();
  if (missingPostgres(15) === null) server = await startPostgres(15);
  process.env.CELL_TEST_SHOP = server?.url ?? 'postgres://nobody@127.0.0.1:1/none';
});
test.after.always(() => server?.stop());

function project(t: ExecutionContext, files: Record<string, string>) {
  const { folder: cwd, remove } = folderWith(files);
  t.teardown(remove);
  const place = { project: cwd, env: process.env };
  const run = (options: Partial<MakeOptions> = {}): Promise<Made[]> =>
    make({
      ...{ files: [], cwd, discover: discoveryWith({}) },
      databaseState: (target, service) => databaseState(target, place, service),
      ...options,
    });
  /** Tables, and migrations by the ledger, of a service. */
  const holds = async (target: string, service: string) => {
    const admin = openAdmin(resolveTarget(target, place));
    try {
      const sql =
        'select c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n ' +
        "on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r' order by 1";
      const { rows } = await admin.query(sql, [service]);
      const ledger = await admin.ledger(service);
      return [rows.map(([name]) => name), ledger.map(({ name }) => name)];
    } finally {
      await admin.close();
    }
  };
  return {
    ...{ cwd, run, holds },
    write: (name: string, text: string) => fs.writeFileSync(path.join(cwd, name), text),
    there: (name: string) => fs.existsSync(path.join(cwd, name)),
  };
}

const codes = (made: Made[]): string[] =>
  made.flatMap((m) => m.findings.map((f) => `${f.file} ${f.code}`)).sort();

test.serial('two services in two databases and a cell that fails: all or nothing', async (t) => {
  t.timeout(900_000);
  if (server === undefined) return t.log(`only in part: ${missingPostgres(15)}`);
  const p = project(t, {
    'directory.cell.ts': directory('', 'email'),
    'shop.cell.ts': shop('item'),
    'zoo.cell.ts': ZOO,
  });
  const SHOP = 'env:CELL_TEST_SHOP';
  for (const how of ['no prepare', 'no commit', 'trap commit']) {
    p.write('directory.cell.ts', directory(how, 'email'));
    const made = await p.run();
    t.deepEqual(codes(made), ['directory.cell.ts CELL4044', 'shop.cell.ts CELL4128'], how);
    const { message, line } = made.flatMap((m) => m.findings)[0];
    t.regex(message, /the cell `zoo` could not (prepare|commit) its effects/, how);
    t.regex(message, /nothing stands/, how);
    t.is(line, 7, 'at the decorator that wants it');
    t.deepEqual(await p.holds('default', 'directory'), [[], []], how);
    t.deepEqual(await p.holds(SHOP, 'shop'), [[], []], how);
    t.false(p.there('.cell/lock/postgres.schema.lock'), how);
    t.false(p.there('.cell/migrations'), how);
    t.false(p.there('.cell/out/shop.wasm'), how);
  }
  p.write('directory.cell.ts', directory('', 'email'));
  t.deepEqual(codes(await p.run()), []);
  t.deepEqual(await p.holds('default', 'directory'), [['users'], ['0001_create_users.sql']]);
  t.deepEqual(await p.holds(SHOP, 'shop'), [['orders'], ['0001_create_orders.sql']]);
  const again = await p.run();
  t.deepEqual(
    again.map(({ cached }) => cached),
    [true, true, true],
  );
  // The next migration fails, and the first one stays as it was.
  p.write('directory.cell.ts', directory('no commit', 'email', 'phone'));
  p.write('shop.cell.ts', shop('item', 'note'));
  t.deepEqual(codes(await p.run()), ['directory.cell.ts CELL4044', 'shop.cell.ts CELL4128']);
  t.deepEqual(await p.holds('default', 'directory'), [['users'], ['0001_create_users.sql']]);
  t.deepEqual(await p.holds(SHOP, 'shop'), [['orders'], ['0001_create_orders.sql']]);
});
