// Owns schemas and roles of cells on a PostgreSQL server: a cell has a schema, and a role that
// reaches its tables and no others. Roles are made where the login may make them; where it may not,
// the other two walls of a cell (listed statements, judged texts) stand without this one.
import { Connection, DatabaseError } from './connection.ts';
import { lockLedger } from './ledger.ts';
import { TargetError } from './target-error.ts';
import type { Target } from './targets.ts';

/** Milliseconds that the start of a host waits for a build that changes the database. */
const TURN_MS = 20_000;

/** The schema of a cell: its name with `_`. */
export const schemaOf = (cell: string): string => cell.replaceAll('-', '_');
/** Schemas that are nobody's, whatever a cell is called. */
const TAKEN = /^(?:pg_|cell_scratch|(?:information_schema|cell_build|public)$)/;
/** Whether a cell may own it. A longer name would be cut, and could be another cell's. */
export const isOwnable = (schema: string): boolean =>
  /^[a-z][a-z0-9_]{0,62}$/.test(schema) && !TAKEN.test(schema);
/** The role of a schema. */
export const roleOf = (schema: string): string => `cell_${schema}`;

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A table as `schema.table`, quoted. Names with a point in them are not ours. */
const table = (name: string): string => name.split('.').map(quoted).join('.');

/** May this login make roles? */
export async function mayCreateRoles(connection: Connection): Promise<boolean> {
  const [row] = await connection.rows(
    'select rolsuper or rolcreaterole from pg_catalog.pg_roles where rolname = current_user',
  );
  return row?.[0] === 't';
}

/** By a scan: a session remembers that a name led nowhere (ledger.ts, hasLedger). */
async function hasSchema(connection: Connection, schema: string): Promise<boolean> {
  const rows = await connection.rows('select 1 from pg_catalog.pg_namespace where nspname = $1', [
    schema,
  ]);
  return rows.length > 0;
}

/** Makes the schema where it is not there. False: it was. */
export async function ensureSchema(connection: Connection, schema: string): Promise<boolean> {
  if (await hasSchema(connection, schema)) return false;
  await connection.run(`create schema if not exists ${quoted(schema)}`);
  return true;
}

/**
 * Makes the role of `schema`, lets this login take it, and gives it what stands in the schema now
 * and later, and `reads` of others and no more of them; null: those that it has. Returns its name;
 * null when the login may not. Runs in a transaction that the caller has begun, and leaves it
 * whole.
 */
export async function ensureRole(
  connection: Connection,
  schema: string,
  reads: readonly string[] | null = null,
): Promise<string | null> {
  const name = roleOf(schema);
  // A name that PostgreSQL would cut could be another cell's.
  if (Buffer.byteLength(name) > 63) return null;
  const role = quoted(name);
  const own = quoted(schema);
  const { there, ours } = await known(connection, name);
  const later = `alter default privileges in schema ${own} grant`;
  const steps = [
    ...(there ? [] : [`create role ${role} nologin`]),
    ...(ours ? [] : [`grant ${role} to current_user`]),
    `grant usage on schema ${own} to ${role}`,
    `grant select, insert, update, delete on all tables in schema ${own} to ${role}`,
    `grant usage, select on all sequences in schema ${own} to ${role}`,
    `${later} select, insert, update, delete on tables to ${role}`,
    `${later} usage, select on sequences to ${role}`,
    ...(reads === null ? [] : await revokes(connection, name, schema, reads)),
    ...[...new Set(reads?.map((read) => read.split('.')[0] as string))].map(
      (other) => `grant usage on schema ${quoted(other)} to ${role}`,
    ),
    ...(reads ?? []).map((read) => `grant select on ${table(read)} to ${role}`),
  ];
  await connection.run('savepoint cell_role');
  try {
    await connection.run(steps.join('; '));
    await connection.run('release savepoint cell_role');
    return name;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    await connection.run('rollback to savepoint cell_role; release savepoint cell_role');
    if (error.sqlstate === '42501' || error.sqlstate === '0LP01') return null;
    // Roles are the whole server's: another database of it makes the same one just now.
    const raced = ['42710', '23505', 'XX000'].includes(error.sqlstate);
    if (raced && !there) return ensureRole(connection, schema, reads);
    throw error;
  }
}

/**
 * The role that the cell which owns `schema` is to take on `target`, made when it may be, with
 * `reads` of others that it is granted. Null: this login has none to give. Rejects with
 * TargetError, DatabaseError (a table of `reads` is not there) or Unreachable.
 */
export async function admitRole(
  target: Target,
  schema: string,
  reads: readonly string[] = [],
): Promise<string | null> {
  const connection = await Connection.open(target, { statementMs: 30_000 });
  try {
    const name = roleOf(schema);
    const { ours, strong } = await known(connection, name);
    if (strong) {
      throw new TargetError(
        `the role \`${name}\` is no wall: it can log in, is superuser, or bypasses row security`,
        `say \`alter role ${name} nologin nosuperuser nobypassrls\`, or drop the role`,
      );
    }
    if (!ours && !(await mayCreateRoles(connection))) return null;
    // Without a schema there is nothing of its own to reach: it may still read others.
    await connection.run('begin');
    // Hosts that start at once make the same role.
    await lockLedger(connection, TURN_MS);
    await ensureSchema(connection, schema);
    const role = await ensureRole(connection, schema, reads);
    await connection.run('commit');
    return role;
  } finally {
    await connection.close();
  }
}

/**
 * What takes from the role of `schema` the tables of others that are not in `reads`, as far as this
 * login can take back what was given.
 */
async function revokes(
  connection: Connection,
  name: string,
  schema: string,
  reads: readonly string[],
): Promise<string[]> {
  const rows = await connection.rows(
    'select distinct n.nspname, c.relname from pg_catalog.pg_class c ' +
      'join pg_catalog.pg_namespace n on n.oid = c.relnamespace ' +
      'cross join lateral pg_catalog.aclexplode(c.relacl) a ' +
      'join pg_catalog.pg_roles r on r.oid = a.grantee ' +
      "where r.rolname = $1 and n.nspname <> $2 and c.relkind in ('r', 'p', 'v', 'm', 'f') " +
      "and pg_catalog.pg_has_role(current_user, a.grantor, 'USAGE') order by 1, 2",
    [name, schema],
  );
  return rows
    .filter(([other, relation]) => !reads.includes(`${other}.${relation}`))
    .map(([other, relation]) => {
      return `revoke all on ${quoted(other ?? '')}.${quoted(relation ?? '')} from ${quoted(name)}`;
    });
}

/** Whether the role is there, has rights that no cell may have, and is this login's to take. */
async function known(
  connection: Connection,
  name: string,
): Promise<{ there: boolean; strong: boolean; ours: boolean }> {
  const [row] = await connection.rows(
    "select pg_catalog.pg_has_role(current_user, oid, 'USAGE'), " +
      'rolsuper or rolbypassrls or rolcanlogin from pg_catalog.pg_roles where rolname = $1',
    [name],
  );
  return { there: row !== undefined, strong: row?.[1] === 't', ours: row?.[0] === 't' };
}
