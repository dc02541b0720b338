// Owns what a new lock changes against the old one, in words: what clients built before will be
// refused, and which macros said something else. Capabilities: standing.ts. Judges nothing.
import { differences } from '../../host/schema/compatible.ts';
import type { Policies } from '../../host/schema/types.ts';
import { sortedJson } from '../5-compile/sorted-json.ts';
import { policyTexts } from '../policy-text.ts';
import { accessText } from './access-text.ts';
import { readLock } from './lock.ts';

/** The parts of a lock that are compared. */
interface Lock {
  methods: Record<
    string,
    { canonical: string; access: Parameters<typeof accessText>[0]; policies?: Policies }
  >;
  macros: Record<string, { description: string; plans: Record<string, string> }>;
  features: Record<string, string>;
  remotes: Record<string, Record<string, string>>;
}

/** What is said of a lock that does not fit its hash. */
export const DAMAGED =
  'the lock does not fit its hash (damaged, or of an older version); it is written anew';

/**
 * Sentences without a full stop, in order: methods by name, features, cells that answered for
 * macros, cells that are called.
 */
export function changes(before: string, after: string): string[] {
  const old = parse(before);
  const now = parse(after);
  if (old === null || now === null) return [DAMAGED];
  const said: string[] = [];
  const names = new Set([...Object.keys(old.methods), ...Object.keys(now.methods)]);
  for (const name of [...names].sort()) {
    const [was, is] = [old.methods[name], now.methods[name]];
    if (was === undefined) said.push(`${name} is new`);
    else if (is === undefined) said.push(`${name} is gone; clients that call it get UNIMPLEMENTED`);
    else {
      for (const what of apart(was.canonical, is.canonical)) said.push(`${name}: ${what}`);
      const [from, to] = [accessText(was.access), accessText(is.access)];
      if (from !== to) said.push(`${name}: access is ${to} now, was ${from}`);
      for (const what of policiesApart(was.policies, is.policies)) said.push(`${name}: ${what}`);
    }
  }
  return [...said, ...circumstances(old, now)];
}

function policiesApart(was: Policies = {}, is: Policies = {}): string[] {
  if (same(was, is)) return [];
  const [before, now] = [policyTexts(was), policyTexts(is)];
  const said = union(before, now).flatMap((kind) => {
    const [from, to] = [before[kind], now[kind]];
    if (from === to) return [];
    if (from === undefined) return [`${to}; that is new`];
    return [to === undefined ? `no more: ${from}` : `${to} (was: ${from})`];
  });
  return said.length === 0 ? ['its policies are others now'] : said;
}

function circumstances(old: Lock, now: Lock): string[] {
  const said: string[] = [];
  for (const name of union(old.features, now.features)) {
    const [was, is] = [old.features[name] ?? 'on', now.features[name] ?? 'on'];
    if (was !== is) said.push(`built with ${name}=${is}, was ${name}=${was}`);
  }
  for (const name of union(old.macros, now.macros)) {
    if (old.macros[name] === undefined) said.push(`uses macros of ${name} now`);
    else if (now.macros[name] === undefined) said.push(`uses no macros of ${name} any more`);
    else if (!same(heard(old.macros[name]), heard(now.macros[name])))
      said.push(`${name} answered otherwise`);
  }
  for (const name of union(old.remotes, now.remotes)) {
    const [was, is] = [old.remotes[name], now.remotes[name]];
    if (was === undefined) said.push(`calls ${name} now`);
    else if (is === undefined) said.push(`calls ${name} no more`);
    else if (!same(was, is)) said.push(`${name}, which it calls, has other methods now`);
  }
  return said;
}

/** What a cell said, whatever it was asked. */
const heard = ({ description, plans }: Lock['macros'][string]): string[] => [
  description,
  ...new Set(Object.values(plans ?? {}).sort()),
];

const union = (a: object, b: object): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();

const same = (a: unknown, b: unknown): boolean => sortedJson(a ?? 0) === sortedJson(b ?? 0);

function apart(was: string, is: string): string[] {
  if (was === is) return [];
  try {
    const found = differences(was, is);
    return found.length === 0
      ? ['changed; clients built before can still call it']
      : found.map((what) => `${what}; clients built before are refused`);
  } catch (error) {
    if (error instanceof RangeError) return ['changed; clients built before are refused'];
    throw error;
  }
}

function parse(text: string): Lock | null {
  const lock = readLock(text) as Partial<Lock> | null;
  // Version 1 had neither a hash nor macros.
  return lock?.methods === undefined || lock.macros === undefined ? null : (lock as Lock);
}
