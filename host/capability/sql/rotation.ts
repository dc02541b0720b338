// Owns the turning of keys: every value of an encrypted column that an older key encrypted is
// decrypted and encrypted with the newest, in batches, each in a transaction of its own. It can be
// ended at any moment and begun again: what is done is told by the key's id in the value.
import { Connection } from '../../database/connection.ts';
import { quoted } from '../../database/roles.ts';
import type { Target } from '../../database/targets.ts';
import type { Cipher } from './encryption.ts';

/** Rows of one transaction. Threat: locks that others wait for. */
export const ROTATE_ROWS = 500;
const STATEMENT_MS = 60_000;

export interface Rotated {
  /** `schema.table.column` */
  column: string;
  /** Values that have the newest key now and had not before. */
  values: number;
}

/**
 * Turns the values of `columns` (`schema.table.column`) to the cipher's first key. Rejects with
 * CipherError at the first value that cannot be decrypted; what was done before stands. Nothing of
 * a value leaves this process.
 */
export async function rotate(
  target: Target,
  columns: readonly string[],
  cipher: Cipher,
): Promise<Rotated[]> {
  const connection = await Connection.open(target, { statementMs: STATEMENT_MS });
  try {
    const done: Rotated[] = [];
    for (const column of [...new Set(columns)].sort()) {
      let values = 0;
      for (let turned = ROTATE_ROWS; turned === ROTATE_ROWS; values += turned) {
        turned = await batch(connection, column, cipher);
      }
      done.push({ column, values });
    }
    return done;
  } finally {
    await connection.close();
  }
}

/** One transaction; how many values it has turned. */
async function batch(connection: Connection, column: string, cipher: Cipher): Promise<number> {
  const [schema, table, name] = column.split('.');
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
    for (const [place, text] of rows) {
      const plain = cipher.decrypt(Buffer.from((text ?? '').slice(2), 'hex'), column);
      const fresh = `\\x${cipher.encrypt(plain, column).toString('hex')}`;
      const update = `update ${from} set ${value} = $1::bytea where ctid = $2::tid`;
      await connection.rows(update, [fresh, place]);
    }
    await connection.run('commit');
    return rows.length;
  } catch (error) {
    await connection.run('rollback').catch(() => {});
    throw error;
  }
}
