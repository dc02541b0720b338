// Owns stage 5: a described service and its emitted texts -> module bytes, map, schema and
// manifest. Tiers and capabilities come from the compiled module, not from what the source seems to
// do.
import type { Manifest, Schema } from '../../host/schema/types.ts';
import type { Project, Remote } from '../1-read/project.ts';
import type { Emission } from '../4-emit/emit.ts';
import { type GeneratedFunctions, modulePath } from '../4-emit/generated-names.ts';
import type { GeneratedLine } from '../4-emit/generated-text.ts';
import type { Service } from '../4-emit/service.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { runAsc } from './asc.ts';
import { reportComplaints } from './complaints.ts';
import { AscCrash } from './crash.ts';
import { capabilitiesOf, checkImports, WAITING } from './imports.ts';
import { functionNames, withCustomSections } from './module-bytes.ts';
import { graphOf, withTiers } from './reach.ts';
import { sortedJson } from './sorted-json.ts';
import { composeMap } from './source-map.ts';

export interface Compiled {
  wasm: Uint8Array;
  map: string;
  schema: Schema;
  manifest: Manifest;
  /** `Hello.greet` -> imports that its code can reach. */
  reach: Map<string, Set<string>>;
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
  '~lib/cell/layer/settle',
  '~lib/cell/layer/passOn',
  '~lib/cell/layer/made',
  '~lib/cell/layer/present',
];

/** Compiles; null when something was reported. */
export async function compileService(
  project: Project,
  emission: Emission,
  tools: Record<string, string>,
  findings: Findings,
): Promise<Compiled | null> {
  const { service, functions } = emission;
  const texts = new Map([...emission.texts].map(([path, e]) => [path, e.text]));
  const { remotes = [] } = project;
  const own = [...project.sources.keys()].filter((p) => !remotes.some((r) => r.path === p));
  const modules = own.map(modulePath);
  const options = {
    texts,
    root: project.root,
    inputs: project.inputs,
    actor: service.actor,
    pages: service.limits.pages,
    keep: [...CHECKS, ...sharedIn(functions), ...modules.map((module) => `${module}/*`)],
  };
  const raw = await runAsc(options).catch((error: unknown) => {
    if (!(error instanceof AscCrash)) throw error;
    findings.report('CELL5006', entrySource(project), null, { reason: error.message });
    return null;
  });
  if (raw === null) return null;
  if (raw.wasm === null || raw.map === null || raw.plain === null) {
    reportComplaints(raw.complaints, project, emission, findings);
    return null;
  }
  const imports = importsOf(raw.wasm);
  if (!checkImports(imports, project, generatedIn(emission), findings)) return null;
  const graph = graphOf(raw.plain, service, imports, functions, modules, remotes);
  if (graph.initial.some((name) => WAITING.has(name))) {
    findings.report('CELL5005', entrySource(project), null);
    return null;
  }
  const early = [...(graph.reach.get(`${service.schema.service}.start`) ?? []), ...graph.initial];
  const called = early.find((name) => name.startsWith('cell:call.'));
  if (called !== undefined) {
    const cell = called.slice('cell:call.'.length);
    findings.report('CELL4085', entrySource(project), null, { cell });
    return null;
  }
  const schema = withTiers(service.schema, graph);
  const manifest: Manifest = {
    version: 1,
    cell: schema.cell,
    actor: service.actor,
    start: service.start,
    capabilities: capabilitiesOf(imports, graph.brought),
    limits: service.limits,
    ...macrosOf(service),
    ...remotesOf(remotes),
    ...(emission.sql === null ? {} : { sql: emission.sql }),
    ...(emission.persisted.length === 0 ? {} : { persisted: emission.persisted }),
    tools,
  };
  const wasm = withCustomSections(raw.wasm, [
    ['cell:schema', sortedJson(schema)],
    ['cell:manifest', sortedJson(manifest)],
  ]);
  const map = composeMap(raw.map, emission, functionNames(raw.wasm));
  return { wasm, map, schema, manifest, reach: graph.reach };
}

/** Code of a macro that many methods share: inlined into each it would be compiled for each. */
function sharedIn(functions: GeneratedFunctions): string[] {
  return [...functions].filter(([, { shared }]) => shared).map(([name]) => name);
}

/** Everything that macros wrote. */
function* generatedIn({ user, entry }: Emission): Generator<GeneratedLine> {
  yield* entry;
  for (const { pieces, behind } of user.values()) yield* [...pieces, ...behind];
}

function macrosOf({ macros }: Service): Pick<Manifest, 'macros'> {
  if (macros === null) return {};
  return { macros: { ns: macros.description.ns, names: [...macros.macros.keys()].sort() } };
}

function remotesOf(remotes: Remote[]): Pick<Manifest, 'remotes'> {
  const called = remotes.filter(({ methods }) => Object.keys(methods).length > 0);
  if (called.length === 0) return {};
  return { remotes: Object.fromEntries(called.map(({ cell, methods }) => [cell, methods])) };
}

const entrySource = (project: Project) => project.sources.get(project.entry) as never;

function importsOf(wasm: Uint8Array): string[] {
  const module = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);
  return WebAssembly.Module.imports(module).map((i) => `${i.module}.${i.name}`);
}
