// Owns the way from negotiation to a macro cell: which contributions are about macros, and where
// each stands in the user's text.
import type { Negotiated } from '../3-negotiate/contract.ts';
import type { MacroPart } from './macro-cell.ts';

/** Contributions of kind `macro`, in the order of the plan. */
export function macroPartsOf(negotiated: Pick<Negotiated, 'contributions'>): MacroPart[] {
  return negotiated.contributions
    .filter((c) => c.kind === 'macro')
    .map(({ name, type, text, macro, siteRef, useRef }) => ({
      name,
      type,
      text,
      from: `@${macro}`,
      source: siteRef.source,
      at: useRef,
    }));
}

/** Methods that the build calls for macros: clients never do, private or not. */
export function macroMethods(negotiated: Pick<Negotiated, 'contributions'>): Set<string> {
  return new Set(
    macroPartsOf(negotiated)
      .filter(({ source, name }) => !source.classes.some((c) => c.name === name))
      .map(({ name }) => name),
  );
}
