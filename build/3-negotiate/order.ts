// Owns the order of contributions at one site: stages first, then the constraints that cells state
// ("Cache.memoize before Audit.log"), then names. The order of decorators in the source says
// nothing.
import type { Findings } from '../diagnostics/findings.ts';
import type { Placed } from './contract.ts';
import { STAGES } from './descriptions.ts';

/** `first` comes before `then` on the site: macros as people write them, and who says so. */
export interface Constraint {
  first: string;
  then: string;
  /** Cell that states it. */
  cell: string;
}

/** Position of a stage; contributions without one have no place in the order and come first. */
const stageAt = (stage: string): number => STAGES.indexOf(stage);

/**
 * Sorts the contributions of one site. Contradictory constraints are reported at the first macro
 * that they name.
 */
export function ordered(placed: Placed[], constraints: Constraint[], findings: Findings): Placed[] {
  const stages = new Map<number, Placed[]>();
  for (const one of placed) {
    const stage = stageAt(one.stage);
    const group = stages.get(stage);
    if (group === undefined) stages.set(stage, [one]);
    else group.push(one);
  }
  if (constraints.length > 0) checkStages(placed, constraints, findings);
  return [...stages]
    .sort(([a], [b]) => a - b)
    .flatMap(([, group]) =>
      group.length < 2 ? group : orderedStage(group, constraints, findings),
    );
}

/** A constraint that the stages already contradict. */
function checkStages(placed: Placed[], constraints: Constraint[], findings: Findings): void {
  for (const { first, then, cell } of constraints) {
    const before = placed.filter((one) => one.macro === first && one.stage !== '');
    const after = placed.filter((one) => one.macro === then && one.stage !== '');
    if (before.length === 0 || after.length === 0) continue;
    const earliest = Math.min(...before.map((one) => stageAt(one.stage)));
    const latest = Math.max(...after.map((one) => stageAt(one.stage)));
    if (earliest <= latest) continue;
    const what = `\`${cell}\` wants @${first} before @${then}, whose stage comes earlier`;
    findings.report('CELL4013', before[0].siteRef.source, before[0].useRef, { what });
  }
}

function orderedStage(group: Placed[], constraints: Constraint[], findings: Findings): Placed[] {
  const byMacro = new Map<string, Placed[]>();
  for (const one of group) byMacro.set(one.macro, [...(byMacro.get(one.macro) ?? []), one]);
  const waits = new Map([...byMacro.keys()].map((macro) => [macro, new Map<string, string>()]));
  for (const { first, then, cell } of constraints) {
    if (byMacro.has(first) && first !== then) waits.get(then)?.set(first, cell);
  }
  const left = [...byMacro.keys()].sort();
  const sorted: string[] = [];
  while (left.length > 0) {
    const free = left.findIndex((macro) => {
      return [...(waits.get(macro)?.keys() ?? [])].every((before) => sorted.includes(before));
    });
    if (free < 0) reportContradiction(left, waits, byMacro, findings);
    sorted.push(...left.splice(Math.max(0, free), 1));
  }
  return sorted.flatMap((macro) => byMacro.get(macro) as Placed[]);
}

/** Names the macros of a circle, each with the cell that wants it before the next. */
function reportContradiction(
  left: string[],
  waits: Map<string, Map<string, string>>,
  byMacro: Map<string, Placed[]>,
  findings: Findings,
): void {
  const circle: string[] = [];
  let at = left[0];
  while (!circle.includes(at)) {
    circle.push(at);
    at = [...(waits.get(at)?.keys() ?? [])].find((before) => left.includes(before)) as string;
  }
  const round = circle.slice(circle.indexOf(at));
  const steps = round.map((macro, i) => {
    const before = round[(i + 1) % round.length];
    return `\`${waits.get(macro)?.get(before)}\` wants @${before} before @${macro}`;
  });
  const { siteRef, useRef } = (byMacro.get(at) as Placed[])[0];
  findings.report('CELL4013', siteRef.source, useRef, { what: steps.join(', ') });
}
