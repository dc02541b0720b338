// Owns the check of each use of a macro against what its cell says of it: where it stands, how
// often, with which arguments. What is wrong is a finding, and the use is left out.
import { nearest } from '../../host/schema/nearest.ts';
import type { CallUse, DecoratorUse, Literal, SourceShape } from '../1-read/shapes.ts';
import type { MacroInfo } from '../2-discover/protocol.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { checkArguments } from './arguments.ts';
import { isCall, macroOf, writtenText } from './names.ts';
import type { Party } from './parties.ts';
import { isHandler, type ProjectSite } from './sites.ts';

/** A use of a macro that its cell does not have. */
export interface Unknown {
  use: DecoratorUse;
  source: SourceShape;
}

/** Calls that a hint lists. */
const CALLS_LISTED = 8;

const PLACES: Record<string, string> = {
  service: 'a class with @service',
  class: 'a class',
  method: 'a method that clients can call',
  member: 'a method',
  field: 'a field',
  constructor: 'a constructor',
  enum: 'an enum',
  call: 'a call in a method',
};

/** Checks every use at a site; the sound ones join their parties, the unknown ones come back. */
export function checkSite(
  site: ProjectSite,
  parties: ReadonlyMap<string, Party>,
  findings: Findings,
): Unknown[] {
  const unknown: Unknown[] = [];
  const seen = new Set<string>();
  for (const use of site.uses) {
    const { ns, name } = macroOf(use);
    const party = parties.get(ns);
    if (party === undefined) continue;
    const info = party.macros.get(name);
    if (isCall(use) && !isCallable(use, info, site, party, findings)) continue;
    if (info === undefined) {
      unknown.push({ use, source: site.source });
      continue;
    }
    const sound =
      standsRight(use, info, site, findings) &&
      standsOnce(use, info, seen, site, findings) &&
      argumentsFit(use, info, site, party, findings);
    if (!sound) continue;
    party.uses.add(use);
    if (party.sites.at(-1) !== site) party.sites.push(site);
  }
  return unknown;
}

/** Whether the cell answers such a call, here and in this build. */
function isCallable(
  use: CallUse,
  info: MacroInfo | undefined,
  { source }: ProjectSite,
  { description, provider, profile }: Party,
  findings: Findings,
): boolean {
  const call = writtenText(use);
  const { cell } = provider;
  if (info === undefined) {
    const calls = description.macros.filter(({ on }) => on.includes('call'));
    const names = calls.map(({ name }) => name);
    const near = nearest(use.name, names);
    const some = names.map((name) => `${use.ns}.${name}`).slice(0, CALLS_LISTED);
    const hint =
      near !== null
        ? `did you mean ${use.ns}.${near}?`
        : `${some.length === 0 ? 'it answers no calls at all' : `one of ${some.join(', ')}`}`;
    findings.report('CELL4100', source, use.nameAt, { call, cell, hint });
    return false;
  }
  if (!info.on.includes('call')) return true;
  if (use.within === null) {
    findings.report('CELL4101', source, use, { call });
    return false;
  }
  if (profile !== 'off') return true;
  findings.report('CELL4104', source, use, { call, cell });
  return false;
}

function standsRight(
  use: DecoratorUse,
  info: MacroInfo,
  { source, targets, kind }: ProjectSite,
  findings: Findings,
): boolean {
  if (info.on.some((target) => targets.includes(target))) return true;
  const macro = writtenText(use);
  const here = kind === 'method' && !targets.includes('method') ? 'private' : kind;
  const place = { private: 'a method that clients cannot call', enum: 'an enum', call: 'a call' }[
    here as string
  ];
  const belongs = info.on.map((target) => PLACES[target]).join(' or ');
  const where = `${place ?? `a ${kind}`}, it belongs on ${belongs}`;
  findings.report('CELL4008', source, use, { macro, where });
  return false;
}

function standsOnce(
  use: DecoratorUse,
  info: MacroInfo,
  seen: Set<string>,
  { source }: ProjectSite,
  findings: Findings,
): boolean {
  const macro = writtenText(use);
  if (isCall(use) || !seen.has(macro) || info.repeatable) {
    seen.add(macro);
    return true;
  }
  findings.report('CELL4010', source, use, { what: macro });
  return false;
}

function argumentsFit(
  use: DecoratorUse,
  info: MacroInfo,
  site: ProjectSite,
  party: Party,
  findings: Findings,
): boolean {
  const scope = {
    macro: writtenText(use),
    parameters: parametersOf(site),
    get members() {
      return membersOf(site);
    },
    values: (setting: string) => settingValues(party.settings, setting),
  };
  const problems = checkArguments(use.args, use, info, scope);
  for (const { code, at, holes } of problems) findings.report(code, site.source, at, holes);
  return problems.length === 0;
}

/** On a service class every parameter of a handler may be meant; elsewhere none can be told. */
function parametersOf(site: ProjectSite): string[] | null {
  if (site.kind === 'method' || site.kind === 'constructor') {
    return site.declaration.params.map((p) => p.name);
  }
  if (site.kind !== 'class' || site.shape === null) return null;
  const names = site.shape.methods.filter(isHandler).flatMap((m) => m.params.map((p) => p.name));
  return [...new Set(names)];
}

function membersOf({ shape }: ProjectSite): string[] {
  return shape === null ? [] : [...shape.fields, ...shape.methods].map((member) => member.name);
}

/** The texts of a setting: items of a list, or keys of an object. */
function settingValues(settings: Literal | undefined, key: string): string[] | undefined {
  if (settings?.kind !== 'object') return undefined;
  const value = settings.entries.find((entry) => entry.key === key)?.value;
  if (value?.kind === 'object') return value.entries.map((entry) => entry.key);
  if (value?.kind !== 'array') return undefined;
  return value.items.flatMap((item) => (item.kind === 'string' ? [item.value] : []));
}
