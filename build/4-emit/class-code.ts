// Owns what macros do to the classes in the user's own files: members put in before the closing
// brace, methods renamed and wrapped, ambient names at the top of bodies. What stands at the cell's
// boundary is the entry's (handlers.ts).
//
//   get(id: u32): Account { const tenant = A(this, id); ... }      ambient name
//   __cell_get(id: u32): Account { ... }                           renamed; behind it
//   get(id: u32): Account { the outermost wrap }                   what others call
// Inner wraps, A and their like stand behind the end of the file, where they move nothing.
import type { ClassShape, MethodShape, Span } from '../1-read/shapes.ts';
import type { Placed } from '../3-negotiate/contract.ts';
import type { AddedMethod, Additions } from './additions.ts';
import { type GeneratedFunctions, type GeneratedNames, modulePath } from './generated-names.ts';
import { type Composed, indented, type LayerPlace, Layers, type Wrapped } from './layers.ts';
import { namesIn } from './names-in-text.ts';
import { type Origin, originOf } from './origin.ts';
import type { UserText } from './user-text.ts';

/** Changes of one text: [start, end) becomes `text`; origin null: the user's, renamed. */
interface Edit extends Span {
  text: string;
  origin: Origin | null;
}

/** Puts a file's additions into its text. */
export class ClassCode {
  readonly #text: UserText;
  readonly #additions: Additions;
  readonly #layers: Layers;
  readonly #names: GeneratedNames;
  readonly #functions: GeneratedFunctions;
  readonly #module: string;

  constructor(
    text: UserText,
    place: LayerPlace,
    additions: Additions,
    names: GeneratedNames,
    functions: GeneratedFunctions,
  ) {
    this.#text = text;
    this.#additions = additions;
    this.#layers = new Layers(place, names, functions);
    this.#names = names;
    this.#functions = functions;
    this.#module = modulePath(text.path);
  }

  /** `isHandler`: of which methods the outer layers are the entry's. */
  add(shape: ClassShape, isHandler: (m: MethodShape) => boolean): void {
    for (const method of shape.methods) {
      for (const edit of this.#edits(shape, method, this.#text.source.text, isHandler(method))) {
        const { start, end, text, origin } = edit;
        if (origin === null) this.#text.rename({ start, end }, text);
        else this.#text.insert(start, text, origin);
      }
    }
    const added = this.#additions.classes.get(shape);
    if (added === undefined) return;
    const end = shape.end - 1;
    for (const [name, one] of added.initials) this.#initial(shape, name, one);
    for (const field of added.fields) {
      const type = this.#layers.text(field.type, new Set());
      const value = this.#layers.text(field.text, new Set());
      const inner = /\n|\/\//.test(value) ? `(\n${value}\n)` : value.trim();
      this.#text.insert(end, `  ${field.name}: ${type} = ${inner};\n`, originOf(field));
    }
    for (const one of [...added.methods, ...added.handlers, ...added.members]) {
      const text = this.#addedText(shape, one, added.handlers.includes(one));
      const lines = text.includes('`') ? `  ${text}` : indented(text, 2);
      this.#text.insert(end, `${lines}\n`, originOf(one.from));
      this.#know(shape, one.shape.name, one.shape, one.from);
    }
  }

  /** `starts`: methods of the service, each the statements of a macro before its `start()`. */
  addStarts(shape: ClassShape, starts: ReadonlyMap<string, Placed>): void {
    for (const [name, one] of starts) {
      const text = this.#layers.text(one.text, this.#layers.declares(one.text));
      const whole = `  ${name}(): void {\n${indented(text, 4)}\n  }\n`;
      this.#text.insert(shape.end - 1, whole, originOf(one));
      const shown = `${shape.name}#start @${one.macro}`;
      this.#functions.set(`${this.#module}/${shape.name}#${name}`, {
        origin: originOf(one),
        shown,
      });
    }
  }

  #initial(shape: ClassShape, name: string, one: Placed): void {
    const field = shape.fields.find((f) => f.name === name);
    if (field === undefined) return;
    const value = this.#layers.text(one.text, new Set());
    const inner = /\n|\/\//.test(value) ? `(\n${value}\n)` : value.trim();
    if (field.initializer !== null) this.#text.replace(field.initializer, inner, originOf(one));
    else {
      const at = field.type.kind === 'missing' ? field.nameAt.end : field.type.end;
      this.#text.insert(at, ` = ${inner}`, originOf(one));
    }
  }

  /** A macro's method with its own edits, the SDK's names as this file sees them. */
  #addedText(owner: ClassShape, { shape, source }: AddedMethod, isHandler: boolean): string {
    const edits = this.#edits(owner, shape, source.text, isHandler);
    const pieces: string[] = [];
    let from = 'class _ {\n'.length;
    for (const { start, end, text } of edits.sort((a, b) => a.start - b.start)) {
      pieces.push(this.#layers.text(source.text.slice(from, start), new Set()), text);
      from = end;
    }
    pieces.push(this.#layers.text(source.text.slice(from, -'\n}'.length), new Set()));
    return pieces.join('').trim();
  }

  #edits(owner: ClassShape, method: MethodShape, text: string, isHandler: boolean): Edit[] {
    const mine = this.#additions.methods.get(method);
    if (mine === undefined || method.body === null) return [];
    const edits: Edit[] = [];
    const wrapped = this.#wrapped(owner, method, text);
    const body = text.slice(method.body.start, method.body.end);
    const named = mine.ambients.length > 0 ? namesIn(body) : new Set<string>();
    const params = method.params.map((p) => p.name);
    for (const one of mine.ambients.filter((p) => named.has(p.name))) {
      const at = method.body.start + 1;
      const call = this.#layers.ambient(one, wrapped)('this', params);
      edits.push({ ...{ start: at, end: at }, ...piece(one, ` const ${one.name} = ${call};`) });
    }
    const inner = mine.around.filter((a) => !isHandler || !a.boundary).map((a) => a.from);
    if (inner.length === 0) return edits;
    const hidden = this.#names.make(method.name);
    const self = 'this';
    const call = (at: string, args: string[]): string =>
      `${method.isStatic ? owner.name : at}.${hidden}(${args.join(', ')})`;
    const composed = this.#layers.compose(inner, { ...wrapped, call }, true);
    const head = `${method.isStatic ? 'static ' : ''}${method.name}`;
    const signature = method.params.map((p) => text.slice(p.start, p.end)).join(', ');
    const lines = composed.body?.lines ?? statementsOf(composed, self, params, wrapped.result);
    const front = `\n  ${head}(${signature}): ${wrapped.result} {\n  ${lines.join('\n  ')}\n  }`;
    edits.push({ ...method.nameAt, text: hidden, origin: null });
    edits.push({ ...{ start: method.end, end: method.end }, ...piece(inner[0], front) });
    this.#know(owner, method.name, method, inner[0], composed.body?.enters);
    this.#know(owner, hidden, method, null);
    return edits;
  }

  #wrapped(owner: ClassShape, method: MethodShape, text: string): Wrapped {
    const slice = ({ start, end }: Span): string => text.slice(start, end);
    return {
      name: method.name,
      shown: `${owner.name}#${method.name}`,
      params: method.params.map((p) => ({ name: p.name, type: slice(p.type) })),
      result: slice(method.result),
      self: method.isStatic ? null : owner.name,
      call: (self, args) => `${self}.${method.name}(${args.join(', ')})`,
    };
  }

  /** Notes the function that asc makes of a member; `from` null: it is the user's own. */
  #know(
    owner: ClassShape,
    member: string,
    shape: MethodShape,
    from: Placed | null,
    enters?: string,
  ): void {
    const origin = from === null ? null : originOf(from);
    const own = `${owner.name}#${shape.name}`;
    const shown = origin === null ? own : `${own} ${origin.macro}`;
    const name = `${this.#module}/${owner.name}${shape.isStatic ? '.' : '#'}${member}`;
    this.#functions.set(name, { origin, shown, ...(enters === undefined ? {} : { enters }) });
  }
}

/** Guards, then the call: the body of a method that nothing but guards and functions surround. */
function statementsOf(
  { before, call }: Composed,
  self: string,
  params: string[],
  result: string,
): string[] {
  const back = result === 'void' ? '' : 'return ';
  return [
    ...before.map((one) => `  ${one.text(self, params)};`),
    `  ${back}${call(self, params)};`,
  ];
}

const piece = (one: Placed, text: string): Pick<Edit, 'text' | 'origin'> => ({
  text,
  origin: originOf(one),
});
