// Owns one build that the cache did not know: runs the stages, and gathers what is kept of it. The
// only file of `make` that loads them (and with them asc), when it is called.

import path from 'node:path';
import type { Manifest } from '../host/schema/types.ts';
import type { Inputs } from './1-read/project.ts';
import { schemaDigest } from './2-discover/offline.ts';
import { Recorded } from './2-discover/recorded.ts';
import type {
  Discovery,
  Features,
  Negotiated,
  Provider,
  Settings,
} from './3-negotiate/contract.ts';
import { macroOf, macroText } from './3-negotiate/names.ts';
import type { CellStates, Kept } from './6-lock/cache.ts';
import { readIfThere } from './6-lock/files.ts';
import { readLock } from './6-lock/lock.ts';
import { type Finding, Findings, type SourceText } from './diagnostics/findings.ts';
import type { Asked, Summary } from './make.ts';
import { macroState } from './states.ts';

export interface FreshOptions {
  cwd: string;
  tools: Record<string, string>;
  discovery: Discovery;
  features: Features;
  settings: Settings;
  /** Remote cells whose changes are meant. */
  accept: readonly string[];
}

export interface Fresh {
  /** null: it could not be built, as the findings say. */
  kept: Kept<Summary> | null;
  findings: Finding[];
  inputs: Inputs;
  states: CellStates;
  /** Makes the planned changes of infrastructure; what went wrong is found. */
  effect(): Promise<Finding[]>;
}

/** Builds `file` (absolute). */
export async function buildFresh(file: string, options: FreshOptions): Promise<Fresh> {
  const { cwd, tools, discovery, features, settings } = options;
  const { buildService } = await import('./driver.ts');
  const recorded = new Recorded(discovery);
  const macros = {
    ...{ discovery: recorded, features, settings, accepted: options.accept },
    settingsAt: settingsAt(cwd),
    lockedRemotes: (cell: string) => lockedRemotes(cwd, cell),
  };
  const built = await buildService(file, cwd, tools, macros);
  const { compiled, findings, inputs, negotiated } = built;
  const states = statesOf(recorded, features, settings);
  const effect = async (): Promise<Finding[]> => {
    if (negotiated === null) return [];
    const shown = path.relative(cwd, file).split(path.sep).join('/');
    return await effectsOf(negotiated, recorded, { path: shown, text: '' });
  };
  if (compiled === null) return { kept: null, findings, inputs, states, effect };
  const { artifactsOf } = await import('./artifacts.ts');
  const { schema, manifest, wasm } = compiled;
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
    macros: negotiated === null ? [] : askedOf(negotiated),
    answers: manifest.macros ?? null,
    effects: (negotiated?.answers ?? []).flatMap((a) => a.plan.effects.map((e) => e.preview)),
    bytes: wasm.length,
    warnings: findings,
  };
  const artifacts = artifactsOf(compiled, { answers, features: used }, built.expanded);
  return { kept: { artifacts, summary }, findings, inputs, states, effect };
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

async function effectsOf(
  negotiated: Negotiated,
  recorded: Recorded,
  source: SourceText,
): Promise<Finding[]> {
  if (negotiated.answers.every((a) => a.plan.effects.length === 0)) return [];
  const { applyEffects, plannedEffects, reportEffects, warnOfUnmade } = await import(
    './3-negotiate/effects.ts'
  );
  const providers = [...recorded.providers.values()].filter((p) => !('missing' in p));
  const planned = plannedEffects(
    negotiated,
    (cell) => providers.find((p) => p.cell === cell) as Provider,
  );
  const findings = new Findings();
  const there = planned.filter(({ provider }) => provider.level > 0);
  if (there.length < planned.length) warnOfUnmade(planned, source, findings);
  else {
    const outcome = await applyEffects(planned);
    const first = negotiated.answers.find((a) => a.cell === outcome.failed?.cell)?.first;
    reportEffects(outcome, first?.source ?? source, findings, first?.use);
  }
  return findings.sorted();
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
