// Owns the check of a plan as a cell sent it: every site, use, kind, name and bound, before anybody
// acts on it. A plan that is wrong is refused as a whole: a cell that names sites which are not its
// own cannot be believed in the rest.
import type { Contribution, Document, Plan } from '../2-discover/protocol.ts';
import { ProviderError } from '../2-discover/provider-error.ts';
import { NAME_CHARS, PLAN_CHARS, PLAN_ENTRIES } from './bounds.ts';
import { STAGES } from './descriptions.ts';
import { checkPolicy } from './policy.ts';
import { isIdentifier } from './units.ts';

const KINDS = new Set(
  [
    'policy guard wrap parameter field method handler import macro service remote',
    'member call statement database initial start codec',
  ]
    .join(' ')
    .split(' '),
);
/** Kinds whose name is declared in the program. */
const NAMED = new Set('parameter field method handler remote member initial codec'.split(' '));
/** Kinds that are nothing without a text. */
const TEXTUAL = new Set(
  [
    'guard wrap parameter method handler import remote',
    'member call statement database initial start',
  ]
    .join(' ')
    .split(' '),
);

/** Threat: a path that leads elsewhere. */
const DOCUMENT = /^[a-z0-9][a-z0-9_.-]{0,127}$/;

/**
 * Whose use it is that a plan speaks about. `refused`: the cell's own, but the build has found it
 * wrong and said so; the cell, which sees it, cannot know.
 */
export type Whose = (site: number, use: number) => 'own' | 'refused' | 'other';

/** The plan without what it says about refused uses. Throws ProviderError when it is none. */
export function checkedPlan(plan: Plan, whose: Whose): Plan {
  const lists: [string, unknown][] = Object.entries(plan);
  for (const [name, list] of lists) {
    if (Array.isArray(list) && list.length > PLAN_ENTRIES) {
      throw new ProviderError('large', `its plan has ${list.length} ${name}`);
    }
  }
  const chars = charsOf(plan);
  if (chars > PLAN_CHARS) {
    throw new ProviderError('large', `its plan has ${chars} characters of text`);
  }
  const own = <T extends { site: number; use: number }>(what: string, list: T[]): T[] =>
    list.filter(({ site, use }) => {
      const who = whose(site, use);
      if (who !== 'other') return who === 'own';
      return refuse(`${what} names site ${site}, use ${use}, which it was not asked about`);
    });
  const contributions = own('a contribution', plan.contributions);
  for (const one of contributions) checkContribution(one);
  const asks = own('a question', plan.asks);
  const complaints = own('a complaint', plan.complaints);
  const facts = new Set(plan.facts.map(({ about, key }) => `${about}\0${key}`));
  if (facts.size < plan.facts.length) refuse('it states a fact twice');
  const keys = new Set(plan.effects.map(({ key }) => key));
  if (keys.size < plan.effects.length || keys.has('')) {
    refuse('its effects have no keys of their own');
  }
  const effects = own('an effect', plan.effects);
  const documents = checkedDocuments(plan.documents);
  return { ...plan, contributions, asks, complaints, effects, documents };
}

/** Documents become files: their names stay below the folder that they are written to. */
function checkedDocuments(documents: Document[]): Document[] {
  for (const { name } of documents) {
    if (DOCUMENT.test(name)) continue;
    refuse(`a document has the name ${JSON.stringify(name.slice(0, NAME_CHARS))}`);
  }
  if (new Set(documents.map(({ name }) => name)).size < documents.length) {
    refuse('it leaves two documents of one name');
  }
  return [...documents].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function refuse(why: string): never {
  throw new ProviderError('wrong', why);
}

/** Characters of every text in a plan, whatever record it stands in. */
function charsOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let sum = 0;
  for (const one of Object.values(value)) sum += charsOf(one);
  return sum;
}

function checkContribution(one: Contribution): void {
  const { kind, stage, name, text } = one;
  if (!KINDS.has(kind)) refuse(`it contributes a ${JSON.stringify(kind.slice(0, NAME_CHARS))}`);
  if (stage !== '' && !STAGES.includes(stage)) {
    refuse(`a ${kind} has the stage ${JSON.stringify(stage.slice(0, NAME_CHARS))}`);
  }
  if (NAMED.has(kind) && !isIdentifier(name)) {
    refuse(`a ${kind} has the name ${JSON.stringify(name.slice(0, NAME_CHARS))}`);
  }
  if (TEXTUAL.has(kind) && text.trim() === '') refuse(`a ${kind} has no text`);
  if ((kind === 'parameter' || kind === 'field') && one.type.trim() === '') {
    refuse(`the ${kind} ${name} has no type`);
  }
  if (kind === 'guard' && !(one.status >= 1 && one.status <= 16)) {
    refuse(`a guard refuses with status ${one.status}; statuses are 1 to 16`);
  }
  if (!one.numbers.every(Number.isFinite)) refuse(`a ${kind} has a number that is none`);
  if (kind === 'import' && !/^[a-z][a-z0-9/-]*$/.test(text)) {
    refuse(`an import is of the file ${JSON.stringify(text.slice(0, NAME_CHARS))}`);
  }
  if (kind === 'import' && !one.values.every(isIdentifier)) refuse('an import has a wrong name');
  const why = kind === 'policy' ? checkPolicy(one) : null;
  if (why !== null) refuse(`the policy \`${name.slice(0, NAME_CHARS)}\` ${why}`);
}
