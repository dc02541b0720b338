// Owns the check of tags against the types of a handler's parameters. Negotiation knows the names
// of holes; what their types are is known only here, once values are resolved.
import { tagParameter } from '../../host/schema/tags.ts';
import type { Method, Template } from '../../host/schema/types.ts';
import type { Negotiated, Placed } from '../3-negotiate/contract.ts';
import type { Findings } from '../diagnostics/findings.ts';

/** Reports tags with a hole whose parameter has no one text (floats, bytes, lists, classes). */
export function checkTags(methods: Method[], negotiated: Negotiated, findings: Findings): void {
  const reported = new Set<object>();
  for (const { name, params, policies } of methods) {
    const kinds: [string, Template[]][] = [
      ['memo', policies?.memo?.tags ?? []],
      ['forget', policies?.forget ?? []],
    ];
    for (const [kind, tags] of kinds) {
      const odd = tags.flat().find((hole) => typeof hole === 'number' && !fits(params[hole]));
      if (typeof odd !== 'number') continue;
      const from = sayer(negotiated, kind, name);
      if (from === undefined || reported.has(from.useRef)) continue;
      reported.add(from.useRef);
      const parameter = params[odd]?.name ?? '';
      const holes = { macro: from.macro, handler: name, parameter };
      findings.report('CELL4090', from.siteRef.source, from.useRef, holes);
    }
  }
}

const fits = (param: Method['params'][number] | undefined): boolean =>
  param === undefined || tagParameter(param.type);

/** Whose policy it is: the method's own, else the class's. */
function sayer(negotiated: Negotiated, kind: string, method: string): Placed | undefined {
  const said = negotiated.contributions.filter((c) => c.kind === 'policy' && c.name === kind);
  const own = said.find((c) => c.siteRef.kind === 'method' && c.siteRef.name === method);
  return own ?? said.find((c) => c.siteRef.kind === 'class');
}
