// Owns what reading produces: plain shapes of one source text. Stages after reading see only these,
// never the AST of asc. Offsets are UTF-16 units into the user's own text; `end` is exclusive.

export interface Span {
  start: number;
  end: number;
}

/** A literal argument of a decorator. */
export type Literal = Span &
  (
    | { kind: 'null' }
    | { kind: 'bool'; value: boolean }
    | { kind: 'number'; value: number }
    | { kind: 'string'; value: string }
    | { kind: 'array'; items: Literal[] }
    | { kind: 'object'; entries: { key: string; at: Span; value: Literal }[] }
    /** `env("NAME")`: the value is read where the cell runs. */
    | { kind: 'env'; name: string }
    /** Anything that is not a literal, as written: names, calls, arithmetic. */
    | { kind: 'code'; text: string }
  );

/** `@Auth.require({ role: 'x' })`: ns 'Auth', name 'require'. `@service`: ns ''. */
export interface DecoratorUse extends Span {
  ns: string;
  name: string;
  nameAt: Span;
  /** null: written without parentheses. */
  args: Literal[] | null;
}

/**
 * `Postgres.query<User>("...", id)`, or `this.db.query<User>("...", id)` of a field
 * `db: Postgres.Connection`. Its span begins at the callee and ends behind the parenthesis.
 */
export interface CallUse extends DecoratorUse {
  args: Literal[];
  /** Type arguments, with their texts. */
  types: { shape: TypeShape; text: string }[];
  /** `db`; null: the namespace itself is named. */
  field: string | null;
  /** Class ("" = none) and method or function in whose body it stands; null: in none. */
  within: { owner: string; name: string } | null;
}

/** `this.db` where no call begins, of a field whose type has the form `Postgres.Connection`. */
export interface FieldAccess extends Span {
  owner: string;
  field: string;
}

export type TypeShape = Span &
  (
    | { kind: 'name'; name: string; args: TypeShape[]; nullable: boolean }
    | { kind: 'function' }
    /** Nothing was written where a type belongs. */
    | { kind: 'missing' }
  );

export interface ParamShape extends Span {
  name: string;
  type: TypeShape;
  form: 'plain' | 'optional' | 'default' | 'rest';
}

export interface MemberShape extends Span {
  name: string;
  nameAt: Span;
  doc?: string;
  decorators: DecoratorUse[];
  isStatic: boolean;
  visibility: 'public' | 'private' | 'protected';
}

export interface FieldShape extends MemberShape {
  /** kind 'missing': the type is inferred from the initializer. */
  type: TypeShape;
  isReadonly: boolean;
  /** The expression behind `=`. */
  initializer: Span | null;
}

export interface MethodShape extends MemberShape {
  form: 'method' | 'get' | 'set' | 'constructor';
  typeParameters: Span | null;
  params: ParamShape[];
  result: TypeShape;
  /** Braces included; null: it has none. */
  body: Span | null;
}

export interface ClassShape extends Span {
  name: string;
  nameAt: Span;
  doc?: string;
  decorators: DecoratorUse[];
  typeParameters: Span | null;
  extends: Span | null;
  isAbstract: boolean;
  fields: FieldShape[];
  methods: MethodShape[];
}

export interface EnumShape extends Span {
  name: string;
  nameAt: Span;
  doc?: string;
  decorators: DecoratorUse[];
  /** value null: the initializer is not a number that can be read. */
  members: { name: string; at: Span; value: number | null }[];
}

export interface VariableShape extends Span {
  name: string;
  mutable: boolean;
}

export interface ImportShape extends Span {
  /** As written: './lib', 'json-as'. */
  path: string;
  pathAt: Span;
  /** imported name -> local name; empty for `import * as x` and bare imports. */
  names: { foreign: string; local: string }[];
  namespace: string | null;
  /** Put in by 4-emit/remotes.ts: emission writes it. */
  isRemote?: boolean;
}

/** A parser's complaint. */
export interface SyntaxFault extends Span {
  message: string;
}

export interface SourceShape {
  /** Path relative to the root of the build, with '/' and extension. */
  path: string;
  text: string;
  imports: ImportShape[];
  /** `export { A as B } from './x'`: exported -> local name and path (null: of this file). */
  exports: { exported: string; local: string; from: string | null }[];
  /** Paths of `export ... from`. */
  exportPaths: { path: string; pathAt: Span }[];
  /** Names declared with `export`. */
  exported: string[];
  classes: ClassShape[];
  enums: EnumShape[];
  /** Module variables, those of namespaces included. */
  variables: VariableShape[];
  /** Names of functions, interfaces, type aliases and namespaces at the top level. */
  functions: string[];
  interfaces: string[];
  aliases: { name: string; type: TypeShape }[];
  /** Calls `Upper.name(...)`, but of names that asc or a local variable has; in source order. */
  calls: CallUse[];
  accesses: FieldAccess[];
  /** Decorators on anything else: functions, variables, enums, interfaces. */
  strayDecorators: DecoratorUse[];
  /** Classes named in `details<X>(...)` or `details(new X(...))`. */
  detailClasses: { name: string; at: Span }[];
  /** `details(x)` where the class of x cannot be seen. */
  unnamedDetails: Span[];
  faults: SyntaxFault[];
  /** Declarations that something else stands for: emission blanks them. */
  replaced?: Span[];
}
