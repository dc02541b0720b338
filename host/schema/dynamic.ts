// Owns the interpreting codec: cell records from and to plain values, led by a schema at run time.
// HELLO, WELCOME and errors use it, so do `cell call` and the tests, where it is the second
// implementation that generated codecs are held against. It is never on the road of a typed call.
// Runs in browsers. Values: VALUES.md as TypeScript holds them (dynamic-write.ts lists the forms).

import { readPayload } from './dynamic-read.ts';
import { writePayload } from './dynamic-write.ts';
import { resultFields, type Types } from './layout.ts';
import type { Field, Method } from './types.ts';

export { NO_TYPES, type Types } from './layout.ts';

/** A value of any type, as TypeScript holds it. */
export type Value = unknown;

/**
 * Encodes `value`, an object with the given fields, as a payload. A missing field is null.
 * TypeError naming the path (`methods[2].name: expected string, got 5`) when it does not fit.
 */
export function encodeRecord(
  types: Types,
  fields: Field[],
  value: Record<string, Value>,
): Uint8Array {
  return writePayload(types, fields, value);
}

/**
 * Decodes a payload whose root record has the given fields. The result owns its memory.
 * RangeError saying what is wrong when the payload is malformed.
 */
export function decodeRecord<T = Record<string, Value>>(
  types: Types,
  fields: Field[],
  bytes: Uint8Array,
): T {
  return readPayload(types, fields, bytes) as T;
}

/** Encodes a method's arguments, in order. TypeError when there are too many. */
export function encodeArguments(types: Types, method: Method, args: Value[]): Uint8Array {
  if (args.length > method.params.length) {
    const takes = `${method.name} takes ${method.params.length} arguments`;
    throw new TypeError(`${takes}, got ${args.length}`);
  }
  const pairs = method.params.map((param, i) => [param.name, args[i]] as const);
  return encodeRecord(types, method.params, Object.fromEntries(pairs));
}

/** Decodes a method's arguments, in order. */
export function decodeArguments(types: Types, method: Method, bytes: Uint8Array): Value[] {
  const record = decodeRecord(types, method.params, bytes);
  return method.params.map((param) => record[param.name]);
}

/** Encodes a method's result; void is an empty payload. */
export function encodeResult(types: Types, method: Method, value: Value): Uint8Array {
  return encodeRecord(types, resultFields(method.result), { value });
}

/** Decodes a method's result; undefined for void. */
export function decodeResult(types: Types, method: Method, bytes: Uint8Array): Value {
  return decodeRecord(types, resultFields(method.result), bytes).value;
}
