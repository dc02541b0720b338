// Owns the third stage as a whole: sites -> parties -> rounds -> contributions, placed, checked and
// merged. Reads as a list; each step is in a file of its own.
import type { Project } from '../1-read/project.ts';
import type { ClassShape, DecoratorUse, SourceShape, Span } from '../1-read/shapes.ts';
import { messageHash } from '../2-discover/answers.ts';
import { kebab } from '../2-discover/cell-name.ts';
import type { Contribution } from '../2-discover/protocol.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { SAID_CHARS } from './bounds.ts';
import type { Macros, Negotiated, Placed } from './contract.ts';
import { complaintAt } from './literals.ts';
import { macroOf, macroText, writtenText } from './names.ts';
import { type Constraint, ordered } from './order.ts';
import { withOneOwner } from './owners.ts';
import { findParties, type Party, plainLine } from './parties.ts';
import { mergePolicies } from './policies.ts';
import { converse, NO_PLAN, type Speaker, type Talk } from './rounds.ts';
import { isServiceClass, type ProjectSite } from './sites.ts';

/**
 * Asks the cells that answer for the project's decorators. Everything wrong is a finding; what is
 * returned then is what could be had. Never rejects for what a cell does.
 */
export async function negotiate(
  project: Project,
  macros: Macros,
  findings: Findings,
): Promise<Negotiated> {
  const { sites, parties, bindings } = await findParties(project, macros, findings);
  const speakers = await converse(parties, talkOf(project, macros), findings);
  for (const speaker of speakers) reportComplaints(speaker, findings);
  const placed = withOneOwner(placeAll(sites, speakers, findings), findings);
  const entry = project.sources.get(project.entry) as SourceShape;
  const service = entry.classes.find(isServiceClass);
  const { policies, access } = service
    ? mergePolicies(placed, service, entry, findings)
    : { policies: new Map(), access: new Map() };
  return {
    contributions: placed,
    policies,
    access,
    answered: answeredBy(parties),
    bindings,
    service: serviceOf(service),
    answers: parties.map((party) => answerOf(party, speakers)),
  };
}

/** What every cell is told: the cell that is built, and what the last build has left for them. */
function talkOf(project: Project, macros: Macros): Talk {
  const service = cellBuilt(project);
  return {
    service,
    destructive: macros.destructive ?? false,
    committed: (cell) => macros.committed?.(cell, service) ?? { lock: '', documents: [] },
  };
}

/** Name of the cell that a project builds, as its source says it; "" without a service. */
function cellBuilt(project: Project): string {
  const service = serviceOf(project.sources.get(project.entry)?.classes.find(isServiceClass));
  if (service === null) return '';
  const [argument] = service.use.args ?? [];
  const named =
    argument?.kind === 'object' ? argument.entries.find(({ key }) => key === 'name')?.value : null;
  const given = named?.kind === 'string' ? named.value : '';
  return given === '' ? kebab(service.className) : given;
}

function serviceOf(service: ClassShape | undefined): Negotiated['service'] {
  const use = service?.decorators.find((d) => d.ns === '' && d.name === 'service');
  return service && use ? { className: service.name, use } : null;
}

function answeredBy(parties: Party[]): Set<DecoratorUse> {
  const answered = new Set<DecoratorUse>();
  for (const { uses } of parties) for (const use of uses) answered.add(use);
  return answered;
}

function answerOf(party: Party, speakers: Speaker[]): Negotiated['answers'][number] {
  const { provider, description, first, sites } = party;
  const { cell, level, from, digest } = provider;
  const speaker = speakers.find((one) => one.party === party);
  const plan = speaker?.plan ?? NO_PLAN;
  return {
    ...{ cell, level, from, digest, sites, first, description, plan },
    described: messageHash(description),
    asked: speaker?.request ? messageHash(speaker.request) : '',
    planned: messageHash(plan),
    requests: speaker?.requests ?? 0,
    rounds: speaker?.rounds ?? 0,
  };
}

/** Every contribution at its site, in order of sites, stages, constraints, macros. */
function placeAll(sites: ProjectSite[], speakers: Speaker[], findings: Findings): Placed[] {
  const bySite = new Map<number, { placed: Placed[]; constraints: Constraint[] }>();
  const at = (id: number) => {
    const known = bySite.get(id) ?? { placed: [], constraints: [] };
    bySite.set(id, known);
    return known;
  };
  for (const { party, plan } of speakers) {
    const { cell } = party.provider;
    for (const one of plan.contributions) {
      at(one.site).placed.push(place(one, sites[one.site], party));
    }
    for (const { site, first, then } of plan.orders) {
      if (sites[site] !== undefined) at(site).constraints.push({ first, then, cell });
    }
  }
  return [...bySite]
    .sort(([a], [b]) => a - b)
    .flatMap(([, { placed, constraints }]) => ordered(placed, constraints, findings));
}

function place(one: Contribution, site: ProjectSite, party: Party): Placed {
  const useRef = site.uses[one.use];
  const macro = macroOf(useRef);
  return {
    ...one,
    stage: one.stage === '' ? (party.macros.get(macro.name)?.stage ?? '') : one.stage,
    cell: party.provider.cell,
    macro: macroText(macro),
    siteRef: site,
    useRef,
  };
}

/** Where the member stands that a path such as `.age` names; null: it names none. */
function memberAt({ kind, shape }: ProjectSite, path: string): Span | null {
  if (!path.startsWith('.') || shape === null || kind === 'call') return null;
  const name = path.slice(1);
  return [...shape.fields, ...shape.methods].find((m) => m.name === name)?.nameAt ?? null;
}

/** What the cells found wrong, at the literals that they name. */
function reportComplaints({ party, plan }: Speaker, findings: Findings): void {
  const sites = new Map(party.sites.map((site) => [site.id, site]));
  for (const { site, use, message, fix, warning, ...place } of plan.complaints) {
    const named = sites.get(site) as ProjectSite;
    const { source, uses } = named;
    const at = memberAt(named, place.path) ?? complaintAt(source.text, uses[use], place);
    const macro = writtenText(uses[use]);
    const holes = {
      macro,
      message: plainLine(message, SAID_CHARS),
      fix: fix === '' ? `see what ${macro} says of itself` : plainLine(fix, SAID_CHARS),
    };
    if (warning) findings.warn('CELL4018', source, at, holes);
    else findings.report('CELL4017', source, at, holes);
  }
}
