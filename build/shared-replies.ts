// Owns the check that a reply kept for all callers cannot depend on who called first, as the
// compiled module tells it: what reads the session may be a function away from the method. What a
// text alone shows was refused before anything was compiled (3-negotiate/policies.ts).
import type { Project, Remote } from './1-read/project.ts';
import type { Negotiated, Placed } from './3-negotiate/contract.ts';
import type { Compiled } from './5-compile/compile.ts';
import type { Findings } from './diagnostics/findings.ts';

/** Reports every handler whose shared replies would tell callers apart. True: there is none. */
export function checkSharedReplies(
  { remotes = [] }: Project,
  negotiated: Negotiated,
  { schema, reach }: Pick<Compiled, 'schema' | 'reach'>,
  findings: Findings,
): boolean {
  let sound = true;
  for (const { name, policies, calls = [] } of schema.methods) {
    if (policies?.memo?.shared !== true) continue;
    const imports = reach.get(`${schema.service}.${name}`) ?? new Set<string>();
    const why = reasonOf(imports, calls, remotes);
    const keeper = why === null ? undefined : keeperOf(negotiated, name);
    if (why === null || keeper === undefined) continue;
    const holes = { macro: keeper.macro, handler: name, why };
    findings.report('CELL4019', keeper.siteRef.source, keeper.useRef, holes);
    sound = false;
  }
  return sound;
}

function reasonOf(imports: ReadonlySet<string>, calls: string[], remotes: Remote[]): string | null {
  if (imports.has('cell:caller.read')) return 'its code reads Session';
  if ([...imports].some((one) => one.startsWith('cell:flags.'))) return 'its code asks for flags';
  const guarded = new Set(remotes.flatMap((r) => r.guarded.map((name) => `${r.cell}.${name}`)));
  const call = calls.find((one) => guarded.has(one));
  return call === undefined ? null : `it calls \`${call}\`, which is not for everybody`;
}

/** The macro that keeps the replies of a handler: on the method, or on its class. */
function keeperOf({ contributions }: Negotiated, handler: string): Placed | undefined {
  const keepers = contributions.filter((c) => c.kind === 'policy' && c.name === 'memo');
  const own = keepers.find((c) => c.siteRef.kind === 'method' && c.siteRef.name === handler);
  return own ?? keepers.find((c) => c.siteRef.kind === 'class');
}
