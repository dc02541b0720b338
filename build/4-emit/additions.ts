// Owns what macros add to a project's code, sorted by the declaration that it belongs to and
// judged: every text parses by itself, every name is free, everything stands where it can. Emits
// nothing. Policies, limits and facts pass by; they are no code.
import type { SqlManifest } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, MethodShape, SourceShape } from '../1-read/shapes.ts';
import type { Negotiated, Placed } from '../3-negotiate/contract.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { TextJudge } from './contributed-text.ts';
import { Gatherer } from './gatherer.ts';
import { originOf } from './origin.ts';

/** Bytes of code that macros may add to one service. Threat: builds that never end. */
export const ADDED_BYTES = 1 << 20;

/** A whole method from a macro. `shape` counts in `source`, a text of its own. */
export interface AddedMethod {
  from: Placed;
  shape: MethodShape;
  source: SourceShape;
}

/** What stands around a method's body, outermost first, and what its body can name. */
export interface MethodAdditions {
  /** `boundary`: of a handler, at the cell's boundary; else around the method itself. */
  around: { from: Placed; stage: string; boundary: boolean }[];
  ambients: Placed[];
}

export interface ClassAdditions {
  source: SourceShape;
  fields: Placed[];
  methods: AddedMethod[];
  /** Public methods of the service: clients call them like its own. */
  handlers: AddedMethod[];
  /** Methods, static ones too, of a class that is no service. */
  members: AddedMethod[];
  /** By the field's name: what it holds first, in place of the user's own. */
  initials: Map<string, Placed>;
}

export interface Additions {
  classes: Map<ClassShape, ClassAdditions>;
  methods: Map<MethodShape, MethodAdditions>;
  /** Name -> SDK file that a macro made visible. */
  imports: Map<string, string>;
  /** Text of a guard, wrap or parameter -> the names that it declares itself. */
  declared: Map<string, ReadonlySet<string>>;
  /** Functions that stand for calls, one a call. */
  calls: Placed[];
  /** Statements before the service's own `start()`. */
  starts: Placed[];
  /** Codecs that texts name, judged but for their types. */
  codecs: Placed[];
  sql: SqlManifest | null;
}

export const noAdditions = (): Additions => ({
  classes: new Map(),
  methods: new Map(),
  imports: new Map(),
  declared: new Map(),
  calls: [],
  starts: [],
  codecs: [],
  sql: null,
});

/** Gathers and judges. Everything wrong is reported at the decorator that it comes from. */
export async function gatherAdditions(
  project: Project,
  negotiated: Negotiated,
  findings: Findings,
): Promise<Additions> {
  const code = negotiated.contributions.filter((c) => CODE.has(c.kind));
  const calls = negotiated.answers.some((one) => one.sites.some((site) => site.kind === 'call'));
  if (code.length === 0 && !calls) return noAdditions();
  if (!fits(code, findings)) return noAdditions();
  const gatherer = new Gatherer(noAdditions(), negotiated, await TextJudge.load(), findings);
  for (const one of code) await gatherer.take(one);
  const entry = project.sources.get(project.entry) as SourceShape;
  gatherer.spread(entry, negotiated);
  gatherer.finish();
  return gatherer.additions;
}

const CODE = new Set(
  (
    'guard wrap parameter field method handler import ' +
    'member call statement database initial start codec'
  ).split(' '),
);

function fits(code: Placed[], findings: Findings): boolean {
  const bytesOf = (one: Placed): number =>
    Buffer.byteLength(one.text) + one.type.length + one.values.join().length;
  const total = code.reduce((sum, one) => sum + bytesOf(one), 0);
  if (total <= ADDED_BYTES) return true;
  const most = code.reduce((a, b) => (bytesOf(b) > bytesOf(a) ? b : a));
  const { macro, source, at } = originOf(most);
  findings.report('CELL4064', source, at, { macro, bytes: total, most: ADDED_BYTES });
  return false;
}
