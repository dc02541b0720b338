// Owns the order in which planned infrastructure changes are made: prepared everywhere, then
// committed, provider by provider. A failure takes back what can be taken back and says exactly
// what stands. Never decides what an effect does. Invariant: nothing is committed while anything
// that is asked for could not be prepared.
import type { Span } from '../1-read/shapes.ts';
import type { Effect, EffectRequest, EffectResult } from '../2-discover/protocol.ts';
import type { Findings, SourceText } from '../diagnostics/findings.ts';
import type { Negotiated, Provider } from './contract.ts';

/** What one cell wants changed, in the order of its plan. */
export interface PlannedEffects {
  provider: Pick<Provider, 'cell' | 'level' | 'apply' | 'rollback'>;
  effects: Effect[];
}

/** How it went. `failed` null: everything stands. */
export interface EffectsOutcome {
  /** Effects that stand now, with their cell: all, or after a failure what could not be undone. */
  stands: { cell: string; effect: Effect }[];
  /** Effects of a cell that ended without an answer: nobody knows. */
  unknown: { cell: string; effect: Effect }[];
  failed: { cell: string; step: 'prepare' | 'commit'; message: string; fix: string } | null;
  /** What taking back said when it did not go well, `cell: message`. */
  troubles: string[];
}

/** The effects of a negotiation, by cell in order; `provider` finds the one that planned. */
export function plannedEffects(
  negotiated: Pick<Negotiated, 'answers'>,
  provider: (cell: string) => PlannedEffects['provider'],
): PlannedEffects[] {
  return negotiated.answers
    .filter(({ plan }) => plan.effects.length > 0)
    .map(({ cell, plan }) => ({ provider: provider(cell), effects: plan.effects }))
    .sort((a, b) => (a.provider.cell < b.provider.cell ? -1 : 1));
}

/** Makes all effects stand, or as few as can be. Never rejects. */
export async function applyEffects(planned: readonly PlannedEffects[]): Promise<EffectsOutcome> {
  const walk = new Walk();
  for (const one of planned) {
    if (!(await walk.step(one, 'prepare'))) return walk.outcome();
  }
  for (const one of planned) {
    if (!(await walk.step(one, 'commit'))) return walk.outcome();
  }
  return walk.outcome();
}

type Step = 'prepare' | 'commit';

/** What one provider has done so far. */
interface Done {
  provider: PlannedEffects['provider'];
  /** Effects at each step: `commit` begins with none. */
  at: Record<Step, Effect[]>;
  /** The provider ended without an answer at one of them. */
  lost: boolean;
}

class Walk {
  readonly #done: Done[] = [];
  readonly #outcome: EffectsOutcome = { stands: [], unknown: [], failed: null, troubles: [] };

  /** Runs one step of one provider; false: it failed and all that went before was taken back. */
  async step({ provider, effects }: PlannedEffects, step: Step): Promise<boolean> {
    const { cell } = provider;
    const done = this.#of(provider);
    const result = await answered(provider.apply({ version: 1, step, effects }));
    if (result.message === '') {
      done.at[step] = effects;
      return true;
    }
    done.lost = result.lost;
    done.at[step] = result.lost ? effects : named(effects, result.standing);
    const { message, fix } = result;
    this.#outcome.failed = { cell, step, message, fix };
    await this.#takeBack();
    return false;
  }

  outcome(): EffectsOutcome {
    if (this.#outcome.failed === null) {
      for (const { provider, at } of this.#done) this.#add('stands', provider.cell, at.commit);
    }
    return this.#outcome;
  }

  #of(provider: PlannedEffects['provider']): Done {
    const known = this.#done.find((d) => d.provider === provider);
    if (known !== undefined) return known;
    const made: Done = { provider, at: { prepare: [], commit: [] }, lost: false };
    this.#done.push(made);
    return made;
  }

  /** The last one first. Committed effects are compensated, prepared ones dropped. */
  async #takeBack(): Promise<void> {
    for (const { provider, at, lost } of this.#done.toReversed()) {
      const keys = new Set(at.commit.map((e) => e.key));
      const prepared = at.prepare.filter((e) => !keys.has(e.key));
      await this.#rollback(provider, 'commit', at.commit, lost);
      await this.#rollback(provider, 'prepare', prepared, lost);
    }
  }

  async #rollback(
    provider: PlannedEffects['provider'],
    step: Step,
    effects: Effect[],
    lost: boolean,
  ): Promise<void> {
    if (effects.length === 0) return;
    const request: EffectRequest = { version: 1, step, effects };
    const result = await answered(provider.rollback(request));
    if (result.message !== '') this.#outcome.troubles.push(`${provider.cell}: ${result.message}`);
    if (result.lost) this.#add('unknown', provider.cell, effects);
    // What a lost cell could not undo may never have been done.
    else this.#add(lost ? 'unknown' : 'stands', provider.cell, named(effects, result.standing));
  }

  #add(list: 'stands' | 'unknown', cell: string, effects: Effect[]): void {
    this.#outcome[list].push(...effects.map((effect) => ({ cell, effect })));
  }
}

const named = (effects: Effect[], keys: readonly string[]): Effect[] =>
  effects.filter((e) => keys.includes(e.key));

/** The answer, or the failure of a provider that gave none. */
async function answered(asked: Promise<EffectResult>): Promise<EffectResult & { lost: boolean }> {
  try {
    return { ...(await asked), lost: false };
  } catch (error) {
    const message = (error as Error).message || 'it did not answer';
    const fix = 'see the log of the cell, then build again: effects may be made twice';
    return { standing: [], message, fix, lost: true };
  }
}

/** What stands, for people: `nothing stands`, or the list. */
export function standsText({ stands, unknown, troubles }: EffectsOutcome): string {
  const lines = (list: EffectsOutcome['stands']): string =>
    list.map(({ cell, effect }) => `${cell}: ${effect.preview || effect.key}`).join('; ');
  const parts = [stands.length === 0 ? 'nothing stands' : `these stand: ${lines(stands)}`];
  if (unknown.length > 0) parts.push(`nobody knows of these: ${lines(unknown)}`);
  if (troubles.length > 0) parts.push(`taking back said: ${troubles.join('; ')}`);
  return parts.join('. ');
}

/** Reports a failure at `at` of `source`, null: the file as a whole; true when there was none. */
export function reportEffects(
  outcome: EffectsOutcome,
  source: SourceText,
  findings: Findings,
  at: Span | null = null,
): boolean {
  const { failed } = outcome;
  if (failed === null) return true;
  const { cell, step, message } = failed;
  const fix = failed.fix || 'mend what the message names, then build again';
  const holes = { cell, step, message, fix, stands: standsText(outcome) };
  findings.report('CELL4044', source, at, holes);
  return false;
}

/**
 * Says that nothing was made, since a cell that plans effects is only known by what it once said:
 * all or nothing, as everywhere.
 */
export function warnOfUnmade(
  planned: readonly PlannedEffects[],
  source: SourceText,
  findings: Findings,
): void {
  const gone = planned.filter(({ provider }) => provider.level === 0);
  const cells = gone.map(({ provider }) => `\`${provider.cell}\``).join(', ');
  const effects = planned.flatMap((p) => p.effects.map((e) => e.preview || e.key)).join('; ');
  findings.warn('CELL4045', source, null, { cells, effects });
}
