// Owns the check of a schema that comes out of a committed file: its names become source text
// (4-emit/remote-module.ts), so nothing but names may stand where names belong. A module's schema
// was checked when it was read (host/cell/structure.ts).
import type { Schema } from '../../host/schema/types.ts';

/** Words of a schema: names, kinds of types, numbers of enums. Threat: code instead of a name. */
const WORD = /^[A-Za-z_$][\w$]{0,127}$/;
const CELL = /^[a-z][a-z0-9-]{0,63}$/;
/** Texts that no generated code holds. */
const FREE = new Set(['doc', 'canonical', 'fingerprint', 'access', 'policies', 'calls', 'cell']);
/** Nesting of types. */
const DEPTH = 64;

/** Whether this can be the schema of `cell`: every word in it is a word. */
export function isSoundSchema(schema: Schema, cell: string): boolean {
  const { version, methods, records, enums, details = [] } = schema;
  const lists = [methods, records, enums, details].every((list) => Array.isArray(list));
  return version === 1 && lists && schema.cell === cell && CELL.test(cell) && words(schema, 0);
}

function words(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return WORD.test(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth > DEPTH) return false;
  return Object.entries(value).every(([key, one]) => FREE.has(key) || words(one, depth + 1));
}
