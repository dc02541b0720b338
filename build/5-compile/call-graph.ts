// Owns what can be reached from where in a compiled module, read from its bytes before
// optimization, while every function still has its name. Sound: an indirect call reaches every
// function of its type that the table holds, and `cell:core.attempt` every function that it can be
// given. Bytes that cannot be read throw; the caller then assumes that everything reaches
// everything.
import { callsIn } from './instructions.ts';
import { ByteReader, functionNames, sectionsOf } from './module-bytes.ts';

const ATTEMPT = 'cell:core.attempt';
/** (i32) -> (): what attempt calls. */
const ATTEMPT_TYPE = '7f:';

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

  constructor(bytes: Uint8Array) {
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
  }

  /** Index of a function by its internal name; undefined when the module has none. */
  find(name: string): number | undefined {
    return this.#byName.get(name);
  }

  /** Names of imported functions, `module.name`, that a call of `root` can reach. */
  importsFrom(root: number): Set<string> {
    const found = new Set<string>();
    const seen = new Set<number>([root]);
    const stack = [root];
    const visit = (index: number): void => {
      if (seen.has(index)) return;
      seen.add(index);
      stack.push(index);
    };
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at < this.#imports.length) {
        found.add(this.#imports[at]);
        if (this.#imports[at] === ATTEMPT) this.#tabled.get(ATTEMPT_TYPE)?.forEach(visit);
        continue;
      }
      const calls = this.#calls.get(at);
      calls?.direct.forEach(visit);
      for (const type of calls?.types ?? []) this.#tabled.get(type)?.forEach(visit);
    }
    return found;
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
