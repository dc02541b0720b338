// Owns the shape of the error record for the tests of the build: {message, type, details}.
import type { Field } from '../../host/schema/types.ts';

export const ERROR_FIELDS: Field[] = [
  { name: 'message', type: { kind: 'string' } },
  { name: 'type', type: { kind: 'nullable', of: { kind: 'string' } } },
  { name: 'details', type: { kind: 'nullable', of: { kind: 'bytes' } } },
];
