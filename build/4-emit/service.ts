// Owns the service class of a file as a schema: its methods, who may call them, the values that
// travel. Never emits text. Tiers come later, from the compiled module: here every method is
// `pure`.
import { CELL_PAGES, CPU_MS, MESSAGE_BYTES } from '../../assembly/shared/limits.ts';
import { canonicalText, fingerprint } from '../../host/schema/canonical.ts';
import { nearest } from '../../host/schema/nearest.ts';
import type { Field, Manifest, Method, Schema, Type } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, MethodShape, SourceShape } from '../1-read/shapes.ts';
import { accessOf } from '../3-negotiate/auth.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { takenNames } from './client.ts';
import { Scope } from './scope.ts';
import { SDK_NAMES } from './sdk.ts';
import { ValueTypes } from './value-types.ts';

/** Methods of one service; HELLO names no more (limits.ts HELLO_METHODS). */
export const METHODS = 1024;
/** 64 KB pages that a 32-bit memory can have. */
const PAGES_MAX = 65536;

/** What emitting and compiling need to know of a service. */
export interface Service {
  schema: Schema;
  actor: boolean;
  start: boolean;
  limits: Manifest['limits'];
  /** Schema name of a record or enum -> source that declares it. */
  homes: Map<string, string>;
  /** Records that may be details of errors. */
  details: string[];
  scope: Scope;
}

/**
 * The service of the project's entry file; null when there is none. Everything wrong is reported.
 */
export function describeService(project: Project, findings: Findings): Service | null {
  const source = project.sources.get(project.entry) as SourceShape;
  const shape = serviceClass(project, source, findings);
  if (shape === null) return null;
  const scope = new Scope(project);
  const types = new ValueTypes(project, scope, findings);
  const limits = limitsOf(shape, source, findings);
  checkClass(shape, source, findings);
  const handlers = handlersOf(shape);
  const cell = kebab(shape.name);
  const methods = handlers.map((m, index) =>
    describeMethod({ m, index, shape, source, types, findings, entry: project.entry }),
  );
  const whole = source.faults.length === 0;
  if ((methods.length === 0 && whole) || methods.length > METHODS) {
    const code = methods.length === 0 ? 'CELL2010' : 'CELL2013';
    findings.report(code, source, shape.nameAt, { name: shape.name, most: METHODS });
  }
  const start = shape.methods.find((m) => m.name === 'start' && isHandlerLike(m));
  if (start) checkStart(start, source, findings);
  const details = detailsOf(project, types);
  const schema: Schema = {
    version: 1,
    service: shape.name,
    cell,
    ...(shape.doc === undefined ? {} : { doc: shape.doc }),
    methods,
    records: types.records,
    enums: types.enums,
    ...(details.length === 0 ? {} : { details }),
  };
  if (findings.count === 0) checkNames(schema, types, project, findings);
  if (findings.count === 0) nameMethods(schema, source, shape, findings);
  const actor = isActor(project, shape);
  return { schema, actor, start: start !== undefined, limits, homes: types.homes, details, scope };
}

/** Canonical texts and fingerprints; a signature may be too large for one. */
function nameMethods(
  schema: Schema,
  source: SourceShape,
  shape: ClassShape,
  findings: Findings,
): void {
  for (const method of schema.methods) {
    try {
      method.canonical = canonicalText(schema, method);
      method.fingerprint = fingerprint(method.canonical);
    } catch (error) {
      const at = shape.methods.find((m) => m.name === method.name)?.nameAt ?? shape.nameAt;
      const reason = (error as Error).message;
      findings.report('CELL2015', source, at, { name: method.name, reason });
    }
  }
}

/** Names of the library that generated code relies on; a class may not take them. */
const LIBRARY = new Set(
  (
    'Array ArrayBuffer Boolean Date Error Function Map Math Number Object Promise RangeError Set ' +
    'StaticArray String Symbol TypeError Uint8Array'
  ).split(' '),
);

/** Names that hosts and all clients take. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const CELL = /^[a-z][a-z0-9-]{0,63}$/;

const entrySource = (project: Project) => project.sources.get(project.entry) as SourceShape;

function namesOf({ service, methods, records, enums }: Schema): string[] {
  const names = [service];
  for (const m of methods) names.push(m.name, ...m.params.map((p) => p.name));
  for (const r of records) names.push(r.name, ...r.fields.map((f) => f.name));
  for (const e of enums) names.push(e.name, ...e.members.map((m) => m.name));
  return names;
}

/** Words that strict TypeScript takes for no parameter. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum ' +
    'eval export extends false finally for function if implements import in instanceof interface ' +
    'let new null package private protected public return static super switch this throw true ' +
    'try typeof var void while with yield'
  ).split(' '),
);

/** Methods, parameters and fields that a client in TypeScript cannot have. */
function reservedNames({ methods, records }: Schema): string[] {
  // An object with a method `then` is taken for a promise by `await`.
  const names: string[] = methods.map((m) => m.name).filter((name) => name === 'then');
  names.push(...methods.flatMap((m) => m.params.map((p) => p.name)).filter((n) => RESERVED.has(n)));
  const fields = [...methods.flatMap((m) => m.params), ...records.flatMap((r) => r.fields)];
  names.push(...fields.map((f) => f.name).filter((name) => name === '__proto__'));
  return [...new Set(names)];
}

function checkNames(schema: Schema, types: ValueTypes, project: Project, findings: Findings): void {
  const taken = new Set(takenNames(schema));
  for (const name of reservedNames(schema)) {
    findings.report('CELL2016', entrySource(project), null, { name });
  }
  for (const name of namesOf(schema)) {
    if (!NAME.test(name)) findings.report('CELL2017', entrySource(project), null, { name });
  }
  if (!CELL.test(schema.cell)) {
    findings.report('CELL2017', entrySource(project), null, { name: schema.service });
  }
  for (const name of [schema.service, ...types.homes.keys()]) {
    if (!taken.has(name) && !LIBRARY.has(name) && !Object.hasOwn(SDK_NAMES, name)) continue;
    const source = project.sources.get(types.homes.get(name) ?? project.entry) as SourceShape;
    const declared = [...source.classes, ...source.enums].find((d) => d.name === name);
    findings.report('CELL2016', source, declared?.nameAt ?? null, { name });
  }
}

/** `HTTPServer` -> `http-server`. */
export function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}

const isService = (c: ClassShape) => c.decorators.some((d) => d.ns === '' && d.name === 'service');

function serviceClass(
  project: Project,
  source: SourceShape,
  findings: Findings,
): ClassShape | null {
  for (const other of project.sources.values()) {
    if (other === source) continue;
    for (const c of other.classes.filter(isService)) {
      findings.report('CELL2011', other, c.nameAt, { name: c.name });
    }
  }
  const found = source.classes.filter(isService);
  if (found.length === 0) {
    const only = source.classes.length === 1 ? source.classes[0].nameAt : null;
    if (source.faults.length === 0) findings.report('CELL2001', source, only);
    return null;
  }
  for (const extra of found.slice(1)) {
    findings.report('CELL2002', source, extra.nameAt, { first: found[0].name, name: extra.name });
  }
  return found[0];
}

function checkClass(shape: ClassShape, source: SourceShape, findings: Findings): void {
  const { name } = shape;
  if (shape.extends) findings.report('CELL2003', source, shape.extends, { name });
  if (shape.typeParameters) findings.report('CELL2006', source, shape.typeParameters, { name });
  if (shape.isAbstract) findings.report('CELL2014', source, shape.nameAt, { name });
  const constructor = shape.methods.find((m) => m.form === 'constructor');
  if (constructor && constructor.params.length > 0) {
    findings.report('CELL2004', source, constructor.params[0], { name });
  }
  for (const m of shape.methods) {
    const accessor = m.form === 'get' || m.form === 'set';
    if (accessor && !m.isStatic && m.visibility === 'public') {
      findings.report('CELL2009', source, m.nameAt, { name: m.name });
    }
    const auth = m.decorators.find((d) => d.ns === 'Auth');
    if (auth && !(isHandlerLike(m) && m.name !== 'start')) {
      const where = 'a method that clients can call';
      findings.report('CELL4008', source, auth, { macro: `Auth.${auth.name}`, where });
    }
  }
}

const isHandlerLike = (m: MethodShape) =>
  m.form === 'method' && !m.isStatic && m.visibility === 'public';

function handlersOf(shape: ClassShape): MethodShape[] {
  return shape.methods.filter((m) => isHandlerLike(m) && m.name !== 'start');
}

function checkStart(start: MethodShape, source: SourceShape, findings: Findings): void {
  const isVoid = start.result.kind === 'name' && start.result.name === 'void';
  if (start.params.length > 0 || !isVoid) findings.report('CELL2012', source, start.nameAt);
}

interface MethodContext {
  m: MethodShape;
  index: number;
  shape: ClassShape;
  source: SourceShape;
  entry: string;
  types: ValueTypes;
  findings: Findings;
}

function describeMethod(context: MethodContext): Method {
  const { m, index, shape, source, types, findings, entry } = context;
  const twin = handlersOf(shape).find((o) => o.name === m.name);
  if (twin !== m) findings.report('CELL2005', source, m.nameAt, { name: m.name });
  if (m.typeParameters) findings.report('CELL2006', source, m.typeParameters, { name: m.name });
  const params: Field[] = [];
  for (const p of m.params) {
    if (p.form !== 'plain') {
      findings.report('CELL2008', source, p, { name: p.name, form: FORMS[p.form] });
    } else if (!m.typeParameters) {
      const type = types.resolve(entry, p.type, 'parameter');
      if (type !== null) params.push({ name: p.name, type });
    }
  }
  let result: Type | null = null;
  const isVoid = m.result.kind === 'name' && m.result.name === 'void' && !m.result.nullable;
  if (!isVoid && !m.typeParameters) result = types.resolve(entry, m.result, 'result');
  return {
    name: m.name,
    index,
    params,
    result,
    tier: 'pure',
    access: accessOf(m.decorators, shape.decorators, source, findings),
    canonical: '',
    fingerprint: '',
    ...(m.doc === undefined ? {} : { doc: m.doc }),
  };
}

const FORMS = {
  optional: 'is optional',
  default: 'has a default',
  rest: 'takes the rest',
  plain: '',
};

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
 * State makes an actor: instance fields of the service, static fields that can change, and
 * variables of any of the project's modules (`let`, `var`). A `const` that holds a container is not
 * seen as state: each instance has its own.
 */
function isActor(project: Project, service: ClassShape): boolean {
  if (service.fields.some((f) => !f.isStatic)) return true;
  for (const source of project.sources.values()) {
    if (source.variables.some((v) => v.mutable)) return true;
    const fields = source.classes.flatMap((c) => c.fields);
    if (fields.some((f) => f.isStatic && !f.isReadonly)) return true;
  }
  return false;
}

/** Limits from `@service({ pages, cpuMs, payloadBytes })`, each with its bounds. */
function limitsOf(shape: ClassShape, source: SourceShape, findings: Findings): Manifest['limits'] {
  const limits = { pages: CELL_PAGES, cpuMs: CPU_MS, payloadBytes: MESSAGE_BYTES };
  const most = { pages: PAGES_MAX, cpuMs: 60_000, payloadBytes: MESSAGE_BYTES };
  const use = shape.decorators.find((d) => d.ns === '' && d.name === 'service');
  if (!use?.args?.length) return limits;
  const [argument] = use.args;
  if (argument.kind !== 'object' || use.args.length > 1) {
    const wants = '{ pages, cpuMs, payloadBytes }, each optional';
    findings.report('CELL4006', source, argument, { macro: 'service', wants });
    return limits;
  }
  const keys = Object.keys(limits) as (keyof typeof limits)[];
  for (const { key, at, value } of argument.entries) {
    const known = keys.find((k) => k === key);
    if (known === undefined) {
      const near = nearest(key, keys);
      const hint = near === null ? `one of ${keys.join(', ')}` : `did you mean ${near}?`;
      findings.report('CELL4004', source, at, { key, macro: 'service', hint });
    } else if (
      value.kind !== 'number' ||
      !Number.isInteger(value.value) ||
      value.value < 1 ||
      value.value > most[known]
    ) {
      const wants = `a whole number from 1 to ${most[known]}`;
      findings.report('CELL4005', source, value, { key, wants });
    } else limits[known] = value.value;
  }
  return limits;
}
