// Owns the question whether a text that a macro gave is what it says it is: one expression, a list
// of statements, a type, one method. Parses each by itself, so that no text can close what it is
// put into and go on behind it. Resolves no name: asc does, later.

import { loadParser, type Node, walk } from '../1-read/parser.ts';
import { readSource } from '../1-read/read.ts';
import type { MethodShape, SourceShape } from '../1-read/shapes.ts';
import { plainLine } from '../3-negotiate/parties.ts';

/** Why a text will not do; null: it will. */
export type Verdict = string | null;

/** Characters of a macro's code that an error shows. */
const EXCERPT = 100;

/** One line of a text, for an error. */
export const excerptOf = (text: string): string => plainLine(text, EXCERPT);

const NAME = /^[A-Za-z_$][\w$]{0,127}$/;

/** Judges texts; made once a build, remembers what it has seen. */
export class TextJudge {
  readonly #parse: (text: string) => { statements: Node[]; faults: { message: string }[] };
  readonly #kinds: Record<string, number>;
  readonly #seen = new Map<string, Verdict>();
  /** Functions that will do -> how many parameters they take. */
  readonly #params = new Map<string, number>();

  private constructor(parser: Awaited<ReturnType<typeof loadParser>>) {
    this.#parse = (text) => parser.parse(text, 'text.ts');
    this.#kinds = parser.kinds;
  }

  static async load(): Promise<TextJudge> {
    return new TextJudge(await loadParser());
  }

  expression(text: string): Verdict {
    return this.#alone(`(\n${text}\n);`, 'an expression', (one) => {
      const { expression } = one;
      return one.kind === this.#kinds.Expression && expression.kind === this.#kinds.Parenthesized;
    });
  }

  statements(text: string): Verdict {
    const isFunction = (one: Node) => one.kind === this.#kinds.FunctionDeclaration;
    return this.#alone(`function _(): void {\n${text}\n}`, 'a list of statements', isFunction);
  }

  /** One function `$name` with a body; how many parameters it takes. */
  func(text: string): { params: number } | string {
    const known = this.#params.get(text);
    if (known !== undefined) return { params: known };
    let params = 0;
    const verdict = this.#alone(text, 'one function `$name`', (one) => {
      if (one.kind !== this.#kinds.FunctionDeclaration || one.name.text !== CALLED) return false;
      const { parameters } = one.signature;
      params = parameters.length;
      const isPlain = parameters.every((p: Node) => p.parameterKind === 0 && !p.initializer);
      const isBare = !one.decorators?.length && !one.typeParameters?.length;
      return isPlain && isBare && one.body && /^\s*function\b/.test(text);
    });
    if (verdict !== null) return verdict;
    this.#params.set(text, params);
    return { params };
  }

  type(text: string): Verdict {
    return this.#alone(`let _: ${text}\n;`, 'a type', (one) => {
      if (one.kind !== this.#kinds.Variable || one.declarations.length !== 1) return false;
      const [{ type, initializer }] = one.declarations;
      return type?.name !== undefined && !initializer && /^[\s\w$.,<>[\]|]+$/.test(text);
    });
  }

  /** Names of variables, functions and parameters that a text of statements declares. */
  declares(text: string): Set<string> {
    const names = new Set<string>();
    const { VariableDeclaration, FunctionDeclaration, Parameter } = this.#kinds;
    walk(this.#parse(`function _(): void {\n${text}\n}`).statements, (node) => {
      const declares = [VariableDeclaration, FunctionDeclaration, Parameter].includes(node.kind);
      if (declares && node.name?.text) names.add(node.name.text);
    });
    return names;
  }

  name(text: string): Verdict {
    return NAME.test(text) ? null : `\`${text.slice(0, 64)}\` is no name`;
  }

  /** `whole` must be one statement that `fits` and that ends where the text ends. */
  #alone(whole: string, wanted: string, fits: (one: Node) => boolean): Verdict {
    const known = this.#seen.get(whole);
    if (known !== undefined) return known;
    const { statements, faults } = this.#parse(whole);
    const [one] = statements;
    let verdict: Verdict = null;
    if (faults.length > 0) verdict = faults[0].message.replace(/\.$/, '');
    else if (statements.length !== 1 || !fits(one)) verdict = `it is not ${wanted}`;
    else if (whole.slice(one.range.end).replace(';', '').trim() !== '') {
      verdict = `it is not ${wanted}`;
    }
    this.#seen.set(whole, verdict);
    return verdict;
  }
}

/** What a function that stands for a call is called in a macro's text. */
export const CALLED = '$name';

/** A method that a macro gave, as the reader sees it; a text when it is no method of that name. */
export async function contributedMethod(
  text: string,
  name: string,
): Promise<{ shape: MethodShape; source: SourceShape } | string> {
  const whole = `class _ {\n${text}\n}`;
  const source = await readSource(whole, 'text.ts');
  if (source.faults.length > 0) return source.faults[0].message.replace(/\.$/, '');
  const [one] = source.classes;
  const isClass = source.classes.length === 1 && one.name === '_' && one.end === whole.length;
  const strays =
    source.enums.length + source.variables.length + source.functions.length + source.imports.length;
  if (!isClass || strays > 0 || one.methods.length !== 1 || one.fields.length > 0) {
    return 'it is not one method';
  }
  const [shape] = one.methods;
  if (shape.form !== 'method' || shape.body === null) return 'it is not one method with a body';
  if (shape.name !== name) return `it is called \`${shape.name}\`, not \`${name}\``;
  if (shape.decorators.some((d) => d.name !== 'inline')) return 'it carries decorators';
  return { shape, source };
}
