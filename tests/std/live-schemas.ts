// Owns the cells `postgres` and `database` in a host as a build starts it, over a real database:
// plans, and effects as a build makes them. No tests here.
import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { Effect } from '../../build/2-discover/protocol.ts';
import { WireProvider } from '../../build/2-discover/wire.ts';
import type { Provider } from '../../build/3-negotiate/contract.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import { readModule } from '../../host/cell/module.ts';
import { clientConfig } from '../../host/database/targets.ts';
import { SILENT } from '../../host/discovery/silent.ts';
import { StartedHost } from '../../host/discovery/started.ts';
import type { Engine } from '../database/engines.ts';
import { type Build, History } from './schemas.ts';

/** A host with both cells, let at the databases of the engine's project. */
export class Live {
  readonly engine: Engine;
  readonly #host: StartedHost;
  readonly providers: Record<string, Provider>;

  private constructor(engine: Engine, host: StartedHost, providers: Record<string, Provider>) {
    this.engine = engine;
    this.#host = host;
    this.providers = providers;
  }

  /** The lanes of the host see DATABASE_URL as it is while it starts: open one after another. */
  static async open(engine: Engine): Promise<Live> {
    const { project, env } = engine.place;
    if (env.DATABASE_URL === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = env.DATABASE_URL;
    const { out } = await buildStandardCells();
    const host = await StartedHost.start({}, SILENT, project);
    const provider = async (cell: string): Promise<Provider> => {
      const file = `${out}/${cell}.wasm`;
      const bytes = new Uint8Array(fs.readFileSync(file));
      const { schema } = readModule(bytes, file);
      await host.load(bytes, file, true);
      const place = {
        ...{ cell, kind: 'own' as const, from: 'this test', digest: cell, ns: null },
      };
      const connect = () => host.connect();
      return new WireProvider({ ...place, schema: () => schema, connect });
    };
    const Postgres = await provider('postgres');
    const Database = await provider('database');
    return new Live(engine, host, { Postgres, Database });
  }

  history(): Promise<History> {
    return History.begin(this.providers);
  }

  /** Plans, then makes the effects that have something to do, as a build does. */
  async build(history: History, source: string, destructive = false): Promise<Build> {
    const built = await history.build(source, { destructive });
    const errors = built.findings.filter(({ warning }) => warning !== true);
    if (errors.length > 0 || built.plan === null) return built;
    for (const step of ['prepare', 'commit'] as const) await this.apply(step, built.plan.effects);
    return built;
  }

  /** One step of the effects that have something to do; throws what it says. */
  async apply(step: 'prepare' | 'commit' | 'rollback', effects: Effect[]): Promise<void> {
    const due = effects.filter(({ preview }) => preview !== '');
    if (due.length === 0) return;
    const provider = this.engine.name === 'SQLite' ? 'Database' : 'Postgres';
    const asked = { version: 1, step: step === 'rollback' ? 'commit' : step, effects: due };
    const by = this.providers[provider];
    const result = await (step === 'rollback' ? by.rollback(asked) : by.apply(asked));
    if (result.message !== '') throw new Error(result.message);
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}

/** Runs SQL by hand; rows of the last statement. */
export async function byHand(engine: Engine, sql: string): Promise<unknown[]> {
  const { target } = engine;
  if (target.kind === 'file') {
    const database = new DatabaseSync(target.file);
    try {
      if (/^\s*select/i.test(sql)) return database.prepare(sql).all();
      database.exec(sql);
      return [];
    } finally {
      database.close();
    }
  }
  const client = new pg.Client(await clientConfig(target));
  await client.connect();
  try {
    const result = await client.query(sql);
    return Array.isArray(result) ? [] : result.rows;
  } finally {
    await client.end();
  }
}

/** Empties the database of this project's services. */
export async function clean(engine: Engine): Promise<void> {
  if (engine.target.kind === 'file') {
    if (!fs.existsSync(engine.target.file)) return;
    // The file stays: the host has it open.
    const rows = await byHand(engine, "select name from sqlite_schema where type = 'table'");
    const names = rows.map((row) => (row as { name: string }).name);
    const drops = names.map((name) => `drop table "${name}"`);
    await byHand(engine, ['pragma foreign_keys = off', ...drops].join(';'));
    return;
  }
  await byHand(engine, 'drop schema if exists directory, cell_build, shop cascade');
}
