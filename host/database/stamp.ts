// Owns the stamp of the embedded database: the state of its ledger as a text beside its files, so
// that a build can tell without starting it whether the database is the one that it knew.
import fs from 'node:fs';
import path from 'node:path';
import type { Connection } from './connection.ts';
import { embeddedPlaces } from './embedded.ts';
import { hasLedger } from './ledger.ts';
import type { Target } from './targets.ts';

/** In the folder of the database: it goes where that goes. PostgreSQL does not mind. */
const stampOf = (project: string): string =>
  path.join(embeddedPlaces(project).folder, 'cell.state');

/** All of a ledger in a few lines: each service, its last migration and the hash of it. */
export async function ledgerText(connection: Connection): Promise<string> {
  if (!(await hasLedger(connection))) return '';
  const rows = await connection.rows(
    'select distinct on (service) service, number, hash from cell_build.migrations ' +
      'order by service, number desc',
  );
  return rows.map((row) => `${row.join(' ')}\n`).join('');
}

/**
 * Writes the stamp of the embedded database, of others there is none: in the transaction that is
 * about to be committed, so that stamps come in the order of commits.
 */
export async function stampEmbedded(target: Target, connection: Connection): Promise<void> {
  if (target.kind !== 'embedded') return;
  const file = stampOf(target.project);
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, await ledgerText(connection), { mode: 0o600 });
  fs.renameSync(draft, file);
}

/** Nobody knows what the database has: the next build looks. */
export function dropStamp(target: Target): void {
  if (target.kind === 'embedded') fs.rmSync(stampOf(target.project), { force: true });
}

/** What the stamp says; '' when there is none: nothing was migrated. */
export function readStamp(project: string): string {
  try {
    return fs.readFileSync(stampOf(project), 'utf8');
  } catch {
    return '';
  }
}
