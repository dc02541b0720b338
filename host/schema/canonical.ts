// Owns the canonical text of a method: its wire shape and nothing else. Types by structure, never
// by class name; field and enum member names are in (JSON and diagnostics use them), parameter
// names, comments and the order of declarations are out. canonical-read.ts reads it back.
//
//   method   cell.name(type,...)->type          void when there is no result
//   type     u32 string ...  [T] list  {K:V} map  T? nullable  <red=0|blue=1> enum
//            (id:u32,next:^1?) record; ^n is the n-th record outwards, the innermost being ^1

import { enumNamed, isKey, recordNamed, type Types } from './layout.ts';
import type { Method, Type } from './types.ts';

export { fingerprint } from './fingerprint.ts';

/** Characters of a canonical text at most, so that it fits into a HELLO with room to spare. */
export const CANONICAL_CHARS = 12_000;

/** Types may nest this deep, lists and records together. Threat: recursion by a hostile text. */
export const TYPE_DEPTH = 64;

/** The canonical text of a schema's method. RangeError when it is too long or nests too deep. */
export function canonicalText(
  types: Types & { cell: string },
  method: Pick<Method, 'name' | 'params' | 'result'>,
): string {
  const budget = { left: CANONICAL_CHARS };
  const params = method.params.map((param) => typeText(types, param.type, [], 0, budget));
  const result = method.result === null ? 'void' : typeText(types, method.result, [], 0, budget);
  const text = `${types.cell}.${method.name}(${params.join(',')})->${result}`;
  if (text.length > CANONICAL_CHARS) tooLong();
  return text;
}

/** The canonical text of one type. RangeError when it has more than `parts` types in it. */
export function canonicalType(types: Types, type: Type, parts: number = CANONICAL_CHARS): string {
  return typeText(types, type, [], 0, { left: parts });
}

function tooLong(): never {
  throw new RangeError(`the canonical text is longer than ${CANONICAL_CHARS} characters`);
}

function typeText(
  types: Types,
  type: Type,
  around: string[],
  depth: number,
  budget: { left: number },
): string {
  if (depth > TYPE_DEPTH) throw new RangeError(`types nest deeper than ${TYPE_DEPTH}`);
  if (--budget.left < 0) tooLong();
  const inner = (of: Type, within = around): string => {
    return typeText(types, of, within, depth + 1, budget);
  };
  switch (type.kind) {
    case 'scalar':
      return type.scalar;
    case 'list':
      return `[${inner(type.of)}]`;
    case 'nullable':
      if (type.of.kind === 'nullable')
        throw new RangeError('a nullable type may not be nullable again');
      return `${inner(type.of)}?`;
    case 'map':
      if (!isKey(type.key))
        throw new RangeError(
          'a map has a key of this type: keys are strings, ' + 'integers, bools and enums',
        );
      return `{${inner(type.key)}:${inner(type.value)}}`;
    case 'enum': {
      const { members } = enumNamed(types, type.name);
      return `<${members.map((member) => `${member.name}=${member.value}`).join('|')}>`;
    }
    case 'record': {
      const at = around.lastIndexOf(type.name);
      if (at >= 0) return `^${around.length - at}`;
      const within = [...around, type.name];
      const { fields } = recordNamed(types, type.name);
      return `(${fields.map((field) => `${field.name}:${inner(field.type, within)}`).join(',')})`;
    }
    default:
      return type.kind;
  }
}
