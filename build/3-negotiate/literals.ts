// Owns how a literal of a source becomes one of the protocol, and where its parts stand: the path
// `0.tags.1` of a complaint -> the span that the user wrote, down to a part of a text.
import type { DecoratorUse, Literal as ReadLiteral, Span } from '../1-read/shapes.ts';
import { placeInText } from '../1-read/text-place.ts';
import { type Complaint, type Literal, LiteralKind } from '../2-discover/protocol.ts';

/**
 * Nesting of arguments. Threat: values nest at most 32 deep on the wire, and requests have more.
 */
export const LITERAL_DEPTH = 16;

const EMPTY: Literal = { kind: LiteralKind.Null, text: '', number: 0, keys: [], items: [] };

/** A literal as it is sent. What nests deeper than LITERAL_DEPTH is sent as code (and refused). */
export function plainLiteral(literal: ReadLiteral, depth = 0): Literal {
  const inner = (one: ReadLiteral): Literal => plainLiteral(one, depth + 1);
  if (depth > LITERAL_DEPTH) return { ...EMPTY, kind: LiteralKind.Code };
  switch (literal.kind) {
    case 'null':
      return EMPTY;
    case 'bool':
      return { ...EMPTY, kind: LiteralKind.Bool, number: literal.value ? 1 : 0 };
    case 'number':
      return { ...EMPTY, kind: LiteralKind.Number, number: literal.value };
    case 'string':
      return { ...EMPTY, kind: LiteralKind.String, text: literal.value };
    case 'env':
      return { ...EMPTY, kind: LiteralKind.Env, text: literal.name };
    case 'array':
      return { ...EMPTY, kind: LiteralKind.Array, items: literal.items.map(inner) };
    case 'object':
      return {
        ...EMPTY,
        kind: LiteralKind.Object,
        keys: literal.entries.map((e) => e.key),
        items: literal.entries.map((e) => inner(e.value)),
      };
    case 'code':
      return { ...EMPTY, kind: LiteralKind.Code, text: literal.text };
  }
}

/** Where a complaint points: a part of the text at its path, or what stands there as a whole. */
export function complaintAt(
  text: string,
  use: DecoratorUse,
  { path, offset, length }: Pick<Complaint, 'path' | 'offset' | 'length'>,
): Span {
  const at = literalAt(use, path);
  if (offset < 0 || !('kind' in at) || at.kind !== 'string') return at;
  return placeInText(text, at, offset, length);
}

/**
 * Where `path` ("" the decorator, "0.role" key `role` of argument 0, "0.tags.1") was written; the
 * nearest part that is there when the path leads nowhere.
 */
export function spanAt(use: DecoratorUse, path: string): Span {
  return literalAt(use, path);
}

function literalAt(use: DecoratorUse, path: string): DecoratorUse | ReadLiteral {
  let at: DecoratorUse | ReadLiteral = use;
  if (path === '') return at;
  const [first, ...rest] = path.split('.');
  let literal = use.args?.[Number(first)];
  for (const step of rest) {
    if (literal === undefined) return at;
    at = literal;
    if (literal.kind === 'array') literal = literal.items[Number(step)];
    else if (literal.kind === 'object')
      literal = literal.entries.find((e) => e.key === step)?.value;
    else return at;
  }
  return literal ?? at;
}
