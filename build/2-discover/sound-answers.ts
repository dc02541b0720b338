// Owns the check of answers that come out of a committed file: a description and plans of exactly
// the shapes that the protocol has. What a cell answers over a connection was decoded by them.
import type { Type } from '../../host/schema/types.ts';
import type { Answers } from './answers.ts';
import { PROTOCOL } from './protocol-schema.ts';

const RECORDS = new Map(PROTOCOL.records.map((record) => [record.name, record.fields]));
/** Nesting: literals and shapes hold themselves. Threat: a stack that overflows. */
const DEPTH = 256;

/**
 * What the protocol has been given since the first answers were committed: where it is missing, it
 * was never said. Requests of today hash otherwise, so old plans answer nobody; descriptions do.
 */
const SINCE: Record<string, Record<string, unknown>> = {
  Description: { bindings: [] },
  MacroInfo: { rest: false, result: '' },
  Plan: { lock: '', documents: [] },
  Complaint: { offset: -1, length: 0 },
  Effect: { site: 0, use: 0 },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether `answers` holds what the protocol could have carried; completes what is older. */
export function areSoundAnswers({ description, plans, callers }: Answers): boolean {
  const described = description === null || fits(recordOf('Description'), description, 0);
  if (!described || !isObject(plans) || !Array.isArray(callers)) return false;
  return Object.values(plans).every(
    (asked) => isObject(asked) && Object.values(asked).every((p) => fits(recordOf('Plan'), p, 0)),
  );
}

const recordOf = (name: string): Type => ({ kind: 'record', name });

function fits(type: Type, value: unknown, depth: number): boolean {
  if (depth > DEPTH) return false;
  switch (type.kind) {
    case 'string':
      return typeof value === 'string';
    case 'list':
      return Array.isArray(value) && value.every((one) => fits(type.of, one, depth + 1));
    case 'nullable':
      return value === null || fits(type.of, value, depth + 1);
    case 'record': {
      if (!isObject(value)) return false;
      for (const [name, otherwise] of Object.entries(SINCE[type.name] ?? {})) {
        if (value[name] === undefined) value[name] = structuredClone(otherwise);
      }
      const fields = RECORDS.get(type.name) ?? [];
      return fields.every((f) => fits(f.type, value[f.name], depth + 1));
    }
    case 'scalar':
      return typeof value === (type.scalar === 'bool' ? 'boolean' : 'number');
    case 'enum':
      return typeof value === 'number';
    default:
      return false;
  }
}
