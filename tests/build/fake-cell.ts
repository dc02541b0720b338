// Owns cells that answer for decorators inside a test: plain functions behind the contract of
// providers. Never a mock of the negotiation itself.

import type {
  Contribution,
  Description,
  EffectRequest,
  EffectResult,
  MacroInfo,
  Plan,
  PlanRequest,
  Shape,
  Site,
  Use,
} from '../../build/2-discover/protocol.ts';
import type {
  Discovery,
  Identity,
  Missing,
  Provider,
  RemoteCell,
} from '../../build/3-negotiate/contract.ts';

/** A shape; what is left out is as in the protocol's defaults. */
export function shape(type: string, more: Partial<Shape> = {}): Shape {
  return {
    ...{ type, doc: '', optional: false, values: [], valuesFrom: '', min: NaN, max: NaN },
    ...{ of: [], name: '', ...more },
  };
}

/** A macro that stands on methods. */
export function macro(name: string, more: Partial<MacroInfo> = {}): MacroInfo {
  return {
    ...{ name, doc: '', on: ['method'], stage: '', args: [], repeatable: false, needs: [] },
    ...{ rest: false, result: '' },
    ...{ example: '', ...more },
  };
}

/** A description of version 1. */
export function description(ns: string, macros: MacroInfo[]): Description {
  return { version: 1, ns, doc: '', macros, profiles: [], bindings: [], settings: shape('any') };
}

/** An empty plan. */
export function plan(more: Partial<Plan> = {}): Plan {
  return {
    ...{ contributions: [], facts: [], asks: [], orders: [], complaints: [], effects: [] },
    ...{ lock: '', documents: [] },
    ...more,
  };
}

/** A contribution at a site and use. */
export function contribution(
  kind: string,
  at: { site: number; use: number },
  more: Partial<Contribution> = {},
): Contribution {
  return {
    ...{ kind, site: at.site, use: at.use, stage: '', name: '', text: '', type: '', status: 0 },
    ...{ values: [], numbers: [], ...more },
  };
}

/** One use of a macro of `ns` in a request. */
export interface Spot {
  site: Site;
  use: Use;
  at: { site: number; use: number };
}

/** Every use of macros of `ns` in a request. */
export function spots(request: PlanRequest, ns: string): Spot[] {
  return request.sites.flatMap((site) =>
    site.declaration.uses.flatMap((use, i) =>
      use.ns === ns ? [{ site, use, at: { site: site.id, use: i } }] : [],
    ),
  );
}

/** A provider that answers with functions. `requests` holds what it was asked. */
export class FakeCell implements Provider {
  readonly cell: string;
  readonly level = 1;
  readonly from = 'this test';
  readonly digest: string = '00';
  readonly requests: PlanRequest[] = [];
  #description: Description;
  #plan: (request: PlanRequest) => Plan | Promise<Plan>;

  constructor(
    cell: string,
    described: Description,
    answer: (request: PlanRequest) => Plan | Promise<Plan> = () => plan(),
  ) {
    this.cell = cell;
    this.#description = described;
    this.#plan = answer;
  }

  async describe(): Promise<Description> {
    return this.#description;
  }

  async plan(request: PlanRequest): Promise<Plan> {
    this.requests.push(structuredClone(request));
    return this.#plan(request);
  }

  async apply(_request: EffectRequest): Promise<EffectResult> {
    return { standing: [], message: '', fix: '' };
  }

  async rollback(_request: EffectRequest): Promise<EffectResult> {
    return { standing: [], message: '', fix: '' };
  }
}

/** Finds the cells of a test by their namespaces. */
export class FakeDiscovery implements Discovery {
  readonly #cells: Map<string, Provider>;

  constructor(cells: Record<string, Provider>) {
    this.#cells = new Map(Object.entries({ '': service(), ...cells }));
  }

  async find(ns: string): Promise<Provider | Missing> {
    const cell = ns.toLowerCase();
    const missing = { missing: true as const, cell, tried: ['this test'], fix: 'none' };
    return this.#cells.get(ns) ?? missing;
  }

  identify(ns: string): Promise<Identity | Missing> {
    return this.find(ns);
  }

  async remote(_cell: string): Promise<RemoteCell | null> {
    return null;
  }

  async namespaces() {
    return [...this.#cells.keys()].sort();
  }

  async close() {}
}

/** What `@service` needs, without the cell `service`. */
export function service(): FakeCell {
  const limit = (name: string, max: number): Shape =>
    shape('integer', { name, min: 1, max, optional: true });
  const argument = shape('object', {
    optional: true,
    of: [
      shape('string', { name: 'name', optional: true }),
      limit('pages', 65536),
      limit('cpuMs', 60_000),
      limit('payloadBytes', 1 << 20),
    ],
  });
  const info = macro('service', { on: ['service'], args: [argument] });
  return new FakeCell('service', description('', [info]), (request) => {
    const numbers = ['pages', 'cpuMs', 'payloadBytes'];
    const contributions = spots(request, '').map(({ use, at }) => {
      const [literal] = use.args;
      const of = (key: string) => literal?.items[literal.keys.indexOf(key)];
      return contribution('service', at, {
        text: of('name')?.text ?? '',
        numbers: numbers.map((key) => of(key)?.number ?? 0),
      });
    });
    return plan({ contributions });
  });
}
