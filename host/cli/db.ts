// Owns the verb `cell db`: what the databases of a project have, beside what they are to have.
// Changes nothing. Exit code 0 when every database is at its last migration and as it left it, else
// 1.
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { type Config, loadConfig } from '../cell/config.ts';
import { type Admin, AdminError } from '../database/admin.ts';
import { openAdmin } from '../database/open.ts';
import { printable } from '../lane/printable.ts';
import { style, table } from './print.ts';
import type { ServiceSchema, Standing } from './project-schemas.ts';
import { byDatabase, projectSchemas, standingOf } from './project-schemas.ts';

export interface DbFlags {
  services: string[];
  cwd: string;
  json: boolean;
  /** False: the sources are not asked whether somebody has changed tables by hand. */
  drift: boolean;
}

/** A table with its rows; above a million they are PostgreSQL's estimate. */
interface TableRows {
  name: string;
  rows: number;
  estimated: boolean;
}

/** What is known of one service. */
interface Seen {
  service: string;
  database: string;
  target: string;
  schema: string;
  state: Standing['state'] | 'unreachable';
  /** What is wrong, for people; '' = nothing. */
  why: string;
  tables: TableRows[];
  applied: { number: number; name: string; appliedAt: string; by: string }[];
  pending: { number: number; name: string }[];
  /** What its cell of macros says of the difference between source and database. */
  drift: string[];
}

/** Rows beyond which a table is not counted: it would be read as a whole. */
const COUNTED = 1_000_000;

/** Looks and tells. Returns the exit code; rejects with UserError. */
export async function db({ services, cwd, json, drift }: DbFlags): Promise<number> {
  const config = await loadConfig(cwd);
  const schemas = await projectSchemas(cwd, config, services);
  const seen: Seen[] = [];
  for (const group of byDatabase(schemas)) seen.push(...(await looked(group)));
  seen.sort((a, b) => (a.service < b.service ? -1 : 1));
  if (drift && seen.some(({ state }) => state !== 'unreachable')) await lookForDrift(seen, cwd);
  const well = seen.every((s) => s.state === 'current' && s.drift.length === 0);
  if (json) console.log(JSON.stringify({ ok: well, services: seen }));
  else print(seen);
  return well ? 0 : 1;
}

async function looked(group: ServiceSchema[]): Promise<Seen[]> {
  let admin: Admin | undefined;
  try {
    admin = openAdmin(group[0].target);
    const seen: Seen[] = [];
    for (const one of group) seen.push(await seenOf(one, admin));
    return seen;
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    const nothing = { tables: [], applied: [], pending: [], drift: [] };
    const state = 'unreachable';
    return group.map((one) => ({ ...named(one), state, why: error.message, ...nothing }));
  } finally {
    await admin?.close();
  }
}

const named = ({ service, database, targetText, schema }: ServiceSchema) => ({
  ...{ service, database, target: targetText, schema },
});

async function seenOf(one: ServiceSchema, admin: Admin): Promise<Seen> {
  const standing = standingOf(one, await admin.ledger(one.service));
  const tables =
    one.target.kind === 'file' ? await tablesOfFile(admin) : await tablesOf(one.schema, admin);
  return {
    ...named(one),
    ...{ state: standing.state, why: standing.why, tables },
    applied: standing.applied.map(({ number, name, appliedAt, by }) => ({
      ...{ number, name, appliedAt, by },
    })),
    pending: standing.pending.map(({ number, name }) => ({ number, name })),
    drift: [],
  };
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

async function tablesOf(schema: string, admin: Admin): Promise<TableRows[]> {
  const { rows } = await admin.query(
    'select c.relname, c.reltuples::int8 from pg_catalog.pg_class c ' +
      'join pg_catalog.pg_namespace n on n.oid = c.relnamespace ' +
      "where n.nspname = $1 and c.relkind in ('r', 'p') order by c.relname",
    [schema],
  );
  const tables: TableRows[] = [];
  for (const [name, estimate] of rows) {
    const estimated = Number(estimate) > COUNTED;
    const at = `${quoted(schema)}.${quoted(name ?? '')}`;
    const count = estimated ? Number(estimate) : await counted(at, admin);
    tables.push({ name: name ?? '', rows: count, estimated });
  }
  return tables;
}

async function tablesOfFile(admin: Admin): Promise<TableRows[]> {
  const { rows } = await admin.query(
    "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' " +
      "escape '\\' and name <> 'cell_build_migrations' order by name",
    [],
  );
  const tables: TableRows[] = [];
  for (const [name] of rows) {
    const count = await counted(quoted(name ?? ''), admin);
    tables.push({ name: name ?? '', rows: count, estimated: false });
  }
  return tables;
}

async function counted(table: string, admin: Admin): Promise<number> {
  const { rows } = await admin.query(`select count(*) from ${table}`, []);
  return Number(rows[0]?.[0] ?? 0);
}

/** Asks the cells that plan the tables, as a check does, whatever the cache knows. */
async function lookForDrift(seen: Seen[], cwd: string): Promise<void> {
  const { findServices, make } = await import('../../build/make.ts');
  if (findServices(cwd).length === 0) return; // Production has modules only.
  const { outlineOf } = await import('../../build/order.ts');
  const { makeOptions } = await import('./macro-flags.ts');
  const databaseState = async (): Promise<string> => randomUUID();
  const made = await make({
    ...(await makeOptions({}, cwd)),
    files: [],
    check: true,
    databaseState,
  });
  for (const { file, findings } of made) {
    const told = findings.filter(({ message }) => /: drift, /.test(message));
    const { cell } = outlineOf(path.join(cwd, file));
    const of = seen.find(({ service }) => service === cell);
    of?.drift.push(...told.map(({ message }) => message.replace(/^.*?: (?=drift, )/, '')));
  }
}

const WORDS: Record<Seen['state'], string> = {
  current: 'at its last migration',
  behind: 'behind: cell build, or cell migrate',
  newer: 'newer than this project',
  differs: 'made by other migrations',
  unreachable: 'cannot be reached',
};

function print(seen: Seen[]): void {
  if (seen.length === 0) console.log('no service of this project has tables');
  for (const one of seen) {
    const good = one.state === 'current' && one.drift.length === 0;
    const state = style(good ? 'green' : 'yellow', WORDS[one.state]);
    console.log(`${style('bold', one.service)}  ${printable(one.database)}, ${state}`);
    if (one.why !== '') console.log(`  ${printable(one.why)}`);
    const rows = one.tables.map(({ name, rows: count, estimated }) => [
      `  ${printable(name)}`,
      `${estimated ? 'about ' : ''}${count.toLocaleString('en')} ${count === 1 ? 'row' : 'rows'}`,
    ]);
    if (rows.length > 0) console.log(table(rows));
    const done = one.applied.map(({ name, appliedAt, by }) => [
      ...['  applied', printable(name), by === '' ? appliedAt : `${appliedAt} by ${printable(by)}`],
    ]);
    const waiting = one.pending.map(({ name }) => ['  pending', name, '']);
    if (done.length + waiting.length > 0) console.log(table([...done, ...waiting]));
    for (const text of one.drift) console.log(`  ${style('yellow', printable(text))}`);
  }
}

/** Which databases the services of a project use, for `cell doctor`; [] without any. */
export async function databasesOf(cwd: string, config: Config): Promise<[string, string][]> {
  return (await projectSchemas(cwd, config)).map(({ service, database }) => [service, database]);
}
