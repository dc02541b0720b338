// Owns stage 5: a described service and its emitted texts -> module bytes, map, schema and
// manifest. Tiers and capabilities come from the compiled module, not from what the source seems to
// do.
import type { Manifest, Schema } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import { emitEntry, reachedBySource, serveName } from '../4-emit/handlers.ts';
import type { Service } from '../4-emit/service.ts';
import { type Emitted, ENTRY, emitUserText } from '../4-emit/user-text.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { runAsc } from './asc.ts';
import { CallGraph } from './call-graph.ts';
import { reportComplaints } from './complaints.ts';
import { AscCrash } from './crash.ts';
import { capabilitiesOf, checkImports, WAITING } from './imports.ts';
import { functionNames, withCustomSections } from './module-bytes.ts';
import { sortedJson } from './sorted-json.ts';
import { composeMap } from './source-map.ts';

export interface Compiled {
  wasm: Uint8Array;
  map: string;
  schema: Schema;
  manifest: Manifest;
}

/** Library functions that check bounds: out of line, the frame of the caller stays exact. */
const CHECKS = [
  '~lib/array/Array*#__get',
  '~lib/array/Array*#__set',
  '~lib/staticarray/StaticArray*#__get',
  '~lib/staticarray/StaticArray*#__set',
  '~lib/typedarray/*#__get',
  '~lib/typedarray/*#__set',
  '~lib/map/Map*#get',
  '~lib/cell/panic/abort',
];

/** Compiles; null when something was reported. */
export async function compileService(
  project: Project,
  service: Service,
  tools: Record<string, string>,
  findings: Findings,
): Promise<Compiled | null> {
  const emitted = new Map<string, Emitted>();
  const reached = reachedBySource(service, project.entry);
  for (const [path, source] of project.sources) {
    const declared = service.scope.declared(path);
    emitted.set(path, emitUserText(source, path, reached.get(path) ?? [], declared));
  }
  const texts = new Map([...emitted].map(([path, e]) => [path, e.text]));
  texts.set(ENTRY, emitEntry(service, project.entry));
  const options = {
    texts,
    root: project.root,
    inputs: project.inputs,
    actor: service.actor,
    pages: service.limits.pages,
    keep: [...CHECKS, ...[...project.sources.keys()].map((p) => `${p.replace(/\.ts$/, '')}/*`)],
  };
  const raw = await runAsc(options).catch((error: unknown) => {
    if (!(error instanceof AscCrash)) throw error;
    findings.report('CELL5006', entrySource(project), null, { reason: error.message });
    return null;
  });
  if (raw === null) return null;
  if (raw.wasm === null || raw.map === null || raw.plain === null) {
    reportComplaints(raw.complaints, project, findings);
    return null;
  }
  const imports = importsOf(raw.wasm);
  if (!checkImports(imports, project, findings)) return null;
  const graph = graphOf(raw.plain, service, imports);
  if (graph.initial.some((name) => WAITING.has(name))) {
    findings.report('CELL5005', entrySource(project), null);
    return null;
  }
  const schema = withTiers(service.schema, graph);
  const manifest: Manifest = {
    version: 1,
    cell: schema.cell,
    actor: service.actor,
    start: service.start,
    capabilities: capabilitiesOf(imports, graph.reach),
    limits: service.limits,
    tools,
  };
  const wasm = withCustomSections(raw.wasm, [
    ['cell:schema', sortedJson(schema)],
    ['cell:manifest', sortedJson(manifest)],
  ]);
  const map = composeMap(raw.map, emitted, functionNames(raw.wasm));
  return { wasm, map, schema, manifest };
}

const entrySource = (project: Project) => project.sources.get(project.entry) as never;

function importsOf(wasm: Uint8Array): string[] {
  const module = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);
  return WebAssembly.Module.imports(module).map((i) => `${i.module}.${i.name}`);
}

interface Reached {
  /** `Hello.greet` -> imports that it can reach. */
  reach: Map<string, Set<string>>;
  /** Imports that module initialisers can reach. */
  initial: string[];
}

/**
 * What each method, `start` and initialisation can reach; everything, when the module has
 * instructions that the graph does not know. `plain` is the module before optimization. Every call
 * also runs alloc and handle, which reach nothing that waits.
 */
export function graphOf(plain: Uint8Array, service: Service, imports: string[]): Reached {
  const { schema } = service;
  const names = schema.methods.map((m) => `${schema.service}.${m.name}`);
  if (service.start) names.push(`${schema.service}.start`);
  let graph: CallGraph;
  try {
    graph = new CallGraph(plain);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { reach: new Map(names.map((name) => [name, new Set(imports)])), initial: [] };
  }
  const from = (name: string): Set<string> => {
    const index = graph.find(name);
    if (index === undefined) throw new Error(`the module has no function ${name}`);
    return graph.importsFrom(index);
  };
  const entry = ENTRY.replace(/\.ts$/, '');
  const roots = schema.methods.map((m) => serveName(m.index));
  if (service.start) roots.push('start');
  const reach = new Map(names.map((name, i) => [name, from(`${entry}/${roots[i]}`)]));
  const begun = graph.find('~start');
  return { reach, initial: begun === undefined ? [] : [...graph.importsFrom(begun)] };
}

function withTiers(schema: Schema, graph: Reached): Schema {
  const methods = schema.methods.map((m) => {
    const reached = graph.reach.get(`${schema.service}.${m.name}`) ?? WAITING;
    const waits = [...reached].some((name) => WAITING.has(name));
    return { ...m, tier: waits ? ('waiting' as const) : ('pure' as const) };
  });
  return { ...schema, methods };
}
