// Owns what generated clients' codecs stand on: one writer and one reader, used by straight-line
// code that `cell build` emits (build/4-emit/client.ts). Nothing here knows a schema, except
// `explain`, which tells after the fact why a value did not fit. Runs in browsers.
//
// One call is encoded or decoded at a time: writer and reader are shared by all clients of a
// program, which is safe because encoding and decoding never wait.

import { parseCanonical } from '../schema/canonical-read.ts';
import { writePayload } from '../schema/dynamic-write.ts';
import { Reader } from './codec-read.ts';
import { Writer } from './codec-write.ts';
import type { MethodRef } from './contract.ts';

export { Reader } from './codec-read.ts';
export { Writer } from './codec-write.ts';

export const writer: Writer = new Writer();
export const reader: Reader = new Reader();

/**
 * The error to throw when encoding the arguments of `method` failed with `error`: a TypeError that
 * names the path and what was expected (`users.get: limit: expected u32, got 1.5`). Errors that are
 * not about a value (the message limit, a getter that threw) come back as they are.
 */
export function explain(
  error: unknown,
  method: MethodRef,
  names: string[],
  args: unknown[],
): unknown {
  writer.drop();
  if (!(error instanceof TypeError)) return error;
  const { types, params } = parseCanonical(method.text);
  const fields = params.map((type, i) => ({ name: names[i] ?? `${i + 1}`, type }));
  try {
    writePayload(types, fields, Object.fromEntries(fields.map((f, i) => [f.name, args[i]])));
  } catch (told) {
    if (told instanceof TypeError) return new TypeError(`${method.name}: ${told.message}`);
  }
  return error;
}
