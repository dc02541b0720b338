// Owns projects of a user over a database, for tests: a folder, builds as `cell build` makes them,
// and the built cell served by a host of its own. No tests here.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Made, type MakeOptions, make } from '../../build/make.ts';
import { readModule } from '../../host/cell/module.ts';
import { makeOptions } from '../../host/cli/macro-flags.ts';
import type { Grants } from '../../host/lane/contract.ts';
import { client, serve } from '../std/served.ts';

type Log = Pick<ExecutionContext, 'teardown' | 'log'>;

/** One method of the served cell. A failed call is thrown: `status`, `message`. */
export type Call = (method: string, ...args: unknown[]) => Promise<unknown>;

export class DatabaseProject {
  readonly folder: string;

  constructor(t: Log) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-data-'));
    t.teardown(() => fs.rmSync(this.folder, { recursive: true, force: true }));
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
