// Owns the database of one cell in one lane: its pool, and its statements by id. What is not in the
// module's manifest is not there. All instances of the cell share it.
import { TargetError } from '../../database/target-error.ts';
import { clientConfig, describeTarget, grantedTarget } from '../../database/targets.ts';
import type { Grants, SqlGrant } from '../../lane/contract.ts';
import type { SqlManifest, SqlStatement } from '../../schema/types.ts';
import {
  type PoolOptions,
  SQL_CONNECTIONS,
  SQL_TIMEOUT_MS,
  type SqlPool,
  type SqlText,
} from './contract.ts';
import { Cipher } from './encryption.ts';
import { keysOf } from './keys.ts';
import { PostgresPool } from './postgres.ts';
import { RawTexts, withoutStatements } from './raw-texts.ts';
import { type Sealed, sealedOf } from './seal.ts';
import { SqlitePool } from './sqlite.ts';

/** A statement of the manifest, with what of it is encrypted. */
export interface CellStatement extends SqlText {
  readonly sealed: Sealed | null;
}

/** One cell's way to its database. */
export interface SqlCell {
  readonly pool: SqlPool;
  readonly statements: ReadonlyMap<number, CellStatement>;
  readonly raw: RawTexts;
  /** For encrypted columns. Throws KeyError when its keys cannot be had. */
  cipher(): Cipher;
}

/** The database of `cell`, as its grants say. Opens nothing yet; throws TargetError. */
export function openSqlCell(
  cell: string,
  { sql: grant = {}, project = process.cwd() }: Grants,
  sql: SqlManifest | undefined,
): SqlCell {
  const manifest = sql ?? withoutStatements(cell);
  const statements = new Map(manifest.statements.map((s) => [s.id, textOf(s)]));
  const { engine, schema } = manifest;
  const reach = { schema, reads: grant.read ?? [] };
  const raw = new RawTexts(engine === 'sqlite' ? null : reach);
  let made: Cipher | null = null;
  const cipher = (): Cipher => {
    made ??= new Cipher(keysOf(grant, project));
    return made;
  };
  return { pool: poolOf(cell, manifest, grant, project), statements, raw, cipher };
}

function textOf(statement: SqlStatement): CellStatement {
  const { id, text, writes, params, columns } = statement;
  return {
    ...{ id, text, writes },
    params: params.length,
    columns: columns.map(({ name }) => name),
    types: { params: params.map(({ type }) => type), columns: columns.map(({ type }) => type) },
    sealed: sealedOf(statement),
  };
}

function poolOf(cell: string, manifest: SqlManifest, grant: SqlGrant, project: string): SqlPool {
  const target = grantedTarget(manifest.target, grant, { project, env: process.env });
  if (target.engine !== manifest.engine) {
    throw new TargetError(
      `the cell was built for ${manifest.engine}, not for ${describeTarget(target)}`,
      'Build it for this database, or grant another.',
    );
  }
  const options: PoolOptions = {
    schema: manifest.schema,
    connections: grant.connections ?? SQL_CONNECTIONS,
    timeoutMs: grant.timeoutMs ?? SQL_TIMEOUT_MS,
  };
  if (target.kind === 'file') {
    const owner = { service: cell, reads: grant.read ?? [] };
    return new SqlitePool({ ...options, file: target.file, owner });
  }
  const role = grant.role === undefined ? {} : { role: grant.role };
  return new PostgresPool({ ...options, ...role, server: () => clientConfig(target) });
}
