// Owns the state of a database as a short text: equal texts mean that a build may trust what it
// knew of it. Never starts the embedded one, never fails: that a server cannot be reached is a
// state, too.
import fs from 'node:fs';
import { Connection } from './connection.ts';
import { embeddedPlaces } from './embedded.ts';
import { hasLedger, readLedger } from './ledger.ts';
import { schemaOf } from './roles.ts';
import { SqliteAdmin } from './sqlite-admin.ts';
import { readStamp } from './stamp.ts';
import { describeTarget, type Place, resolveTarget, type Target } from './targets.ts';

/** Milliseconds that a server has to say its state. */
const STATE_MS = 3000;

/** The state of what `service` has in the database that `text` names. */
export async function databaseState(text: string, place: Place, service: string): Promise<string> {
  try {
    return await stateOf(resolveTarget(text, place), service);
  } catch (error) {
    return `none: ${(error as Error).message}\n`;
  }
}

async function stateOf(target: Target, service: string): Promise<string> {
  if (target.kind === 'embedded') return embedded(target.project, service);
  if (target.kind === 'file') return file(target.file, target.shown, service);
  const connection = await Connection.open(target, { statementMs: STATE_MS, connectMs: STATE_MS });
  try {
    const [[database = '', version = ''] = []] = await connection.rows(
      "select oid, current_setting('server_version_num') from pg_catalog.pg_database " +
        'where datname = current_database()',
    );
    const ledger = (await hasLedger(connection)) ? await readLedger(connection, service) : [];
    const [[shape = ''] = []] = await connection.rows(SHAPE, [schemaOf(service)]);
    const head = `${describeTarget(target)} ${database} ${version} ${shape}\n`;
    return head + lines(service, ledger);
  } finally {
    await connection.close();
  }
}

const lines = (service: string, rows: readonly { number: number; hash: string }[]): string => {
  const last = rows.at(-1);
  return last === undefined ? '' : `${service} ${last.number} ${last.hash}\n`;
};

function embedded(project: string, service: string): string {
  const { folder } = embeddedPlaces(project);
  const there = fs.existsSync(`${folder}/PG_VERSION`);
  const own = readStamp(project)
    .split('\n')
    .filter((line) => line.startsWith(`${service} `));
  return `embedded ${there ? 'there' : 'none'}\n${own.map((line) => `${line}\n`).join('')}`;
}

async function file(name: string, shown: string, service: string): Promise<string> {
  if (!fs.existsSync(name)) return `SQLite ${shown} none\n`;
  const admin = new SqliteAdmin(name, shown);
  try {
    const { rows } = await admin.query('pragma schema_version', []);
    return `SQLite ${shown} ${rows[0]?.[0]}\n${lines(service, await admin.ledger(service))}`;
  } finally {
    await admin.close();
  }
}

/** One hash over columns, constraints and indexes of a schema: what a person's hand may change. */
const SHAPE = `select pg_catalog.md5(
  coalesce(pg_catalog.string_agg(line, E'\\n' order by line), ''))
from (
  select c.relname || ' ' || a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod) ||
    ' ' || a.attnotnull || ' ' || coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') as line
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = $1
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relkind in ('r', 'p')
  union all
  select c.relname || ' ' || o.conname || ' ' || pg_catalog.pg_get_constraintdef(o.oid)
  from pg_catalog.pg_constraint o
  join pg_catalog.pg_class c on c.oid = o.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = $1
  union all
  select pg_catalog.pg_get_indexdef(i.indexrelid)
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = $1
) shape`;
