// Owns the names of a service: those that no host or client could take, and the canonical texts by
// which signatures are told apart. Reports; changes only `canonical` and `fingerprint`.
import { canonicalText, fingerprint } from '../../host/schema/canonical.ts';
import type { Schema } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, SourceShape } from '../1-read/shapes.ts';
import { kebab } from '../2-discover/cell-name.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { takenNames } from './client.ts';
import { SDK_NAMES, SERVICE_NAMES } from './sdk.ts';
import { entrySource } from './service-class.ts';

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

/** Words that strict TypeScript takes for no parameter. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum ' +
    'eval export extends false finally for function if implements import in instanceof interface ' +
    'let new null package private protected public return static super switch this throw true ' +
    'try typeof var void while with yield'
  ).split(' '),
);

/** Canonical texts and fingerprints; a signature may be too large for one. */
export function nameMethods(
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

/**
 * Reports names that hosts, clients or generated code cannot have. `homes`: where records and enums
 * are declared; `more`: names that the generated entry needs beside its own.
 */
export function checkNames(
  schema: Schema,
  homes: Map<string, string>,
  project: Project,
  findings: Findings,
  more: Iterable<string>,
): void {
  const taken = new Set([...takenNames(schema), ...more]);
  for (const name of reservedNames(schema)) {
    findings.report('CELL2016', entrySource(project), null, { name });
  }
  for (const name of namesOf(schema)) {
    if (!NAME.test(name)) findings.report('CELL2017', entrySource(project), null, { name });
  }
  if (!CELL.test(schema.cell)) {
    const name = kebab(schema.service) === schema.cell ? schema.service : schema.cell;
    findings.report('CELL2017', entrySource(project), null, { name });
  }
  for (const name of [schema.service, ...homes.keys()]) {
    if (name === schema.service && SERVICE_NAMES.has(name)) continue;
    if (!taken.has(name) && !LIBRARY.has(name) && !Object.hasOwn(SDK_NAMES, name)) continue;
    const source = project.sources.get(homes.get(name) ?? project.entry) as SourceShape;
    const declared = [...source.classes, ...source.enums].find((d) => d.name === name);
    findings.report('CELL2016', source, declared?.nameAt ?? null, { name });
  }
}

function namesOf({ service, methods, records, enums }: Schema): string[] {
  const names = [service];
  for (const m of methods) names.push(m.name, ...m.params.map((p) => p.name));
  for (const r of records) names.push(r.name, ...r.fields.map((f) => f.name));
  for (const e of enums) names.push(e.name, ...e.members.map((m) => m.name));
  return names;
}

/** Methods, parameters and fields that a client in TypeScript cannot have. */
function reservedNames({ methods, records }: Schema): string[] {
  // An object with a method `then` is taken for a promise by `await`.
  const names: string[] = methods.map((m) => m.name).filter((name) => name === 'then');
  names.push(...methods.flatMap((m) => m.params.map((p) => p.name)).filter((n) => RESERVED.has(n)));
  const fields = [...methods.flatMap((m) => m.params), ...records.flatMap((r) => r.fields)];
  names.push(...fields.map((f) => f.name).filter((name) => name === '__proto__'));
  return [...new Set(names)];
}
