// Owns one build that the cache did not know: runs the stages, and gathers what is kept of it. The
// only file of `make` that loads them (and with them asc), when it is called.

import path from 'node:path';
import type { Manifest } from '../host/schema/types.ts';
import type { Inputs } from './1-read/project.ts';
import { schemaDigest } from './2-discover/offline.ts';
import type { Effect } from './2-discover/protocol.ts';
import { Recorded } from './2-discover/recorded.ts';
import type {
  Committed,
  Discovery,
  Features,
  Negotiated,
  Provider,
  Settings,
} from './3-negotiate/contract.ts';
import {
  type PlannedEffects,
  pending,
  plannedEffects,
  refuseDestructive,
  warnOfUnmade,
} from './3-negotiate/effects.ts';
import { macroOf, macroText } from './3-negotiate/names.ts';
import type { CellStates, Kept } from './6-lock/cache.ts';
import { readIfThere } from './6-lock/files.ts';
import { readLock } from './6-lock/lock.ts';
import { type Finding, Findings, placeOf, type SourceText } from './diagnostics/findings.ts';
import {
  abandoned,
  CommittedKeeps,
  type Found,
  isCommitted,
  keepsOf,
  warnOfAbandoned,
} from './keeps.ts';
import type { Asked, EffectSummary, Summary } from './make.ts';
import { databaseName, keptName, macroState } from './states.ts';

export interface FreshOptions {
  cwd: string;
  tools: Record<string, string>;
  discovery: Discovery;
  features: Features;
  settings: Settings;
  /** Remote cells whose changes are meant. */
  accept: readonly string[];
  /** Changes that lose data may be made. */
  destructive: boolean;
}

export interface Fresh {
  /** null: it could not be built, as the findings say. */
  kept: Kept<Summary> | null;
  findings: Finding[];
  inputs: Inputs;
  /** What decided the build beside its inputs. */
  states: CellStates;
  /** Names of what else did, as it is when the effects have been made (states.ts). */
  later: string[];
  /** Changes of infrastructure that are to be made before anything is kept or written. */
  effects: PlannedEffects[];
  /** What cells of macros found committed. */
  found: ReadonlyMap<string, Found>;
}

/** Builds `file` (absolute). */
export async function buildFresh(file: string, options: FreshOptions): Promise<Fresh> {
  const { cwd, tools, discovery, features, settings } = options;
  const { buildService } = await import('./driver.ts');
  const recorded = new Recorded(discovery);
  const committed = new CommittedKeeps(cwd);
  const macros = {
    ...{ discovery: recorded, features, settings, accepted: options.accept },
    settingsAt: settingsAt(cwd),
    lockedRemotes: (cell: string) => lockedRemotes(cwd, cell),
    committed: (cell: string, service: string) => committed.read(cell, service),
    destructive: options.destructive,
  };
  const built = await buildService(file, cwd, tools, macros);
  const { compiled, findings, inputs, negotiated } = built;
  const { found } = committed;
  const states = statesOf(recorded, features, settings);
  const nothing = { kept: null, inputs, states, later: [], effects: [], found };
  // What a cell planned from files that are damaged is not worth telling.
  if (committed.faults.length > 0) return { ...nothing, findings: committed.findings() };
  if (compiled === null || negotiated === null) return { ...nothing, findings };
  const { artifactsOf } = await import('./artifacts.ts');
  const { schema, manifest, wasm } = compiled;
  const shown = path.relative(cwd, file).split(path.sep).join('/');
  const circumstances = { source: { path: shown, text: '' }, found };
  const wanted = effectsOf(negotiated, schema.cell, recorded, {
    ...{ ...circumstances, destructive: options.destructive },
  });
  const leavers = abandoned(cwd, schema.cell, negotiated);
  const left = new Findings();
  warnOfAbandoned(leavers, schema.cell, circumstances.source, left);
  const warnings = [...findings, ...left.sorted()];
  const told = [...warnings, ...wanted.findings];
  if (wanted.refused) return { ...nothing, findings: told };
  const answers = recorded.answers();
  const used: Record<string, string> = {};
  for (const cell of Object.keys(answers)) {
    const profile = features.get(cell);
    if (profile !== undefined && profile !== 'on') used[cell] = profile;
  }
  const summary: Summary = {
    cell: schema.cell,
    service: schema.service,
    actor: manifest.actor,
    start: manifest.start,
    methods: schema.methods
      .filter((m) => m.channel === undefined)
      .map(({ name, tier, access, canonical, fingerprint }) => ({
        name,
        tier,
        access,
        canonical,
        fingerprint,
      })),
    capabilities: manifest.capabilities,
    macros: askedOf(negotiated),
    answers: manifest.macros ?? null,
    effects: wanted.summaries,
    bytes: wasm.length,
    warnings,
  };
  const artifacts = artifactsOf(compiled, { answers, features: used }, built);
  const keeps = keepsOf(negotiated, found);
  artifacts.keeps = new TextEncoder().encode(JSON.stringify(keeps));
  const { sql } = manifest;
  const later = [...Object.keys(keeps), ...leavers].map((cell) => keptName(cell, schema.cell));
  if (sql !== undefined) later.push(databaseName(schema.cell, sql.target));
  const kept = { artifacts, summary };
  return { kept, findings: told, inputs, states, later, effects: wanted.effects, found };
}

/** Where the user wrote settings, for findings about them. */
function settingsAt(cwd: string) {
  const text = readIfThere(path.join(cwd, 'cell.config.ts'))?.toString('utf8') ?? '';
  return { path: 'cell.config.ts', text, under: 'cells' };
}

/** What a cell was built against before, as its lock says. No input of the build: a lock that is
 *  written by a build would make the next one another. */
function lockedRemotes(cwd: string, cell: string): Manifest['remotes'] | null {
  const text = readIfThere(path.join(cwd, '.cell', 'lock', `${cell}.lock`))?.toString('utf8');
  const lock = text === undefined ? null : readLock(text);
  return (lock?.remotes as Manifest['remotes']) ?? null;
}

interface Wanted {
  /** What is to be done. */
  effects: PlannedEffects[];
  /** The same for people. */
  summaries: EffectSummary[];
  findings: Finding[];
  /** Something would be lost that nobody has given up. */
  refused: boolean;
}

/** The changes of infrastructure that a negotiation has planned and that do not stand yet. */
function effectsOf(
  negotiated: Negotiated,
  service: string,
  recorded: Recorded,
  around: {
    source: SourceText;
    found: ReadonlyMap<string, Committed>;
    destructive: boolean;
  },
): Wanted {
  const { source, found, destructive } = around;
  const providers = [...recorded.providers.values()].filter((p) => !('missing' in p));
  const planned = plannedEffects(
    negotiated,
    service,
    (cell) => providers.find((p) => p.cell === cell) as Provider,
  );
  const findings = new Findings();
  if (planned.some(({ provider }) => provider.level === 0)) {
    warnOfUnmade(planned, source, findings);
    return { effects: [], summaries: [], findings: findings.sorted(), refused: false };
  }
  const effects = pending(planned);
  // What is committed was approved when it was: only what is new has to be.
  const fresh = effects.filter(({ provider: { cell } }) => {
    const plan = negotiated.answers.find((a) => a.cell === cell)?.plan;
    return plan !== undefined && !isCommitted(plan, found.get(cell));
  });
  if (!destructive) refuseDestructive(fresh, source, findings);
  const refused = findings.count > 0;
  const summaries = effects.flatMap((one) => one.effects.map((e) => summaryOf(one, e)));
  return { effects, summaries, findings: findings.sorted(), refused };
}

function summaryOf({ provider, wishes }: PlannedEffects, effect: Effect): EffectSummary {
  const { preview, destructive, key } = effect;
  const wish = wishes?.get(key);
  const told = { cell: provider.cell, preview, destructive };
  if (wish === undefined) return { ...told, file: '', line: 0, column: 0 };
  const { line, column } = placeOf(wish.source.text, wish.at.start, wish.at.end);
  return { ...told, file: wish.source.path, line, column };
}

/** The state of every cell that had a say, as the key of the cache has it. */
function statesOf(recorded: Recorded, features: Features, settings: Settings): CellStates {
  const states: CellStates = new Map();
  for (const [ns, found] of recorded.providers) {
    states.set(`macro:${ns}`, macroState(found, features, settings));
  }
  for (const [cell, found] of recorded.remotes) {
    states.set(`remote:${cell}`, found && schemaDigest(found));
  }
  return states;
}

/** What each cell contributed, for the table that a build prints. */
function askedOf({ answered, answers, contributions }: Negotiated): Asked[] {
  return answers.map(({ cell, level, from, description, plan }) => {
    const mine = contributions.filter((c) => c.cell === cell);
    const contributed: Record<string, number> = {};
    for (const { kind } of mine) contributed[kind] = (contributed[kind] ?? 0) + 1;
    const names = mine.map((c) => c.macro);
    // Effects do not say which macro planned them.
    if (plan.effects.length > 0) {
      contributed.effect = plan.effects.length;
      const uses = [...answered].map(macroOf).filter(({ ns }) => ns === description.ns);
      names.push(...uses.map(macroText));
    }
    return {
      cell,
      level,
      from,
      macros: [...new Set(names)].sort().map((m) => `@${m}`),
      contributed,
    };
  });
}
