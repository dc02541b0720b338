// Owns the reading of calls that a cell may stand behind: `Postgres.query<User>("...", id)`, and
// `this.db.query<User>("...")` where the class has a field `db: Postgres.Connection`. Whether a
// cell answers for `Postgres` is not asked here: what is found are candidates, in source order.
import type { DecoratorReader } from './literal.ts';
import type { AscParser, Node } from './parser.ts';
import type { CallUse, ClassShape, FieldAccess, Span, TypeShape } from './shapes.ts';

/** Classes and namespaces that asc brings: never a cell's. */
const GLOBALS = new Set(
  [
    'Array ArrayBuffer Atomics Boolean DataView Date Error Function Infinity Int8Array Int16Array',
    'Int32Array Int64Array Uint8Array Uint8ClampedArray Uint16Array Uint32Array Uint64Array',
    'Float32Array Float64Array JSMath Map Math Mathf NaN NativeMath NativeMathf Number Object',
    'Promise RangeError Reflect RegExp Set StaticArray String Symbol SyntaxError TypeError',
    'URIError WeakMap WeakSet Bool F32 F64 I8 I16 I32 I64 Isize U8 U16 U32 U64 Usize V128',
  ]
    .join(' ')
    .split(' '),
);

/** A body of code that is no method's: a function's, or that of a function as a value. */
interface Body extends Span {
  name: string;
}

/** `Postgres.Connection` -> ["Postgres", "Connection"]; null: the type is nothing like that. */
export function boundType(type: TypeShape): { ns: string; name: string } | null {
  if (type.kind !== 'name') return null;
  const [ns, name, ...more] = type.name.split('.');
  if (name === undefined || more.length > 0 || !isSpace(ns)) return null;
  return { ns, name };
}

/** Namespaces of cells begin in upper case. */
const isSpace = (name: string): boolean => /^[A-Z]/.test(name) && !GLOBALS.has(name);

const spanOf = (node: Node): Span => ({ start: node.range.start, end: node.range.end });

/** Gathers the calls of one source. `see` gets every node once, in any order; then `finish`. */
export class CallReader {
  readonly #asc: AscParser;
  readonly #text: string;
  readonly #decorators: DecoratorReader;
  readonly #type: (node: Node) => TypeShape;
  /** Classes with a field that may stand for a cell. */
  readonly #bound: ClassShape[];
  readonly #candidates: Node[] = [];
  /** `this.db`, wherever a class has such a field. */
  readonly #accesses: Node[] = [];
  readonly #bodies: Body[] = [];
  /** Local names, which hide a namespace of that name. */
  readonly #locals = new Set<string>();

  /** `type` reads a node of a type. */
  constructor(
    asc: AscParser,
    text: string,
    decorators: DecoratorReader,
    type: (node: Node) => TypeShape,
    classes: readonly ClassShape[],
  ) {
    this.#asc = asc;
    this.#text = text;
    this.#decorators = decorators;
    this.#type = type;
    this.#bound = classes.filter((c) => c.fields.some((f) => boundType(f.type) !== null));
  }

  see(node: Node): void {
    const { kinds } = this.#asc;
    switch (node.kind) {
      case kinds.Call:
        if (node.expression.kind === kinds.PropertyAccess) this.#call(node);
        break;
      case kinds.PropertyAccess:
        if (this.#bound.length > 0 && node.expression.kind === kinds.This) {
          this.#accesses.push(node);
        }
        break;
      case kinds.VariableDeclaration:
      case kinds.Parameter:
      case kinds.TypeParameter:
        if (isSpace(node.name.text)) this.#locals.add(node.name.text);
        break;
      case kinds.FunctionDeclaration:
        if (node.body) this.#bodies.push({ name: node.name.text, ...spanOf(node.body) });
        break;
    }
  }

  #call(node: Node): void {
    const { kinds } = this.#asc;
    const { expression: of } = node.expression;
    if (of.kind === kinds.Identifier) {
      if (isSpace(of.text)) this.#candidates.push(node);
    } else if (this.#bound.length > 0 && isMember(of, kinds)) this.#candidates.push(node);
  }

  /** What was found, in source order. */
  finish(classes: readonly ClassShape[]): { calls: CallUse[]; accesses: FieldAccess[] } {
    const calls: CallUse[] = [];
    /** Where a field is the callee's beginning, and nothing is wrong. */
    const called = new Set<number>();
    for (const node of this.#candidates) {
      const call = this.#read(node, classes);
      if (call === null) continue;
      calls.push(call);
      if (call.field !== null) called.add(call.start);
    }
    const accesses = this.#accesses.flatMap((node): FieldAccess[] => {
      const found = this.#boundField(node.property.text, node.range.start);
      if (found === null || called.has(node.range.start)) return [];
      return [{ owner: found.owner, field: node.property.text, ...spanOf(node) }];
    });
    const inOrder = (a: Span, b: Span): number => a.start - b.start || a.end - b.end;
    return { calls: calls.sort(inOrder), accesses: accesses.sort(inOrder) };
  }

  #read(node: Node, classes: readonly ClassShape[]): CallUse | null {
    const { property, expression: of } = node.expression;
    const { start, end } = spanOf(node);
    const isField = of.kind === this.#asc.kinds.PropertyAccess;
    const field: string | null = isField ? of.property.text : null;
    const ns = field === null ? of.text : this.#boundField(field, start)?.ns;
    if (ns === undefined || (field === null && this.#locals.has(ns))) return null;
    const types: Node[] = node.typeArguments ?? [];
    return {
      ...{ ns, name: property.text, nameAt: spanOf(property), field },
      types: types.map((type) => ({ shape: this.#type(type), text: this.#textOf(type) })),
      args: node.args.map((arg: Node) => this.#decorators.literal(arg)),
      within: this.#within(start, classes),
      ...{ start, end },
    };
  }

  #textOf({ range }: Node): string {
    return this.#text.slice(range.start, range.end).replace(/\s+/g, ' ');
  }

  /** The class around `at` that has such a field, and the namespace of the field's type. */
  #boundField(name: string, at: number): { owner: string; ns: string } | null {
    const owner = innermost(this.#bound, at);
    const field = owner?.fields.find((f) => f.name === name);
    const ns = field === undefined ? undefined : boundType(field.type)?.ns;
    return owner === undefined || ns === undefined ? null : { owner: owner.name, ns };
  }

  #within(at: number, classes: readonly ClassShape[]): CallUse['within'] {
    const owner = innermost(classes, at);
    const method = owner?.methods.find(({ body }) => body !== null && holds(body, at));
    if (owner !== undefined && method !== undefined)
      return { owner: owner.name, name: method.name };
    const body = innermost(this.#bodies, at);
    if (body === undefined) return null;
    return { owner: '', name: body.name === '' ? 'function' : body.name };
  }
}

/** `this.db`. */
const isMember = (node: Node, kinds: AscParser['kinds']): boolean =>
  node.kind === kinds.PropertyAccess && node.expression.kind === kinds.This;

const holds = ({ start, end }: Span, at: number): boolean => at >= start && at < end;

/** The narrowest of `spans` that holds `at`. */
function innermost<T extends Span>(spans: readonly T[], at: number): T | undefined {
  let found: T | undefined;
  for (const span of spans) {
    if (!holds(span, at)) continue;
    if (found === undefined || span.start >= found.start) found = span;
  }
  return found;
}
