// The drivers behind `cell:sql`, each on a real database: one suite for all.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { PostgresPool } from '../../host/capability/sql/postgres.ts';
import { SqlitePool } from '../../host/capability/sql/sqlite.ts';
import { readServerUrl } from '../../host/database/connection-url.ts';
import { clientConfig, resolveTarget } from '../../host/database/targets.ts';
import { conformance, type SubjectOptions } from './conformance.ts';
import { postgresVersions, startPostgres } from './servers.ts';

const DEFAULTS = { schema: 'script', connections: 4, timeoutMs: 30_000 };

/** A pool on a fresh schema of the server that `server` says. */
async function onServer(
  t: ExecutionContext,
  server: () => Promise<pg.ClientConfig>,
  options: SubjectOptions = {},
) {
  const admin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ ...(await server()), options: '-c search_path=script' });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await admin('drop schema if exists script cascade; create schema script');
  const pool = new PostgresPool({ ...DEFAULTS, ...options, server });
  t.teardown(() => pool.close());
  return { pool, admin };
}

for (const version of postgresVersions(test)) {
  const started = startPostgres(version);
  const server = async (): Promise<pg.ClientConfig> =>
    readServerUrl((await started).socketUrl.replace('@/', '@localhost/'), 'test');
  test.after.always(async () => (await started).stop());
  conformance(test, {
    name: `PostgreSQL ${version}`,
    open: (t, options) => onServer(t, server, options),
  });
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-sql-'));
test.after.always(() => fs.rmSync(folder, { recursive: true, force: true }));
process.env.CELL_PGLITE_IDLE_MS ??= '1000';

const embedded = resolveTarget('default', { project: folder, env: {} });
conformance(test, {
  name: 'PGlite',
  open: (t, options) => onServer(t, () => clientConfig(embedded), options),
});

let files = 0;
conformance(test, {
  name: 'SQLite',
  sqlite: true,
  open: async (t, options) => {
    const file = path.join(folder, `file-${files++}.db`);
    const pool = new SqlitePool({ ...DEFAULTS, ...options, file });
    t.teardown(() => pool.close());
    const admin = async (sql: string): Promise<void> => {
      const database = new DatabaseSync(file, { timeout: 5000 });
      database.exec('pragma journal_mode = wal');
      database.exec(sql);
      database.close();
    };
    return { pool, admin };
  },
});
