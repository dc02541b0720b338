// Owns whether the statements of a cell may be served: each is judged by its text, and the database
// has to have the migration that they were checked against. Nothing of the cell has run by then.
// What is found out (its role) is put into the grants that its lanes are given.
import { withoutStatements } from '../capability/sql/raw-texts.ts';
import { AdminError } from '../database/admin.ts';
import { DatabaseError, Unreachable } from '../database/connection.ts';
import { openAdmin } from '../database/open.ts';
import { admitRole, isOwnable, schemaOf } from '../database/roles.ts';
import { TargetError } from '../database/target-error.ts';
import { describeTarget, grantedTarget, type Target } from '../database/targets.ts';
import type { CellSpec, Grants } from '../lane/contract.ts';
import type { SqlManifest } from '../schema/types.ts';
import { ModuleError } from './sections.ts';

/** Milliseconds that the ledger may take to be read. */
const STATEMENT_MS = 10_000;
/** SQLSTATE of a standby, or of a login that may only read. */
const READ_ONLY = '25006';

function refused(cell: string, text: string, fix: string): ModuleError {
  const error = new ModuleError(`cell \`${cell}\`: ${text}`);
  error.fix = fix;
  return error;
}

/**
 * Judges the texts of one cell, whichever host it is for. Rejects with ModuleError. A cell without
 * statements costs nothing.
 */
export async function judgeStatements(spec: CellSpec): Promise<void> {
  const { name, grants } = spec;
  const sql = askedOf(spec);
  if (sql === undefined || grants.sql === undefined) return;
  if (sql.schema !== schemaOf(name) || !isOwnable(sql.schema)) {
    const fix = 'give the service another name, and build it again';
    throw refused(name, `it cannot own the schema \`${sql.schema}\``, fix);
  }
  // Cells of a project share a key: the text that a value is bound to keeps them apart.
  for (const { params, columns } of sql.statements) {
    const foreign = [...params, ...columns].find(
      ({ encrypted = `${sql.schema}.` }) => !encrypted.startsWith(`${sql.schema}.`),
    );
    if (foreign === undefined) continue;
    const text = `it has no key for \`${foreign.encrypted}\`, which is not in its schema`;
    throw refused(name, text, 'let the cell that owns the column read it');
  }
  // In a file of SQLite the driver's authorizer keeps statements to the cell's own tables.
  if (sql.engine === 'sqlite' || sql.statements.length === 0) return;
  const { judge, loadJudge } = await import('../capability/sql/judge.ts');
  await loadJudge();
  const reach = { schema: sql.schema, reads: grantedReads(sql, grants) };
  for (const statement of sql.statements) {
    const { fault, writes } = judge(statement.text, reach);
    if (fault !== null) {
      const text = `its statement \`${shortened(statement.text)}\` is refused: ${fault}`;
      throw refused(name, text, 'grant it in cell.config.ts, or change the statement');
    }
    // What a module says of itself does not count.
    statement.writes ||= writes;
  }
}

/**
 * Judges a cell's texts and looks at its database. `project`: where embedded databases are. Rejects
 * with ModuleError that says what to do.
 */
export async function admitSql(
  spec: CellSpec,
  place: { project: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  const { name, grants } = spec;
  const sql = askedOf(spec);
  if (sql === undefined || grants.sql === undefined) return;
  await judgeStatements(spec);
  const { raw = false } = grants.sql;
  if (sql.migration.number === 0 && sql.statements.length === 0 && !raw) return;
  try {
    const target = grantedTarget(sql.target, grants.sql, place);
    if (target.engine !== sql.engine) {
      const text = `it was built for ${sql.engine}, and ${describeTarget(target)} is not that`;
      throw refused(name, text, 'build it for this database, or grant another');
    }
    await checkLedger(name, sql, target);
    if (target.engine === 'sqlite') return;
    const role = await roleOf(target, sql, grants);
    if (role !== null) spec.grants = { ...grants, sql: { ...grants.sql, role } };
  } catch (error) {
    throw explained(name, error);
  }
}

/** The role of the cell; null where the login has none to give, or the server writes nothing. */
async function roleOf(target: Target, sql: SqlManifest, grants: Grants): Promise<string | null> {
  try {
    return await admitRole(target, sql.schema, grantedReads(sql, grants));
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlstate === READ_ONLY) return null;
    throw error;
  }
}

/** What a module asks of its database; one with texts of its own only asks as one of its name. */
function askedOf({ name, manifest, grants }: CellSpec): SqlManifest | undefined {
  return manifest.sql ?? (grants.sql?.raw === true ? withoutStatements(name) : undefined);
}

/**
 * What the module asks for and the operator grants: neither alone is enough. Of texts that the
 * build has not seen nobody knows what they read.
 */
function grantedReads({ reads }: SqlManifest, { sql }: Grants): string[] {
  if (sql?.raw === true) return [...(sql.read ?? [])];
  return reads.filter((read) => sql?.read?.includes(read));
}

async function checkLedger(cell: string, sql: SqlManifest, target: Target): Promise<void> {
  const { number, hash } = sql.migration;
  if (number === 0) return;
  const rows = await ledgerOf(cell, target);
  const last = rows.at(-1)?.number ?? 0;
  const where = describeTarget(target);
  if (last < number) {
    const text = `it needs migration ${number}, and ${where} is at ${last}`;
    throw refused(cell, text, `apply what is missing: cell migrate ${cell}`);
  }
  if (rows.some((row) => row.number === number && row.hash === hash)) return;
  const text = `migration ${number} of ${where} is not the one that it was built against`;
  const fix = 'take the .cell/lock that it was made with, then: cell build; or another database';
  throw refused(cell, text, fix);
}

async function ledgerOf(cell: string, target: Target): Promise<{ number: number; hash: string }[]> {
  const admin = openAdmin(target, { statementMs: STATEMENT_MS });
  try {
    return await admin.ledger(cell);
  } finally {
    await admin.close();
  }
}

function explained(cell: string, error: unknown): unknown {
  if (error instanceof TargetError) return refused(cell, error.message, error.fix);
  if (error instanceof Unreachable) {
    const fix = 'start the database, or say another one in DATABASE_URL or cell.config.ts';
    return refused(cell, `its database cannot be reached: ${error.message}`, fix);
  }
  if (!(error instanceof DatabaseError || error instanceof AdminError)) return error;
  const text = `its database refused to be looked at: ${error.message}`;
  return refused(cell, text, 'give the login the right, or use another login');
}

/** A text on one line, bounded. */
function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}
