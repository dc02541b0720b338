// Owns what can be reached from where in a compiled module, read from its bytes before
// optimization, while every function still has its name. Sound: an indirect call reaches every
// function of its type that the table holds, and `cell:core.attempt` every function that it can be
// given. Bytes that cannot be read throw; the caller then assumes that everything reaches
// everything.
import type { GeneratedFunctions } from '../4-emit/generated-names.ts';
import { callsIn } from './instructions.ts';
import { ByteReader, functionNames, sectionsOf } from './module-bytes.ts';

const ATTEMPT = 'cell:core.attempt';
/** (i32) -> (): what attempt calls. */
const ATTEMPT_TYPE = '7f:';

/** What a shared function enters is told by its callers. */
const NOBODY = -1;

export class CallGraph {
  /** Import names `module.name` by function index. */
  readonly #imports: string[] = [];
  readonly #names: Map<number, string>;
  readonly #byName = new Map<string, number>();
  /** Direct callees and called types by function index. */
  readonly #calls = new Map<number, { direct: Set<number>; types: Set<string> }>();
  readonly #tabled = new Map<string, Set<number>>();
  readonly #types: string[] = [];
  readonly #typeOf: number[] = [];

  /** Index of a generated function that attempts -> the one that it enters, or NOBODY. */
  readonly #entered = new Map<number, number>();
  readonly #owners = new Map<number, string | undefined>();
  readonly #generated: GeneratedFunctions;
  readonly #modules: readonly string[];

  /** `modules`: asc's names of the project's files, `accounts.cell`. */
  constructor(
    bytes: Uint8Array,
    generated: GeneratedFunctions = new Map(),
    modules: readonly string[] = [],
  ) {
    this.#generated = generated;
    this.#modules = modules;
    this.#names = functionNames(bytes);
    for (const [index, name] of this.#names) this.#byName.set(name, index);
    const sections = sectionsOf(bytes);
    const read = (id: number, each: (reader: ByteReader) => void): void => {
      const section = sections.find((s) => s.id === id);
      if (section) each(new ByteReader(bytes, section.from, section.to));
    };
    read(1, (r) => this.#readTypes(r));
    read(2, (r) => this.#readImports(r));
    read(3, (r) => this.#readFunctions(r));
    read(9, (r) => this.#readElements(r));
    read(10, (r) => this.#readBodies(r));
    this.#narrow();
  }

  /** Index of a function by its internal name; undefined when the module has none. */
  find(name: string): number | undefined {
    return this.#byName.get(name);
  }

  /**
   * Names of imported functions, `module.name`, that a call of `root` can reach, each with whose
   * code reaches it: a macro, `@Retry.onFailure`, or '' for the user's own. The library works for
   * whoever calls it.
   */
  importsFrom(root: number): Map<string, Set<string>> {
    return this.#walk(root).imports;
  }

  /** Names of all functions that a call of `root` can reach, as asc has them. */
  functionsFrom(root: number): Set<string> {
    const indices = [...this.#walk(root).seen.values()].flatMap((set) => [...set]);
    return new Set(indices.map((index) => this.#names.get(index) ?? ''));
  }

  /** Everything that `root` can reach: imports with their owners, functions by owner. */
  #walk(root: number) {
    const found = new Map<string, Set<string>>();
    const seen = new Map<string, Set<number>>();
    const stack: [number, string][] = [];
    const visit = (index: number, caller: string): void => {
      const owner = this.#ownerOf(index) ?? caller;
      const known = seen.get(owner) ?? new Set();
      if (known.has(index)) return;
      seen.set(owner, known.add(index));
      stack.push([index, owner]);
    };
    visit(root, '');
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [at, owner] = next;
      if (at < this.#imports.length) {
        const name = this.#imports[at];
        found.set(name, (found.get(name) ?? new Set()).add(owner));
        if (name === ATTEMPT) for (const i of this.#reachable(ATTEMPT_TYPE)) visit(i, owner);
        continue;
      }
      const calls = this.#calls.get(at);
      const entered = this.#entered.get(at);
      if (entered !== undefined && entered !== NOBODY) visit(entered, owner);
      for (const index of calls?.direct ?? []) {
        const known = entered !== undefined && this.#imports[index] === ATTEMPT;
        if (known) found.set(ATTEMPT, (found.get(ATTEMPT) ?? new Set()).add(owner));
        else visit(index, owner);
      }
      for (const type of calls?.types ?? []) {
        for (const i of this.#reachable(type)) visit(i, owner);
      }
    }
    return { imports: found, seen };
  }

  /** Whose code a function is; undefined: its caller's. */
  #ownerOf(index: number): string | undefined {
    if (this.#owners.has(index)) return this.#owners.get(index);
    // What a function expression compiles to is named after the function that it stands in.
    const name = (this.#names.get(index) ?? '').replace(/~anonymous\|\d+.*$/, '');
    const generated = this.#generated.get(name);
    let owner: string | undefined;
    if (generated !== undefined) owner = generated.origin?.macro ?? '';
    else if (this.#modules.some((module) => name.startsWith(`${module}/`))) owner = '';
    this.#owners.set(index, owner);
    return owner;
  }

  /** Functions of a type in the table, without those that known attempts enter. */
  #reachable(type: string): Set<number> {
    return this.#tabled.get(type) ?? new Set();
  }

  /** Attempts of generated code: what each enters, nothing else does. */
  #narrow(): void {
    for (const [name, { enters, shared }] of this.#generated) {
      const from = this.#byName.get(name);
      if (from === undefined) continue;
      if (shared) this.#entered.set(from, NOBODY);
      const into = enters === undefined ? undefined : this.#byName.get(enters);
      if (into === undefined) continue;
      this.#entered.set(from, into);
      for (const indices of this.#tabled.values()) indices.delete(into);
    }
  }

  #readTypes(r: ByteReader): void {
    for (let n = r.leb(); n > 0; n--) {
      if (r.byte() !== 0x60) throw new RangeError('a type that is no function');
      const list = (): string => {
        let text = '';
        for (let i = r.leb(); i > 0; i--) text += r.byte().toString(16);
        return text;
      };
      this.#types.push(`${list()}:${list()}`);
    }
  }

  #readImports(r: ByteReader): void {
    for (let n = r.leb(); n > 0; n--) {
      const name = `${r.name()}.${r.name()}`;
      if (r.byte() !== 0) throw new RangeError(`${name} is no function`);
      this.#imports.push(name);
      this.#typeOf.push(r.leb());
    }
  }

  #readFunctions(r: ByteReader): void {
    for (let n = r.leb(); n > 0; n--) this.#typeOf.push(r.leb());
  }

  #readElements(r: ByteReader): void {
    for (let n = r.leb(); n > 0; n--) {
      if (r.leb() !== 0) throw new RangeError('an element segment of another kind');
      if (r.byte() !== 0x41) throw new RangeError('an element segment at no constant');
      r.leb();
      r.byte();
      for (let k = r.leb(); k > 0; k--) {
        const index = r.leb();
        const type = this.#types[this.#typeOf[index]];
        const tabled = this.#tabled.get(type) ?? new Set();
        this.#tabled.set(type, tabled.add(index));
      }
    }
  }

  #readBodies(r: ByteReader): void {
    const count = r.leb();
    for (let i = 0; i < count; i++) {
      const size = r.leb();
      const body = new ByteReader(r.bytes, r.at, r.at + size);
      r.skip(size);
      for (let groups = body.leb(); groups > 0; groups--) {
        body.leb();
        body.leb();
      }
      const direct = new Set<number>();
      const types = new Set<string>();
      for (const call of callsIn(body)) {
        if (call.kind === 'call') direct.add(call.target);
        else types.add(this.#types[call.type]);
      }
      this.#calls.set(this.#imports.length + i, { direct, types });
    }
  }
}
