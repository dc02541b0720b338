// Owns the making of one service after another: order, cycles, cache, what is written. One object a
// build; the discovery is opened at the first question and closed at the end.
import path from 'node:path';
import { parseAnswers } from './2-discover/answers.ts';
import { namespaceOf } from './2-discover/cell-name.ts';
import { Offline, Published, schemaDigest } from './2-discover/offline.ts';
import type { Discovery, Features, Identity, Settings } from './3-negotiate/contract.ts';
import { approvalOf } from './6-lock/approved.ts';
import type { Cache, Kept } from './6-lock/cache.ts';
import { exclusive } from './6-lock/exclusive.ts';
import { readIfThere, sha256, writeWhole } from './6-lock/files.ts';
import { Settled, wantedHash } from './6-lock/settled.ts';
import { compare, type Standing, type Wanted, write } from './6-lock/standing.ts';
import type { Tools } from './6-lock/tools.ts';
import type { Finding, Holes } from './diagnostics/findings.ts';
import { type Made, type MakeOptions, PLACES, type Summary } from './make.ts';
import { type Group, needsOf, type Outline, ordered, outlineOf, type RemoteUse } from './order.ts';
import { findServices } from './services.ts';
import { macroState } from './states.ts';

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
  /** Cell -> the file that made it in this build. */
  readonly #owners = new Map<string, string>();
  readonly #settled: Settled;
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
    for (const group of ordered(all)) {
      for (const [one, result] of await this.#group(group)) made.set(one, result);
    }
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
        const again = await this.#one(one, discovery);
        if (again.cached && again.summary !== null) continue;
        changed = true;
        made.set(one, again);
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
      (o) => o !== outline && !this.#owners.has(o.cell),
    );
    if (lacking !== undefined) {
      const other = this.#shown(lacking.file);
      made.findings.push(await finding('CELL6004', made.file, { cell: lacking.cell, other }));
    } else {
      await this.#make(file, discovery, made);
    }
    if (made.summary === null) this.#failed.set(file, outline);
    made.ms = performance.now() - began;
    return made;
  }

  async #make(file: string, discovery: Discovery, made: Made): Promise<void> {
    const identities: Identity[] = [];
    const kept = await this.#cache.find<Summary>(file, (name) =>
      this.#state(name, discovery, identities),
    );
    if (kept !== null) {
      made.findings.push(...kept.summary.warnings);
      for (const asked of kept.summary.macros) {
        const now = identities.find((i) => i.cell === asked.cell);
        if (now) Object.assign(asked, { level: now.level, from: now.from });
      }
      await this.#stand(kept, made, null);
      return;
    }
    made.cached = false;
    const { cwd } = this.#options;
    const [features, settings, tools] = [this.#features, this.#settings, this.#tools.versions];
    const { buildFresh } = await import('./fresh.ts');
    const accept = this.#options.accept ?? [];
    const fresh = await buildFresh(file, { cwd, tools, discovery, features, settings, accept });
    made.findings.push(...fresh.findings);
    if (fresh.kept === null) return;
    const told = made.findings.length;
    await this.#stand(fresh.kept, made, fresh.effect);
    // Only what was finished is kept: effects that failed, or that nobody was there to make, are
    // tried again by the next build.
    if (made.summary === null || made.findings.length > told) return;
    if (this.#options.check === true) return;
    this.#cache.keep(file, fresh.inputs, fresh.states, fresh.kept);
  }

  /** The state of a cell that had a say in the last build; see states.ts. */
  async #state(name: string, discovery: Discovery, identities: Identity[]): Promise<string | null> {
    const [kind, cell] = name.split(':');
    if (kind === 'remote') {
      const found = await discovery.remote(cell);
      return found && schemaDigest(found);
    }
    const found = await discovery.identify(cell);
    if (!('missing' in found)) identities.push(found);
    return macroState(found, this.#features, this.#settings);
  }

  /** Writes a finished build after its effects, unless something stands against it. */
  async #stand(
    kept: Kept<Summary>,
    made: Made,
    effect: (() => Promise<Finding[]>) | null,
  ): Promise<void> {
    const { cwd, locked, check } = this.#options;
    const { summary, artifacts } = kept;
    const { cell } = summary;
    const other = this.#owners.get(cell);
    if (other !== undefined && other !== made.file) {
      made.findings.push(await finding('CELL6001', made.file, { cell, other }));
      return;
    }
    const { lock, answers, ...rest } = artifacts;
    const hash = wantedHash(lock, answers);
    const settled = this.#settled.holds(cell, hash);
    const wanted: Wanted = {
      cell,
      lock: PLACES.lock(cell),
      lockText: Buffer.from(lock).toString('utf8'),
      approval: approvalOf(summary.capabilities),
      answers: settled ? {} : parseAnswers(answers),
    };
    let standing: Standing = settled ? { changes: [], differs: null } : compare(cwd, wanted);
    if (locked && standing.differs !== null) {
      const { file, how } = standing.differs;
      made.findings.push(await finding('CELL6002', made.file, { lock: file, how }));
      return;
    }
    if (!check && effect !== null) {
      const failures = await effect();
      made.findings.push(...failures);
      if (failures.some((f) => f.warning !== true)) return;
    }
    if (!settled && !locked && !check) {
      standing = await exclusive(cwd, () => {
        const found = compare(cwd, wanted);
        write(cwd, wanted);
        return found;
      });
    }
    this.#settled.add(cell, hash);
    made.changes = standing.changes;
    this.#owners.set(cell, made.file);
    made.summary = summary;
    if (check) return;
    for (const [name, bytes] of Object.entries(rest)) {
      writeWhole(path.join(cwd, PLACES[name](cell)), bytes);
    }
    for (const name of Object.keys(PLACES)) made.paths[name] = PLACES[name](cell);
  }

  #shown(file: string): string {
    return path.relative(this.#options.cwd, file).split(path.sep).join('/');
  }

  #blank(file: string): Made {
    const shown = this.#shown(file);
    const empty = { findings: [], changes: [], paths: {}, ms: 0 };
    return { file: shown, summary: null, cached: true, ...empty };
  }
}

/** A finding about a file as a whole. */
async function finding(code: string, file: string, holes: Holes): Promise<Finding> {
  const { Findings } = await import('./diagnostics/findings.ts');
  const findings = new Findings();
  findings.report(code, { path: file, text: '' }, null, holes);
  return findings.sorted()[0];
}

/** Folders that two files have in common: of two cells of one name the nearer is meant. */
function shared(a: string, b: string): number {
  const [left, right] = [a.split(path.sep), b.split(path.sep)];
  const apart = left.findIndex((part, i) => part !== right[i]);
  return apart < 0 ? left.length : apart;
}
