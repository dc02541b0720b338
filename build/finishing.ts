// Owns the end of builds: what is built is judged against what is committed, its effects are made,
// and it is written. Services whose effects are still to be made, and those that need them, are
// held back until every service was built: then all effects of all of them are prepared before any
// is committed, and either all of these services are written or none.
import path from 'node:path';
import { parseAnswers } from './2-discover/answers.ts';
import { approvalOf } from './6-lock/approved.ts';
import type { Cache, CellStates, Kept } from './6-lock/cache.ts';
import { exclusive } from './6-lock/exclusive.ts';
import { readIfThere, removeFile, writeWhole } from './6-lock/files.ts';
import { committedState, keptApart, objection, schemaLockFile } from './6-lock/schema-lock.ts';
import { type Settled, wantedHash } from './6-lock/settled.ts';
import { compare, type Standing, type Wanted, write } from './6-lock/standing.ts';
import type { Finding, Holes } from './diagnostics/findings.ts';
import type { Fresh } from './fresh.ts';
import type { Keeps } from './keeps.ts';
import { type Made, type MakeOptions, PLACES, type Summary } from './make.ts';
import { type Surroundings, stateOf } from './states.ts';

/** A service that was built, or found in the cache, and that nothing stands against. */
export interface Finished {
  /** Absolute. */
  file: string;
  kept: Kept<Summary>;
  made: Made;
  /** null: it came from the cache. */
  fresh: Fresh | null;
  wanted: Wanted;
  standing: Standing;
  /** Names what it wants to stand. */
  hash: string;
}

/** Artifacts that others read while the build goes on. */
const NEEDED = ['wasm', 'map', 'schema'];

export class Finishing {
  /** Cell -> the file that made it in this build, as shown. */
  readonly owners = new Map<string, string>();
  readonly #options: MakeOptions;
  readonly #cache: Cache;
  readonly #settled: Settled;
  readonly #around: Surroundings;
  /** By file. */
  readonly #held = new Map<string, Finished>();
  /** What lay where modules were written ahead of their effects; null: nothing. */
  readonly #before = new Map<string, Buffer | null>();

  constructor(options: MakeOptions, cache: Cache, settled: Settled, around: Surroundings) {
    this.#options = options;
    this.#cache = cache;
    this.#settled = settled;
    this.#around = around;
  }

  /** Names of cells that are held back. */
  get held(): Set<string> {
    return new Set([...this.#held.values()].map(({ wanted }) => wanted.cell));
  }

  /** Names what a file that is held back wants to stand; undefined: it is not. */
  heldHash(file: string): string | undefined {
    return this.#held.get(file)?.hash;
  }

  /** Judges a service; null: something stands against it, as the findings of `made` say. */
  async judge(
    file: string,
    kept: Kept<Summary>,
    made: Made,
    fresh: Fresh | null,
  ): Promise<Finished | null> {
    const { cwd, locked } = this.#options;
    const { summary, artifacts } = kept;
    const { cell } = summary;
    const refuse = async (code: string, holes: Holes): Promise<null> => {
      made.findings.push(await finding(code, made.file, holes));
      return null;
    };
    const other = this.owners.get(cell);
    if (other !== undefined && other !== made.file) return refuse('CELL6001', { cell, other });
    const { lock, answers, keeps } = artifacts;
    const hash = wantedHash(lock, answers, keeps);
    const settled = this.#settled.holds(cell, hash);
    const wanted: Wanted = {
      cell,
      lock: PLACES.lock(cell),
      lockText: Buffer.from(lock).toString('utf8'),
      approval: approvalOf(summary.capabilities),
      answers: settled ? {} : parseAnswers(answers),
      keeps: settled ? {} : (JSON.parse(Buffer.from(keeps).toString('utf8')) as Keeps),
    };
    const fault = await this.#fault(wanted, fresh);
    if (fault !== null) {
      made.findings.push(fault);
      return null;
    }
    const standing: Standing = settled
      ? { changes: [], documents: [], differs: null }
      : compare(cwd, wanted);
    if (locked && standing.differs !== null) {
      const { file: lockFile, how } = standing.differs;
      return refuse('CELL6002', { lock: lockFile, how });
    }
    made.summary = summary;
    made.changes = standing.changes;
    made.documents = standing.documents;
    this.owners.set(cell, made.file);
    return { file, kept, made, fresh, wanted, standing, hash };
  }

  /** What is wrong with the documents of a service, or has changed since they were read. */
  async #fault({ cell, keeps }: Wanted, fresh: Fresh | null): Promise<Finding | null> {
    const { cwd } = this.#options;
    if (fresh === null || Object.keys(keeps).length === 0) return null;
    const fault = objection(cwd, cell, new Map(Object.entries(keeps)));
    if (fault !== null) {
      return finding(fault.code, fault.file, { file: fault.file, ...fault.holes });
    }
    // Another build of the same sources that was faster has left the same: nothing is wrong.
    const changed = Object.entries(keeps).find(
      ([by, left]) =>
        committedState(cwd, by, cell) !== fresh.found.get(by)?.state &&
        keptApart(cwd, by, cell, left).length > 0,
    )?.[0];
    if (changed === undefined) return null;
    const file = schemaLockFile(changed);
    return finding('CELL4126', file, { file, cell });
  }

  /**
   * Holds a service back until `settle`. `needed`: others of this build are built against it, so
   * that they find its module all the same.
   */
  hold(one: Finished, needed: boolean): void {
    this.#held.set(one.file, one);
    if (!needed) return;
    for (const name of NEEDED) {
      const file = this.#place(name, one);
      if (!this.#before.has(file)) this.#before.set(file, readIfThere(file));
      writeWhole(file, one.kept.artifacts[name]);
    }
  }

  /** Makes the effects of all that is held back, and writes it; or says what stands. */
  async settle(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    const effects = all.flatMap(({ fresh }) => fresh?.effects ?? []);
    if (effects.length > 0 && !(await this.#made(all, effects))) return;
    for (const one of all) await this.write(one);
  }

  async #made(all: Finished[], effects: Fresh['effects']): Promise<boolean> {
    const { applyEffects, inOrder, reportEffects } = await import('./3-negotiate/effects.ts');
    const { Findings } = await import('./diagnostics/findings.ts');
    const outcome = await applyEffects(inOrder(effects));
    const { failed } = outcome;
    if (failed === null) return true;
    const culprit = all.find(({ fresh }) => fresh?.effects.includes(failed.planned)) ?? all[0];
    for (const one of all) {
      const { made, wanted } = one;
      made.summary = null;
      this.owners.delete(wanted.cell);
      if (one === culprit) {
        const findings = new Findings();
        reportEffects(outcome, { path: made.file, text: '' }, findings);
        made.findings.push(...findings.sorted());
      } else {
        const holes = { cell: wanted.cell, other: culprit.made.file };
        made.findings.push(await finding('CELL4128', made.file, holes));
      }
    }
    for (const [file, bytes] of this.#before) {
      if (bytes === null) removeFile(file);
      else writeWhole(file, bytes);
    }
    return false;
  }

  /** Writes what was judged, and keeps it in the cache when all of it was finished. */
  async write(one: Finished): Promise<void> {
    const { cwd, locked, check } = this.#options;
    const { kept, made, wanted, hash } = one;
    const { cell } = wanted;
    const settled = this.#settled.holds(cell, hash);
    if (!settled && !locked && !check) {
      await exclusive(cwd, () => {
        const found = compare(cwd, wanted);
        write(cwd, wanted);
        made.changes = found.changes;
      });
    }
    this.#settled.add(cell, hash);
    if (check) return;
    for (const name of Object.keys(PLACES)) {
      if (name !== 'lock' && kept.artifacts[name].length === 0) {
        removeFile(this.#place(name, one)); // nothing to say is no file
        continue;
      }
      if (name !== 'lock') writeWhole(this.#place(name, one), kept.artifacts[name]);
      made.paths[name] = PLACES[name](cell);
    }
    await this.#keep(one);
  }

  /** Only what was finished: what nobody was there to make is tried again by the next build. */
  async #keep({ file, kept, made, fresh }: Finished): Promise<void> {
    const { summary, artifacts } = kept;
    if (fresh === null || made.findings.length > summary.warnings.length) return;
    const states: CellStates = new Map(fresh.states);
    for (const name of fresh.later) states.set(name, await stateOf(name, this.#around));
    const unchanged = { ...summary, effects: [] };
    this.#cache.keep(file, fresh.inputs, states, { artifacts, summary: unchanged });
  }

  #place(name: string, { wanted }: Finished): string {
    return path.join(this.#options.cwd, PLACES[name](wanted.cell));
  }
}

/** A finding about a file as a whole. */
export async function finding(code: string, file: string, holes: Holes): Promise<Finding> {
  const { Findings } = await import('./diagnostics/findings.ts');
  const findings = new Findings();
  findings.report(code, { path: file, text: '' }, null, holes);
  return findings.sorted()[0];
}
