// Owns the question which records can contain themselves: only their values can nest without end,
// so only schemas that have some count depth (VALUES rule 7).

import { recordNamed, type Types } from '../../host/schema/layout.ts';
import type { Type } from '../../host/schema/types.ts';

/** Names of the records that a type mentions directly. */
function mentioned(type: Type): string[] {
  switch (type.kind) {
    case 'record':
      return [type.name];
    case 'list':
    case 'nullable':
      return mentioned(type.of);
    case 'map':
      return [...mentioned(type.key), ...mentioned(type.value)];
    default:
      return [];
  }
}

/** Names of the records whose values may hold values of the same record. */
export function recursiveRecords(types: Types): Set<string> {
  const next = new Map(
    types.records.map((record) => {
      return [record.name, record.fields.flatMap((field) => mentioned(field.type))];
    }),
  );
  const reaches = (from: string): boolean => {
    const seen = new Set<string>();
    const todo = [...(next.get(from) ?? [])];
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      if (name === from) return true;
      if (seen.has(name)) continue;
      seen.add(recordNamed(types, name).name);
      todo.push(...(next.get(name) ?? []));
    }
    return false;
  };
  return new Set(types.records.map((record) => record.name).filter(reaches));
}
