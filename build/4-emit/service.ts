// Owns the service class of a file as a schema: its methods, who may call them, the values that
// travel. Never emits text. Tiers come later, from the compiled module: here every method is
// `pure`. Who may call, limits and policies come from what was negotiated, never from decorators.
import type { Field, Manifest, Method, Schema, Type } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, MethodShape } from '../1-read/shapes.ts';
import type { Negotiated } from '../3-negotiate/contract.ts';
import { isAscDecorator } from '../3-negotiate/names.ts';
import type { Findings } from '../diagnostics/findings.ts';
import type { AddedMethod, Additions } from './additions.ts';
import { MOVE } from './around.ts';
import { type Codec, resolveCodecs } from './codecs.ts';
import { type MacroCell, macroCellOf, PROTOCOL_NAMES, withMacroMethods } from './macro-cell.ts';
import { macroMethods, macroPartsOf } from './macro-parts.ts';
import { moved, originOf } from './origin.ts';
import { Scope } from './scope.ts';
import { isHandler, type ServiceClass, serviceClass, startOf } from './service-class.ts';
import { checkNames, nameMethods } from './service-names.ts';
import { checkTags } from './tag-types.ts';
import { ValueTypes } from './value-types.ts';

/** Methods of one service; HELLO names no more (limits.ts HELLO_METHODS). */
export const METHODS = 1024;

/** What emitting and compiling need to know of a service. */
export interface Service {
  schema: Schema;
  shape: ClassShape;
  /** By method index: what the user or a macro wrote. Methods of the macro protocol have none. */
  handlers: MethodShape[];
  actor: boolean;
  start: boolean;
  limits: Manifest['limits'];
  /** Schema name of a record or enum -> source that declares it. */
  homes: Map<string, string>;
  /** Records that may be details of errors. */
  details: string[];
  scope: Scope;
  /** What it answers for decorators with; null: it has no macros. */
  macros: MacroCell | null;
  /** What macros keep values with. */
  codecs: Codec[];
  /** The schema with the records and enums that only codecs have. */
  whole: Schema;
}

/**
 * The service of the project's entry file; null when there is none. Everything wrong is reported.
 */
export async function describeService(
  project: Project,
  negotiated: Negotiated,
  additions: Additions,
  findings: Findings,
): Promise<Service | null> {
  const found = serviceClass(project, negotiated, findings);
  if (found === null) return null;
  const { shape, source, limits } = found;
  const scope = new Scope(project);
  const types = new ValueTypes(project, scope, findings);
  const { handlers, methods } = methodsOf(found, {
    project,
    negotiated,
    additions,
    types,
    findings,
  });
  // A method whose decorator was refused might have been a macro or a handler's.
  const refused = shape.methods
    .flatMap((m) => m.decorators)
    .some((use) => !negotiated.answered.has(use) && !isAscDecorator(use));
  const whole = source.faults.length === 0 && !(refused && findings.count > 0);
  const macros = macroCellOf(macroPartsOf(negotiated), shape, findings);
  if ((methods.length === 0 && whole && macros === null) || methods.length > METHODS) {
    const code = methods.length === 0 ? 'CELL2010' : 'CELL2013';
    findings.report(code, source, shape.nameAt, { name: shape.name, most: METHODS });
  }
  checkTags(methods, negotiated, findings);
  const details = detailsOf(project, types);
  const own: Schema = {
    version: 1,
    service: shape.name,
    cell: found.cell,
    ...(shape.doc === undefined ? {} : { doc: shape.doc }),
    methods,
    records: [...types.records],
    enums: [...types.enums],
    ...(details.length === 0 ? {} : { details }),
  };
  // Behind the schema: types that only codecs have are nobody else's business.
  const codecs = await resolveCodecs(additions.codecs, project, types, findings);
  if (findings.count === 0) {
    checkNames(own, types.homes, project, findings, macros === null ? [] : PROTOCOL_NAMES);
  }
  const schema = macros === null ? own : withMacroMethods(own);
  if (findings.count === 0) nameMethods(schema, source, shape, findings);
  return {
    ...{ schema, shape, handlers, limits, details, scope, macros, codecs },
    whole: withMore(schema, own, types),
    actor: isActor(project, shape, additions, negotiated),
    start: startOf(shape) !== undefined || additions.starts.length > 0,
    homes: types.homes,
  };
}

/** `schema` with the types that were met after those of its own part. */
function withMore(schema: Schema, own: Schema, { records, enums }: ValueTypes): Schema {
  return {
    ...schema,
    records: [...schema.records, ...records.slice(own.records.length)],
    enums: [...schema.enums, ...enums.slice(own.enums.length)],
  };
}

interface Context {
  project: Project;
  negotiated: Negotiated;
  additions: Additions;
  types: ValueTypes;
  findings: Findings;
}

/** The class's own handlers, then those that macros add. */
function methodsOf(
  { shape, source }: ServiceClass,
  context: Context,
): { handlers: MethodShape[]; methods: Method[] } {
  const { project, additions, findings } = context;
  const macros = macroMethods(context.negotiated);
  const own = shape.methods.filter((m) => isHandler(m) && !macros.has(m.name));
  for (const m of own) {
    const twin = own.find((o) => o.name === m.name);
    if (twin !== m) findings.report('CELL2005', source, m.nameAt, { name: m.name });
    if (m.typeParameters) findings.report('CELL2006', source, m.typeParameters, { name: m.name });
    for (const p of m.params.filter((p) => p.form !== 'plain')) {
      findings.report('CELL2008', source, p, { name: p.name, form: FORMS[p.form] });
    }
  }
  const added = additions.classes.get(shape)?.handlers ?? [];
  const handlers = [...own, ...added.map((one) => pointed(one, findings))];
  const methods = handlers.map((m, index) => describeMethod(m, index, project.entry, context));
  return { handlers: [...own, ...added.map((one) => one.shape)], methods };
}

const FORMS = {
  optional: 'is optional',
  default: 'has a default',
  rest: 'takes the rest',
  plain: '',
};

/** A macro's handler with every place in it the decorator's: that is what findings point at. */
function pointed({ from, shape }: AddedMethod, findings: Findings): MethodShape {
  const { macro, cell, source, at } = originOf(from);
  const odd = shape.params.find((p) => p.form !== 'plain');
  if (odd !== undefined || shape.typeParameters !== null) {
    const what = odd === undefined ? 'has type parameters' : `\`${odd.name}\` ${FORMS[odd.form]}`;
    const reason = `\`${shape.name}\` cannot be called: ${what}`;
    findings.report('CELL4062', source, at, { macro, cell, reason, fix: MOVE });
  }
  const params = shape.params.map((p) => ({ ...p, type: moved(p.type, at) }));
  return { ...shape, params, result: moved(shape.result, at) };
}

function describeMethod(m: MethodShape, index: number, entry: string, context: Context): Method {
  const { types, negotiated } = context;
  const params: Field[] = [];
  for (const p of m.params) {
    if (p.form !== 'plain' || m.typeParameters) continue;
    const type = types.resolve(entry, p.type, 'parameter');
    if (type !== null) params.push({ name: p.name, type });
  }
  let result: Type | null = null;
  const isVoid = m.result.kind === 'name' && m.result.name === 'void' && !m.result.nullable;
  if (!isVoid && !m.typeParameters) result = types.resolve(entry, m.result, 'result');
  const policies = negotiated.policies.get(m.name);
  return {
    name: m.name,
    index,
    params,
    result,
    tier: 'pure',
    access: negotiated.access.get(m.name) ?? { public: false, anyRole: [], scopes: [] },
    ...(policies === undefined || Object.keys(policies).length === 0 ? {} : { policies }),
    canonical: '',
    fingerprint: '',
    ...(m.doc === undefined ? {} : { doc: m.doc }),
  };
}

/** The classes that `details(...)` is called with, as records of the schema. */
function detailsOf(project: Project, types: ValueTypes): string[] {
  const names = new Set<string>();
  for (const [path, source] of project.sources) {
    for (const { name, at } of source.detailClasses) {
      const record = types.recordNamed(path, name, { kind: 'missing', ...at });
      if (record !== null) names.add(record);
    }
  }
  return [...names].sort();
}

/**
 * State makes an actor: instance fields of the service, a macro's among them (those that stand for
 * a cell hold nothing), static fields that can change, and variables of any of the project's
 * modules (`let`, `var`). A `const` that holds a container is not seen as state: each instance has
 * its own.
 */
function isActor(
  project: Project,
  service: ClassShape,
  additions: Additions,
  { bindings }: Negotiated,
): boolean {
  const bound = new Set(bindings.map((b) => b.field));
  if (service.fields.some((f) => !f.isStatic && !bound.has(f))) return true;
  if ((additions.classes.get(service)?.fields.length ?? 0) > 0) return true;
  for (const source of project.sources.values()) {
    if (source.variables.some((v) => v.mutable)) return true;
    const fields = source.classes.flatMap((c) => c.fields);
    if (fields.some((f) => f.isStatic && !f.isReadonly)) return true;
  }
  return false;
}
