// Owns discovery with nobody there: answers come from `.cell/macros` alone, each for exactly the
// request that it once answered. Starts nothing, connects to nothing, writes nothing.
import fs from 'node:fs';
import path from 'node:path';
import type {
  Discovery,
  Identity,
  Missing,
  Provider,
  RemoteCell,
} from '../3-negotiate/contract.ts';
import { namesIn } from '../6-lock/files.ts';
import { type Answers, answersFile, hashOf, readAnswers } from './answers.ts';
import { cellsOf } from './cell-name.ts';
import type { EffectResult, Plan, PlanRequest } from './protocol.ts';

/** What an offline provider rejects with: this request was never answered here. */
export class NotAnswered extends Error {
  override name = 'NotAnswered';
}

/** Discovery of `--offline`. */
export class Offline implements Discovery {
  readonly #cwd: string;

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  async find(ns: string): Promise<Provider | Missing> {
    const found = this.#answers(ns);
    return 'missing' in found ? found : kept(found);
  }

  async identify(ns: string): Promise<Identity | Missing> {
    const found = this.#answers(ns);
    if ('missing' in found) return found;
    return { cell: found.cell, level: 0, from: answersFile(found.cell), digest: found.digest };
  }

  async remote(cell: string): Promise<RemoteCell | null> {
    const found = readAnswers(this.#cwd, cell);
    if (typeof found === 'string' || found.schema === null) return null;
    return { schema: found.schema, from: answersFile(cell) };
  }

  async namespaces(): Promise<string[]> {
    const files = namesIn(path.join(this.#cwd, '.cell/macros'));
    const found = files
      .filter((name) => name.endsWith('.json'))
      .map((name) => readAnswers(this.#cwd, name.slice(0, -'.json'.length)));
    return found
      .flatMap((a) => (typeof a === 'string' || a.description === null ? [] : [a.description.ns]))
      .sort();
  }

  async close(): Promise<void> {}

  #answers(ns: string): Answers | Missing {
    const cells = cellsOf(ns);
    const tried: string[] = [];
    for (const cell of cells) {
      const found = readAnswers(this.#cwd, cell);
      if (typeof found !== 'string' && found.description !== null) return found;
      const why = found === 'damaged' ? 'is damaged (its hash does not fit)' : 'has no answers';
      tried.push(`${answersFile(cell)} ${why}`);
    }
    const fix = 'build once without --offline, and commit .cell/macros';
    return { missing: true, cell: cells[0], tried, fix };
  }
}

/** A provider that repeats what was once answered. */
export function kept(answers: Answers): Provider {
  const { cell, digest, description } = answers;
  const plans = new Map<string, Plan>();
  for (const asked of Object.values(answers.plans)) {
    for (const [hash, plan] of Object.entries(asked)) plans.set(hash, plan);
  }
  const effects = async (): Promise<EffectResult> => {
    throw new NotAnswered(`${cell} is not there: effects need the cell itself`);
  };
  return {
    cell,
    level: 0,
    from: answersFile(cell),
    digest,
    async describe() {
      if (description === null) throw new NotAnswered(`${answersFile(cell)} describes no macros`);
      return description;
    },
    async plan(request: PlanRequest) {
      const plan = plans.get(hashOf(request));
      if (plan === undefined) {
        throw new NotAnswered(
          `${answersFile(cell)} has no answer to what is asked here now: build without --offline`,
        );
      }
      return plan;
    },
    apply: effects,
    rollback: effects,
  };
}

/**
 * Discovery for a project whose cells use each other's macros: what the cells of `published` once
 * answered stands in for them while they are not built.
 */
export class Published implements Discovery {
  readonly #inner: Discovery;
  readonly #offline: Offline;
  readonly #cwd: string;
  readonly #cells: ReadonlySet<string>;

  constructor(inner: Discovery, cwd: string, cells: ReadonlySet<string>) {
    this.#inner = inner;
    this.#offline = new Offline(cwd);
    this.#cwd = cwd;
    this.#cells = cells;
  }

  find(ns: string) {
    return this.#for(cellsOf(ns)).find(ns);
  }

  warm(namespaces: string[]): void {
    for (const ns of namespaces) this.#for(cellsOf(ns)).warm?.([ns]);
  }

  identify(ns: string) {
    return this.#for(cellsOf(ns)).identify(ns);
  }

  remote(cell: string) {
    return this.#for([cell]).remote(cell);
  }

  cells() {
    return this.#inner.cells?.() ?? [];
  }

  namespaces() {
    return this.#inner.namespaces();
  }

  async close(): Promise<void> {}

  #for(cells: string[]): Discovery {
    const stands = cells.some(
      (cell) =>
        this.#cells.has(cell) && !fs.existsSync(path.join(this.#cwd, '.cell/out', `${cell}.wasm`)),
    );
    return stands ? this.#offline : this.#inner;
  }
}

/** What a remote cell looks like, as a key of the cache. */
export const schemaDigest = ({ schema }: RemoteCell): string => hashOf(schema);
