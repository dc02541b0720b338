// Owns the code that stands around one method: guards and wraps, composed from the inside out, each
// a function of its own over the method's arguments. Knows neither files nor the route table.
//
//   function G(this, id) { if (!(condition)) fail(status, message) }       a guard
//   function W(this, id, n): R {                                           a wrap
//     const 0 = id, 1 = n;          what `$proceed` passes on, whatever the text declares
//     { let result = nothing<R>();
//       { text: $proceed -> result = next(this, 0, 1) }
//       return given<R>(result); }
//   }
// A wrap that catches has a task (cell/layer): this, arguments and result in memory. `$attempt`
// enters R(task), which calls the next layer. Memory and not a class, and few functions: compiling
// costs 2 ms a function, and asc makes two of a field. A text that names nothing of its method is
// one function for all that it surrounds (loops.ts).
import type { Placed } from '../3-negotiate/contract.ts';
import { HOLE } from './around.ts';
import type { GeneratedFunctions, GeneratedNames } from './generated-names.ts';
import { namesIn, renamed } from './names-in-text.ts';
import { type Origin, originOf } from './origin.ts';

/** What is wrapped. Types are texts that mean the same where the layers stand. */
export interface Wrapped {
  /** `get`, for names; `Accounts#get`, for stack traces. */
  name: string;
  shown: string;
  params: { name: string; type: string }[];
  /** 'void', or the type. */
  result: string;
  /** Type of `this`; null: a static method. */
  self: string | null;
  /** The call of the method itself. */
  call: Call;
}

/** A call with these texts for `this` and the arguments. */
export type Call = (self: string, args: string[]) => string;

/** What a caller writes: guards as statements first, then the call. */
export interface Composed {
  before: { text: Call; origin: Origin }[];
  call: Call;
  /** Instead of both: the lines of the outermost wrap's body. */
  body?: Body;
}

export interface Body {
  lines: string[];
  /** asc's name of the function that its attempts enter. */
  enters?: string;
}

/** Where layers are written. */
export interface LayerPlace {
  /** asc's name of the file: `accounts.cell`. */
  module: string;
  /** `shared`: the code is several methods', so that frames in it are no place of one. */
  append(text: string, origin: Origin, shared?: boolean): void;
  /** The name under which the file sees `name` of "cell/<file>"; imports it. */
  sdk(name: string, file: string): string;
  /** The function that a catching wrap's text is, for all that it surrounds: (task, run) -> (). */
  loop(one: Placed): string;
  /** Names that a macro's text declares itself. */
  declares(text: string): ReadonlySet<string>;
  /** SDK file of a name that macros may use in their texts; undefined: it is none. */
  fileOf(name: string): string | undefined;
}

export class Layers {
  readonly #place: LayerPlace;
  readonly #names: GeneratedNames;
  readonly #functions: GeneratedFunctions;

  constructor(place: LayerPlace, names: GeneratedNames, functions: GeneratedFunctions) {
    this.#place = place;
    this.#names = names;
    this.#functions = functions;
  }

  /**
   * Composes `around`, outermost first. With `open` the outermost wrap becomes no function: its
   * body is returned, for a method whose parameters have the names of `wrapped`.
   */
  compose(around: readonly Placed[], wrapped: Wrapped, open = false): Composed {
    let call = wrapped.call;
    let before: Composed['before'] = [];
    for (const [i, one] of [...around.entries()].toReversed()) {
      if (one.kind === 'guard') {
        before.unshift({ text: this.#guard(one, wrapped), origin: originOf(one) });
        continue;
      }
      const next = before.length === 0 ? call : this.#passage({ before, call }, wrapped);
      before = [];
      if (i === 0 && open) return { before, call, body: this.#body(one, next, wrapped, 'this') };
      call = this.#wrap(one, next, wrapped);
    }
    return { before, call };
  }

  /** A text of a macro with the SDK's names as the place sees them. */
  text(text: string, own: ReadonlySet<string>): string {
    return renamed(text, (name) => this.#word(name, own));
  }

  /** Names that a text of statements declares itself. */
  declares(text: string): ReadonlySet<string> {
    return this.#place.declares(text);
  }

  /** `const tenant = A(this, id)`: the expression of an ambient name, as a function. */
  ambient(one: Placed, wrapped: Wrapped): Call {
    return this.#expression(one, wrapped, one.type, (text) => `return (${text});`);
  }

  #guard(one: Placed, wrapped: Wrapped): Call {
    return this.#expression(one, wrapped, 'void', (condition) => {
      const fail = this.#place.sdk('fail', 'failure');
      return `if (!(${condition})) ${fail}<void>(${one.status}, ${messageOf(one, wrapped)});`;
    });
  }

  /** A function over what its text names. */
  #expression(one: Placed, wrapped: Wrapped, type: string, body: (text: string) => string): Call {
    const named = namesIn(one.text);
    for (const [, hole] of one.kind === 'guard' ? one.type.matchAll(HOLE) : []) named.add(hole);
    const used = wrapped.params.map((p) => named.has(p.name));
    const parameters = wrapped.params.map((p) => p.name);
    const own = new Set([...parameters, ...this.#place.declares(one.text)]);
    const withSelf = named.has('this') && wrapped.self !== null;
    const self = this.#names.local('this');
    const text = renamed(one.text, (word) =>
      word === 'this' && withSelf ? self : this.#word(word, own),
    );
    const result = this.text(type, new Set());
    const params = [
      ...(withSelf ? [`${self}: ${wrapped.self}`] : []),
      ...wrapped.params.filter((_, i) => used[i]).map((p) => `${p.name}: ${p.type}`),
    ];
    const name = this.#function(one, wrapped);
    const inner = /\n|\/\//.test(text) ? `\n${text}\n` : text.trim();
    this.#write(one, [
      `function ${name}(${params.join(', ')}): ${result} {`,
      `  ${body(inner)}`,
      '}',
    ]);
    return (at, args) =>
      `${name}(${[...(withSelf ? [at] : []), ...args.filter((_, i) => used[i])].join(', ')})`;
  }

  /** Guards that stand inside a wrap: what the wrap calls. */
  #passage({ before, call }: Composed, wrapped: Wrapped): Call {
    const [{ origin }] = before;
    const name = this.#names.make(`${wrapped.name}_inner`);
    const self = this.#names.local('this');
    const args = wrapped.params.map((p) => p.name);
    const back = wrapped.result === 'void' ? '' : 'return ';
    const lines = [
      this.#head(name, wrapped),
      ...before.map((one) => `  ${one.text(self, args)};`),
      `  ${back}${call(self, args)};`,
      '}',
    ];
    this.#place.append(lines.join('\n'), origin);
    this.#know(name, { origin, shown: `${wrapped.shown} ${origin.macro}` });
    return this.#caller(name, wrapped);
  }

  #wrap(one: Placed, next: Call, wrapped: Wrapped): Call {
    const name = this.#function(one, wrapped);
    const { lines, enters } = this.#body(one, next, wrapped, this.#names.local('this'));
    const origin = originOf(one);
    const shown = `${wrapped.shown} ${origin.macro}`;
    this.#know(name, { origin, shown, ...(enters === undefined ? {} : { enters }) });
    this.#write(one, [this.#head(name, wrapped), ...lines, '}']);
    return this.#caller(name, wrapped);
  }

  #head(name: string, { self, params, result }: Wrapped): string {
    const all = [
      ...(self === null ? [] : [`${this.#names.local('this')}: ${self}`]),
      ...params.map((p) => `${p.name}: ${p.type}`),
    ];
    return `function ${name}(${all.join(', ')}): ${result} {`;
  }

  /** The lines of a wrap, for a function whose parameters are named as the method's. */
  #body(one: Placed, next: Call, wrapped: Wrapped, self: string): Body {
    const named = namesIn(one.text);
    if (!named.has('$attempt')) return { lines: this.#layered(one, wrapped, self, next, {}) };
    const task = this.#task(one, next, wrapped, self);
    const isVoid = wrapped.result === 'void';
    const own = [...wrapped.params.map((p) => p.name), 'result', 'this', 'return', '$proceed'];
    const declared = this.#place.declares(one.text);
    if (!own.some((name) => named.has(name) && !declared.has(name))) {
      const loop = this.#place.loop(one);
      const lines = [
        ...task.begin(wrapped.params.map((p) => p.name)),
        `  ${loop}(${task.name}, ${task.run});`,
        ...(isVoid ? [] : [`  return ${this.#layer('taken')}<${wrapped.result}>(${task.name});`]),
      ];
      return { lines, enters: task.enters };
    }
    const status = this.#names.local('status');
    const entered = `${this.#layer('attempt')}(${task.run}, ${task.name})`;
    const once = `${this.#layer('settle')}(${task.name}, ${entered})`;
    const words = {
      $attempt: isVoid ? once : `(${status} = ${once}, result = ${task.result}, ${status})`,
      $fail: `${this.#layer('passOn')}(${task.name})`,
    };
    const begin = task.begin(wrapped.params.map((_, i) => this.#names.local(String(i))));
    if (!isVoid) begin.push(`  let ${status}: u32 = 0;`);
    const lines = this.#layered(one, wrapped, self, next, words, begin);
    return { lines, enters: task.enters };
  }

  /** A wrap's text, its words replaced, in a block of its own. */
  #layered(
    one: Placed,
    wrapped: Wrapped,
    self: string,
    next: Call,
    more: Record<string, string>,
    begin: string[] = [],
  ): string[] {
    const isVoid = wrapped.result === 'void';
    const args = wrapped.params.map((_, i) => this.#names.local(String(i)));
    const words: Record<string, string> = {
      $proceed: `${isVoid ? '' : 'result = '}${next(self, args)}`,
      ...(wrapped.self === null ? {} : { this: self }),
      ...more,
    };
    const declared = this.#place.declares(one.text);
    const own = new Set([...wrapped.params.map((p) => p.name), ...declared, 'result']);
    const text = renamed(one.text, (word) =>
      Object.hasOwn(words, word) ? words[word] : this.#word(word, own),
    );
    const nothing = isVoid ? '' : `${this.#layer('nothing')}<${wrapped.result}>()`;
    return [
      ...wrapped.params.map((p, i) => `  const ${args[i]} = ${p.name};`),
      ...begin,
      '  {',
      ...(isVoid ? [] : [`    let result = ${nothing};`]),
      '    {',
      indented(text, 6),
      '    }',
      ...(isVoid ? [] : [`    return ${this.#given(wrapped, 'result')};`]),
      '  }',
    ];
  }

  #given(wrapped: Wrapped, value: string): string {
    return `${this.#layer('given')}<${wrapped.result}>(${value})`;
  }

  /** The task of a catching wrap, and the function that its attempts enter. */
  #task(one: Placed, next: Call, wrapped: Wrapped, self: string) {
    const name = this.#names.local('task');
    const run = this.#names.make(`${wrapped.name}_run`);
    const call = next(
      `${this.#layer('selfOf')}<${wrapped.self}>(task)`,
      wrapped.params.map((p, i) => `${this.#layer('argument')}<${p.type}>(task, ${i})`),
    );
    const kept =
      wrapped.result === 'void'
        ? call
        : `${this.#layer('putResult')}<${wrapped.result}>(task, ${call})`;
    this.#write(one, [`function ${run}(task: usize): void { ${kept}; }`]);
    const origin = originOf(one);
    this.#know(run, { origin, shown: `${wrapped.shown} ${origin.macro}` });
    const at = wrapped.self === null ? '<usize>0' : self;
    const put = (value: string, i: number): string =>
      `  ${this.#layer('putArgument')}<${wrapped.params[i].type}>(${name}, ${i}, ${value});`;
    return {
      name,
      run: `${this.#layer('indexOf')}(${run})`,
      enters: `${this.#place.module}/${run}`,
      result: `${this.#layer('resultOf')}<${wrapped.result}>(${name})`,
      begin: (args: string[]): string[] => [
        `  const ${name} = ${this.#layer('newTask')}(${args.length}, ${at});`,
        ...args.map(put),
      ],
    };
  }

  #caller(name: string, { self }: Wrapped): Call {
    return (at, args) => `${name}(${[...(self === null ? [] : [at]), ...args].join(', ')})`;
  }

  /** A name of cell/layer. */
  #layer(name: string): string {
    return this.#place.sdk(name, 'layer');
  }

  #word(name: string, own: ReadonlySet<string>): string | undefined {
    const file = own.has(name) ? undefined : this.#place.fileOf(name);
    return file === undefined ? undefined : this.#place.sdk(name, file);
  }

  /** A name for a contribution's function; what is known of it is noted. */
  #function(one: Placed, wrapped: Wrapped): string {
    const origin = originOf(one);
    const name = this.#names.make(`${wrapped.name}_${one.macro}`);
    this.#know(name, { origin, shown: `${wrapped.shown} ${origin.macro}` });
    return name;
  }

  #know(name: string, known: GeneratedFunctions extends Map<string, infer F> ? F : never): void {
    this.#functions.set(`${this.#place.module}/${name}`, known);
  }

  #write(one: Placed, lines: string[]): void {
    this.#place.append(lines.join('\n'), originOf(one));
  }
}

/** Lines moved to the right; a template's are left, since they are its value. */
export const indented = (text: string, columns: number): string =>
  text.includes('`') ? text : text.trim().replace(/^(?=.)/gm, ' '.repeat(columns));

/** `no {id} here` -> `"no " + id.toString() + " here"`. */
function messageOf(one: Placed, wrapped: Wrapped): string {
  const pieces = one.type.split(HOLE);
  const texts = pieces.map((piece, i) => {
    if (i % 2 === 0) return JSON.stringify(piece);
    const type = wrapped.params.find((p) => p.name === piece)?.type;
    return type === 'string' ? piece : `${piece}.toString()`;
  });
  return texts.filter((text) => text !== '""').join(' + ') || '""';
}
