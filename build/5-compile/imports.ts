// Owns what a cell may import (ARCHITECTURE "Cell ABI"), which capability each import needs, and
// what to write instead of an import of the library that no host gives.
import type { Manifest } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import type { GeneratedLine } from '../4-emit/generated-text.ts';
import type { Findings } from '../diagnostics/findings.ts';

/** Import -> capability; '' needs none. */
const IMPORTS: Record<string, string> = {
  'cell:core.fail': '',
  'cell:core.attempt': '',
  'cell:core.failure': '',
  'cell:core.waits': '',
  'cell:trace.context': '',
  'cell:reply.take': '',
  'cell:retry.pause': 'clock',
  'cell:caller.read': '',
  'cell:log.write': 'log',
  'cell:clock.now': 'clock',
  'cell:random.next': 'random',
  'cell:flags.bool': 'flags',
  'cell:flags.variant': 'flags',
  'cell:blob.size': 'blob',
  'cell:blob.read': 'blob',
  'cell:sql.run': 'sql',
  'cell:sql.raw': 'sql:raw',
  'cell:sql.take': 'sql',
  'cell:sql.error': 'sql',
  'cell:sql.begin': 'sql',
  'cell:sql.end': 'sql',
  'cell:kv.load': 'kv',
  'cell:kv.take': 'kv',
  'cell:kv.error': 'kv',
  'cell:kv.put': 'kv',
  'cell:kv.remove': 'kv',
  'cell:database.ask': 'database',
  'cell:database.take': 'database',
  'cell:database.error': 'database',
};

/** How imports of other cells begin: `cell:call.ledger` needs the capability `call:ledger`. */
const CALL = 'cell:call.';

/** Imports that may wait: a method that can reach one is on the waiting tier. */
export const WAITING = new Set([
  'cell:blob.size',
  'cell:blob.read',
  'cell:sql.run',
  'cell:sql.raw',
  'cell:sql.begin',
  'cell:sql.end',
  'cell:kv.load',
  // They are queued; the answer of their call waits for the commit.
  'cell:kv.put',
  'cell:kv.remove',
  'cell:database.ask',
]);

/** Imports that asc's library makes, by what the user wrote, and what a cell writes. */
const INSTEAD: [RegExp, RegExp, string][] = [
  [/^env\.console\./, /\bconsole\s*\.\s*\w+/, 'log.info("...")'],
  [/^env\.trace$/, /\btrace\s*\(/, 'log.debug("...")'],
  [/^env\.Date\./, /\bDate\b/, 'now()'],
  [/^env\.performance\./, /\bperformance\s*\.\s*now/, 'now()'],
  [/^env\.process\./, /\bprocess\s*\.\s*\w+/, 'a method, or fail(status, message)'],
];

/** Reports imports that no host gives; true when there is none. */
export function checkImports(
  imports: string[],
  project: Project,
  generated: Iterable<GeneratedLine>,
  findings: Findings,
): boolean {
  const before = findings.count;
  const called = (project.remotes ?? []).map(({ cell }) => `${CALL}${cell}`);
  for (const name of imports) {
    if (Object.hasOwn(IMPORTS, name) || called.includes(name)) continue;
    const rule = INSTEAD.find(([pattern]) => pattern.test(name));
    const instead = rule === undefined ? 'what the SDK offers' : rule[2];
    const { source, at } = placeOf(name, rule?.[1], project, generated);
    findings.report('CELL5004', source, at, { name, instead });
  }
  return findings.count === before;
}

/**
 * Where an import comes from: the first use in a source, the declaration that names it, or the
 * decorator whose macro wrote the use.
 */
function placeOf(
  name: string,
  written: RegExp | undefined,
  project: Project,
  generated: Iterable<GeneratedLine>,
) {
  const [module, ...rest] = name.split('.');
  const declared = new RegExp(`"${escaped(module)}"\\s*,\\s*"${escaped(rest.join('.'))}"`);
  const namesIt = new RegExp(`\\bdeclare\\s+function\\s+${escaped(rest.join('.'))}\\b`);
  for (const pattern of [declared, namesIt, written]) {
    for (const source of project.sources.values()) {
      const found = pattern?.exec(source.text);
      if (!found) continue;
      return { source, at: { start: found.index, end: found.index + found[0].length } };
    }
  }
  for (const { text, origin } of generated) {
    if (origin !== null && written?.test(text)) return { source: origin.source, at: origin.at };
  }
  const entry = project.sources.get(project.entry);
  if (entry === undefined) throw new Error('the entry was not read');
  return { source: entry, at: null };
}

/** A few of the names, and how many more: the manifest's reader takes 256 characters. */
function listed(names: string[]): string {
  if (names.length === 0) return 'module initialisation';
  let text = names[0];
  for (const [i, name] of names.entries()) {
    if (i === 0) continue;
    if (text.length + name.length > 200) return `${text} and ${names.length - i} more`;
    text += `, ${name}`;
  }
  return text;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Capabilities by name, with their imports and on whose account: macros first, then methods.
 * `brought`: import -> who reaches it.
 */
export function capabilitiesOf(
  imports: string[],
  brought: ReadonlyMap<string, ReadonlySet<string>>,
): Manifest['capabilities'] {
  const byName = new Map<string, string[]>();
  for (const name of imports) {
    const capability = name.startsWith(CALL) ? `call:${name.slice(CALL.length)}` : IMPORTS[name];
    if (capability !== '') byName.set(capability, [...(byName.get(capability) ?? []), name].sort());
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, needed]) => {
      const who = [...new Set(needed.flatMap((n) => [...(brought.get(n) ?? [])]))];
      const macros = who.filter((one) => one.startsWith('@')).sort();
      const methods = who.filter((one) => !one.startsWith('@'));
      return { name, imports: needed, broughtBy: listed([...macros, ...methods]) };
    });
}
