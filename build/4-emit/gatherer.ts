// Owns the sorting and judging of what macros add: one contribution after another comes to its
// place in the Additions, or is reported at the decorator or call that it comes from.
import { OK, UNAUTHENTICATED } from '../../assembly/shared/status.ts';
import { PERSISTED_FIELDS } from '../../host/schema/sql-limits.ts';
import type { ClassShape, MethodShape, SourceShape } from '../1-read/shapes.ts';
import type { Negotiated, Placed } from '../3-negotiate/contract.ts';
import { writtenText } from '../3-negotiate/names.ts';
import { plainLine } from '../3-negotiate/parties.ts';
import type { Findings } from '../diagnostics/findings.ts';
import type { AddedMethod, Additions, ClassAdditions } from './additions.ts';
import { ANSWERING, MOVE, oddity, PROCEED, SILENT, unknownHole } from './around.ts';
import { contributedMethod, excerptOf, type TextJudge, type Verdict } from './contributed-text.ts';
import { namesIn } from './names-in-text.ts';
import { isBoundary, originOf, stageOf, stageRank } from './origin.ts';
import { sdkFileThere } from './sdk.ts';
import { isHandler } from './service-class.ts';
import { Statements } from './statements.ts';

/** Fills `additions`. */
export class Gatherer {
  readonly additions: Additions;
  readonly #negotiated: Negotiated;
  readonly #judge: TextJudge;
  readonly #findings: Findings;
  /** What the service class's decorators put around its handlers. */
  readonly #shared: Placed[] = [];
  readonly #sql: Statements;

  constructor(additions: Additions, negotiated: Negotiated, judge: TextJudge, findings: Findings) {
    this.additions = additions;
    this.#negotiated = negotiated;
    this.#judge = judge;
    this.#findings = findings;
    this.#sql = new Statements(findings, (one, reason, fix) => this.#refuse(one, reason, fix));
  }

  async take(one: Placed): Promise<void> {
    const { siteRef } = one;
    switch (one.kind) {
      case 'import':
        return this.#import(one);
      case 'statement':
        return this.#sql.statement(one);
      case 'database':
        return this.#sql.database(one);
      case 'codec':
        return this.#codec(one);
      case 'call':
        return this.#call(one);
    }
    const owner = siteRef.source.classes.find((c) => c.name === siteRef.owner);
    if (owner === undefined || siteRef.kind === 'call') {
      return this.#refuse(one, `${siteRef.kind}s take no code`);
    }
    switch (one.kind) {
      case 'field':
        return this.#field(one, owner);
      case 'method':
      case 'handler':
      case 'member':
        return this.#method(one, owner);
      case 'initial':
        return this.#initial(one, owner);
      case 'start':
        return this.#start(one, owner);
      default:
        return this.#around(one, owner);
    }
  }

  /** What can be judged only when everything is there. */
  finish(): void {
    this.additions.sql = this.#sql.manifest();
    if (this.#findings.count > 0) return;
    const called = new Set(this.additions.calls.map((one) => one.useRef));
    for (const { cell, sites } of this.#negotiated.answers) {
      for (const { kind, source, uses } of sites) {
        const [use] = uses;
        if (kind !== 'call' || called.has(use)) continue;
        const reason = 'it gives no function for this call';
        const fix = `tell the authors of \`${cell}\`, or remove the call`;
        this.#findings.report('CELL4062', source, use, {
          macro: writtenText(use),
          cell,
          reason,
          fix,
        });
      }
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
    const isService = this.#isService(owner);
    // What a field of the service asks for, such as storing it, every handler does.
    if (kind === 'class' || (kind === 'field' && one.kind === 'wrap' && isService)) {
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
    if (!this.#free(one, owner, shape.isStatic)) return;
    const added = { from: one, shape, source };
    if (one.kind === 'member') return this.#member(added, owner);
    if (one.kind === 'method') {
      if (isHandler(shape)) this.#refuse(one, `\`${one.name}\` is not private`);
      else this.#of(owner, one).methods.push(added);
      return;
    }
    if (!this.#isService(owner)) {
      this.#refuse(one, 'only the service class has methods that clients call');
    } else if (!isHandler(shape)) this.#refuse(one, `\`${one.name}\` is not public`);
    else this.#of(owner, one).handlers.push(added);
  }

  #member(added: AddedMethod, owner: ClassShape): void {
    const { from, shape } = added;
    if (this.#isService(owner)) {
      this.#refuse(from, 'the service class has methods (kinds method and handler), no members');
    } else if (owner.typeParameters !== null || shape.typeParameters !== null) {
      const what = owner.typeParameters === null ? shape.name : owner.name;
      this.#refuse(from, `\`${what}\` has type parameters`);
    } else {
      this.#of(owner, from).members.push(added);
    }
  }

  #initial(one: Placed, owner: ClassShape): void {
    const field = owner.fields.find((f) => f.name === one.name);
    const { initials } = this.#of(owner, one);
    const other = initials.get(one.name);
    if (field === undefined || field.isStatic) {
      this.#refuse(one, `\`${owner.name}\` has no field \`${one.name.slice(0, 64)}\``);
    } else if (other !== undefined) {
      this.#twice(one, `what \`${one.name}\` holds first`, `@${other.macro}`);
    } else if (this.#parses(one, one.text, this.#judge.expression(one.text))) {
      initials.set(one.name, one);
    }
  }

  #start(one: Placed, owner: ClassShape): void {
    if (!this.#isService(owner)) this.#refuse(one, 'only the service class starts');
    else if (this.#parses(one, one.text, this.#judge.statements(one.text))) {
      this.additions.declared.set(one.text, this.#judge.declares(one.text));
      this.additions.starts.push(one);
    }
  }

  #codec(one: Placed): void {
    if (!this.#named(one) || !this.#parses(one, one.type, this.#judge.type(one.type))) return;
    const other = this.additions.codecs.find((c) => c.name === one.name);
    const [kind, ...more] = one.values;
    const { siteRef } = one;
    const owner = siteRef.source.classes.find((c) => c.name === siteRef.owner);
    const isField = siteRef.kind === 'field' && owner !== undefined && this.#isService(owner);
    if (more.length > 0 || !['map', 'value', undefined].includes(kind)) {
      this.#refuse(one, `a codec keeps a map or a value, not \`${one.values.join()}\``);
    } else if (kind !== undefined && !isField) {
      this.#refuse(one, 'only fields of the service outlive it');
    } else if (this.additions.codecs.length === PERSISTED_FIELDS) {
      this.#refuse(one, `a service has at most ${PERSISTED_FIELDS} codecs`);
    } else if (other !== undefined) {
      this.#twice(one, `the codec \`${one.name}\``, `@${other.macro}`);
    } else {
      this.additions.codecs.push(one);
    }
  }

  #call(one: Placed): void {
    const { siteRef, useRef } = one;
    if (siteRef.kind !== 'call') return this.#refuse(one, `a ${siteRef.kind} is no call`);
    const found = this.#judge.func(one.text);
    if (typeof found === 'string') {
      this.#parses(one, one.text, found);
      return;
    }
    const other = this.additions.calls.find((c) => c.useRef === useRef);
    const given = Math.max(0, (useRef.args?.length ?? 0) - 1);
    if (other !== undefined) return this.#twice(one, 'what is called here', `@${other.macro}`);
    if (found.params !== given) {
      const reason = `it passes ${given} values, and what is called takes ${found.params}`;
      return this.#refuse(one, reason, `pass ${found.params} values behind the text`);
    }
    this.additions.declared.set(one.text, this.#judge.declares(one.text));
    this.additions.calls.push(one);
  }

  #isService(owner: ClassShape): boolean {
    return this.#negotiated.service?.className === owner.name;
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
      members: [],
      initials: new Map(),
    };
    classes.set(owner, mine);
    return mine;
  }

  /**
   * Reports when the class has a member of that name, its own or another macro's. A static one may
   * stand beside one of instances.
   */
  #free(one: Placed, owner: ClassShape, isStatic = false): boolean {
    const isTaken = (m: { name: string; isStatic: boolean }): boolean =>
      m.name === one.name && m.isStatic === isStatic;
    const own = [...owner.fields, ...owner.methods].some(isTaken);
    const added = this.additions.classes.get(owner);
    const others = [
      ...(isStatic ? [] : (added?.fields ?? [])),
      ...[...(added?.methods ?? []), ...(added?.handlers ?? []), ...(added?.members ?? [])]
        .filter((m) => m.shape.isStatic === isStatic)
        .map((m) => m.from),
    ];
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
