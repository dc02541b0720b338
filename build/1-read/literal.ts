// Owns the reading of decorators and their literal arguments. Names and texts come from the user's
// own text, not from the masked one that was parsed.
import type { AscParser, Node } from './parser.ts';
import type { DecoratorUse, Literal, Span } from './shapes.ts';

/** Reads decorators of one source. `text` is the unmasked source. */
export class DecoratorReader {
  readonly #asc: AscParser;
  readonly #text: string;

  constructor(asc: AscParser, text: string) {
    this.#asc = asc;
    this.#text = text;
  }

  /** The decorators of a declaration, in source order. */
  uses(node: Node): DecoratorUse[] {
    return (node.decorators ?? []).map((d: Node) => this.#use(d));
  }

  /** An expression as a literal; what is none is code. */
  literal(node: Node): Literal {
    return this.#literal(node);
  }

  #use(node: Node): DecoratorUse {
    const written = this.#text.slice(node.name.range.start, node.name.range.end);
    const lead = written.length - written.replace(/^@\s*/, '').length;
    const path = written.slice(lead);
    const dot = path.indexOf('.');
    const nameStart = node.name.range.start + lead;
    return {
      ns: dot < 0 ? '' : path.slice(0, dot).trim(),
      name: path.slice(dot + 1).trim(),
      nameAt: { start: nameStart, end: node.name.range.end },
      args: node.args ? node.args.map((a: Node) => this.#literal(a)) : null,
      start: node.range.start,
      end: node.range.end,
    };
  }

  #literal(node: Node): Literal {
    const { kinds, literals } = this.#asc;
    const at = { start: node.range.start, end: node.range.end };
    if (node.kind === kinds.True) return { ...at, kind: 'bool', value: true };
    if (node.kind === kinds.False) return { ...at, kind: 'bool', value: false };
    if (node.kind === kinds.Null) return { ...at, kind: 'null' };
    if (node.kind === kinds.UnaryPrefix && this.#text[at.start] === '-') {
      const inner = this.#literal(node.operand);
      return inner.kind === 'number'
        ? { ...at, kind: 'number', value: -inner.value }
        : this.#code(at);
    }
    if (node.kind === kinds.Call && node.expression.text === 'env') return this.#env(node, at);
    if (node.kind !== kinds.Literal) return this.#code(at);
    switch (node.literalKind) {
      case literals.String:
        return { ...at, kind: 'string', value: node.value };
      case literals.Template:
        return node.expressions.length > 0 || node.tag
          ? this.#code(at)
          : { ...at, kind: 'string', value: node.parts[0] };
      case literals.Integer:
      case literals.Float: {
        const written = this.#text.slice(at.start, at.end).replaceAll('_', '');
        return { ...at, kind: 'number', value: Number(written) };
      }
      case literals.Array:
        return {
          ...at,
          kind: 'array',
          items: node.elementExpressions.map((e: Node) => this.#literal(e)),
        };
      case literals.Object:
        return {
          ...at,
          kind: 'object',
          entries: node.names.map((name: Node, i: number) => ({
            key: name.text,
            at: { start: name.range.start, end: name.range.end },
            value: this.#literal(node.values[i]),
          })),
        };
      default:
        return this.#code(at);
    }
  }

  #env(node: Node, at: Span): Literal {
    const [name, ...more] = node.args.map((a: Node) => this.#literal(a));
    if (name?.kind !== 'string' || more.length > 0) return this.#code(at);
    return { ...at, kind: 'env', name: name.value };
  }

  #code(at: Span): Literal {
    return { ...at, kind: 'code', text: this.#text.slice(at.start, at.end) };
  }
}
