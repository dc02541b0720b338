// Owns the meeting of policies: those of a class and those of its methods, of several macros and
// several cells, made into one answer a handler. Judges no values: policy.ts did.
//
// A policy on the class holds for every handler, or for the one that its `type` names. What a cell
// says on a method replaces what the same cell says of that kind on the class; roles, scopes and
// public are one kind, access.
import type { Access, Policies, Template } from '../../host/schema/types.ts';
import type { ClassShape, MethodShape, SourceShape } from '../1-read/shapes.ts';
import type { Findings } from '../diagnostics/findings.ts';
import type { Placed } from './contract.ts';
import { writtenText } from './names.ts';
import { OWNED, templateFor } from './policy.ts';
import { isHandler } from './sites.ts';

export interface Merged {
  policies: Map<string, Policies>;
  access: Map<string, Access>;
}

/** Texts of a handler that could tell callers apart. */
const CALLER = /(?<![\w$.])(?:Session|Flags)\b/;

/** Stages that a kept reply steps over. */
const EARLY = new Set(['authorize', 'limit', 'validate']);
/** What may say something else at the next call of the same caller with the same arguments. */
const CHANGING = ['this', 'now', 'random', 'randomBits', 'uuid', 'newUuid', 'Flags', 'Blob'];

/** Policies and access of every handler of `service`, an entry's service class. */
export function mergePolicies(
  placed: Placed[],
  service: ClassShape,
  source: SourceShape,
  findings: Findings,
): Merged {
  const merged: Merged = { policies: new Map(), access: new Map() };
  const handlers = service.methods.filter(isHandler);
  const byName = new Map<string, Placed[]>(handlers.map((m) => [m.name, []]));
  const onClass: Placed[] = [];
  for (const one of placed) {
    const { siteRef } = one;
    const here = siteRef.source === source && siteRef.owner === service.name;
    const ofMethod = siteRef.kind === 'method' ? byName.get(siteRef.name) : undefined;
    const list = siteRef.kind === 'class' ? onClass : ofMethod;
    if (here && list !== undefined) list.push(one);
    else if (one.kind === 'policy') {
      const where = 'a declaration that clients cannot call';
      findings.report('CELL4008', siteRef.source, one.useRef, {
        macro: writtenText(one.useRef),
        where,
      });
    }
  }
  const isPolicy = (one: Placed): boolean => one.kind === 'policy';
  const general = onClass.filter(isPolicy);
  for (const { type, macro, siteRef, useRef } of general) {
    if (type === '' || byName.has(type)) continue;
    const where = `\`${type}\`, which clients cannot call`;
    findings.report('CELL4008', siteRef.source, useRef, { macro: `@${macro}`, where });
  }
  for (const method of handlers) {
    const mine = byName.get(method.name) as Placed[];
    const params = method.params.map((p) => p.name);
    const ofClass = general.filter(({ type }) => type === '' || type === method.name);
    merge(method.name, params, effective(ofClass, mine.filter(isPolicy)), merged, findings);
    checkShared(method, [...onClass, ...mine], merged, source, findings);
    checkStale(method.name, [...onClass, ...mine], placed, merged, findings);
  }
  for (const { kind, name } of [...onClass, ...[...byName.values()].flat()]) {
    const ofClass = general.filter(({ type }) => type === '');
    if (kind === 'handler') merge(name, null, ofClass, merged, findings);
  }
  return merged;
}

const ACCESS = new Set(['roles', 'scopes', 'public']);
/** Kinds of which a handler may have several, from class and method together. */
const SEVERAL = new Set(['counter', 'forget']);

const aspectOf = ({ name }: Placed): string => (ACCESS.has(name) ? 'access' : name);

/** The policies that hold for one handler. */
function effective(onClass: Placed[], onMethod: Placed[]): Placed[] {
  const replaced = new Set(onMethod.map((one) => `${one.cell} ${aspectOf(one)}`));
  const kept = onClass.filter((one) => {
    return SEVERAL.has(one.name) || !replaced.has(`${one.cell} ${aspectOf(one)}`);
  });
  return [...kept, ...onMethod];
}

/** `params` null: a handler that a macro adds; its tags can name no parameter. */
function merge(
  handler: string,
  params: string[] | null,
  all: Placed[],
  { policies, access }: Merged,
  findings: Findings,
): void {
  refuseTwoOwners(all, findings);
  refuseContradiction(all, findings);
  const of = (name: string): Placed[] => all.filter((one) => one.name === name);
  const template = (tag: string, one: Placed): Template[] => {
    const parsed = templateFor(tag, params ?? []);
    if (Array.isArray(parsed)) return [parsed];
    const holes = { macro: one.macro, tag, parameter: parsed.missing, handler };
    findings.report('CELL4015', one.siteRef.source, one.useRef, holes);
    return [];
  };
  if (all.some((one) => ACCESS.has(one.name))) {
    access.set(handler, {
      public: of('public').length > 0,
      anyRole: sorted(of('roles').flatMap((one) => one.values)),
      scopes: sorted(of('scopes').flatMap((one) => one.values)),
    });
  }
  const made: Policies = {};
  for (const { numbers, values } of of('rate').slice(0, 1)) {
    const [perSecond, burst = Math.max(1, Math.ceil(perSecond))] = numbers;
    made.rate = { perSecond, burst, per: values[0] === 'method' ? 'method' : 'subject' };
  }
  for (const one of of('memo').slice(0, 1)) {
    const [ttlMs, swrMs = 0] = one.numbers;
    const [shared, ...tags] = one.values;
    const templates = tags.flatMap((tag) => template(tag, one));
    made.memo = { ttlMs, swrMs, shared: shared === 'shared', tags: templates };
  }
  const forget = of('forget').flatMap((one) => one.values.flatMap((tag) => template(tag, one)));
  if (forget.length > 0) made.forget = unique(forget);
  for (const { text, numbers } of of('span').slice(0, 1)) {
    made.span = { name: text, ratio: numbers[0] ?? 1 };
  }
  const counters = of('counter').map(({ text, values }) => ({
    name: text,
    labels: labelsOf(values),
  }));
  if (counters.length > 0) made.counters = unique(counters);
  if (Object.keys(made).length > 0) policies.set(handler, made);
}

const sorted = (names: string[]): string[] => [...new Set(names)].sort();

/** Equal ones once, in a canonical order. */
function unique<T>(list: T[]): T[] {
  const texts = [...new Set(list.map((one) => JSON.stringify(one)))].sort();
  return texts.map((text) => JSON.parse(text) as T);
}

function labelsOf(values: string[]): { key: string; value: string | null }[] {
  const labels = values.map((label) => {
    const colon = label.indexOf(':');
    return colon < 0
      ? { key: label, value: null }
      : { key: label.slice(0, colon), value: label.slice(colon + 1) };
  });
  return labels.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** How people call a kind of policy. */
const WORDS: Record<string, string> = {
  roles: 'demand roles',
  rate: 'set a limit',
  memo: 'keep replies',
  span: 'name the span',
};

function refuseTwoOwners(all: Placed[], findings: Findings): void {
  for (const kind of OWNED) {
    const [first, second] = all.filter((one) => one.name === kind);
    if (second === undefined) continue;
    const { source } = second.siteRef;
    const at = second.useRef;
    if (first.macro === second.macro) {
      const what = `two that ${WORDS[kind]}, \`@${first.macro}\` and \`@${second.macro}\`,`;
      findings.report('CELL4009', source, at, { what });
    } else {
      const holes = { first: `@${first.macro}`, second: `@${second.macro}`, what: WORDS[kind] };
      findings.report('CELL4012', source, at, holes);
    }
  }
}

function refuseContradiction(all: Placed[], findings: Findings): void {
  const open = all.find((one) => one.name === 'public');
  const closed = all.find((one) => one.name === 'roles' || one.name === 'scopes');
  if (open === undefined || closed === undefined) return;
  const what = `@${open.macro} and @${closed.macro}`;
  findings.report('CELL4009', closed.siteRef.source, closed.useRef, { what });
}

/**
 * A kept reply is given before any code of the cell runs. One that is kept for all callers may not
 * depend on who called first.
 */
function checkShared(
  method: MethodShape,
  placed: Placed[],
  { policies }: Merged,
  source: SourceShape,
  findings: Findings,
): void {
  if (policies.get(method.name)?.memo?.shared !== true) return;
  const keeper = placed.find((one) => one.kind === 'policy' && one.name === 'memo') as Placed;
  const code = new Set(['guard', 'wrap', 'parameter']);
  const asks = placed.find((one) => {
    if (!code.has(one.kind)) return false;
    const guards = one.kind === 'guard' && ['authorize', 'limit'].includes(one.stage);
    return guards || CALLER.test(one.text);
  });
  const body = source.text.slice(method.start, method.end);
  if (asks === undefined && !CALLER.test(body)) return;
  const why = asks === undefined ? 'its body reads Session' : `@${asks.macro} looks at the caller`;
  const holes = { macro: keeper.macro, handler: method.name, why };
  findings.report('CELL4019', keeper.siteRef.source, keeper.useRef, holes);
}

/** Warns of code before a call that looks at what changes: a kept reply is given without it. */
function checkStale(
  handler: string,
  mine: Placed[],
  all: Placed[],
  { policies }: Merged,
  findings: Findings,
): void {
  if (policies.get(handler)?.memo === undefined) return;
  const cells = all.filter((one) => one.kind === 'remote').map((one) => one.name);
  const names = [...CHANGING, ...cells].map((name) => name.replaceAll('$', '\\$'));
  const changing = new RegExp(`(?<![\\w$.])(?:${names.join('|')})(?![\\w$])`);
  for (const one of mine) {
    if (!['guard', 'wrap'].includes(one.kind) || !EARLY.has(one.stage)) continue;
    const what = changing.exec(one.text)?.[0];
    if (what === undefined) continue;
    const holes = { macro: one.macro, what, handler };
    findings.warn('CELL4029', one.siteRef.source, one.useRef, holes);
  }
}
