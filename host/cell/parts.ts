// Owns the parts that JSON from outside is checked by: each takes a value and the path at which it
// stands, and returns it as what it is, or throws ModuleError with the path.
import { ModuleError } from './sections.ts';

export type Json = Record<string, unknown>;

/** Entries of a list that says nothing else. Threat: time and memory of whoever reads it. */
const LIST_MAX = 4096;
const NAME = /^[A-Za-z_$][A-Za-z0-9_$]{0,127}$/;

/** Throws ModuleError: `path: expected ...`. */
export function bad(path: string, expected: string): never {
  throw new ModuleError(`${path}: expected ${expected}`);
}

/** A plain object. */
export function object(value: unknown, path: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) bad(path, 'an object');
  return value as Json;
}

/** A list of at most `most` entries. */
export function list(value: unknown, path: string, most: number = LIST_MAX): unknown[] {
  if (!Array.isArray(value)) bad(path, 'a list');
  if (value.length > most) bad(path, `at most ${most} entries, got ${value.length}`);
  return value;
}

/** A string of at most `most` UTF-16 units. */
export function text(value: unknown, path: string, most: number): string {
  if (typeof value !== 'string') bad(path, 'a string');
  if (value.length > most) bad(path, `at most ${most} characters, got ${value.length}`);
  return value;
}

/** An identifier of at most 128 characters. */
export function name(value: unknown, path: string): string {
  if (typeof value !== 'string' || !NAME.test(value)) bad(path, 'a name');
  return value;
}

/** A whole number, bounds included. */
export function integer(value: unknown, path: string, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    bad(path, `a whole number from ${least} to ${most}`);
  }
  return value as number;
}

/** true or false. */
export function flag(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') bad(path, 'true or false');
  return value;
}

/** Words for people, or nothing. */
export function doc(value: unknown, path: string): void {
  if (value !== undefined) text(value, path, 65536);
}
