// Owns what each method of a compiled service can reach: its tier, and on whose account a
// capability is needed. Read from the module, never from what the source seems to do.
import type { Schema } from '../../host/schema/types.ts';
import type { Remote } from '../1-read/project.ts';
import { type GeneratedFunctions, modulePath } from '../4-emit/generated-names.ts';
import { serveName } from '../4-emit/handlers.ts';
import type { Service } from '../4-emit/service.ts';
import { ENTRY } from '../4-emit/user-text.ts';
import { CallGraph } from './call-graph.ts';
import { WAITING } from './imports.ts';

export interface Reached {
  /** `Hello.greet` -> imports that it can reach. */
  reach: Map<string, Set<string>>;
  /** Import -> who brought it: methods, `Hello.greet`, and macros, `@Retry.onFailure`. */
  brought: Map<string, Set<string>>;
  /** Imports that module initialisers can reach. */
  initial: string[];
  /** `Hello.greet` -> methods of other cells that it can reach, `ledger.debit`, sorted. */
  calls: Map<string, string[]>;
}

/**
 * What each method, `start` and initialisation can reach; everything, when the module has
 * instructions that the graph does not know. `plain` is the module before optimization. Every call
 * also runs alloc and handle, which reach nothing that waits.
 */
export function graphOf(
  plain: Uint8Array,
  service: Service,
  imports: string[],
  generated: GeneratedFunctions = new Map(),
  modules: readonly string[] = [],
  remotes: readonly Pick<Remote, 'cell' | 'path' | 'methods'>[] = [],
): Reached {
  const { schema } = service;
  const roots = schema.methods.map((m) => [`${schema.service}.${m.name}`, serveName(m.index)]);
  if (service.start) roots.push([`${schema.service}.start`, 'start']);
  const reached: Reached = { reach: new Map(), brought: new Map(), initial: [], calls: new Map() };
  // asc's name of the function -> `ledger.debit`.
  const called = new Map(
    remotes.flatMap(({ cell, path, methods }) =>
      Object.keys(methods).map((name) => [`${modulePath(path)}/${name}`, `${cell}.${name}`]),
    ),
  );
  const note = (name: string, who: string): void => {
    reached.brought.set(name, (reached.brought.get(name) ?? new Set()).add(who));
  };
  let graph: CallGraph;
  try {
    graph = new CallGraph(plain, generated, modules);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    for (const [method] of roots) {
      reached.reach.set(method, new Set(imports));
      reached.calls.set(method, [...called.values()].sort());
      for (const name of imports) note(name, method);
    }
    return reached;
  }
  for (const [method, root] of roots) {
    const name = `${modulePath(ENTRY)}/${root}`;
    const index = graph.find(name);
    if (index === undefined) throw new Error(`the module has no function ${name}`);
    const found = graph.importsFrom(index);
    reached.reach.set(method, new Set(found.keys()));
    if (called.size > 0) {
      const names = [...graph.functionsFrom(index)].flatMap((one) => called.get(one) ?? []);
      reached.calls.set(method, names.sort());
    }
    for (const [one, owners] of found) {
      for (const owner of owners) note(one, owner === '' ? method : owner);
    }
  }
  const begun = graph.find('~start');
  if (begun !== undefined) reached.initial = [...graph.importsFrom(begun).keys()];
  return reached;
}

/** `schema` with the tiers that its methods have in the module. */
export function withTiers(schema: Schema, graph: Reached): Schema {
  const methods = schema.methods.map((m) => {
    const reached = graph.reach.get(`${schema.service}.${m.name}`) ?? WAITING;
    const waits = [...reached].some((name) => WAITING.has(name));
    const calls = graph.calls.get(`${schema.service}.${m.name}`) ?? [];
    const tier = waits ? ('waiting' as const) : ('pure' as const);
    return { ...m, tier, ...(calls.length > 0 ? { calls } : {}) };
  });
  return { ...schema, methods };
}
