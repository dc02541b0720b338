// Owns the order in which planned infrastructure changes are made: prepared everywhere, for every
// service of a build, then committed, cell by cell. A failure takes back what can be taken back and
// says exactly what stands. Never decides what an effect does. Invariant: nothing is committed
// while anything that is asked for could not be prepared.
import type { Span } from '../1-read/shapes.ts';
import type { Effect, EffectRequest, EffectResult } from '../2-discover/protocol.ts';
import type { Findings, SourceText } from '../diagnostics/findings.ts';
import type { Negotiated, Provider } from './contract.ts';

/** Where an effect is wanted: a decorator, for findings about it. */
export interface Wish {
  source: SourceText;
  at: Span;
}

/** What one cell wants changed for one service, in the order of its plan. */
export interface PlannedEffects {
  provider: Pick<Provider, 'cell' | 'level' | 'apply' | 'rollback'>;
  /** Cell that is built; absent: there is one only. */
  service?: string;
  effects: Effect[];
  /** Of each effect, by key. */
  wishes?: ReadonlyMap<string, Wish>;
}

/** An effect, with the cell that plans it and the service that wants it. */
export interface Named {
  cell: string;
  service?: string;
  effect: Effect;
}

/** How it went. `failed` null: everything stands. */
export interface EffectsOutcome {
  /** Effects that stand now: all, or after a failure what could not be undone. */
  stands: Named[];
  /** Effects of a cell that ended without an answer: nobody knows. */
  unknown: Named[];
  failed: {
    planned: PlannedEffects;
    cell: string;
    step: 'prepare' | 'commit';
    message: string;
    fix: string;
  } | null;
  /** What taking back said when it did not go well, `cell: message`. */
  troubles: string[];
}

/** The effects of a negotiation, by cell in order; `provider` finds the one that planned. */
export function plannedEffects(
  { answers }: Pick<Negotiated, 'answers'>,
  service: string,
  provider: (cell: string) => PlannedEffects['provider'],
): PlannedEffects[] {
  const planned = answers
    .filter(({ plan }) => plan.effects.length > 0)
    .map(({ cell, plan, sites }): PlannedEffects => {
      const wishes = new Map<string, Wish>();
      for (const { key, site, use } of plan.effects) {
        const of = sites.find(({ id }) => id === site);
        if (of !== undefined) wishes.set(key, { source: of.source, at: of.uses[use] });
      }
      return { provider: provider(cell), service, effects: plan.effects, wishes };
    });
  return inOrder(planned);
}

/** By cell, then by service: the order in which a build makes them. */
export function inOrder(planned: readonly PlannedEffects[]): PlannedEffects[] {
  const key = ({ provider, service }: PlannedEffects): string =>
    `${provider.cell}\0${service ?? ''}`;
  return [...planned].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What is still to be done: an effect without a preview stands already. */
export function pending(planned: readonly PlannedEffects[]): PlannedEffects[] {
  return planned
    .map((one) => ({ ...one, effects: one.effects.filter(({ preview }) => preview !== '') }))
    .filter(({ effects }) => effects.length > 0);
}

/**
 * Makes all effects stand, or as few as can be: each step everywhere in the order given. Never
 * rejects.
 */
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

/** What was done so far of what one cell wants for one service. */
interface Done {
  planned: PlannedEffects;
  /** Effects at each step: `commit` begins with none. */
  at: Record<Step, Effect[]>;
  /** The provider ended without an answer at one of them. */
  lost: boolean;
}

class Walk {
  readonly #done: Done[] = [];
  readonly #outcome: EffectsOutcome = { stands: [], unknown: [], failed: null, troubles: [] };

  /** Runs one step of one cell; false: it failed and all that went before was taken back. */
  async step(planned: PlannedEffects, step: Step): Promise<boolean> {
    const { provider, effects } = planned;
    const { cell } = provider;
    const done = this.#of(planned);
    const result = await answered(provider.apply({ version: 1, step, effects }));
    if (result.message === '') {
      done.at[step] = effects;
      return true;
    }
    done.lost = result.lost;
    done.at[step] = result.lost ? effects : named(effects, result.standing);
    const { message, fix } = result;
    this.#outcome.failed = { planned, cell, step, message, fix };
    await this.#takeBack();
    return false;
  }

  outcome(): EffectsOutcome {
    if (this.#outcome.failed === null) {
      for (const { planned, at } of this.#done) this.#add('stands', planned, at.commit);
    }
    return this.#outcome;
  }

  #of(planned: PlannedEffects): Done {
    const known = this.#done.find((d) => d.planned === planned);
    if (known !== undefined) return known;
    const made: Done = { planned, at: { prepare: [], commit: [] }, lost: false };
    this.#done.push(made);
    return made;
  }

  /** The last one first. Committed effects are compensated, prepared ones dropped. */
  async #takeBack(): Promise<void> {
    for (const { planned, at, lost } of this.#done.toReversed()) {
      const keys = new Set(at.commit.map((e) => e.key));
      const prepared = at.prepare.filter((e) => !keys.has(e.key));
      await this.#rollback(planned, 'commit', at.commit, lost);
      await this.#rollback(planned, 'prepare', prepared, lost);
    }
  }

  async #rollback(
    planned: PlannedEffects,
    step: Step,
    effects: Effect[],
    lost: boolean,
  ): Promise<void> {
    if (effects.length === 0) return;
    const { provider } = planned;
    const request: EffectRequest = { version: 1, step, effects };
    const result = await answered(provider.rollback(request));
    if (result.message !== '') this.#outcome.troubles.push(`${provider.cell}: ${result.message}`);
    if (result.lost) this.#add('unknown', planned, effects);
    // What a lost cell could not undo may never have been done.
    else this.#add(lost ? 'unknown' : 'stands', planned, named(effects, result.standing));
  }

  #add(list: 'stands' | 'unknown', planned: PlannedEffects, effects: Effect[]): void {
    const { provider, service } = planned;
    const of = { cell: provider.cell, ...(service === undefined ? {} : { service }) };
    this.#outcome[list].push(...effects.map((effect) => ({ ...of, effect })));
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

/** An effect in a few words: the first line of what it says of itself. */
export const effectTitle = ({ preview, key }: Effect): string => preview.split('\n')[0] || key;

/** What stands, for people: `nothing stands`, or the list. */
export function standsText({ stands, unknown, troubles }: EffectsOutcome): string {
  const lines = (list: Named[]): string =>
    list
      .map(({ cell, service, effect }) => `${whose(cell, service)}: ${effectTitle(effect)}`)
      .join('; ');
  const parts = [stands.length === 0 ? 'nothing stands' : `these stand: ${lines(stands)}`];
  if (unknown.length > 0) parts.push(`nobody knows of these: ${lines(unknown)}`);
  if (troubles.length > 0) parts.push(`taking back said: ${troubles.join('; ')}`);
  return parts.join('. ');
}

const whose = (cell: string, service?: string): string =>
  service === undefined ? cell : `${cell} for ${service}`;

/**
 * Reports a failure at the decorator that wants what failed, or, when nobody knows which, at the
 * file as a whole; true when there was none.
 */
export function reportEffects(
  outcome: EffectsOutcome,
  source: SourceText,
  findings: Findings,
): boolean {
  const { failed } = outcome;
  if (failed === null) return true;
  const { planned, cell, step, message } = failed;
  const fix = failed.fix || 'mend what the message names, then build again';
  const holes = { cell, step, message, fix, stands: standsText(outcome) };
  // A cell made by the SDK begins with the key of the effect that failed.
  const culprit = planned.effects.find(({ key }) => message.startsWith(`${key}: `));
  const wish = planned.wishes?.get((culprit ?? planned.effects[0])?.key ?? '');
  findings.report('CELL4044', wish?.source ?? source, wish?.at ?? null, holes);
  return false;
}

/** Refuses effects that lose data: somebody has to have said that it may be lost. */
export function refuseDestructive(
  planned: readonly PlannedEffects[],
  source: SourceText,
  findings: Findings,
): void {
  for (const { effects, wishes, provider } of planned) {
    for (const effect of effects.filter((one) => one.destructive)) {
      const wish = wishes?.get(effect.key);
      const holes = { cell: provider.cell, what: effect.preview.replaceAll('\n', '; ') };
      findings.report('CELL4120', wish?.source ?? source, wish?.at ?? null, holes);
    }
  }
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
  const effects = planned.flatMap((p) => p.effects.map(effectTitle)).join('; ');
  findings.warn('CELL4045', source, null, { cells, effects });
}
