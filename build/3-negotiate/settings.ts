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

/** Settings stand in no source text: findings about them name their keys instead. */
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
