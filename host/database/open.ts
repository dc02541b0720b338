// Owns the way to the Admin of a target.
import type { Admin } from './admin.ts';
import { PostgresAdmin } from './postgres-admin.ts';
import { SqliteAdmin } from './sqlite-admin.ts';
import type { Target } from './targets.ts';

/**
 * The Admin of a database. Connects when it is first asked; close it.
 *
 * @param statementMs for one statement; 0, the default: any
 */
export function openAdmin(target: Target, options: { statementMs?: number } = {}): Admin {
  if (target.kind === 'file') return new SqliteAdmin(target.file, target.shown);
  return new PostgresAdmin(target, { statementMs: options.statementMs ?? 0 });
}
