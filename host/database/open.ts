// Owns the way to the Admin of a target.
import type { Admin, AdminOptions } from './admin.ts';
import { PostgresAdmin } from './postgres-admin.ts';
import { SqliteAdmin } from './sqlite-admin.ts';
import type { Target } from './targets.ts';

/** The Admin of a database. Connects when it is first asked; close it. */
export function openAdmin(target: Target, options: AdminOptions = {}): Admin {
  if (target.kind === 'file') return new SqliteAdmin(target.file, target.shown, options);
  return new PostgresAdmin(target, options);
}
