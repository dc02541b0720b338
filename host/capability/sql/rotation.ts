// Owns the turning of keys: every value of an encrypted column that an older key encrypted is
// decrypted and encrypted with the newest, in batches, each in a transaction of its own. It can be
// ended at any moment and begun again: what is done is told by the key's id in the value.
import { DatabaseSync } from 'node:sqlite';
import { Connection } from '../../database/connection.ts';
import { quoted } from '../../database/roles.ts';
import type { Target } from '../../database/targets.ts';
import type { SqlManifest } from '../../schema/types.ts';
import type { Cipher } from './encryption.ts';
import { judge, loadJudge } from './judge.ts';

/** Rows of one transaction. Threat: locks that others wait for. */
export const ROTATE_ROWS = 500;
const STATEMENT_MS = 60_000;

export interface Rotated {
  /** `schema.table.column`, as it is called now. */
  column: string;
  /** Values that have the newest key now and had not before. */
  values: number;
}

/** An encrypted column: where it is, and the text that its values are bound to. */
export interface EncryptedColumn {
  place: string;
  /** What it was called when it was first encrypted. */
  bound: string;
}

/**
 * Turns the values of a cell's encrypted columns to the cipher's first key. Rejects with
 * CipherError at the first value that cannot be decrypted; what was done before stands. Nothing of
 * a value leaves this process.
 */
export async function rotate(target: Target, sql: SqlManifest, cipher: Cipher): Promise<Rotated[]> {
  const turner = target.kind === 'file' ? new FileTurner(target.file) : await onServer(target);
  try {
    const done: Rotated[] = [];
    for (const column of await columnsOf(sql, turner)) {
      let values = 0;
      for (let turned = ROTATE_ROWS; turned === ROTATE_ROWS; values += turned) {
        turned = await turner.batch(column, cipher);
      }
      done.push({ column: column.place, values });
    }
    return done;
  } finally {
    await turner.close();
  }
}

/** The columns that a module's statements have encrypted, by the text that they are bound to. */
async function columnsOf(sql: SqlManifest, turner: Turner): Promise<EncryptedColumn[]> {
  const places = new Map<string, string>();
  for (const { params, columns } of sql.statements) {
    for (const { encrypted } of [...params, ...columns]) {
      if (encrypted !== undefined && !places.has(encrypted)) places.set(encrypted, encrypted);
    }
  }
  // A column that was renamed keeps the text: a statement that reads it says where it is.
  for (const { text, writes, params, columns } of sql.statements) {
    if (writes || columns.every(({ encrypted }) => encrypted === undefined)) continue;
    if (await isDoubtful(text, sql)) continue;
    const found = await turner.sources(text, params.length, sql.schema);
    for (const [i, { encrypted }] of columns.entries()) {
      if (encrypted !== undefined && found[i]) places.set(encrypted, found[i] as string);
    }
  }
  const all = [...places].map(([bound, place]) => ({ bound, place }));
  return all.sort((a, b) => (a.place < b.place ? -1 : 1));
}

/** Texts are shown to the database with the operator's rights: none that a host would refuse. */
async function isDoubtful(text: string, { engine, schema, reads }: SqlManifest): Promise<boolean> {
  if (engine === 'sqlite') return false;
  await loadJudge();
  return judge(text, { schema, reads }).fault !== null;
}

/** A database whose values are turned. */
interface Turner {
  /** One transaction; how many values it has turned. */
  batch(column: EncryptedColumn, cipher: Cipher): Promise<number>;
  /** Where the columns of a statement come from, `schema.table.column`; null = from nowhere. */
  sources(text: string, params: number, schema: string): Promise<(string | null)[]>;
  close(): Promise<void>;
}

class FileTurner implements Turner {
  private readonly database: DatabaseSync;

  constructor(file: string) {
    this.database = new DatabaseSync(file, { timeout: STATEMENT_MS });
  }

  async sources(text: string, _params: number, schema: string): Promise<(string | null)[]> {
    const columns = this.database.prepare(text).columns();
    return columns.map(({ table, column }) => (table ? `${schema}.${table}.${column}` : null));
  }

  async batch({ place, bound }: EncryptedColumn, cipher: Cipher): Promise<number> {
    const { database } = this;
    const [, table, name] = place.split('.');
    const [from, value] = [quoted(table), quoted(name)];
    const older = `${value} is not null and substr(${value}, 1, 5) <> ?`;
    database.exec('begin immediate');
    try {
      const select = `select rowid as at, ${value} as value from ${from} where ${older}`;
      const rows = database.prepare(`${select} limit ${ROTATE_ROWS}`).all(cipher.prefix);
      const update = database.prepare(`update ${from} set ${value} = ? where rowid = ?`);
      for (const row of rows) {
        const { at, value: bytes } = row as { at: number; value: Uint8Array };
        update.run(cipher.encrypt(cipher.decrypt(bytes, bound), bound), at);
      }
      database.exec('commit');
      return rows.length;
    } catch (error) {
      database.exec('rollback');
      throw error;
    }
  }

  async close(): Promise<void> {
    this.database.close();
  }
}

async function onServer(target: Target): Promise<Turner> {
  const connection = await Connection.open(target, { statementMs: STATEMENT_MS });
  return {
    batch: (column, cipher) => batch(connection, column, cipher),
    sources: (text, params, schema) => sources(connection, text, params, schema),
    close: () => connection.close(),
  };
}

/** Asks the server: it says of each column which column of which table it is. Runs nothing. */
async function sources(
  connection: Connection,
  text: string,
  params: number,
  schema: string,
): Promise<(string | null)[]> {
  await connection.run(`begin read only; set local search_path = ${quoted(schema)}`);
  try {
    const inner = text.trim().replace(/;$/, '');
    const { fields } = await connection.client.query({
      text: `select * from (${inner}) q limit 0`,
      values: Array.from({ length: params }, () => null),
    });
    const found: (string | null)[] = [];
    for (const { tableID, columnID } of fields) {
      const [row] = await connection.rows(
        "select n.nspname || '.' || c.relname || '.' || a.attname from pg_catalog.pg_attribute a " +
          'join pg_catalog.pg_class c on c.oid = a.attrelid ' +
          'join pg_catalog.pg_namespace n on n.oid = c.relnamespace ' +
          'where a.attrelid = $1::oid and a.attnum = $2::int2',
        [String(tableID), String(columnID)],
      );
      found.push(row?.[0] ?? null);
    }
    return found;
  } finally {
    await connection.run('rollback');
  }
}

async function batch(
  connection: Connection,
  { place, bound }: EncryptedColumn,
  cipher: Cipher,
): Promise<number> {
  const [schema, table, name] = place.split('.');
  const from = `${quoted(schema)}.${quoted(table)}`;
  const value = quoted(name);
  const newest = `\\x${cipher.prefix.toString('hex')}`;
  await connection.run('begin');
  try {
    // Rows that are locked keep their place (ctid) until the transaction ends.
    const rows = await connection.rows(
      `select ctid, ${value} from ${from} where ${value} is not null and ` +
        `substring(${value} from 1 for 5) <> $1::bytea limit ${ROTATE_ROWS} for update`,
      [newest],
    );
    for (const [at, text] of rows) {
      const plain = cipher.decrypt(Buffer.from((text ?? '').slice(2), 'hex'), bound);
      const fresh = `\\x${cipher.encrypt(plain, bound).toString('hex')}`;
      const update = `update ${from} set ${value} = $1::bytea where ctid = $2::tid`;
      await connection.rows(update, [fresh, at]);
    }
    await connection.run('commit');
    return rows.length;
  } catch (error) {
    await connection.run('rollback').catch(() => {});
    throw error;
  }
}
