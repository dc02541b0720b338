// Owns which store a grant means: a file of SQLite, or a Redis. Opens nothing before it is asked
// for something.
import path from 'node:path';
import type { Grants, KvGrant } from '../../lane/contract.ts';
import type { PersistedField } from '../../schema/types.ts';
import type { KvStore } from './contract.ts';
import { Journal } from './journal.ts';
import { RedisStore } from './redis-store.ts';
import { SqliteStore } from './sqlite-store.ts';

/** The embedded store of a cell, below the folder of its project. */
export const kvFile = (project: string, cell: string): string =>
  path.join(project, '.cell', 'data', 'kv', `${cell}.sqlite`);

/** The store of one cell. Never throws: a store that cannot be had says so when it is asked. */
export function openStore(
  cell: string,
  { file, redis }: KvGrant,
  project: string,
  fields: readonly string[],
): KvStore {
  if (redis !== undefined) return new RedisStore({ url: redis, cell, fields });
  return new SqliteStore({ file: file ?? kvFile(project, cell), fields });
}

/** The journal of one cell's durable fields in one lane. */
export function openJournal(
  cell: string,
  { kv = {}, project = process.cwd() }: Pick<Grants, 'kv' | 'project'>,
  fields: readonly PersistedField[] = [],
): Journal {
  const names = fields.map(({ field }) => field);
  return new Journal(cell, openStore(cell, kv, project, names), fields);
}
