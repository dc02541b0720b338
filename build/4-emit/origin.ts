// Owns where generated code comes from: the decorator that a user wrote and the macro that answered
// for it. Errors, source maps, capabilities and `cell expand` all name it.
import type { SourceShape, Span, TypeShape } from '../1-read/shapes.ts';
import type { Placed } from '../3-negotiate/contract.ts';

export interface Origin {
  /** As people write it: `@Cache.memoize`. */
  macro: string;
  /** The cell that answered: `cache`. */
  cell: string;
  /** The decorator. */
  source: SourceShape;
  at: Span;
}

/** Where a contribution comes from. */
export function originOf({ macro, cell, siteRef, useRef }: Placed): Origin {
  return { macro: `@${macro}`, cell, source: siteRef.source, at: useRef };
}

/** A type of a macro's text, told at `at`. */
export function moved(type: TypeShape, { start, end }: Span): TypeShape {
  if (type.kind !== 'name') return { ...type, start, end };
  return { ...type, args: type.args.map((one) => moved(one, { start, end })), start, end };
}

/** Stages that act at the cell's boundary, in their order, the outermost first. */
const BOUNDARY = ['trace', 'authorize', 'limit', 'validate', 'cache'];
const STAGES = [...BOUNDARY, 'retry', 'transact', 'body'];

/** A contribution's own stage, else its macro's; what has none stands innermost. */
export function stageOf(one: Placed, stageOfMacro: (one: Placed) => string): string {
  const stage = one.stage === '' ? stageOfMacro(one) : one.stage;
  return STAGES.includes(stage) ? stage : 'body';
}

export const stageRank = (stage: string): number => STAGES.indexOf(stage);
export const isBoundary = (stage: string): boolean => BOUNDARY.includes(stage);
