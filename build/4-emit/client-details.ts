// Owns the part of the generated client that makes an error's details a value again. A cell says
// which class its details are (`fail(status, message, details(value))`); the schema says how to
// read it.

import { recordNamed } from '../../host/schema/layout.ts';
import type { Method, Schema } from '../../host/schema/types.ts';
import { type CodecNames, emitDecoder } from './client-codec.ts';
import { quoted } from './client-types.ts';

/** Details travel as the result of a method that nobody calls. */
function carrier(name: string): Method {
  return {
    name: `details$${name}`,
    index: -1,
    params: [],
    result: { kind: 'record', name },
    tier: 'pure',
    access: { public: false, anyRole: [], scopes: [] },
    canonical: '',
    fingerprint: '',
  };
}

/**
 * The type `Details`, the function `detailsOf` and its decoders; nothing when errors carry none.
 */
export function emitDetails(names: CodecNames, schema: Schema): string[] {
  const details = schema.details ?? [];
  if (details.length === 0) return [];
  const kinds = details.map((name) => recordNamed(schema, name).name);
  return [
    '/** What errors of this service may carry, by class. */',
    'export type Details =',
    ...kinds.map((name) => `  | { type: ${quoted(name)}; value: ${name} }`),
    '  ;',
    '',
    '/** The details of a CellError of this service; null for none, or unknown ones. */',
    'export function detailsOf(error: unknown): Details | null {',
    "  if (typeof error !== 'object' || error === null) return null;",
    '  const { type, details } = error as { type?: unknown; details?: unknown };',
    '  if (!(details instanceof Uint8Array)) return null;',
    '  const view = new DataView(details.buffer, details.byteOffset, details.length);',
    '  switch (type) {',
    ...kinds.flatMap((name) => [
      `    case ${quoted(name)}:`,
      `      return { type, value: decode_details$${name}(details, view, 0, details.length) };`,
    ]),
    '    default:',
    '      return null;',
    '  }',
    '}',
    '',
    ...kinds.flatMap((name) => emitDecoder(names, carrier(name))),
  ];
}
