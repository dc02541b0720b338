// Owns the settings of cell.config.ts as literals, the form in which cells read them. The
// configuration was checked where it was loaded; nothing here reads files.

import type { Literal, Span } from '../1-read/shapes.ts';
import type { Settings } from './contract.ts';

/** A literal as JavaScript has it. */
type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value };

/** Settings come as values: keyPlace finds where they were written. */
const NOWHERE: Span = { start: 0, end: 0 };

function literal(value: Value): Literal {
  if (value === null) return { ...NOWHERE, kind: 'null' };
  if (typeof value === 'boolean') return { ...NOWHERE, kind: 'bool', value };
  if (typeof value === 'number') return { ...NOWHERE, kind: 'number', value };
  if (typeof value === 'string') return { ...NOWHERE, kind: 'string', value };
  if (isList(value)) return { ...NOWHERE, kind: 'array', items: value.map(literal) };
  const entries = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => ({ key, at: NOWHERE, value: literal(inner) }));
  return { ...NOWHERE, kind: 'object', entries };
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/**
 * What `cell.config.ts` says under `cells`, by cell. Keys come in their own order whatever order
 * they were written in, so that a request to a cell is the same on every machine.
 */
export function settingsOf(cells: Readonly<Record<string, Value>> = {}): Settings {
  return new Map(Object.entries(cells).map(([cell, value]) => [cell, literal(value)]));
}

/**
 * Where the last of `keys` is written in `text`, each behind the one before it; of the last that is
 * there when it lacks. null: nothing is there. The text is not parsed: a guess, for people to see.
 */
export function keyPlace(text: string, keys: readonly string[]): Span | null {
  let place: Span | null = null;
  for (const key of keys) {
    const word = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(`(?<![\\w$])(["']?)${word}\\1\\s*:`, 'g');
    pattern.lastIndex = place?.end ?? 0;
    const found = pattern.exec(text);
    if (found === null) break;
    const quotes = found[1].length * 2;
    place = { start: found.index, end: found.index + key.length + quotes };
  }
  return place;
}
