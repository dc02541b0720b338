// Owns what a decorator that nobody answers for may have meant: the known macro that is nearest,
// whoever has it. Asks every cell here to describe itself, so it is loaded and run only when
// something is wrong.
import { nearest } from '../../host/schema/nearest.ts';
import { within } from '../2-discover/provider-error.ts';
import { ANSWER_MS, START_MS } from './bounds.ts';
import type { Discovery } from './contract.ts';
import { checkDescription } from './descriptions.ts';
import { ASC_DECORATORS } from './names.ts';

/** Names of macros by namespace; "" = bare decorators. [] where the cell does not say. */
export type Vocabulary = ReadonlyMap<string, string[]>;

/** Letters that a name and the beginning of another have in common at least. */
const BEGINNING = 3;
/** Namespaces, or macros of one, that a hint lists. */
const LISTED = 12;

/** What every namespace here has; `known` need not be asked again. Never rejects. */
export async function vocabularyOf(
  discovery: Discovery,
  known: Vocabulary,
): Promise<Map<string, string[]>> {
  const namespaces = await discovery.namespaces();
  const asked = namespaces.map(async (ns): Promise<[string, string[]]> => {
    return [ns, known.get(ns) ?? (await namesOf(discovery, ns))];
  });
  return new Map([...known, ...(await Promise.all(asked))]);
}

async function namesOf(discovery: Discovery, ns: string): Promise<string[]> {
  try {
    const provider = await discovery.find(ns);
    if ('missing' in provider) return [];
    if (provider.ready !== undefined) await within(START_MS, provider.ready());
    const description = await within(provider.patienceMs ?? ANSWER_MS, provider.describe());
    checkDescription(description, ns);
    return description.macros.map(({ name }) => name);
  } catch {
    return [];
  }
}

/**
 * What to write instead of `@written` ("Auht.require", "auth.require", "Auth", "cached"), as a
 * hint; null: nothing known is near.
 */
export function meantBy(written: string, words: Vocabulary): string | null {
  const bare = [...(words.get('') ?? []), ...ASC_DECORATORS];
  const spaces = [...words.keys()].filter((ns) => ns !== '');
  const dot = written.indexOf('.');
  if (dot >= 0) {
    const near = nearest(written, bare);
    if (near !== null) return `did you mean @${near}?`;
    const space = similar(written.slice(0, dot), spaces);
    return space === null ? null : memberOf(space, written.slice(dot + 1), words);
  }
  const same = spaces.find((ns) => ns.toLowerCase() === written.toLowerCase());
  if (same !== undefined) return memberOf(same, '', words);
  const near = nearest(written, [...bare, ...macrosOf(words).keys()]) ?? begun(written, bare);
  if (near !== null) return `did you mean @${macrosOf(words).get(near) ?? near}?`;
  const space = similar(written, spaces);
  return space === null ? null : memberOf(space, written, words);
}

/** The macro of `space` that was meant, or all that it has. */
export function memberOf(space: string, name: string, words: Vocabulary): string {
  const names = words.get(space) ?? [];
  const [only, ...more] = names;
  const near = similar(name, names) ?? (more.length === 0 ? only : undefined);
  if (near !== undefined) return `did you mean @${space}.${near}?`;
  if (names.length === 0) return `did you mean @${space}?`;
  return `one of ${listed(names.map((one) => `@${space}.${one}`))}`;
}

/** What there is, for a decorator that is near to nothing. */
export function knownText(words: Vocabulary): string {
  const names = [...words.keys()].filter((ns) => ns !== '').map((ns) => `@${ns}.*`);
  const bare = (words.get('') ?? []).filter((name) => !name.includes('.'));
  return listed([...bare.map((name) => `@${name}`), ...names]);
}

/** Macros of all namespaces by their names alone; of two of a name, the first. */
function macrosOf(words: Vocabulary): Map<string, string> {
  const found = new Map<string, string>();
  for (const [ns, names] of words) {
    if (ns === '') continue;
    for (const name of names) if (!found.has(name)) found.set(name, `${ns}.${name}`);
  }
  return found;
}

const listed = (names: string[]): string =>
  names.length > LISTED ? `${names.slice(0, LISTED).join(', ')}, ...` : names.join(', ');

/** The nearest name, or one that begins alike: `Authenticate` and `Auth`. */
const similar = (word: string, names: string[]): string | null =>
  nearest(word, names) ?? begun(word, names);

function begun(word: string, names: string[]): string | null {
  const alike = (a: string, b: string): boolean =>
    b.length >= BEGINNING && a.toLowerCase().startsWith(b.toLowerCase());
  return names.find((name) => alike(word, name) || alike(name, word)) ?? null;
}
