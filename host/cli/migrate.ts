// Owns the verb `cell migrate`: applies the committed migrations of a project to its databases, in
// order, each once, all of one database in one transaction. Never plans one: builds do. Exit codes:
// 0 everything stands, 1 it does not (the message says what does), 3 with --dry-run when something
// would be applied.
import { ABORTED, FAILED_PRECONDITION, UNKNOWN } from '../../assembly/shared/status.ts';
import { loadConfig } from '../cell/config.ts';
import { type Admin, AdminError } from '../database/admin.ts';
import { ledgerMark } from '../database/ledger.ts';
import { openAdmin } from '../database/open.ts';
import { printable } from '../lane/printable.ts';
import { style, UserError } from './print.ts';
import {
  byDatabase,
  projectSchemas,
  type ServiceSchema,
  type Standing,
  standingOf,
} from './project-schemas.ts';

export interface MigrateFlags {
  services: string[];
  cwd: string;
  /** Say what would be applied, and change nothing. */
  dryRun: boolean;
  json: boolean;
}

/** What became of one service. */
interface Done {
  service: string;
  database: string;
  /** Names of documents. */
  applied: string[];
  pending: string[];
  /** The migration that the database is at. */
  at: number;
}

/** How often a ledger is read again that somebody else has changed meanwhile. */
const ATTEMPTS = 5;
/** Exit code of a dry run that found something to do. */
const PENDING = 3;

/** Applies, or tells. Returns the exit code; rejects with UserError. */
export async function migrate({ cwd, services, dryRun, json }: MigrateFlags): Promise<number> {
  const schemas = await projectSchemas(cwd, await loadConfig(cwd), services);
  const done: Done[] = [];
  let failure: UserError | undefined;
  for (const group of byDatabase(schemas)) {
    try {
      done.push(...(await migrated(group, dryRun)));
    } catch (error) {
      failure = failed(error, group, done);
      break;
    }
  }
  const waiting = done.some(({ pending }) => pending.length > 0);
  const code = failure !== undefined ? 1 : waiting ? PENDING : 0;
  if (json) {
    const error =
      failure === undefined ? {} : { error: { message: failure.message, fix: failure.fix ?? '' } };
    console.log(JSON.stringify({ ok: code === 0, services: done, ...error }));
    return code;
  }
  if (schemas.length === 0) console.log('no service of this project has tables');
  for (const one of done) print(one, schemas);
  if (failure !== undefined) throw failure;
  return code;
}

function print({ service, database, applied, pending, at }: Done, schemas: ServiceSchema[]): void {
  console.log(`${style('bold', service)}  ${printable(database)}`);
  const sqlOf = (name: string): string =>
    schemas.find((s) => s.service === service)?.migrations.find((m) => m.name === name)?.sql ?? '';
  for (const name of applied) console.log(`  ${style('green', 'applied')} ${name}`);
  for (const name of pending) {
    console.log(`  ${style('yellow', 'would apply')} ${name}`);
    for (const line of sqlOf(name).trimEnd().split('\n')) console.log(`    ${printable(line)}`);
  }
  if (applied.length + pending.length === 0) console.log(`  nothing to do: at migration ${at}`);
}

/** What went wrong, and what was done before in other databases. */
function failed(error: unknown, group: ServiceSchema[], done: Done[]): UserError {
  if (!(error instanceof AdminError) && !(error instanceof UserError)) throw error;
  const names = group.map(({ service }) => `\`${service}\``).join(', ');
  const before = done.filter(({ applied }) => applied.length > 0).map((d) => `\`${d.service}\``);
  const stands = before.length === 0 ? '' : `; done before: ${before.join(', ')}`;
  const fix = error instanceof UserError ? error.fix : undefined;
  const lost = error instanceof AdminError && error.status === UNKNOWN;
  const changed = lost ? undefined : 'nothing of this database was changed';
  return new UserError(
    `${names} in ${group[0].database}: ${error.message}${stands}`,
    error instanceof UserError ? error.cause : changed,
    fix ?? 'mend what the message names, then run cell migrate again: what stands is not repeated',
  );
}

/** The services of one database. */
async function migrated(group: ServiceSchema[], dryRun: boolean): Promise<Done[]> {
  const admin = openAdmin(group[0].target);
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await attempted(admin, group, dryRun);
      } catch (error) {
        if (!hasMoved(error) || attempt === ATTEMPTS) throw error;
      }
    }
  } finally {
    await admin.close();
  }
}

/** Somebody else was faster: what is left to do is another thing now. */
const hasMoved = (error: unknown): boolean =>
  error instanceof AdminError &&
  (error.status === ABORTED || error.status === FAILED_PRECONDITION) &&
  /has changed since/.test(error.message);

async function attempted(admin: Admin, group: ServiceSchema[], dryRun: boolean): Promise<Done[]> {
  const done: Done[] = [];
  const open: string[] = [];
  try {
    for (const schema of group) {
      const standing = standingOf(schema, await admin.ledger(schema.service));
      refuse(schema, standing);
      const pending = standing.pending.map(({ name }) => name);
      const { service, database } = schema;
      const at = dryRun ? standing.applied.length : schema.migrations.length;
      const names = dryRun ? { applied: [], pending } : { applied: pending, pending: [] };
      done.push({ service, database, ...names, at });
      if (dryRun || pending.length === 0) continue;
      open.push(service);
      await admin.prepare({
        ...{ service, handle: service, expected: ledgerMark(standing.applied) },
        steps: standing.pending.map(({ sql }) => sql),
        rows: standing.pending,
      });
    }
    for (const handle of open) await admin.commit(handle);
    return done;
  } catch (error) {
    // What cannot be rolled back any more has ended with its connection.
    for (const handle of open.reverse()) await admin.rollback(handle).catch(() => {});
    throw error;
  }
}

function refuse({ service, keeper }: ServiceSchema, { state, why }: Standing): void {
  if (state === 'newer') {
    const fix = 'use the newer version of this project; a newer database is never taken back';
    throw new UserError(`\`${service}\`: ${why}`, undefined, fix);
  }
  if (state !== 'differs') return;
  const fix = `restore the .cell/lock/${keeper}.schema.lock that this database was made with`;
  throw new UserError(`\`${service}\`: ${why}`, undefined, `${fix}, or use another database`);
}
