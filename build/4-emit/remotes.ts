// Owns `@remote("ledger") class Ledger {}`: finds the cell's schema, puts a module of its types and
// methods into the project and an import of it in the class's place. Everything after sees an
// ordinary import: `import * as Ledger from "./__remote_ledger"`.
import { posix } from 'node:path';
import { nearest } from '../../host/schema/nearest.ts';
import type { Schema } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import { readSource } from '../1-read/read.ts';
import type { ClassShape, SourceShape, Span } from '../1-read/shapes.ts';
import { kebab } from '../2-discover/cell-name.ts';
import type { Macros, Negotiated, Placed } from '../3-negotiate/contract.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { type Change, remoteChanges } from './remote-changes.ts';
import { remoteModule, remoteTypes } from './remote-module.ts';
import { relativeImport } from './user-text.ts';

/** What stands in place of a class. */
interface Stand {
  placed: Placed;
  source: SourceShape;
  path: string;
  shape: ClassShape;
}

/**
 * Adds the remote cells of `negotiated` to `project`. What is wrong is reported; the project is
 * then as it was, but for what could be added.
 */
export async function addRemotes(
  project: Project,
  negotiated: Negotiated,
  macros: Macros,
  findings: Findings,
): Promise<void> {
  const stands = standsOf(project, negotiated);
  if (stands.length === 0) return;
  const own = ownCell(negotiated);
  const before = findings.count;
  for (const stand of stands) checkStand(stand, stands, own, findings);
  if (findings.count > before) return;
  for (const stand of stands) {
    const cell = stand.placed.text;
    const found = await macros.discovery.remote(cell);
    if (found) await add(project, stand, found.schema, own, macros, findings);
    else {
      const cells = (macros.discovery.cells?.() ?? []).filter((name) => name !== own);
      const near = nearest(cell, cells);
      const fix = near === null ? FIND : `did you mean "${near}"? Else ${FIND}`;
      findings.report('CELL4080', stand.source, stand.placed.useRef, { cell, fix });
    }
  }
}

const FIND =
  'build it (`cell build` in the project that has it), run it (`cell run`), or correct the name';

/** One class a cell, and none for the cell itself. */
function checkStand(stand: Stand, all: Stand[], own: string, findings: Findings): void {
  const { source, placed } = stand;
  const cell = placed.text;
  const first = all.find((one) => one.placed.text === cell) as Stand;
  if (first !== stand) {
    const holes = { cell, first: first.shape.name, file: first.source.path };
    findings.report('CELL4081', source, placed.useRef, holes);
  } else if (cell === own) findings.report('CELL4082', source, placed.useRef, { cell });
}

function standsOf(project: Project, negotiated: Negotiated): Stand[] {
  const paths = new Map([...project.sources].map(([path, source]) => [source, path]));
  return negotiated.contributions.flatMap((placed): Stand[] => {
    if (placed.kind !== 'remote') return [];
    const { source } = placed.siteRef;
    const shape = source.classes.find((c) => c.decorators.includes(placed.useRef));
    const path = paths.get(source);
    return shape === undefined || path === undefined ? [] : [{ placed, source, path, shape }];
  });
}

/** Name of the cell that is being built. */
function ownCell({ contributions, service }: Negotiated): string {
  const named = contributions.find((c) => c.kind === 'service')?.text ?? '';
  return named !== '' ? named : kebab(service?.className ?? '');
}

async function add(
  project: Project,
  stand: Stand,
  schema: Schema,
  own: string,
  macros: Macros,
  findings: Findings,
): Promise<void> {
  const { source, placed, shape } = stand;
  const { cell } = schema;
  const uses = usesOf(project, stand);
  const methods = schema.methods
    .filter((m) => m.channel === undefined && uses.some((use) => use.name === m.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  checkUses(schema, uses, findings);
  const guarded = methods.filter((m) => !m.access.public).map((m) => m.name);
  const texts = Object.fromEntries(methods.map((m) => [m.name, m.canonical]));
  const before = macros.lockedRemotes?.(own)?.[cell];
  const accepted = macros.accepted?.includes(cell) === true;
  for (const change of accepted ? [] : remoteChanges(before ?? {}, schema)) {
    reportChange(change, cell, stand, uses, findings);
  }
  const path = `__remote_${cell}.ts`;
  const text = remoteModule(schema, methods);
  const module = await readSource(remoteTypes(schema), path);
  const { start, end } = placed.useRef;
  project.sources.set(path, module);
  source.classes.splice(source.classes.indexOf(shape), 1);
  source.exported = source.exported.filter((name) => name !== shape.name);
  blank(source, classSpan(shape));
  importModule(source, stand.path, path, shape.name);
  for (const [at, other] of project.sources) importAgain(other, at, stand, path);
  project.remotes = [
    ...(project.remotes ?? []),
    { cell, source, at: { start, end }, path, text, methods: texts, guarded },
  ];
}

function blank(source: SourceShape, span: Span): void {
  source.replaced = [...(source.replaced ?? []), span];
}

/** `import * as Ledger from "./__remote_ledger"` in the file at `from`. */
function importModule(source: SourceShape, from: string, module: string, namespace: string): void {
  const end = source.text.length;
  const at = { start: end, end };
  const written = relativeImport(from, module);
  source.imports.push({ path: written, pathAt: at, names: [], namespace, isRemote: true, ...at });
}

/** A file that imports the class imports its module instead: asc passes no namespace on. */
function importAgain(source: SourceShape, from: string, stand: Stand, module: string): void {
  for (const one of [...source.imports]) {
    const { shape, path: home } = stand;
    const name = one.names.find((n) => n.foreign === shape.name);
    if (name === undefined || !leadsTo(from, one.path, home)) continue;
    const text = source.text.slice(one.start, one.end);
    const found = new RegExp(`(?<![\\w$])${escaped(name.foreign)}(\\s+as\\s+[\\w$]+)?\\s*,?`).exec(
      text,
    );
    if (one.names.length === 1 || found === null) blank(source, one);
    else {
      const start = one.start + found.index;
      blank(source, { start, end: start + found[0].length });
    }
    one.names = one.names.filter((n) => n !== name);
    importModule(source, from, module, name.local);
  }
}

const escaped = (name: string): string => name.replaceAll('$', '\\$');

/** Whether `written`, in the file at `from`, is the file at `home`. */
function leadsTo(from: string, written: string, home: string): boolean {
  if (!written.startsWith('.')) return false;
  const base = posix.join(posix.dirname(from), written.replace(/\.ts$/, ''));
  return [`${base}.ts`, posix.join(base, 'index.ts')].includes(home);
}

/** The class with its decorators. */
function classSpan(shape: ClassShape): Span {
  const start = Math.min(shape.start, ...shape.decorators.map((d) => d.start));
  return { start, end: shape.end };
}

interface Use extends Span {
  source: SourceShape;
  name: string;
  /** It stands in a comment or a text, perhaps. */
  doubtful: boolean;
}

const QUIET =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g;

/** Every `Ledger.name` of the project, by the name that each file knows the class under. */
function usesOf(project: Project, { source: home, shape }: Stand): Use[] {
  const uses: Use[] = [];
  for (const source of project.sources.values()) {
    const names =
      source === home
        ? [shape.name]
        : source.imports.flatMap((i) => i.names.filter((n) => n.foreign === shape.name));
    for (const local of names.map((n) => (typeof n === 'string' ? n : n.local))) {
      const plain = source.text.replace(QUIET, (quiet) => quiet.replace(/[^\n]/g, ' '));
      const pattern = new RegExp(`(?<![\\w$.])${escaped(local)}\\s*\\.\\s*([\\w$]+)`, 'g');
      for (const found of source.text.matchAll(pattern)) {
        const end = found.index + found[0].length;
        const doubtful = plain.slice(found.index, end) !== found[0];
        uses.push({ source, name: found[1], start: end - found[1].length, end, doubtful });
      }
    }
  }
  return uses;
}

/** Names that the cell does not have. */
function checkUses(schema: Schema, uses: Use[], findings: Findings): void {
  const methods = schema.methods.filter((m) => m.channel === undefined).map((m) => m.name);
  const known = [
    ...methods,
    ...schema.records.map((r) => r.name),
    ...schema.enums.map((e) => e.name),
  ];
  for (const use of uses) {
    if (use.doubtful || known.includes(use.name)) continue;
    const near = nearest(use.name, known);
    const hint = near === null ? `it has: ${methods.join(', ')}` : `did you mean ${near}?`;
    const holes = { cell: schema.cell, name: use.name, hint };
    findings.report('CELL4084', use.source, use, holes);
  }
}

function reportChange(
  { method, what }: Change,
  cell: string,
  stand: Stand,
  uses: Use[],
  findings: Findings,
): void {
  const calls = uses.filter((use) => use.name === method && !use.doubtful);
  const places = calls.length === 0 ? [{ source: stand.source, ...stand.placed.useRef }] : calls;
  for (const { source, start, end } of places) {
    findings.report('CELL4083', source, { start, end }, { cell, method, what });
  }
}
