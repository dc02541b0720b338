// Owns what a new lock changes against the old one, in words: what clients built before will be
// refused, and what the cell may do now that it could not. Judges nothing; an old lock that cannot
// be read says nothing.
import { differences } from '../../host/schema/compatible.ts';
import { accessText } from './access-text.ts';

/** The parts of a lock that are compared. */
interface Lock {
  methods: Record<string, { canonical: string; access: Parameters<typeof accessText>[0] }>;
  capabilities: { name: string; broughtBy: string }[];
}

/** Sentences without a full stop, in order: methods by name, then capabilities. */
export function changes(before: string, after: string): string[] {
  const old = parse(before);
  const now = parse(after);
  if (old === null || now === null) return [];
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
    }
  }
  const had = new Set(old.capabilities.map((c) => c.name));
  for (const { name, broughtBy } of now.capabilities) {
    if (!had.has(name)) said.push(`needs the capability ${name} now (${broughtBy})`);
  }
  return said;
}

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
  try {
    const lock = JSON.parse(text) as Partial<Lock>;
    const whole =
      Array.isArray(lock.capabilities) &&
      typeof lock.methods === 'object' &&
      lock.methods !== null &&
      Object.values(lock.methods).every((m) => Array.isArray(m?.access?.anyRole));
    return whole ? (lock as Lock) : null;
  } catch {
    return null;
  }
}
