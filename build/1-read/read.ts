// Owns stage 1: AssemblyScript text -> shapes. Judges nothing beyond syntax; resolves no name and
// opens no file. Invariant: every span lies in the text as the user wrote it.
import { CallReader } from './calls.ts';
import { DecoratorReader } from './literal.ts';
import { maskReserved } from './mask.ts';
import { type AscParser, loadParser, type Node, walk } from './parser.ts';
import type {
  ClassShape,
  EnumShape,
  FieldShape,
  ImportShape,
  MethodShape,
  ParamShape,
  SourceShape,
  Span,
  TypeShape,
} from './shapes.ts';

/** Shapes of one source. `path` is relative to the build's root. Syntax faults are in the shape. */
export async function readSource(text: string, path: string): Promise<SourceShape> {
  return new Reader(await loadParser(), text, path).read();
}

/** asc parses `try` and refuses it while compiling; here the position is exact. */
const TRY = 'a cell has no try';

const spanOf = (node: Node): Span => ({ start: node.range.start, end: node.range.end });

class Reader {
  readonly #asc: AscParser;
  readonly #text: string;
  readonly #decorators: DecoratorReader;
  readonly #shape: SourceShape;

  constructor(asc: AscParser, text: string, path: string) {
    this.#asc = asc;
    this.#text = text;
    this.#decorators = new DecoratorReader(asc, text);
    this.#shape = {
      path,
      text,
      imports: [],
      exports: [],
      exportPaths: [],
      exported: [],
      classes: [],
      enums: [],
      variables: [],
      functions: [],
      interfaces: [],
      aliases: [],
      calls: [],
      accesses: [],
      strayDecorators: [],
      detailClasses: [],
      unnamedDetails: [],
      faults: [],
    };
  }

  read(): SourceShape {
    const { statements, faults } = this.#asc.parse(maskReserved(this.#text), this.#shape.path);
    this.#shape.faults = faults;
    for (const statement of statements) this.#statement(statement, true);
    const { classes } = this.#shape;
    const type = (node: Node): TypeShape => this.#type(node, node);
    const calls = new CallReader(this.#asc, this.#text, this.#decorators, type, classes);
    walk(statements, (node) => {
      this.#detail(node);
      calls.see(node);
    });
    Object.assign(this.#shape, calls.finish(classes));
    return this.#shape;
  }

  #statement(node: Node, top: boolean): void {
    const { kinds, flags } = this.#asc;
    const shape = this.#shape;
    const name: string | undefined = node.name?.text;
    if (top && name !== undefined && node.flags & flags.Export) shape.exported.push(name);
    switch (node.kind) {
      case kinds.ClassDeclaration:
        shape.classes.push(this.#class(node));
        break;
      case kinds.EnumDeclaration:
        shape.enums.push(this.#enum(node));
        break;
      case kinds.Variable:
        this.#variables(node, top);
        break;
      case kinds.FunctionDeclaration:
        if (top) shape.functions.push(name as string);
        shape.strayDecorators.push(...this.#decorators.uses(node));
        break;
      case kinds.InterfaceDeclaration:
        shape.interfaces.push(name as string);
        shape.strayDecorators.push(...this.#decorators.uses(node));
        break;
      case kinds.TypeDeclaration:
        shape.aliases.push({ name: name as string, type: this.#type(node.type, node) });
        break;
      case kinds.NamespaceDeclaration:
        if (top) shape.functions.push(name as string);
        for (const member of node.members) this.#statement(member, false);
        break;
      case kinds.Import:
        shape.imports.push(this.#import(node));
        break;
      case kinds.Export:
        if (node.path) shape.exportPaths.push({ path: node.path.value, pathAt: spanOf(node.path) });
        for (const member of node.members ?? []) {
          shape.exports.push({
            exported: member.exportedName.text,
            local: member.localName.text,
            from: node.path?.value ?? null,
          });
        }
        break;
    }
  }

  #variables(node: Node, top: boolean): void {
    const { flags } = this.#asc;
    for (const d of node.declarations) {
      const mutable = (d.flags & flags.Const) === 0;
      this.#shape.variables.push({ name: d.name.text, mutable, ...spanOf(d) });
      if (top && d.flags & flags.Export) this.#shape.exported.push(d.name.text);
      this.#shape.strayDecorators.push(...this.#decorators.uses(d));
    }
  }

  #import(node: Node): ImportShape {
    return {
      path: node.path.value,
      pathAt: spanOf(node.path),
      names: (node.declarations ?? []).map((d: Node) => ({
        foreign: d.foreignName.text,
        local: d.name.text,
      })),
      namespace: node.namespaceName?.text ?? null,
      ...spanOf(node),
    };
  }

  #class(node: Node): ClassShape {
    const { kinds, flags } = this.#asc;
    const members: Node[] = node.members;
    return {
      name: node.name.text,
      nameAt: spanOf(node.name),
      ...this.#doc(node),
      decorators: this.#decorators.uses(node),
      typeParameters: this.#typeParameters(node),
      extends: node.extendsType ? spanOf(node.extendsType) : null,
      isAbstract: (node.flags & flags.Abstract) !== 0,
      fields: members.filter((m) => m.kind === kinds.FieldDeclaration).map((m) => this.#field(m)),
      methods: members
        .filter((m) => m.kind === kinds.MethodDeclaration)
        .map((m) => this.#method(m)),
      ...spanOf(node),
    };
  }

  #member(node: Node) {
    const { flags } = this.#asc;
    const visibility: 'public' | 'private' | 'protected' =
      node.flags & flags.Private
        ? 'private'
        : node.flags & flags.Protected
          ? 'protected'
          : 'public';
    return {
      name: node.name.text as string,
      nameAt: spanOf(node.name),
      ...this.#doc(node),
      decorators: this.#decorators.uses(node),
      isStatic: (node.flags & flags.Static) !== 0,
      visibility,
      ...spanOf(node),
    };
  }

  #field(node: Node): FieldShape {
    const isReadonly = (node.flags & this.#asc.flags.Readonly) !== 0;
    return {
      ...this.#member(node),
      type: this.#type(node.type, node.name),
      isReadonly,
      initializer: node.initializer ? spanOf(node.initializer) : null,
    };
  }

  #method(node: Node): MethodShape {
    const { flags } = this.#asc;
    let form: MethodShape['form'] = 'method';
    if (node.flags & flags.Constructor) form = 'constructor';
    else if (node.flags & flags.Get) form = 'get';
    else if (node.flags & flags.Set) form = 'set';
    return {
      ...this.#member(node),
      form,
      typeParameters: this.#typeParameters(node),
      params: node.signature.parameters.map((p: Node) => this.#param(p)),
      result: this.#type(node.signature.returnType, node.name),
      body: node.body ? spanOf(node.body) : null,
    };
  }

  #param(node: Node): ParamShape {
    const forms = ['plain', 'optional', 'rest'] as const;
    return {
      name: node.name.text,
      type: this.#type(node.type, node.name),
      form: node.initializer ? 'default' : forms[node.parameterKind],
      ...spanOf(node),
    };
  }

  #enum(node: Node): EnumShape {
    const decorators = this.#decorators.uses(node);
    this.#shape.strayDecorators.push(...decorators);
    let next: number | null = 0;
    const members = node.values.map((v: Node) => {
      const value = v.initializer ? this.#number(v.initializer) : next;
      next = value === null ? null : value + 1;
      return { name: v.name.text as string, at: spanOf(v.name), value };
    });
    const base = { name: node.name.text, nameAt: spanOf(node.name), ...this.#doc(node) };
    return { ...base, decorators, members, ...spanOf(node) };
  }

  #number(node: Node): number | null {
    const written = this.#text.slice(node.range.start, node.range.end).replaceAll('_', '').trim();
    const shift = /^(\d+)\s*<<\s*(\d+)$/.exec(written);
    if (shift) return Number(shift[1]) * 2 ** Number(shift[2]);
    return /^-?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|\d+)$/.test(written)
      ? Number(written)
      : null;
  }

  #type(node: Node, missingAt: Node): TypeShape {
    const { kinds } = this.#asc;
    if (!node) return { kind: 'missing', ...spanOf(missingAt) };
    if (node.kind === kinds.FunctionType) return { kind: 'function', ...spanOf(node) };
    const at = spanOf(node);
    // An omitted type has an empty range, or the name that asc puts there.
    if (at.start === at.end) return { kind: 'missing', ...spanOf(missingAt) };
    const parts: string[] = [];
    for (let n = node.name; n; n = n.next) parts.push(n.identifier.text);
    const name = parts.join('.');
    if (name === '') return { kind: 'missing', ...spanOf(missingAt) };
    const args = (node.typeArguments ?? []).map((a: Node) => this.#type(a, a));
    return { kind: 'name', name, args, nullable: node.isNullable, ...at };
  }

  #typeParameters(node: Node): Span | null {
    const list: Node[] | null = node.typeParameters;
    if (!list || list.length === 0) return null;
    return { start: list[0].range.start, end: list[list.length - 1].range.end };
  }

  /** The doc comment that ends right before the declaration (its decorators included). */
  #doc(node: Node): { doc?: string } {
    const first = node.decorators?.[0]?.range.start ?? node.range.start;
    const before = this.#text.slice(0, Math.min(first, node.range.start)).trimEnd();
    if (!before.endsWith('*/')) return {};
    const open = before.lastIndexOf('/**');
    if (open < 0 || before.indexOf('*/', open) !== before.length - 2) return {};
    const doc = before
      .slice(open + 3, -2)
      .replace(/^[ \t]*\*[ \t]?/gm, '')
      .trim();
    return doc === '' ? {} : { doc };
  }

  #detail(node: Node): void {
    const { kinds } = this.#asc;
    if (node.kind === kinds.Try) {
      const end = node.range.start + 3;
      this.#shape.faults.push({ message: TRY, start: node.range.start, end });
    }
    if (node.kind !== kinds.Call || node.expression.text !== 'details') return;
    const named = node.typeArguments?.[0]?.name?.identifier;
    const made = node.args[0]?.kind === kinds.New ? node.args[0].typeName?.identifier : undefined;
    const found = named ?? made;
    if (found) this.#shape.detailClasses.push({ name: found.text, at: spanOf(found) });
    else this.#shape.unnamedDetails.push(spanOf(node));
  }
}
