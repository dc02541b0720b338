// Owns the conversation: plans in rounds until nothing changes. In one round a cell gets at most
// one request, and only when the answers to its questions changed; all requests of a round go out
// together. Ends always: after ROUNDS rounds, whoever still changes is named.
//
//   round 1     every cell, no facts
//   round 2..   cells whose questions have new answers
//   last        questions that wait for each other are given up; their cells plan without answers
import type { Literal } from '../1-read/shapes.ts';
import type { Ask, Fact, Plan, PlanRequest, Site } from '../2-discover/protocol.ts';
import { VERSION } from '../2-discover/protocol.ts';
import { type ProviderError, providerError, within } from '../2-discover/provider-error.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { ANSWER_MS, ROUNDS } from './bounds.ts';
import type { Committed } from './contract.ts';
import { plainLiteral } from './literals.ts';
import { macroOf, macroText } from './names.ts';
import { type Party, plainLine, reportFailure } from './parties.ts';
import { checkedPlan, type Whose } from './plans.ts';
import { cyclesOf, type Question } from './questions.ts';
import { sentSite } from './sites.ts';

/** A cell in conversation. */
export interface Speaker {
  party: Party;
  sites: Site[];
  plan: Plan;
  /** Request of the plan; null before the first. */
  request: PlanRequest | null;
  /** The facts of the plan, by cell, about and key. */
  facts: Map<string, Fact>;
  /**
   * Every question that it has asked, by cell, about and key: asked once, answered from then on.
   */
  questions: Map<string, Ask>;
  /** It has planned without answers that cannot come, and is not asked again. */
  done: boolean;
  /** The answers that its last request held. */
  answered: string;
  requests: number;
  rounds: number;
  /** Facts of its last two plans, to name whoever never settles. */
  restless: boolean;
  failed: boolean;
}

/** What every request of a build says besides its sites. */
export interface Talk {
  /** Cell that is built. */
  service: string;
  destructive: boolean;
  /** What the last build has left for a cell of macros. */
  committed(cell: string): Committed;
}

/** What a cell that was not asked has planned. */
export const NO_PLAN: Plan = {
  ...{ contributions: [], facts: [], asks: [], orders: [], complaints: [], effects: [] },
  ...{ lock: '', documents: [] },
};
const NO_LITERAL: Literal = { kind: 'null', start: 0, end: 0 };

/** Lets every party plan until nothing changes. Failures and cycles are reported. */
export async function converse(
  parties: Party[],
  talk: Talk,
  findings: Findings,
): Promise<Speaker[]> {
  const speakers = parties
    .filter((party) => party.sites.length > 0 && party.profile !== 'off')
    .map(speakerOf);
  let last = false;
  for (let round = 1; round <= ROUNDS; round++) {
    let due = speakers.filter((one) => wants(one, speakers));
    if (due.length === 0 && !last) {
      due = waiting(speakers, findings);
      last = true;
    }
    if (due.length === 0) return speakers;
    const final = last || round === ROUNDS;
    const errors = await Promise.all(due.map((one) => ask(one, speakers, round, final, talk)));
    for (const [i, error] of errors.entries()) {
      due[i].done = last;
      if (error === null) continue;
      due[i].failed = true;
      const { party } = due[i];
      reportFailure(party.provider, error, party.first, findings);
    }
  }
  const restless = speakers.filter((one) => wants(one, speakers));
  if (restless.length > 0) reportRestless(restless, speakers, findings);
  return speakers;
}

function speakerOf(party: Party): Speaker {
  const { macros, uses } = party;
  const sites = party.sites.map((site) => {
    const needsBody = site.uses.some(
      (use) => uses.has(use) && macros.get(macroOf(use).name)?.needs.includes('body'),
    );
    return sentSite(site, needsBody);
  });
  leaveOutTwins(sites);
  return {
    ...{ party, sites, plan: NO_PLAN, request: null, answered: '' },
    ...{ facts: new Map(), questions: new Map() },
    ...{ requests: 0, rounds: 0, restless: false, failed: false, done: false },
  };
}

/**
 * Fields of a class travel with the first call of a file that names it: a thousand queries for one
 * row would be 3 MB. The SDK of macro cells gives them to the others.
 */
function leaveOutTwins(sites: Site[]): void {
  const first = new Set<string>();
  for (const site of sites) {
    const { file, declaration } = site;
    const [type] = declaration.kind === 'call' ? declaration.uses[0].types : [];
    if (type === undefined) continue;
    const key = `${file} ${type}`;
    if (first.has(key)) site.members = [];
    first.add(key);
  }
}

/** Answers to the questions of a speaker, sorted, with who knows them. */
function answersFor({ questions }: Speaker, speakers: Speaker[]): Fact[] {
  const answers: Fact[] = [];
  for (const [key, { cell }] of questions) {
    const fact = speakers.find((one) => one.party.provider.cell === cell)?.facts.get(key);
    if (fact !== undefined) answers.push(fact);
  }
  return sortedFacts(answers);
}

const factKey = ({ cell, about, key }: Pick<Question, 'cell' | 'about' | 'key'>): string =>
  `${cell}\0${about}\0${key}`;

function sortedFacts(facts: Fact[]): Fact[] {
  const keyed = facts.map((fact) => ({ fact, key: factKey(fact) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ fact }) => fact);
}

/** Never asked, or the answers to its questions are others than those it knows. */
function wants(one: Speaker, speakers: Speaker[]): boolean {
  if (one.failed || one.done) return false;
  if (one.request === null) return true;
  return JSON.stringify(answersFor(one, speakers)) !== one.answered;
}

/** Speakers with a question that nobody has answered; cycles among them are reported. */
function waiting(speakers: Speaker[], findings: Findings): Speaker[] {
  const open: Question[] = [];
  for (const one of speakers) {
    if (one.failed) continue;
    const known = new Set(answersFor(one, speakers).map(factKey));
    for (const ask of one.plan.asks) {
      if (!known.has(factKey(ask))) open.push({ ...ask, asker: one.party.provider.cell });
    }
  }
  for (const cycle of cyclesOf(open)) reportCycle(cycle, speakers, findings);
  const askers = new Set(open.map((question) => question.asker));
  return speakers.filter((one) => askers.has(one.party.provider.cell));
}

async function ask(
  one: Speaker,
  speakers: Speaker[],
  round: number,
  last: boolean,
  talk: Talk,
): Promise<ProviderError | null> {
  const { party, sites } = one;
  const { cell, patienceMs = ANSWER_MS } = party.provider;
  const answers = answersFor(one, speakers);
  const others = answers.filter((fact) => fact.cell !== cell);
  const facts = sortedFacts([...others, ...one.facts.values()]);
  const settings = plainLiteral(party.settings ?? NO_LITERAL);
  const { profile } = party;
  const { service, destructive } = talk;
  const committed = talk.committed(cell);
  const request: PlanRequest = {
    ...{ version: VERSION, round, last, profile, settings, sites, facts },
    ...{ service, destructive, ...committed },
  };
  one.answered = JSON.stringify(answers);
  one.request = request;
  one.requests++;
  one.rounds = round;
  try {
    const said = await within(patienceMs, party.provider.plan(request));
    const plan = checkedPlan(said, whoseOf(party));
    one.restless = factsText(plan) !== factsText(one.plan);
    one.plan = plan;
    const known = plan.facts.map((fact) => ({ ...fact, cell }));
    one.facts = new Map(known.map((fact) => [factKey(fact), fact]));
    for (const question of plan.asks) one.questions.set(factKey(question), question);
    return null;
  } catch (error) {
    return providerError(error);
  }
}

const factsText = ({ facts }: Plan): string =>
  JSON.stringify(facts.map(({ about, key, values }) => [about, key, values]).sort());

/** Sites and uses that a cell was asked about, by their numbers. */
function whoseOf({ ns, sites, uses }: Party): Whose {
  const own = new Map(sites.map((site) => [site.id, site]));
  return (site, use) => {
    const named = own.get(site)?.uses[use];
    if (named === undefined || macroOf(named).ns !== ns) return 'other';
    return uses.has(named) ? 'own' : 'refused';
  };
}

function reportCycle(cycle: Question[], speakers: Speaker[], findings: Findings): void {
  const speaker = speakers.find((one) => one.party.provider.cell === cycle[0].asker) as Speaker;
  const { site, use } = cycle[0];
  const at = speaker.party.sites.find((one) => one.id === site);
  const place = at ?? speaker.party.sites[0];
  const span = at?.uses[use] ?? speaker.party.first.use;
  const steps = cycle.map((q) => `${q.asker} asks ${q.cell} for ${q.about}.${q.key}`);
  const told = plainLine(steps.join(', '), 1000);
  findings.warn('CELL4014', place.source, span, { path: told, macro: macroText(macroOf(span)) });
}

function reportRestless(restless: Speaker[], speakers: Speaker[], findings: Findings): void {
  const changing = speakers.filter((one) => one.restless);
  const named = changing.length > 0 ? changing : restless;
  const cells = named.map((one) => `\`${one.party.provider.cell}\``).join(' and ');
  const { source, use } = named[0].party.first;
  findings.report('CELL4016', source, use, { cells, rounds: ROUNDS });
}
