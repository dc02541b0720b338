// Owns projects of a user over a database, for tests: a folder, builds as `cell build` makes them,
// and the built cell served by a host of its own. No tests here.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext, TestFn } from 'ava';
import { type Made, type MakeOptions, make } from '../../build/make.ts';
import { readModule } from '../../host/cell/module.ts';
import { makeOptions } from '../../host/cli/macro-flags.ts';
import { migrate } from '../../host/cli/migrate.ts';
import type { Grants } from '../../host/lane/contract.ts';
import { client, serve } from '../std/served.ts';
import { type PostgresVersion, postgresVersions, startPostgres } from './servers.ts';

/** One method of the served cell. A failed call is thrown: `status`, `message`. */
export type Call = (method: string, ...args: unknown[]) => Promise<unknown>;

export class DatabaseProject {
  readonly folder: string;

  /** The folder goes with the process. */
  constructor() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-data-'));
    process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
    this.folder = folder;
  }

  /** Writes `notes.cell.ts` and builds it. */
  async build(source: string, more: Partial<MakeOptions> = {}): Promise<Made> {
    fs.writeFileSync(path.join(this.folder, 'notes.cell.ts'), source);
    const options = await makeOptions({}, this.folder);
    const [made] = await make({ ...options, files: ['notes.cell.ts'], ...more });
    if (made === undefined) throw new Error('nothing was built');
    return made;
  }

  /** Builds what has to be right. Throws with what was found. */
  async built(source: string): Promise<void> {
    const { summary, findings } = await this.build(source);
    if (summary !== null) return;
    const told = findings.map((f) => `${f.code} ${f.line}:${f.column} ${f.message}; ${f.fix}`);
    throw new Error(told.join('\n'));
  }

  /** Brings the database of now to what was built, as `cell migrate` does. */
  async migrate(): Promise<void> {
    const flags = { cwd: this.folder, services: [], dryRun: false, json: true };
    const code = await silently(() => migrate(flags));
    if (code !== 0) throw new Error(`cell migrate ended with ${code}`);
  }

  /** Serves the cell of the last build, with these grants. */
  async serve(t: ExecutionContext, grants: Grants = { sql: {} }, lanes = 1): Promise<Call> {
    const file = path.join(this.folder, '.cell/out/notes.wasm');
    const { schema } = readModule(new Uint8Array(fs.readFileSync(file)), file);
    const module = { file, schema };
    const config = { grants: { [schema.cell]: grants } };
    const host = await serve(t, this.folder, [module], { config, lanes });
    const { call } = await client(t, host, module, { subject: 'somebody' });
    return call;
  }
}

async function silently<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await work();
  } finally {
    console.log = log;
  }
}

/**
 * A test of `body` on each of these engines, one after another: `source` is built on the first, and
 * the same module is served on the others, as in production.
 */
export function onServers(
  test: TestFn,
  source: string,
  engines: readonly (PostgresVersion | 'PGlite')[],
  body: (t: ExecutionContext, call: Call, at: { url: string; project: DatabaseProject }) => unknown,
): void {
  const here = postgresVersions(test);
  const project = new DatabaseProject();
  let built = false;
  for (const engine of engines) {
    if (engine !== 'PGlite' && !here.includes(engine)) continue;
    test.serial(engine === 'PGlite' ? engine : `PostgreSQL ${engine}`, async (t) => {
      t.timeout(180_000);
      const server = engine === 'PGlite' ? null : await startPostgres(engine);
      t.teardown(() => server?.stop());
      if (server === null) delete process.env.DATABASE_URL;
      else process.env.DATABASE_URL = server.url;
      if (built) await project.migrate();
      else await project.built(source);
      built = true;
      await body(t, await project.serve(t), { url: server?.url ?? '', project });
    });
  }
}

/** What a call failed with: `ALREADY_EXISTS ...` as status and message; null: it did not. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ status: number; message: string } | null> {
  try {
    await call;
    return null;
  } catch (error) {
    const { status, message } = error as { status: number; message: string };
    return { status, message };
  }
}
