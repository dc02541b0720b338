// Owns projects of several cells that call each other: built one after the other in memory, each
// seeing the schemas of those before it. `@service`, `@remote` and `@Auth` are answered here, as
// the standard cells do.
import type { Contribution, Plan, Shape, Use } from '../../build/2-discover/protocol.ts';
import type { Discovery, Macros, Provider } from '../../build/3-negotiate/contract.ts';
import type { Compiled } from '../../build/5-compile/compile.ts';
import { printFinding } from '../../build/diagnostics/findings.ts';
import type { Built } from '../../build/driver.ts';
import type { Schema } from '../../host/schema/types.ts';
import { built } from './project.ts';

const ANY: Shape = {
  ...{ type: 'any', doc: '', optional: true, values: [], valuesFrom: '' },
  ...{ min: Number.NaN, max: Number.NaN, of: [], name: '' },
};

const contribution = (site: number, use: number, c: Partial<Contribution>): Contribution => ({
  ...{ kind: '', stage: '', name: '', text: '', type: '', status: 0, values: [], numbers: [] },
  ...c,
  ...{ site, use },
});

/** What a use of `@service`, `@remote` or `@Auth` gives. */
function answer(use: Use, owner: string): Partial<Contribution>[] {
  const text = use.args[0]?.text ?? '';
  if (use.ns === 'Auth') {
    if (use.name === 'public') return [{ kind: 'policy', name: 'public' }];
    const role = use.args[0]?.items[0]?.text ?? '';
    return [{ kind: 'policy', name: 'roles', values: [role] }];
  }
  if (use.name === 'remote') return [{ kind: 'remote', name: owner, text }];
  return [{ kind: 'service', name: owner, text: '', numbers: [0, 0, 0] }];
}

function provider(ns: string, names: string[]): Provider {
  const macros = names.map((name) => ({
    ...{ name, doc: '', on: ['class', 'service', 'method', 'member'], stage: 'authorize' },
    ...{ args: [ANY], rest: false, result: '', repeatable: false, needs: [], example: '' },
  }));
  const effects = async () => ({ standing: [], message: '', fix: '' });
  return {
    ...{ cell: ns === '' ? 'service' : 'auth', level: 1, from: 'a test', digest: 'd'.repeat(64) },
    describe: async () => ({
      version: 1,
      ns,
      doc: '',
      macros,
      profiles: [],
      bindings: [],
      settings: ANY,
    }),
    plan: async ({ sites }): Promise<Plan> => ({
      contributions: sites.flatMap((site) =>
        site.declaration.uses.flatMap((use, i) =>
          use.ns === ns
            ? answer(use, site.declaration.name).map((c) => contribution(site.id, i, c))
            : [],
        ),
      ),
      ...{ facts: [], asks: [], orders: [], complaints: [], effects: [], lock: '', documents: [] },
    }),
    ...{ apply: effects, rollback: effects },
  };
}

/** Answers for a cell that sees these schemas. */
export function neighbours(schemas: Record<string, Schema>): Discovery {
  const known: Record<string, Provider> = {
    '': provider('', ['service', 'remote']),
    Auth: provider('Auth', ['require', 'public']),
  };
  const find = async (ns: string) =>
    known[ns] ?? { missing: true as const, cell: ns, tried: ['this test'], fix: 'answer it' };
  return {
    ...{ find, identify: find, close: async () => {} },
    remote: async (cell) => (schemas[cell] ? { schema: schemas[cell], from: 'a test' } : null),
    namespaces: async () => Object.keys(known),
  };
}

/** Builds one cell among these neighbours. */
export function builtAmong(
  source: string | Record<string, string>,
  schemas: Record<string, Schema> = {},
  more: Partial<Macros> = {},
): Promise<Built> {
  const discovery = neighbours(schemas);
  return built(source, { discovery, features: new Map(), settings: new Map(), ...more });
}

/** Builds cells in this order; throws with the findings when one of them does not build. */
export async function village(sources: string[]): Promise<Map<string, Compiled>> {
  const cells = new Map<string, Compiled>();
  for (const source of sources) {
    const schemas = Object.fromEntries([...cells].map(([name, c]) => [name, c.schema]));
    const { compiled, findings } = await builtAmong(source, schemas);
    if (compiled === null) throw new Error(findings.map(printFinding).join('\n'));
    cells.set(compiled.schema.cell, compiled);
  }
  return cells;
}
