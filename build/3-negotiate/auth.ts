// Owns the answers to `@Auth.require` and `@Auth.public` until the cell `auth` gives them. Reads
// decorators, returns who may call; touches no code. Invariant: a method that nothing mentions
// needs an authenticated session.

import { nearest } from '../../host/schema/nearest.ts';
import type { Access } from '../../host/schema/types.ts';
import type { DecoratorUse, Literal, SourceShape, Span } from '../1-read/shapes.ts';
import type { Findings } from '../diagnostics/findings.ts';

export const NAMESPACE = 'Auth';
export const MACROS = ['require', 'public'];
const KEYS = ['role', 'anyRole', 'scope'];
/** Bytes of a role or scope name. Threat: tokens and session slots without end. */
const NAME_CHARS = 128;

/** Access of a method: its own decorators, else those of the class, else "authenticated". */
export function accessOf(
  method: DecoratorUse[],
  service: DecoratorUse[],
  source: SourceShape,
  findings: Findings,
): Access {
  const mine = method.filter((d) => d.ns === NAMESPACE);
  return answer(
    mine.length > 0 ? mine : service.filter((d) => d.ns === NAMESPACE),
    source,
    findings,
  );
}

function answer(uses: DecoratorUse[], source: SourceShape, findings: Findings): Access {
  const access: Access = { public: false, anyRole: [], scopes: [] };
  let rolesFrom: DecoratorUse | null = null;
  for (const use of uses) {
    if (use.name === 'public') {
      access.public = true;
      if (use.args !== null && use.args.length > 0) {
        findings.report('CELL4006', source, use.args[0], {
          macro: 'Auth.public',
          wants: 'no argument',
        });
      }
      continue;
    }
    if (use.name !== 'require') continue;
    const demand = demandOf(use, source, findings);
    if (demand === null) continue;
    if (demand.roles.length > 0 && rolesFrom !== null) {
      findings.report('CELL4009', source, use, { what: 'two demands for roles' });
    }
    if (demand.roles.length > 0) rolesFrom = use;
    access.anyRole.push(...demand.roles);
    access.scopes.push(...demand.scopes);
  }
  const required = uses.find((u) => u.name === 'require');
  if (access.public && required) {
    findings.report('CELL4009', source, required, { what: '@Auth.public and @Auth.require' });
  }
  access.anyRole = [...new Set(access.anyRole)].sort();
  access.scopes = [...new Set(access.scopes)].sort();
  return access;
}

interface Demand {
  roles: string[];
  scopes: string[];
}

function demandOf(use: DecoratorUse, source: SourceShape, findings: Findings): Demand | null {
  const wrong = (at: Span, wants: string): null => {
    findings.report('CELL4006', source, at, { macro: 'Auth.require', wants });
    return null;
  };
  const usage = '{ role: "..." }, { anyRole: ["...", "..."] } or { scope: "..." }';
  const argument = use.args?.[0];
  if (argument?.kind !== 'object' || use.args?.length !== 1) {
    return wrong(use.args?.[1] ?? argument ?? use, usage);
  }
  if (argument.entries.length === 0) return wrong(argument, usage);
  const demand: Demand = { roles: [], scopes: [] };
  const seen = new Set<string>();
  for (const { key, at, value } of argument.entries) {
    if (!KEYS.includes(key)) {
      const near = nearest(key, KEYS);
      const hint = near === null ? `one of ${KEYS.join(', ')}` : `did you mean ${near}?`;
      findings.report('CELL4004', source, at, { key, macro: 'Auth.require', hint });
      continue;
    }
    const kind = key === 'scope' ? 'scope' : 'role';
    if (seen.has(kind)) {
      findings.report('CELL4009', source, at, { what: `two demands for a ${kind}` });
      continue;
    }
    seen.add(kind);
    const names = namesOf(key, value, source, findings);
    (kind === 'scope' ? demand.scopes : demand.roles).push(...names);
  }
  return demand;
}

/** The names in a value; [] when it is not what `key` takes (reported at the value). */
function namesOf(key: string, value: Literal, source: SourceShape, findings: Findings): string[] {
  const wants = key === 'anyRole' ? 'a list of role names' : `the name of a ${key}`;
  const items = key === 'anyRole' ? (value.kind === 'array' ? value.items : []) : [value];
  const names: string[] = [];
  for (const item of items) {
    if (item.kind === 'string' && isName(item.value)) names.push(item.value);
    else findings.report('CELL4005', source, item, { key, wants });
  }
  if (items.length === 0) findings.report('CELL4005', source, value, { key, wants });
  return names;
}

/** Names travel to guests separated by zero bytes and in tokens separated by spaces. */
function isName(text: string): boolean {
  return text.length > 0 && text.length <= NAME_CHARS && !/[\s\p{Cc}]/u.test(text);
}
