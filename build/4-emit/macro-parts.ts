// Owns the way from negotiation to a macro cell: which contributions are about macros, and where
// each stands in the user's text.
import type { Negotiated } from '../3-negotiate/contract.ts';
import type { MacroPart } from './macro-cell.ts';

/** Contributions of kind `macro`, in the order of the plan. */
export function macroPartsOf(
  negotiated: Pick<Negotiated, 'contributions'> & Partial<Pick<Negotiated, 'answers'>>,
): MacroPart[] {
  const complaints = (negotiated.answers ?? []).flatMap(({ cell, plan }) =>
    plan.complaints.filter((c) => !c.warning).map((c) => `${cell} ${c.site} ${c.use}`),
  );
  const blamed = new Set(complaints);
  return negotiated.contributions
    .filter((c) => c.kind === 'macro')
    .map(({ name, type, text, cell, macro, site, use, siteRef, useRef }) => ({
      name,
      type,
      text,
      blamed: blamed.has(`${cell} ${site} ${use}`),
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
