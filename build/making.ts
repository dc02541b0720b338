// Owns the making of one service after another: order, cycles, cache. One object a build; the
// discovery is opened at the first question and closed at the end. What becomes of a service that
// was made: finishing.ts.
import path from 'node:path';
import { namespaceOf } from './2-discover/cell-name.ts';
import { Offline, Published } from './2-discover/offline.ts';
import type { Discovery, Features, Identity, Settings } from './3-negotiate/contract.ts';
import type { Cache } from './6-lock/cache.ts';
import { readIfThere, sha256 } from './6-lock/files.ts';
import { Settled } from './6-lock/settled.ts';
import type { Tools } from './6-lock/tools.ts';
import { type Finished, Finishing, finding } from './finishing.ts';
import { type Made, type MakeOptions, PLACES, type Summary } from './make.ts';
import { type Group, needsOf, type Outline, ordered, outlineOf, type RemoteUse } from './order.ts';
import { findServices } from './services.ts';
import { type Surroundings, stateOf } from './states.ts';

/** Rounds in which cells that need each other are built until nothing changes. */
const PASSES = 3;

export class Making {
  readonly discovery: Discovery;
  /** Classes of the services that stand for other cells. */
  readonly remotes: RemoteUse[] = [];
  readonly #options: MakeOptions;
  readonly #tools: Tools;
  readonly #cache: Cache;
  readonly #features: Features;
  readonly #settings: Settings;
  readonly #settled: Settled;
  readonly #finishing: Finishing;
  /** Every service of this build. */
  readonly #all: Outline[] = [];
  /** Files of this build that could not be built. */
  readonly #failed = new Map<string, Outline>();

  constructor(options: MakeOptions, tools: Tools, cache: Cache) {
    this.#options = options;
    this.#tools = tools;
    this.#cache = cache;
    this.#settled = new Settled(options.cwd);
    this.#features = options.features ?? new Map();
    this.#settings = options.settings ?? new Map();
    const { cwd, offline = false, start = true, check = false, discover } = options;
    this.discovery = offline ? new Offline(cwd) : discover({ cwd, start, remember: !check });
    const around = this.#around(this.discovery);
    this.#finishing = new Finishing(options, cache, this.#settled, around);
  }

  async close(): Promise<void> {
    await this.discovery.close();
  }

  /** Everything was written: the next build need not compare what nobody touches. */
  settle(): void {
    this.#settled.keep();
  }

  /** Makes `files` (absolute), and first the cells of this project that they need. */
  async all(files: string[]): Promise<Made[]> {
    const asked = files.map(outlineOf);
    const all = await this.#withNeeded(asked);
    this.remotes.push(...all.flatMap((one) => one.remotes));
    const made = new Map<Outline, Made>();
    this.#all.push(...all);
    for (const group of ordered(all)) {
      for (const [one, result] of await this.#group(group)) made.set(one, result);
    }
    await this.#finishing.settle();
    return all.map((one) => made.get(one) as Made);
  }

  /** `asked`, and the cells of this project that they need and nobody else answers for. */
  async #withNeeded(asked: Outline[]): Promise<Outline[]> {
    const { cwd, files } = this.#options;
    if (files.length === 0) return asked;
    const known = new Set(asked.map((o) => o.file));
    const others = findServices(cwd).filter((file) => !known.has(file));
    const outlines = others.map(outlineOf);
    const all = [...asked];
    for (const one of all) {
      const near = [...outlines].sort(
        (a, b) => shared(b.file, one.file) - shared(a.file, one.file),
      );
      for (const other of needsOf(one, near)) {
        const made = all.some((o) => o.cell === other.cell);
        if (!made && (one.calls.has(other.cell) || (await this.#ours(other)))) all.push(other);
      }
    }
    return all;
  }

  async #namespace(cell: string): Promise<string> {
    return namespaceOf(cell, await this.discovery.namespaces());
  }

  /** Nobody answers for a cell of this project but itself. */
  async #ours({ cell }: Outline): Promise<boolean> {
    const found = await this.discovery.identify(await this.#namespace(cell));
    if ('missing' in found) return true;
    const own = readIfThere(path.join(this.#options.cwd, PLACES.wasm(cell)));
    return own !== null && sha256(own) === found.digest;
  }

  async #group(group: Group): Promise<Map<Outline, Made>> {
    const cells = new Set(group.files.map((o) => o.cell));
    const mutual = group.mutual;
    // Others answer for all of them: nobody waits for what is only published yet.
    const own = mutual ? await Promise.all(group.files.map((one) => this.#ours(one))) : [];
    const discovery = own.includes(true)
      ? new Published(this.discovery, this.#options.cwd, cells)
      : this.discovery;
    const made = new Map<Outline, Made>();
    let waiting = [...group.files];
    while (waiting.length > 0) {
      const next = mutual ? await this.#answered(waiting, group, discovery) : waiting[0];
      if (next === null) {
        for (const one of waiting) made.set(one, await this.#stuck(one, group));
        break;
      }
      waiting = waiting.filter((o) => o !== next);
      made.set(next, await this.#one(next, discovery));
    }
    if (mutual && this.#options.check !== true) await this.#settle(group, discovery, made);
    return made;
  }

  /** Cells that had only each other's published answers are built again with the real ones. */
  async #settle(group: Group, discovery: Discovery, made: Map<Outline, Made>): Promise<void> {
    for (let pass = 1; pass < PASSES; pass++) {
      let changed = false;
      for (const one of group.files) {
        if (made.get(one)?.summary === null) return;
        const before = this.#finishing.heldHash(one.file);
        const again = await this.#one(one, discovery);
        made.set(one, again);
        const same = before !== undefined && before === this.#finishing.heldHash(one.file);
        if (again.summary !== null && (again.cached || same)) continue;
        changed = true;
      }
      if (!changed) return;
    }
  }

  /** One of `waiting` that can be built: what it needs of its group is answered; null: none. */
  async #answered(waiting: Outline[], group: Group, discovery: Discovery): Promise<Outline | null> {
    for (const one of waiting) {
      let whole = true;
      for (const { cell } of needsOf(one, group.files)) {
        const named = await discovery.identify(await this.#namespace(cell));
        const macros = !one.macros.has(cell) || !('missing' in named);
        const calls = !one.calls.has(cell) || (await discovery.remote(cell)) !== null;
        whole &&= macros && calls;
      }
      if (whole) return one;
    }
    return null;
  }

  async #stuck(one: Outline, group: Group): Promise<Made> {
    const made = this.#blank(one.file);
    const path = [...group.files.map((o) => o.cell), group.files[0].cell].join(' -> ');
    const other = needsOf(one, group.files)[0]?.cell ?? one.cell;
    made.findings.push(await finding('CELL6003', made.file, { cell: one.cell, other, path }));
    this.#failed.set(one.file, one);
    return made;
  }

  async #one(outline: Outline, discovery: Discovery): Promise<Made> {
    const began = performance.now();
    const { file } = outline;
    const made = this.#blank(file);
    // A cell that another file has made as well is there.
    const [lacking] = needsOf(outline, [...this.#failed.values()]).filter(
      (o) => o !== outline && !this.#finishing.owners.has(o.cell),
    );
    if (lacking !== undefined) {
      const other = this.#shown(lacking.file);
      made.findings.push(await finding('CELL6004', made.file, { cell: lacking.cell, other }));
    } else {
      const finished = await this.#make(outline, discovery, made);
      if (finished !== null) await this.#finish(outline, finished);
    }
    if (made.summary === null) this.#failed.set(file, outline);
    made.ms = performance.now() - began;
    return made;
  }

  /** Writes it, or holds it back with effects that are still to be made. */
  async #finish(outline: Outline, finished: Finished): Promise<void> {
    const effects = finished.fresh?.effects.length ?? 0;
    const held = this.#finishing.held;
    const waits = needsOf(outline, this.#all).some((o) => o !== outline && held.has(o.cell));
    if (this.#options.check === true || (effects === 0 && !waits)) {
      return this.#finishing.write(finished);
    }
    const needed = this.#all.some((other) => needsOf(other, [outline]).length > 0);
    this.#finishing.hold(finished, needed);
  }

  async #make({ file }: Outline, discovery: Discovery, made: Made): Promise<Finished | null> {
    const identities: Identity[] = [];
    const around = { ...this.#around(discovery), identified: (i: Identity) => identities.push(i) };
    const kept = await this.#cache.find<Summary>(file, (name) => stateOf(name, around));
    if (kept !== null) {
      made.findings.push(...kept.summary.warnings);
      for (const asked of kept.summary.macros) {
        const now = identities.find((i) => i.cell === asked.cell);
        if (now) Object.assign(asked, { level: now.level, from: now.from });
      }
      return this.#finishing.judge(file, kept, made, null);
    }
    made.cached = false;
    const { cwd, accept = [], destructive = false } = this.#options;
    const [features, settings, tools] = [this.#features, this.#settings, this.#tools.versions];
    const { buildFresh } = await import('./fresh.ts');
    const fresh = await buildFresh(file, {
      ...{ cwd, tools, discovery, features, settings, accept, destructive },
    });
    made.findings.push(...fresh.findings);
    if (fresh.kept === null) return null;
    return this.#finishing.judge(file, fresh.kept, made, fresh);
  }

  #around(discovery: Discovery): Surroundings {
    const { cwd, databaseState } = this.#options;
    const [features, settings] = [this.#features, this.#settings];
    return { cwd, discovery, features, settings, databaseState };
  }

  #shown(file: string): string {
    return path.relative(this.#options.cwd, file).split(path.sep).join('/');
  }

  #blank(file: string): Made {
    const shown = this.#shown(file);
    const empty = { findings: [], changes: [], documents: [], paths: {}, ms: 0 };
    return { file: shown, summary: null, cached: true, ...empty };
  }
}

/** Folders that two files have in common: of two cells of one name the nearer is meant. */
function shared(a: string, b: string): number {
  const [left, right] = [a.split(path.sep), b.split(path.sep)];
  const apart = left.findIndex((part, i) => part !== right[i]);
  return apart < 0 ? left.length : apart;
}
