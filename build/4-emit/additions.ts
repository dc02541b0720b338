// Owns what macros add to a project's code, sorted by the declaration that it belongs to and
// judged: every text parses by itself, every name is free, everything stands where it can. Emits
// nothing. Policies, limits and facts pass by; they are no code.
import { OK, UNAUTHENTICATED } from '../../assembly/shared/status.ts';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, MethodShape, SourceShape } from '../1-read/shapes.ts';
import type { Negotiated, Placed } from '../3-negotiate/contract.ts';
import { plainLine } from '../3-negotiate/parties.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { contributedMethod, TextJudge, type Verdict } from './contributed-text.ts';
import { namesIn } from './names-in-text.ts';
import { isBoundary, originOf, stageOf, stageRank } from './origin.ts';
import { sdkFileThere } from './sdk.ts';
import { isHandler } from './service-class.ts';

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
}

export interface Additions {
  classes: Map<ClassShape, ClassAdditions>;
  methods: Map<MethodShape, MethodAdditions>;
  /** Name -> SDK file that a macro made visible. */
  imports: Map<string, string>;
  /** Text of a guard, wrap or parameter -> the names that it declares itself. */
  declared: Map<string, ReadonlySet<string>>;
}

export const noAdditions = (): Additions => ({
  classes: new Map(),
  methods: new Map(),
  imports: new Map(),
  declared: new Map(),
});

/** Gathers and judges. Everything wrong is reported at the decorator that it comes from. */
export async function gatherAdditions(
  project: Project,
  negotiated: Negotiated,
  findings: Findings,
): Promise<Additions> {
  const code = negotiated.contributions.filter((c) => CODE.has(c.kind));
  if (code.length === 0) return noAdditions();
  if (!fits(code, findings)) return noAdditions();
  const gatherer = new Gatherer(negotiated, await TextJudge.load(), findings);
  for (const one of code) await gatherer.take(one);
  const entry = project.sources.get(project.entry) as SourceShape;
  gatherer.spread(entry, negotiated);
  return gatherer.additions;
}

const CODE = new Set('guard wrap parameter field method handler import'.split(' '));

function fits(code: Placed[], findings: Findings): boolean {
  const bytesOf = (one: Placed): number => Buffer.byteLength(one.text) + one.type.length;
  const total = code.reduce((sum, one) => sum + bytesOf(one), 0);
  if (total <= ADDED_BYTES) return true;
  const most = code.reduce((a, b) => (bytesOf(b) > bytesOf(a) ? b : a));
  const { macro, source, at } = originOf(most);
  findings.report('CELL4064', source, at, { macro, bytes: total, most: ADDED_BYTES });
  return false;
}

class Gatherer {
  readonly additions = noAdditions();
  readonly #negotiated: Negotiated;
  readonly #judge: TextJudge;
  readonly #findings: Findings;
  /** What the service class's decorators put around its handlers. */
  readonly #shared: Placed[] = [];

  constructor(negotiated: Negotiated, judge: TextJudge, findings: Findings) {
    this.#negotiated = negotiated;
    this.#judge = judge;
    this.#findings = findings;
  }

  async take(one: Placed): Promise<void> {
    const { siteRef } = one;
    const owner = siteRef.source.classes.find((c) => c.name === siteRef.owner);
    if (one.kind === 'import') return this.#import(one);
    if (owner === undefined) return this.#refuse(one, `${siteRef.kind}s take no code`);
    switch (one.kind) {
      case 'field':
        return this.#field(one, owner);
      case 'method':
      case 'handler':
        return this.#method(one, owner);
      default:
        return this.#around(one, owner);
    }
  }

  /** Puts what stands on the service class around each handler that does not say it itself. */
  spread(entry: SourceShape, negotiated: Negotiated): void {
    const service = entry.classes.find((c) => c.name === negotiated.service?.className);
    const added = service && this.additions.classes.get(service);
    const handlers = [
      ...(service?.methods.filter(isHandler) ?? []),
      ...(added?.handlers.map((h) => h.shape) ?? []),
    ];
    for (const one of this.#shared) {
      for (const method of handlers) {
        const own = this.additions.methods.get(method);
        const said = [...(own?.around ?? []).map((a) => a.from), ...(own?.ambients ?? [])];
        const mine = said.some((p) => p.macro === one.macro && p.siteRef.kind === 'method');
        if (!mine) this.#put(one, method);
      }
    }
    for (const { around } of this.additions.methods.values()) {
      around.sort((a, b) => stageRank(a.stage) - stageRank(b.stage));
    }
  }

  #around(one: Placed, owner: ClassShape): void {
    if (!this.#sound(one)) return;
    this.additions.declared.set(one.text, this.#judge.declares(one.text));
    const { kind, name, at } = one.siteRef;
    if (kind === 'class') {
      const isService = this.#negotiated.service?.className === name;
      if (isService) this.#shared.push(one);
      else this.#refuse(one, `a ${one.kind} needs a method, or a service class`);
      return;
    }
    const method = owner.methods.find((m) => m.name === name && m.nameAt.start === at.start);
    const odd = method === undefined ? `a ${kind} has no body` : oddity(method, owner);
    if (method === undefined || odd !== null) this.#refuse(one, odd ?? '');
    else this.#put(one, method);
  }

  #put(one: Placed, method: MethodShape): void {
    const { methods } = this.additions;
    const mine = methods.get(method) ?? { around: [], ambients: [] };
    methods.set(method, mine);
    if (one.kind === 'parameter') {
      const other = mine.ambients.find((p) => p.name === one.name);
      const param = method.params.some((p) => p.name === one.name);
      if (other) return this.#twice(one, `\`${one.name}\``, `@${other.macro}`);
      if (param) return this.#twice(one, `\`${one.name}\``, `the method \`${method.name}\``);
      mine.ambients.push(one);
      return;
    }
    const stage = stageOf(one, (p) => this.#stageOfMacro(p));
    if (one.kind === 'guard') {
      const hole = unknownHole(one.type, method);
      if (hole !== null) {
        return this.#refuse(one, `its message names \`{${hole}}\`, which has no text here`);
      }
    }
    mine.around.push({ from: one, stage, boundary: isBoundary(stage) });
  }

  #sound(one: Placed): boolean {
    const judge = this.#judge;
    if (one.kind === 'guard') {
      const { status } = one;
      const known = Number.isInteger(status) && status > OK && status <= UNAUTHENTICATED;
      if (!known) this.#refuse(one, `it refuses with ${status}, which is no status`);
      return known && this.#parses(one, one.text, judge.expression(one.text));
    }
    if (one.kind === 'wrap') {
      if (/\$fail\b/.test(one.text) && !/\$attempt\b/.test(one.text)) {
        this.#refuse(one, 'it passes on a failure (`$fail`) that it never caught (`$attempt`)');
        return false;
      }
      if (!this.#parses(one, one.text, judge.statements(one.text))) return false;
      const answers = [...namesIn(one.text)].some((name) => ANSWERING.has(name));
      if (!answers) this.#refuse(one, SILENT, PROCEED);
      return answers;
    }
    return (
      this.#named(one) &&
      this.#parses(one, one.type, judge.type(one.type)) &&
      this.#parses(one, one.text, judge.expression(one.text))
    );
  }

  #field(one: Placed, owner: ClassShape): void {
    if (!this.#sound(one)) return;
    if (!this.#free(one, owner)) return;
    this.#of(owner, one).fields.push(one);
  }

  async #method(one: Placed, owner: ClassShape): Promise<void> {
    if (!this.#named(one)) return;
    const found = await contributedMethod(one.text, one.name);
    if (typeof found === 'string') {
      this.#parses(one, one.text, found);
      return;
    }
    const { shape, source } = found;
    if (!this.#free(one, owner)) return;
    const added = { from: one, shape, source };
    if (one.kind === 'method') {
      if (isHandler(shape)) this.#refuse(one, `\`${one.name}\` is not private`);
      else this.#of(owner, one).methods.push(added);
      return;
    }
    const isService = this.#negotiated.service?.className === owner.name;
    if (!isService) this.#refuse(one, 'only the service class has methods that clients call');
    else if (!isHandler(shape)) this.#refuse(one, `\`${one.name}\` is not public`);
    else this.#of(owner, one).handlers.push(added);
  }

  #import(one: Placed): void {
    const bad = one.values.find((name) => this.#judge.name(name) !== null);
    if (!sdkFileThere(one.text)) this.#refuse(one, `there is no \`cell/${one.text.slice(0, 64)}\``);
    else if (bad !== undefined) this.#refuse(one, `\`${bad.slice(0, 64)}\` is no name`);
    else {
      for (const name of one.values) {
        const file = this.additions.imports.get(name) ?? one.text;
        if (file === one.text) this.additions.imports.set(name, file);
        else this.#twice(one, `\`${name}\``, `\`cell/${file}\``);
      }
    }
  }

  #of(owner: ClassShape, one: Placed): ClassAdditions {
    const { classes } = this.additions;
    const mine = classes.get(owner) ?? {
      source: one.siteRef.source,
      fields: [],
      methods: [],
      handlers: [],
    };
    classes.set(owner, mine);
    return mine;
  }

  /** Reports when the class has a member of that name, its own or another macro's. */
  #free(one: Placed, owner: ClassShape): boolean {
    const own = [...owner.fields, ...owner.methods].some((m) => m.name === one.name);
    const added = this.additions.classes.get(owner);
    const others = [...(added?.fields ?? []), ...(added?.methods ?? []).map((m) => m.from)];
    others.push(...(added?.handlers ?? []).map((m) => m.from));
    const other = others.find((p) => p.name === one.name);
    if (!own && other === undefined) return true;
    this.#twice(one, `\`${one.name}\``, other ? `@${other.macro}` : `the class \`${owner.name}\``);
    return false;
  }

  #stageOfMacro(one: Placed): string {
    const { description } = this.#negotiated.answers.find((a) => a.cell === one.cell) ?? {};
    const name = one.macro.slice(one.macro.indexOf('.') + 1);
    return description?.macros.find((m) => m.name === name || m.name === one.macro)?.stage ?? '';
  }

  #named(one: Placed): boolean {
    const verdict = this.#judge.name(one.name);
    if (verdict !== null) this.#refuse(one, verdict);
    return verdict === null;
  }

  #parses(one: Placed, text: string, verdict: Verdict): boolean {
    if (verdict === null) return true;
    const { macro, cell, source, at } = originOf(one);
    const excerpt = excerptOf(text);
    const reason = plainLine(verdict);
    this.#findings.report('CELL4060', source, at, { macro, cell, reason, excerpt });
    return false;
  }

  #refuse(one: Placed, reason: string, fix = MOVE): void {
    const { macro, cell, source, at } = originOf(one);
    const holes = { macro, cell, reason: plainLine(reason), fix };
    this.#findings.report('CELL4062', source, at, holes);
  }

  #twice(one: Placed, what: string, other: string): void {
    const { macro, source, at } = originOf(one);
    this.#findings.report('CELL4063', source, at, { macro, what, other });
  }
}

/** Names by which a wrap's text calls what it stands around, answers for it, or ends the call. */
const ANSWERING = new Set(
  '$proceed $attempt result fail throw return abort unreachable'.split(' '),
);
const SILENT =
  'its text neither calls what it stands around ($proceed, $attempt) nor sets `result` nor fails';

const PROCEED =
  'write `$proceed;` in the text of the wrap, where the method is to run; when the cell is not ' +
  'yours, tell its authors';

/** What helps where a contribution has no place. */
export const MOVE = 'move the decorator to a declaration that it is made for, or remove it';

/** Characters of a macro's code that an error shows. */
const EXCERPT = 100;

/** One line of a text, for an error. */
export const excerptOf = (text: string): string => plainLine(text, EXCERPT);

/** Why nothing can stand around a method; null: it can. */
function oddity(method: MethodShape, owner: ClassShape): string | null {
  if (method.form !== 'method') return 'it stands on no plain method';
  if (method.body === null) return `\`${method.name}\` has no body`;
  if (method.typeParameters !== null) return `\`${method.name}\` has type parameters`;
  if (owner.typeParameters !== null) return `\`${owner.name}\` has type parameters`;
  return null;
}

/** Values that a message can show. */
const TEXTS = new Set(
  'bool boolean i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 string Uuid Decimal'.split(' '),
);
export const HOLE = /\{([A-Za-z_$][\w$]*)\}/g;

/** The first hole of a message that no parameter fills; null: there is none. */
function unknownHole(message: string, method: MethodShape): string | null {
  for (const [, name] of message.matchAll(HOLE)) {
    const type = method.params.find((p) => p.name === name)?.type;
    if (type?.kind !== 'name' || type.nullable || !TEXTS.has(type.name)) return name;
  }
  return null;
}
