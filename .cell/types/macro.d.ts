// Generated from assembly/guest/macro by tests/editor/macro-sdk.ts. Do not edit.
//
// What an editor knows of the names that cells with macros see without importing them.
// `cell build` copies it to `.cell/types/macro.d.ts`.
export {};

declare namespace macro_ {
/** Arguments of one use, or settings. Cheap to make; holds no copies. */
export class Arguments {
  constructor(list: Literal[]);
  /** How many positional arguments were written. */
  get count(): i32;
  /** The literal at `path`; null when nothing was written there. */
  find(path: string): Literal | null;
  has(path: string): bool;
  /** `path` as complaints want it: "role" -> "0.role"; "" when there is no such argument. */
  where(path: string): string;
  /** Kind of the literal at `path`; Null when there is none. */
  kind(path: string): LiteralKind;
  isText(path: string): bool;
  text(path: string, otherwise?: string): string;
  /** Strings of a list; a single string reads as a list of one. */
  texts(path: string): string[];
  number(path: string, otherwise?: f64): f64;
  /** A whole number; what is none, or does not fit, reads as `otherwise`. */
  integer(path: string, otherwise?: i32): i32;
  bool(path: string, otherwise?: bool): bool;
  /** Milliseconds of a duration such as "250ms", "30s", "5m", "1h", "7d". */
  durationMs(path: string, otherwise?: i64): i64;
  /** Bytes of a size: a whole number, or "64KB", "1MB" (by 1024). */
  sizeBytes(path: string, otherwise?: i64): i64;
  /** Items of a list; [] when there is none. */
  items(path: string): Literal[];
  /** Keys of an object, in the order written. */
  keys(path: string): string[];
  /** Name of the variable of `env("NAME")`; "" for anything else. */
  env(path: string): string;
  /** AssemblyScript as it was written, where the shape says `any`; "" for literals. */
  code(path: string): string;
}
export class Planning {
  readonly request: PlanRequest;
  readonly plan: Plan;
  readonly settings: Arguments;
  /** Every use of this cell's macros, by site, then in the order written. */
  readonly spots: Spot[];
  constructor(request: PlanRequest, ns: string);
  /** 1 in the first round. */
  get round(): u32;
  /** Questions asked now will not be answered. */
  get isLast(): bool;
  get profile(): string;
  get sites(): Site[];
  /** The uses of one macro: "require". */
  spotsOf(name: string): Spot[];
  /** An answer to what was asked, or what this cell said itself in the last round. */
  fact(about: string, key: string, cell?: string): string[] | null;
  provide(about: string, key: string, values: string[]): void;
  /** See Spot.effect. People are told of it at the first use of this cell's macros. */
  effect(key: string, preview: string, data?: string, destructive?: bool): void;
  /** Name of the cell that is built: "directory". */
  get service(): string;
  /** Changes that lose data may be planned. */
  get destructive(): bool;
  /** What the last build kept; "" = nothing yet. */
  get lock(): string;
  /** The documents that the last build left, sorted by name. */
  get documents(): Document[];
  /** What the next build is to find in `lock`: lines, for reviews. Said again in every round. */
  keep(lock: string): void;
  /**
   * A text for people, committed with the lock: "0001_create_users.sql". Those that are not said
   * again are removed.
   */
  document(name: string, text: string): void;
}
/** Kinds of literal. `code` is anything that is no literal: allowed where a schema says `any`. */
export enum LiteralKind {
  Null = 0,
  Bool = 1,
  Number = 2,
  String = 3,
  Array = 4,
  Object = 5,
  /** `env("NAME")`: the name stands in `text`. The value never travels through a build. */
  Env = 6,
  Code = 7
}
/** What a user wrote between a decorator's parentheses, or a setting of cell.config.ts. */
export class Literal {
  kind: LiteralKind;
  /** String: its value. Env: the variable's name. Code: the source text. */
  text: string;
  /** Number: its value. Bool: 0 or 1. */
  number: f64;
  /** Object: keys, in the order written; `items` holds their values. */
  keys: string[];
  items: Literal[];
}
/** One decorator on a declaration. */
export class Use {
  /** "Auth"; "" for bare decorators such as `@service`. */
  ns: string;
  name: string;
  /** False: written without parentheses. */
  called: bool;
  args: Literal[];
  /** Calls: type arguments as written, `Postgres.query<User>(...)` -> ["User"]. */
  types: string[];
}
export class Param {
  name: string;
  /** As written: "u32", "string | null", "Account[]". */
  type: string;
}
/** A declaration: a site of macros, or a neighbour of one. */
export class Declaration {
  /** "class", "method", "field", "constructor", "enum", or "call": `Docs.find<User>("...", id)` in
   *  a body. Of a call `name` is the method or function that it stands in. */
  kind: string;
  name: string;
  doc: string;
  /** "public", "private" or "protected". */
  visibility: string;
  isStatic: bool;
  /** Method: its parameters. */
  params: Param[];
  /** Method: type of the result, "void" included. Field: its type, "" when inferred. */
  type: string;
  uses: Use[];
}
/** A declaration that carries macros of the asked cell, with its neighbours. */
export class Site {
  /** Names the site in this build; ascending in a request. */
  id: u32;
  /** File, relative to the root of the build. */
  file: string;
  declaration: Declaration;
  /** The class that the declaration is a member of (without members), or itself. */
  owner: Declaration;
  /** Members of the class, for class sites. Of a call: fields of the class that its first type
   *  argument names; they travel with the first call of a file that names it, and the SDK gives
   *  them to the others. */
  members: Declaration[];
  /** Text of the declaration's body; only when the macro said `needs: "body"`. */
  body: string;
}
/** Something one cell knows and others may ask for: ("User", "columns") -> ["id", "email"]. */
export class Fact {
  about: string;
  key: string;
  values: string[];
  /** Who knows it: set by the build; what a plan says here is not read. */
  cell: string;
}
/** A question to another cell; its answer is a Fact in a later round. */
export class Ask {
  cell: string;
  about: string;
  key: string;
  /** Site and use that ask. */
  site: u32;
  use: u32;
}
export class PlanRequest {
  version: u32;
  /** 1 in the first round. */
  round: u32;
  /** True: asks will not be answered any more; plan without them. */
  last: bool;
  /** "on", or a profile of the description, such as "metrics-only". Never "off": not asked then. */
  profile: string;
  /** What cell.config.ts says under `cells.<name>`; Null without any. */
  settings: Literal;
  sites: Site[];
  /** Answers to asks of this cell, sorted; and the facts of its own last plan. */
  facts: Fact[];
  /** Cell that is built: "directory". */
  service: string;
  /** What the last plan for this service left in `lock`, as it is committed; "" = nothing yet. */
  lock: string;
  /** Committed documents of this cell for this service, sorted by name. */
  documents: Document[];
  /** `--allow-destructive`: changes that lose data may be planned. */
  destructive: bool;
}
/** A text that people may review, committed below `.cell/<folder of the cell>/<service>/`. */
export class Document {
  /** "0002_add_created_at.sql": lower case letters, digits, `_`, `-` and `.`; 128 characters. */
  name: string;
  text: string;
}
/** The schema of one argument, or of a part of one. Drives editor, check and parsing. */
export class Shape {
  /** string number integer bool duration size parameter template member object list oneOf env any
   *  parameter: names a parameter of the method. template: text with {parameter} holes.
   *  member: names a member of the class. duration: "250ms" "30s" "5m" "1h" "7d".
   *  size: whole bytes, or "64KB" "1MB" (B KB MB GB, by 1024). env: env("NAME").
   *  min and max of a duration are in milliseconds, of a size in bytes. */
  type: string;
  doc: string;
  optional: bool;
  /** string: the allowed values, [] = any. */
  values: string[];
  /** string: the allowed values are these settings' (a key of cell.config.ts `cells.<name>`);
   *  without that setting any is allowed. */
  valuesFrom: string;
  /** number, integer: bounds; list: bounds of its length. NaN = none. */
  min: f64;
  max: f64;
  /** object: its keys, named by `name`. oneOf: alternatives. list: one shape, of its items. */
  of: Shape[];
  name: string;
}
export class MacroInfo {
  name: string;
  doc: string;
  /** "service" (a class with @service), "class", "method" (a handler), "member" (any method),
   *  "field", "constructor", "enum", "call" (`Ns.name<T>(...)` in a body). */
  on: string[];
  /** trace authorize limit validate cache retry transact body; "" = no place in the order. */
  stage: string;
  /** The last of `args` may be repeated: for calls. */
  rest: bool;
  /** Calls: type of the value, over the type argument `T`, for editors: "T[]", "i32"; "" = any. */
  result: string;
  /** Positional arguments. All optional (or none): the macro may be written without parentheses. */
  args: Shape[];
  /** May be used twice on one declaration. */
  repeatable: bool;
  /** "body": the site's text is sent along. */
  needs: string[];
  example: string;
}
/** One thing that a macro adds. What the fields mean, by kind: ARCHITECTURE.md, Contributions. */
export class Contribution {
  site: u32;
  use: u32;
  /** policy guard wrap parameter field method handler import macro member call statement database
   *  initial start codec */
  kind: string;
  /** "" = the macro's own stage. */
  stage: string;
  name: string;
  text: string;
  type: string;
  /** guard: status to refuse with. */
  status: u32;
  values: string[];
  numbers: f64[];
}
/** `first` comes before `then` on this site, both "Ns.macro", within one stage. */
export class Order {
  site: u32;
  first: string;
  then: string;
}
export class Complaint {
  site: u32;
  use: u32;
  /** Where in the use: "" the decorator, "0.role" key `role` of argument 0, "0.tags.1"; ".age"
   *  the member `age` of the class that the declaration is, or is in. */
  path: string;
  message: string;
  /** What to write instead; "" = nothing to offer. */
  fix: string;
  warning: bool;
  /** Within the text of a string argument that `path` names: UTF-16 units from its beginning, and
   *  how many; -1: the argument as a whole. */
  offset: i32;
  length: i32;
}
/** A change of infrastructure: idempotent, previewable. */
export class Effect {
  /** Stable name, unique within the cell: "table users". */
  key: string;
  /** One line for people: "create table users". */
  preview: string;
  /** For the cell itself. */
  data: string;
  destructive: bool;
  /** Site and use that want it: where people are told of it. */
  site: u32;
  use: u32;
}
export class Plan {
  contributions: Contribution[];
  facts: Fact[];
  asks: Ask[];
  orders: Order[];
  complaints: Complaint[];
  effects: Effect[];
  /** What the next build is to find in PlanRequest.lock: lines, for reviews; "" = nothing. */
  lock: string;
  /** All committed documents of this cell for this service, as they are to be. */
  documents: Document[];
}
/**
 * A string literal, quotes included: `say("hi")` -> `"say(\"hi\")"`. Joined once at the end: memory
 * is given back after the call only, and a text that grows by letters takes the square of its size.
 */
export function quote(text: string): string;
/** `quote` of each, with commas between: the inside of an array literal. */
export function quoteAll(texts: string[]): string;
/** One use of one macro. Made by Planning; a macro's method gets one a use, every round. */
export class Spot {
  readonly request: PlanRequest;
  readonly plan: Plan;
  readonly site: Site;
  /** Which of the declaration's decorators. */
  readonly index: u32;
  /** What cell.config.ts says under `cells.<name>`. */
  readonly settings: Arguments;
  /** What was written between the parentheses. */
  readonly args: Arguments;
  constructor(request: PlanRequest, plan: Plan, site: Site, 
  /** Which of the declaration's decorators. */
  index: u32, 
  /** What cell.config.ts says under `cells.<name>`. */
  settings: Arguments);
  get use(): Use;
  /** "Auth.require"; "service" of a bare decorator. */
  get macroName(): string;
  /** The declaration that the decorator stands on. */
  get declaration(): Declaration;
  /** Type arguments of a call as written: `Postgres.query<User>(...)` -> ["User"]. */
  get types(): string[];
  /** The class of the declaration, or the class itself. */
  get owner(): Declaration;
  /** "Accounts.get"; of a class "Accounts". */
  get path(): string;
  /** "on", or the profile that `--features` asks for. */
  get profile(): string;
  /** Questions asked now will not be answered: plan without them. */
  get isLast(): bool;
  /** The parameter of that name; null when the method has none. */
  parameterNamed(name: string): Param | null;
  /**
   * A template as an expression over the method's parameters: "note {id}" becomes
   * `"note " + id.toString()`. Holes that are no parameter stay as they are.
   */
  expression(template: string): string;
  /** Another macro on the same declaration, "Cache.memoize"; null when it is not there. */
  neighbour(macroName: string): Use | null;
  /** A macro on the class of the declaration. */
  ownerUse(macroName: string): Use | null;
  /** Any policy by its name. The calls below are the known ones. */
  policy(name: string, values?: string[], numbers?: f64[], text?: string): void;
  /** Callers need one of these roles. */
  demandRole(anyOf: string[]): void;
  /** Callers need all of these scopes. */
  demandScopes(allOf: string[]): void;
  /** Callers need no session. */
  openToAll(): void;
  /** At most `perSecond` calls, `burst` at once: of each subject, or of all callers together. */
  limitRate(perSecond: f64, burst: f64, ofEachSubject?: bool): void;
  /** Replies are kept. Tags are templates over parameters: "account:{id}". */
  memoize(ttlMs: i64, staleMs: i64, shared: bool, tags: string[]): void;
  /** Kept replies with these tags are forgotten when a call has succeeded. */
  forget(tags: string[]): void;
  /** A span for each sampled call; `ratio` of those that begin here, 0 to 1. */
  recordSpan(name: string, ratio?: f64): void;
  /** Counts calls. Labels: "key:value", or the name of a claim of the caller's token. */
  countCalls(name: string, labels?: string[]): void;
  /**
   * Calls are refused with `status` and `message` unless `condition` holds: AssemblyScript over the
   * parameters. `message` may have {parameter} holes.
   */
  guard(condition: string, status: u32, message: string): void;
  /**
   * Statements around the next layer. `$proceed;` calls it and sets `result`; `$attempt` is an
   * expression: 0 when it returned (`result` is set), else the status that it failed with; `$fail;`
   * passes that failure on.
   */
  wrap(text: string, stage?: string): void;
  /** A name that the method's body can use; `expression` is evaluated at entry. */
  parameter(name: string, type: string, expression: string): void;
  /** A field of the class. It makes the cell an actor. */
  field(name: string, type: string, initializer: string): void;
  /** A private method of the class, as whole text. */
  method(name: string, text: string): void;
  /** A public method of the class, as whole text: clients can call it. */
  handler(name: string, text: string): void;
  /** A method of a class that is no service, as whole text; static or not. */
  member(name: string, text: string): void;
  /**
   * Stands for this call: whole text of a function named `$name`, whose parameters are the call's
   * arguments behind the first: `Docs.find<Row>("a = $1", x)` becomes `<generated>(x)`.
   */
  call(text: string): void;
  /** An expression in the place of the field's initializer. */
  initial(expression: string): void;
  /** Statements that run before the service's own `start()`; `this` is the service. */
  start(text: string): void;
  /** Names of the SDK that contributed code uses, from `cell/<file>`. */
  importNames(file: string, names: string[]): void;
  /**
   * A macro that the built cell answers for: `method` of the class is called with its spots, `info`
   * is the JSON of a MacroInfo.
   */
  macro(method: string, info: string): void;
  /** Any contribution; the calls above are the known ones. */
  contribute(kind: string, name: string, text: string): Contribution;
  /**
   * The build fails here. `path` names the argument at fault, "" the decorator, ".age" the member
   * `age` of the class.
   */
  error(message: string, fix?: string, path?: string): void;
  /** As `error`, but the build goes on. */
  warn(message: string, fix?: string, path?: string): void;
  /**
   * The build fails here: within the text of the string argument that `path` names, at `offset`
   * UTF-16 units from its beginning, `length` of them. People see the place in their source.
   */
  complainAt(message: string, fix: string, path: string, offset: i32, length: i32): void;
  /** As `complainAt`, but the build goes on. */
  warnAt(message: string, fix: string, path: string, offset: i32, length: i32): void;
  /**
   * A change that the build makes once all is compiled: idempotent. `key` is stable and unique in
   * this cell ("table users"), `preview` a line for people, `data` for @macro.prepare and .commit.
   */
  effect(key: string, preview: string, data?: string, destructive?: bool): void;
  /** What this cell knows and others may ask for: ("User", "columns", ["id", "email"]). */
  provide(about: string, key: string, values: string[]): void;
  /**
   * What another cell knows. null: not known yet (the answer comes in a later round), or, when
   * `isLast`, never.
   */
  ask(cell: string, about: string, key: string): string[] | null;
  /** On this declaration, within one stage, this macro comes before that one. */
  before(macroName: string): void;
  /** On this declaration, within one stage, this macro comes after that one. */
  after(macroName: string): void;
}
}

declare global {
  type Arguments = macro_.Arguments;
  const Arguments: typeof macro_.Arguments;
  type Declaration = macro_.Declaration;
  const Declaration: typeof macro_.Declaration;
  type Effect = macro_.Effect;
  const Effect: typeof macro_.Effect;
  type Literal = macro_.Literal;
  const Literal: typeof macro_.Literal;
  type LiteralKind = macro_.LiteralKind;
  const LiteralKind: typeof macro_.LiteralKind;
  type Param = macro_.Param;
  const Param: typeof macro_.Param;
  type Planning = macro_.Planning;
  const Planning: typeof macro_.Planning;
  type Site = macro_.Site;
  const Site: typeof macro_.Site;
  type Spot = macro_.Spot;
  const Spot: typeof macro_.Spot;
  type Use = macro_.Use;
  const Use: typeof macro_.Use;
  const quote: typeof macro_.quote;
  const quoteAll: typeof macro_.quoteAll;
}
