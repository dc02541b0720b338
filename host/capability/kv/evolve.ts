// Owns what becomes of a stored field when the module's type is another one: the same, read and
// written anew (nullable fields were appended: VALUES rule 6), or refused with words. Stores and
// loads nothing.
import {
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
} from '../../../assembly/shared/status.ts';
import { type Parsed, parseCanonical } from '../../schema/canonical-read.ts';
import { differences } from '../../schema/compatible.ts';
import { decodeRecord, encodeRecord } from '../../schema/dynamic.ts';
import { entryFields, recordNamed, resultFields } from '../../schema/layout.ts';
import type { PersistedField, Type } from '../../schema/types.ts';
import { entriesOf, type KvFailure, type KvField } from './contract.ts';

/** The entries of a field as they are to be stored anew. */
export type Evolved = [key: Uint8Array, value: Uint8Array][];

/** What is stored with a field: `map {string:u64}`, `value [u32]`. */
export function typeText({ kind, canonical, key }: PersistedField): string {
  return kind === 'map' ? `map {${key}:${canonical}}` : `value ${canonical}`;
}

/** Judges what is stored for `field`: null = it can stay as it is. A KvFailure says which types
 *  differ, and what to do. */
export function evolve(
  field: PersistedField,
  cell: string,
  stored: KvField,
): Evolved | KvFailure | null {
  const text = typeText(field);
  if (stored.type === '' || stored.type === text) return null;
  const [was, is] = [stored.type, text].map((type) => type.split(' ', 1)[0]);
  const before = methodText(stored.type);
  const after = methodText(text);
  let found: string[];
  try {
    found = was === is ? differences(before, after) : [`it was a ${was} and is a ${is}`];
    if (found.length === 0 && shrinks(parseCanonical(before), parseCanonical(after))) {
      found.push('fields that are stored are gone');
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    found = ['what is stored has a type that this host cannot read'];
  }
  if (found.length > 0) return refused(`${cell}.${field.field}`, stored.type, text, found[0]);
  return anew(field, before, after, stored);
}

/** The type as the result of a method: what the tools for canonical texts take. */
const methodText = (type: string): string => `stored.field()->${type.slice(type.indexOf(' ') + 1)}`;

function refused(name: string, was: string, is: string, why: string): KvFailure {
  const shown = (type: string): string => type.slice(type.indexOf(' ') + 1, 400);
  const field = name.slice(name.indexOf('.') + 1);
  return {
    status: FAILED_PRECONDITION,
    text:
      `\`${field}\` is stored as ${shown(was)}, and this module keeps it as ${shown(is)} ` +
      `(${why}): keep the stored type, begin anew under another name with ` +
      `@Storage.persist({ name: "..." }), or remove what is stored: cell storage drop ${name}`,
  };
}

/** Whether a record of `was` has fields that `is` does not have. */
function shrinks(was: Parsed, is: Parsed): boolean {
  const seen = new Set<string>();
  const walk = (a: Type | null, b: Type | null): boolean => {
    if (a === null || b === null || a.kind !== b.kind) return a !== b;
    if (a.kind === 'list' || a.kind === 'nullable') return walk(a.of, (b as typeof a).of);
    if (a.kind === 'map') return walk(a.value, (b as typeof a).value);
    if (a.kind !== 'record') return false;
    const pair = `${a.name} ${(b as typeof a).name}`;
    if (seen.has(pair)) return false;
    seen.add(pair);
    const [from, to] = [
      recordNamed(was.types, a.name),
      recordNamed(is.types, (b as typeof a).name),
    ];
    if (from.fields.length > to.fields.length) return true;
    return from.fields.some(({ type }, i) => walk(type, to.fields[i].type));
  };
  return walk(was.result, is.result);
}

/** Every value read as it was written, and written as it is read from now on. */
function anew(
  field: PersistedField,
  before: string,
  after: string,
  stored: KvField,
): Evolved | KvFailure {
  const [was, is] = [before, after].map((text) => {
    const { types, result } = parseCanonical(text);
    return { types, fields: resultFields(field.kind === 'map' ? valueOf(result) : result) };
  });
  try {
    return entriesOf(stored.snapshot).map(([key, value]): [Uint8Array, Uint8Array] => {
      const read = decodeRecord(was.types, was.fields, value);
      return [key, encodeRecord(is.types, is.fields, read)];
    });
  } catch (error) {
    const text = `\`${field.field}\` cannot be read as it was stored: ${(error as Error).message}`;
    return { status: error instanceof RangeError ? INVALID_ARGUMENT : INTERNAL, text };
  }
}

/** Of a map what its entries hold. */
function valueOf(type: Type | null): Type | null {
  return type?.kind === 'map' ? entryFields(type.key, type.value)[1].type : type;
}
