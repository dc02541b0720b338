// Owns the question who brings a name into a class. Two that bring one name, or one that the class
// has already, would make a program that means something else: an error that names both.
import type { ClassShape } from '../1-read/shapes.ts';
import type { Findings } from '../diagnostics/findings.ts';
import type { Placed } from './contract.ts';

/** Kinds that declare a member of the class. */
const MEMBERS = new Set(['field', 'method', 'handler']);

/**
 * Contributions without repetitions (one cell may bring the same field from several sites), every
 * name with one owner; others are reported and left out.
 */
export function withOneOwner(placed: Placed[], findings: Findings): Placed[] {
  const owners = new Map<string, Placed>();
  return placed.filter((one) => {
    const key = keyOf(one);
    if (key === null) return true;
    const shape = classOf(one);
    const member = MEMBERS.has(one.kind) && shape !== undefined ? memberOf(shape, one.name) : null;
    if (member !== null) {
      report(one, `class ${shape?.name}`, findings);
      return false;
    }
    const owner = owners.get(key);
    if (owner === undefined) {
      owners.set(key, one);
      return true;
    }
    const same = owner.cell === one.cell && owner.kind === one.kind && sameCode(owner, one);
    if (!same) report(one, `@${owner.macro}`, findings);
    return false;
  });
}

/** What a contribution owns; null: nothing that could be owned. */
function keyOf({ kind, name, siteRef }: Placed): string | null {
  const { source, owner } = siteRef;
  if (MEMBERS.has(kind)) return `${source.path}\0${owner}\0${name}`;
  if (kind !== 'parameter') return null;
  return `${source.path}\0${owner}\0${siteRef.kind === 'class' ? '' : siteRef.name}\0(${name}`;
}

const sameCode = (a: Placed, b: Placed): boolean => a.text === b.text && a.type === b.type;

function classOf({ siteRef }: Placed): ClassShape | undefined {
  return siteRef.source.classes.find((c) => c.name === siteRef.owner);
}

function memberOf(shape: ClassShape, name: string): string | null {
  return [...shape.fields, ...shape.methods].some((m) => m.name === name) ? name : null;
}

function report(one: Placed, first: string, findings: Findings): void {
  const holes = { first, second: `@${one.macro}`, what: `bring \`${one.name}\`` };
  findings.report('CELL4012', one.siteRef.source, one.useRef, holes);
}
