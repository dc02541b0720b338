// Owns the class that a service is: finding it, what it may look like, its name and its limits.
// Reports what is wrong; never looks at types.
import { CELL_PAGES, CPU_MS, MESSAGE_BYTES } from '../../assembly/shared/limits.ts';
import type { Manifest } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, MethodShape, SourceShape } from '../1-read/shapes.ts';
import { kebab } from '../2-discover/cell-name.ts';
import type { Negotiated, Placed } from '../3-negotiate/contract.ts';
import type { Findings } from '../diagnostics/findings.ts';

/** 64 KB pages that a 32-bit memory can have. */
const PAGES_MAX = 65536;
/** Milliseconds of CPU that a service may ask for. */
const CPU_MS_MAX = 60_000;

/** The service of a build, as its contribution says. */
export interface ServiceClass {
  shape: ClassShape;
  source: SourceShape;
  /** Name of the cell. */
  cell: string;
  limits: Manifest['limits'];
}

/** The one service of the entry file; null when there is none. Everything wrong is reported. */
export function serviceClass(
  project: Project,
  negotiated: Negotiated,
  findings: Findings,
): ServiceClass | null {
  const source = entrySource(project);
  const found: { shape: ClassShape; said: Placed }[] = [];
  for (const said of negotiated.contributions.filter((c) => c.kind === 'service')) {
    const { siteRef } = said;
    const shape = siteRef.source.classes.find((c) => c.nameAt.start === siteRef.at.start);
    if (shape === undefined) continue;
    if (siteRef.source === source) found.push({ shape, said });
    else findings.report('CELL2011', siteRef.source, shape.nameAt, { name: shape.name });
  }
  if (found.length === 0) {
    // A class that says `@service` and got no answer: whoever asked has told why.
    const asks = source.classes.some((c) => c.decorators.some((d) => d.name === 'service'));
    const told = source.faults.length > 0 || (asks && findings.count > 0);
    const only = source.classes.length === 1 ? source.classes[0].nameAt : null;
    if (!told) findings.report('CELL2001', source, only);
    return null;
  }
  const [{ shape, said }, ...more] = found;
  for (const { shape: extra, said: other } of more) {
    if (extra === shape) {
      // Name and limits decide what the cell is granted: one macro says them.
      const holes = {
        first: `@${said.macro}`,
        second: `@${other.macro}`,
        what: 'name the service',
      };
      if (!isSame(said, other)) findings.report('CELL4012', source, other.useRef, holes);
      continue;
    }
    findings.report('CELL2002', source, extra.nameAt, { first: shape.name, name: extra.name });
  }
  checkClass(shape, source, findings);
  const cell = said.text === '' ? kebab(shape.name) : said.text;
  return { shape, source, cell, limits: limitsOf(said, source, findings) };
}

const isSame = (a: Placed, b: Placed): boolean =>
  a.macro === b.macro && a.text === b.text && String(a.numbers) === String(b.numbers);

export const entrySource = (project: Project): SourceShape =>
  project.sources.get(project.entry) as SourceShape;

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
  }
  const start = startOf(shape);
  if (start === undefined) return;
  const isVoid = start.result.kind === 'name' && start.result.name === 'void';
  if (start.params.length > 0 || !isVoid) findings.report('CELL2012', source, start.nameAt);
}

const isOpen = (m: MethodShape): boolean =>
  m.form === 'method' && !m.isStatic && m.visibility === 'public';

/** True for methods that clients can call. */
export const isHandler = (m: MethodShape): boolean => isOpen(m) && m.name !== 'start';

/** `start()` of a class, run once before an instance is ready. */
export function startOf(shape: ClassShape): MethodShape | undefined {
  return shape.methods.find((m) => m.name === 'start' && isOpen(m));
}

/** Limits of the contribution `service`: pages, cpuMs, payloadBytes; 0 or absent = the default. */
function limitsOf(said: Placed, source: SourceShape, findings: Findings): Manifest['limits'] {
  const limits = { pages: CELL_PAGES, cpuMs: CPU_MS, payloadBytes: MESSAGE_BYTES };
  const most = { pages: PAGES_MAX, cpuMs: CPU_MS_MAX, payloadBytes: MESSAGE_BYTES };
  for (const [i, key] of (['pages', 'cpuMs', 'payloadBytes'] as const).entries()) {
    const asked = said.numbers[i] ?? 0;
    if (asked === 0) continue;
    if (Number.isInteger(asked) && asked >= 1 && asked <= most[key]) limits[key] = asked;
    else {
      const wants = `a whole number from 1 to ${most[key]}`;
      findings.report('CELL4005', source, said.useRef, { key, wants, hint: `write ${wants}` });
    }
  }
  return limits;
}
