// Owns plans of the cells `postgres` and `database` as tests ask for them: a source text in, what
// is kept and what is complained of out. A history of builds is one plan after another.
import fs from 'node:fs';
import type { Plan } from '../../build/2-discover/protocol.ts';
import type { Committed, Discovery, Provider } from '../../build/3-negotiate/contract.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import { readModule } from '../../host/cell/module.ts';
import { discoveryOf, type InProcess, inProcess } from '../macros/in-process.ts';
import { type Talk, talk } from '../macros/negotiate.ts';
import { FakeDatabase } from './fake-database.ts';

/** A cell of the standard ones over a fake database. */
async function linked(name: string, database: FakeDatabase): Promise<InProcess> {
  const { out } = await buildStandardCells();
  const file = `${out}/${name}.wasm`;
  const wasm = new Uint8Array(fs.readFileSync(file));
  const { schema } = readModule(wasm, file);
  return inProcess({ wasm, schema }, (memory) => database.imports(memory));
}

/** What a build of one service leaves. */
export interface Build extends Talk {
  /** Of the cell that planned the schema; null: it gave none. */
  plan: Plan | null;
}

/** One project over time: what a build keeps, the next one finds. */
export class History {
  readonly database: FakeDatabase;
  /** Cell -> what is committed of it. */
  readonly kept = new Map<string, Committed>();
  /** Who answers, by namespace. */
  readonly providers: Record<string, Provider>;
  readonly #discovery: Discovery;

  private constructor(providers: Record<string, Provider>, database: FakeDatabase) {
    this.providers = providers;
    this.#discovery = discoveryOf(providers);
    this.database = database;
  }

  /** `others`: who answers for other namespaces, or in place of the cells over a fake database. */
  static async begin(others: Record<string, Provider> = {}): Promise<History> {
    const database = new FakeDatabase();
    const cells = { '': 'service', Postgres: 'postgres', Database: 'database' };
    const wanted = Object.entries(cells).filter(([ns]) => !Object.hasOwn(others, ns));
    const found = wanted.map(async ([ns, name]) => [ns, await linked(name, database)] as const);
    const all = { ...Object.fromEntries(await Promise.all(found)), ...others };
    return new History(all, database);
  }

  /** Plans this source; keeps what is to be kept unless something is wrong. */
  async build(
    source: string,
    options: { destructive?: boolean; keep?: boolean } = {},
  ): Promise<Build> {
    const { destructive = false, keep = true } = options;
    const committed = (cell: string): Committed =>
      this.kept.get(cell) ?? { lock: '', documents: [] };
    const told = await talk(source, this.#discovery, { committed, destructive });
    const answers = told.negotiated.answers.filter(({ plan }) => plan.effects.length > 0);
    const plan = answers[0]?.plan ?? null;
    const failed = told.findings.some(({ warning }) => warning !== true);
    if (!failed && keep) {
      for (const { cell, plan: made } of told.negotiated.answers) {
        this.kept.set(cell, { lock: made.lock, documents: made.documents });
      }
    }
    return { ...told, plan };
  }
}
