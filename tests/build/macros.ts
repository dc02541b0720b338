// Owns macros that tests make up: a discovery whose one cell, `test`, answers for `@Test.name` with
// the contributions that a test writes down. `@service` is answered as the standard cell does.
import path from 'node:path';
import { reportFaults } from '../../build/1-read/faults.ts';
import { readProject } from '../../build/1-read/project.ts';
import type {
  Contribution,
  Description,
  MacroInfo,
  Plan,
  PlanRequest,
  Shape,
  Use,
} from '../../build/2-discover/protocol.ts';
import type {
  Discovery,
  Features,
  Negotiated,
  Provider,
} from '../../build/3-negotiate/contract.ts';
import { negotiate } from '../../build/3-negotiate/negotiate.ts';
import { type Emission, emitService } from '../../build/4-emit/emit.ts';
import { type Compiled, compileService } from '../../build/5-compile/compile.ts';
import { type Finding, Findings, printFinding } from '../../build/diagnostics/findings.ts';
import { plan as planOf } from './fake-cell.ts';
import { ENTRY, folderWith } from './project.ts';

export type Gives = Partial<Contribution>[];

/** What `@Test.<name>` does at a use; `stage` of the macro. */
export interface Answer {
  stage?: string;
  on?: string[];
  /** Contributions, of one use. */
  gives: Gives | ((use: Use) => Gives);
  /** Of a call: its type in editors. */
  result?: string;
}

/** By the macro's name; other namespaces as `Other.name`. */
export type Answers = Record<string, Answer>;

const ANY: Shape = {
  ...{ type: 'any', doc: '', optional: true, values: [], valuesFrom: '' },
  ...{ min: Number.NaN, max: Number.NaN, of: [], name: '' },
};

const EVERYWHERE = ['service', 'class', 'method', 'member', 'field', 'constructor', 'enum'];

function provider(cell: string, ns: string, answers: Map<string, Answer>): Provider {
  const macros = [...answers].map(
    ([name, { stage, on, result }]): MacroInfo => ({
      ...{ name, doc: '', on: on ?? EVERYWHERE, stage: stage ?? '', args: [ANY] },
      ...{ repeatable: true, rest: on?.includes('call') === true, result: result ?? '' },
      ...{ needs: [], example: '' },
    }),
  );
  const description: Description = {
    ...{ version: 1, ns, doc: '', macros, profiles: [], bindings: ['Connection'], settings: ANY },
  };
  const plan = (request: PlanRequest): Plan => {
    const contributions = request.sites.flatMap((site) =>
      site.declaration.uses.flatMap((use, i) =>
        use.ns === ns ? given(answers.get(use.name), use).map((c) => full(c, site.id, i)) : [],
      ),
    );
    return planOf({ contributions });
  };
  const effects = async () => ({ standing: [], message: '', fix: '' });
  return {
    ...{ cell, level: 1, from: 'a test', digest: 'd'.repeat(64) },
    describe: async () => description,
    plan: async (request) => plan(request),
    ...{ apply: effects, rollback: effects },
  };
}

function given(answer: Answer | undefined, use: Use): Partial<Contribution>[] {
  const gives = answer?.gives ?? [];
  return typeof gives === 'function' ? gives(use) : gives;
}

const full = (c: Partial<Contribution>, site: number, use: number): Contribution => ({
  ...{ kind: '', stage: '', name: '', text: '', type: '', status: 0, values: [], numbers: [] },
  ...c,
  ...{ site, use },
});

/** Where these answers come from. */
export function discoveryOf(answers: Answers): Discovery {
  const byNamespace = new Map<string, Map<string, Answer>>();
  for (const [name, answer] of Object.entries(answers)) {
    const [ns, own] = name.includes('.') ? name.split('.') : ['Test', name];
    byNamespace.set(ns, (byNamespace.get(ns) ?? new Map()).set(own, answer));
  }
  const service = { on: ['class', 'service'], gives: [{ kind: 'service' }] };
  byNamespace.set('', new Map([['service', service]]));
  const find = async (ns: string) => {
    const known = byNamespace.get(ns);
    const cell = ns === '' ? 'service' : ns.toLowerCase();
    if (known !== undefined) return provider(cell, ns, known);
    return { missing: true as const, cell, tried: ['this test'], fix: 'answer it' };
  };
  return {
    ...{ find, identify: find, remote: async () => null, close: async () => {} },
    namespaces: async () => [...byNamespace.keys()].sort(),
  };
}

export interface Made {
  negotiated: Negotiated;
  emission: Emission | null;
  compiled: Compiled | null;
  findings: Finding[];
}

/** Negotiates and emits, and compiles when `compile`. */
export async function madeWith(
  files: string | Record<string, string>,
  answers: Answers,
  { off = [], compile = true }: { off?: string[]; compile?: boolean } = {},
): Promise<Made> {
  const all = typeof files === 'string' ? { [ENTRY]: files } : files;
  const { folder, remove } = folderWith(all);
  try {
    const findings = new Findings();
    const shown = (file: string): string => path.relative(folder, file);
    const project = await readProject(path.join(folder, ENTRY), shown, findings);
    if (project === null) throw new Error('no entry');
    reportFaults(project, findings);
    const features: Features = new Map(off.map((cell) => [cell, 'off']));
    const macros = { discovery: discoveryOf(answers), features, settings: new Map() };
    const negotiated = await negotiate(project, macros, findings);
    const emission = await emitService(project, negotiated, findings);
    const compiled =
      emission === null || !compile
        ? null
        : await compileService(project, emission, { cell: 'test' }, findings);
    return { negotiated, emission, compiled, findings: findings.sorted() };
  } finally {
    remove();
  }
}

/** As `madeWith`, for what must build: throws with the findings when it does not. */
export async function builtWith(
  files: string | Record<string, string>,
  answers: Answers,
  off: string[] = [],
): Promise<Compiled & { emission: Emission }> {
  const { compiled, emission, findings } = await madeWith(files, answers, { off });
  if (compiled === null || emission === null) {
    throw new Error(findings.map(printFinding).join('\n') || 'not built, and nothing found');
  }
  return { ...compiled, emission };
}
