// Owns what a project wants its databases to have: the locks that cells of macros have left and the
// documents beside them, as migrations, with the database of each service as a host of this
// project would find it. Connects to nothing.
import { sha256 } from '../../build/6-lock/files.ts';
import { lockedCells, readCommitted, readSchemaLock } from '../../build/6-lock/schema-lock.ts';
import type { Config } from '../cell/config.ts';
import type { Applied, Migration } from '../database/ledger.ts';
import { TargetError } from '../database/target-error.ts';
import type { Target } from '../database/targets.ts';
import { UserError } from './print.ts';

/** The schema of one service, as it is committed. */
export interface ServiceSchema {
  service: string;
  /** Cell of macros that keeps it: `postgres`. */
  keeper: string;
  /** As the lock has it: `default`. */
  targetText: string;
  target: Target;
  /** For people; never with a password. */
  database: string;
  schema: string;
  /** From 1, without gaps. The last one has the model. */
  migrations: Migration[];
}

/** What a lock's lines say; null when they are not those of a schema. */
function parsed(lock: string, documents: ReadonlyMap<string, string>) {
  const lines = lock.split('\n');
  const model = lines.indexOf('model');
  if (model < 0) return null;
  const said = { target: '', schema: '', migrations: [] as Migration[] };
  for (const line of lines.slice(0, model)) {
    const [word, ...rest] = line.split(' ');
    if (word === 'target') said.target = rest.join(' ');
    else if (word === 'schema') said.schema = rest.join(' ');
    else if (word === 'migration') {
      const [number, hash, name] = rest;
      const sql = documents.get(name);
      if (sql === undefined || sha256(sql) !== hash) return null;
      if (Number(number) !== said.migrations.length + 1) return null;
      said.migrations.push({ number: Number(number), hash, name, sql, model: '' });
    } else return null;
  }
  const last = said.migrations.at(-1);
  if (last !== undefined) last.model = lines.slice(model).join('\n');
  return said;
}

/**
 * The schemas that are committed below `cwd`, sorted by service; `only`: these services, [] = all.
 * Throws UserError for what is damaged, edited, or of no service.
 */
export async function projectSchemas(
  cwd: string,
  config: Config,
  only: readonly string[] = [],
): Promise<ServiceSchema[]> {
  const found: ServiceSchema[] = [];
  for (const keeper of lockedCells(cwd)) {
    const lock = readSchemaLock(cwd, keeper);
    const services = typeof lock === 'string' ? [''] : Object.keys(lock.services);
    for (const service of services) {
      const { faults, ...committed } = readCommitted(cwd, keeper, service);
      if (faults.length > 0) throw await faulty(faults);
      const documents = new Map(committed.documents.map(({ name, text }) => [name, text]));
      const said = parsed(committed.lock, documents);
      // Other cells may keep other things than schemas.
      if (said === null && committed.lock.startsWith('target ')) throw mixed(service, keeper);
      if (said === null || said.target === '') continue;
      const place = await databaseOf(service, said.target, config, cwd);
      const { schema, migrations } = said;
      found.push({ service, keeper, targetText: said.target, ...place, schema, migrations });
    }
  }
  const unknown = only.find((name) => !found.some(({ service }) => service === name));
  if (unknown !== undefined) {
    const names = found.map(({ service }) => service).join(', ');
    const fix = names === '' ? 'build first: cell build' : `one of ${names}`;
    throw new UserError(`\`${unknown}\` has no tables here`, undefined, fix);
  }
  const wanted = found.filter(({ service }) => only.length === 0 || only.includes(service));
  return wanted.sort((a, b) => (a.service < b.service ? -1 : 1));
}

/** Its parts are each sound, and of two locks: half of a merge, say. */
const mixed = (service: string, keeper: string): UserError =>
  new UserError(
    `the migrations of \`${service}\` are not those that its lock lists`,
    undefined,
    `take .cell/lock/${keeper}.schema.lock and .cell/migrations/${service} from one commit`,
  );

async function faulty(faults: ReturnType<typeof readCommitted>['faults']): Promise<UserError> {
  const { Findings } = await import('../../build/diagnostics/findings.ts');
  const { reportFault } = await import('../../build/keeps.ts');
  const findings = new Findings();
  for (const fault of faults) reportFault(fault, findings);
  const [first] = findings.sorted();
  return new UserError(`${first.code}: ${first.message}`, undefined, first.fix);
}

/** The database of a service: where the operator says it is, else where the lock says. */
async function databaseOf(
  service: string,
  text: string,
  { grants = {} }: Config,
  cwd: string,
): Promise<{ target: Target; database: string }> {
  const { describeTarget, grantedTarget } = await import('../database/targets.ts');
  const grant = Object.hasOwn(grants, service) ? (grants[service].sql ?? {}) : {};
  try {
    const target = grantedTarget(text, grant, { project: cwd, env: process.env });
    return { target, database: describeTarget(target) };
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    throw new UserError(`the database of \`${service}\`: ${error.message}`, undefined, error.fix);
  }
}

/** How a database stands to what is committed. */
export interface Standing {
  state: 'current' | 'behind' | 'newer' | 'differs';
  applied: Applied[];
  pending: Migration[];
  /** For people; '' when it is current or behind. */
  why: string;
}

/** Compares a ledger with what is committed. */
export function standingOf({ migrations, keeper }: ServiceSchema, applied: Applied[]): Standing {
  for (const [i, row] of applied.entries()) {
    const one = migrations[i];
    if (one === undefined) {
      const why = `the database is newer than .cell/lock/${keeper}.schema.lock: it has ${row.name}`;
      return { state: 'newer', applied, pending: [], why };
    }
    if (row.number !== one.number || row.hash !== one.hash) {
      const found = `migration ${row.number} of the database is ${row.name}`;
      const why = `${found}, the lock has ${one.name}`;
      const other = row.name === one.name ? `${why} with another text` : why;
      return { state: 'differs', applied, pending: [], why: other };
    }
  }
  const pending = migrations.slice(applied.length);
  return { state: pending.length === 0 ? 'current' : 'behind', applied, pending, why: '' };
}

/** Schemas by database: what lies in one is changed in one transaction. */
export function byDatabase(schemas: readonly ServiceSchema[]): ServiceSchema[][] {
  const groups = new Map<string, ServiceSchema[]>();
  for (const one of schemas) {
    // The target holds the password, so two that look the same to people may be two.
    const key = JSON.stringify({ ...one.target, text: '', from: '' });
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}
