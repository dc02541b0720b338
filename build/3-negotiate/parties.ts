// Owns who takes part in a negotiation: finds the cell of each namespace, asks what macros it has,
// and checks every use against that. What is wrong is a finding, and the use is left out: the rest
// goes on, so that one build tells everything.
import { nearest } from '../../host/schema/nearest.ts';
import type { Project } from '../1-read/project.ts';
import type { CallUse, DecoratorUse, Literal, SourceShape } from '../1-read/shapes.ts';
import type { Description, MacroInfo } from '../2-discover/protocol.ts';
import { type ProviderError, providerError, within } from '../2-discover/provider-error.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { checkSettings } from './arguments.ts';
import { type BoundField, boundFields, checkBindings } from './bindings.ts';
import { ANSWER_MS, START_MS } from './bounds.ts';
import { type Candidate, callSites, candidatesOf, Spaces } from './calls.ts';
import type { Binding, Discovery, Macros, Missing, Provider } from './contract.ts';
import { checkDescription } from './descriptions.ts';
import { isAscDecorator, macroOf, macroText, writtenText } from './names.ts';
import type { Vocabulary } from './near.ts';
import { keyPlace } from './settings.ts';
import { type ProjectSite, sitesOf } from './sites.ts';
import { checkSite, type Unknown } from './uses.ts';

/** A cell that is asked, with what it is asked about. */
export interface Party {
  ns: string;
  provider: Provider;
  description: Description;
  macros: Map<string, MacroInfo>;
  /** "on", "off" or a profile. */
  profile: string;
  settings: Literal | undefined;
  /** Sites with at least one sound use of its macros. */
  sites: ProjectSite[];
  /** Its sound uses. */
  uses: Set<DecoratorUse>;
  /** Where findings about the cell itself point. */
  first: {
    source: SourceShape;
    use: DecoratorUse;
    /** The use is a type: `Postgres.Connection`. */
    isType?: boolean;
    /** A call, which may be no cell's. */
    isGuess?: boolean;
  };
}

/** Who takes part, and in what. */
export interface Found {
  parties: Party[];
  /** Declarations with macros, then calls that a cell answers; ids ascending from 0. */
  sites: ProjectSite[];
  bindings: Binding[];
}

/** Finds, describes, checks. Findings are reported in the order of the sites. */
export async function findParties(
  project: Project,
  macros: Macros,
  findings: Findings,
): Promise<Found> {
  refuseStray(project, findings);
  const declared = sitesOf(project);
  const spaces = new Spaces(project);
  const calls = candidatesOf(project, spaces);
  const fields = boundFields(project, spaces);
  const firsts = firstsOf(declared, fields, calls);
  const found = await Promise.all([...firsts].map(([ns, first]) => introduce(ns, first, macros)));
  const parties: Party[] = [];
  const absent: Absent[] = [];
  for (const one of found) {
    if ('party' in one) {
      if (!one.party.first.isGuess || answersCalls(one.party)) parties.push(one.party);
    } else if (!('missing' in one && one.first.isGuess)) absent.push(one);
  }
  parties.sort((a, b) => (a.ns < b.ns ? -1 : 1));
  for (const party of parties) {
    checkProfile(party, findings);
    checkPartySettings(party, macros, findings);
  }
  const byNs = new Map(parties.map((party) => [party.ns, party]));
  const bindings = checkBindings(fields, byNs, findings);
  const answered = calls.filter(({ source, call }) => {
    const party = byNs.get(call.ns);
    if (party === undefined) return false;
    return call.field === null ? answersCalls(party) : isBound(call, source, bindings);
  });
  const sites = [...declared, ...callSites(answered, spaces, declared.length)];
  const unknown = sites.flatMap((site) => checkSite(site, byNs, findings));
  if (absent.length + unknown.length > 0) {
    await reportUnanswered(absent, unknown, parties, macros.discovery, findings);
  }
  return { parties, sites, bindings };
}

const answersCalls = ({ description }: Party): boolean =>
  description.macros.some(({ on }) => on.includes('call'));

function isBound(call: CallUse, source: SourceShape, bindings: readonly Binding[]): boolean {
  return bindings.some(({ source: of, owner, field }) => {
    if (of !== source || field.name !== call.field) return false;
    return source.classes.some(
      (c) => c.name === owner && c.start < call.start && call.end <= c.end,
    );
  });
}

/** The first use of each namespace: of a decorator if there is any, then of a type, of a call. */
function firstsOf(
  sites: readonly ProjectSite[],
  fields: readonly BoundField[],
  calls: readonly Candidate[],
): Map<string, Party['first']> {
  const firsts = new Map<string, Party['first']>();
  for (const { source, uses } of sites) {
    for (const use of uses) {
      const { ns } = macroOf(use);
      if (!firsts.has(ns)) firsts.set(ns, { source, use });
    }
  }
  for (const { source, use } of fields) {
    if (!firsts.has(use.ns)) firsts.set(use.ns, { source, use, isType: true });
  }
  for (const { source, call } of calls) {
    if (!firsts.has(call.ns)) firsts.set(call.ns, { source, use: call, isGuess: true });
  }
  return firsts;
}

type Absent = { ns: string; first: Party['first'] } & ({ missing: Missing } | Faulty);
interface Faulty {
  provider: Provider;
  error: ProviderError;
}

async function introduce(
  ns: string,
  first: Party['first'],
  { discovery, features, settings }: Macros,
): Promise<{ party: Party } | Absent> {
  const provider = await discovery.find(ns);
  if ('missing' in provider) return { ns, first, missing: provider };
  const { cell } = provider;
  try {
    if (provider.ready !== undefined) await within(START_MS, provider.ready());
    const description = await within(provider.patienceMs ?? ANSWER_MS, provider.describe());
    checkDescription(description, ns);
    const party: Party = {
      ...{ ns, provider, description, first, sites: [], uses: new Set() },
      macros: new Map(description.macros.map((info) => [info.name, info])),
      profile: features.get(cell) ?? 'on',
      settings: settings.get(cell),
    };
    return { party };
  } catch (error) {
    return { ns, first, provider, error: providerError(error) };
  }
}

async function reportUnanswered(
  absent: Absent[],
  unknown: Unknown[],
  parties: Party[],
  discovery: Discovery,
  findings: Findings,
): Promise<void> {
  const { vocabularyOf } = await import('./near.ts');
  const heard = parties.map(({ ns, macros }): [string, string[]] => [ns, [...macros.keys()]]);
  const failed = absent.map(({ ns }): [string, string[]] => [ns, []]);
  const words = await vocabularyOf(discovery, new Map([...heard, ...failed]));
  for (const one of absent) if ('missing' in one) words.delete(one.ns);
  for (const one of absent) await reportAbsent(one, words, findings);
  for (const one of unknown) await reportUnknown(one, words, findings);
}

async function reportAbsent(absent: Absent, words: Vocabulary, findings: Findings): Promise<void> {
  const { ns, first } = absent;
  if (!('missing' in absent)) {
    reportFailure(absent.provider, absent.error, first, findings);
    return;
  }
  const { meantBy } = await import('./near.ts');
  const { tried, fix } = absent.missing;
  const text = macroText(first.use);
  const near = ns === '' || first.isType ? null : meantBy(text, words);
  const name = first.isType ? text : `@${ns === '' ? first.use.name : ns}`;
  const why = tried.length === 0 ? '' : `: ${tried.join('; ')}`;
  findings.report('CELL4001', first.source, first.use, { ns: name, tried: why, fix: near ?? fix });
}

const FAILURES = {
  crashed: 'CELL4020',
  silent: 'CELL4021',
  large: 'CELL4022',
  wrong: 'CELL4023',
  unreachable: 'CELL4024',
  version: 'CELL4025',
  unrecorded: 'CELL4026',
} as const;

/** Reports what a cell did wrong, at its first use. */
export function reportFailure(
  provider: Provider,
  { failure, message }: ProviderError,
  { source, use }: Party['first'],
  findings: Findings,
): void {
  const { cell } = provider;
  const fix = failure === 'silent' ? silentFix(provider) : crashFix(provider);
  findings.report(FAILURES[failure], source, use, { cell, what: plainLine(message), fix });
}

/** This project makes the cell. */
const isOwn = ({ from }: Provider): boolean => from.startsWith('.cell/out/');

function crashFix(provider: Provider): string {
  const { cell, level } = provider;
  if (level === 2) return `look at the log of its host, or run its version that worked`;
  const log = `what \`${cell}\` logged is above`;
  return isOwn(provider) ? `mend its macro; ${log}` : `${log}; go back to its version that worked`;
}

function silentFix(provider: Provider): string {
  const { cell, level } = provider;
  if (isOwn(provider)) return `look for an endless loop in the macros of \`${cell}\``;
  const loop = 'when it hangs each time, its macro has an endless loop: tell its author';
  return `${level === 2 ? `start it again (cell run ${cell}) and build` : 'build again'}; ${loop}`;
}

/** One line for people: what a cell says may hold anything. */
export function plainLine(text: string, most = 500): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > most ? `${line.slice(0, most)}...` : line;
}

/** Macros stand on classes, their members and enums; asc parses them elsewhere as well. */
function refuseStray(project: Project, findings: Findings): void {
  for (const source of project.sources.values()) {
    const own = new Set(source.enums.flatMap((e) => e.decorators));
    for (const use of source.strayDecorators) {
      if (isAscDecorator(use) || own.has(use)) continue;
      const where = 'a function, variable or interface';
      findings.report('CELL4008', source, use, { macro: writtenText(use), where });
    }
  }
}

function checkProfile({ description, profile, provider, first }: Party, findings: Findings): void {
  const { cell } = provider;
  const known = ['off', ...description.profiles.map((p) => p.name), 'on'];
  const offAtAll = profile !== 'off' || cell !== 'service';
  if (known.includes(profile) && offAtAll) return;
  const near = nearest(profile, known);
  const list = known.slice(0, -1).map((name) => `${cell}=${name}`);
  const hint = !offAtAll
    ? 'without it there is no service'
    : near === null
      ? `one of ${list.join(', ')}`
      : `did you mean ${cell}=${near}? There is ${list.join(', ')}`;
  findings.report('CELL4027', first.source, first.use, { cell, profile, hint });
}

/** Settings stand in a file of their own: the finding names it and the key. */
function checkPartySettings(party: Party, { settingsAt }: Macros, findings: Findings): void {
  const { settings, description, provider } = party;
  if (settings === undefined) return;
  for (const { code, holes } of checkSettings(description.settings, settings, provider.cell)) {
    const { key, hint, wants } = holes;
    const told: Record<string, string> = {
      CELL4004: `there is no such key; ${hint}`,
      CELL4010: `${holes.what} is there twice`,
      CELL4011: `is missing: ${wants}; add ${hint}`,
    };
    const what = told[code] ?? `wants ${wants}; ${hint}`;
    const { path, text, under } = settingsAt ?? {
      path: 'cell.config.ts',
      text: '',
      under: 'cells',
    };
    const keys = [under, provider.cell, ...(key === undefined ? [] : key.split('.'))];
    const said = { file: path, cell: provider.cell, key: keys.join('.'), what };
    findings.report('CELL4028', { path, text }, keyPlace(text, keys), said);
  }
}

async function reportUnknown(
  { use, source }: Unknown,
  words: Vocabulary,
  findings: Findings,
): Promise<void> {
  const { knownText, meantBy, memberOf } = await import('./near.ts');
  const { ns, name } = macroOf(use);
  if (ns !== '') {
    findings.report('CELL4002', source, use.nameAt, { name, ns, hint: memberOf(ns, name, words) });
    return;
  }
  const none = `one of ${knownText(words)}; if none of them was meant, remove it`;
  const hint = meantBy(name, words) ?? none;
  findings.report('CELL4003', source, use.nameAt, { name, hint });
}
