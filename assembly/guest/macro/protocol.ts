// Owns the macro protocol: what a build says to a cell that answers for decorators, and what the
// cell says back. Plain classes, values of VALUES.md. The one definition of it: the build's side
// (build/2-discover/protocol.ts) is generated from this file. Never holds behaviour.
//
// Four methods on channel MACRO, in this order, after the cell's own methods:
//   describe(request: DescribeRequest): Description    which macros there are
//   plan(request: PlanRequest): Plan                   what they do here; once a round
//   apply(request: EffectRequest): EffectResult        prepares or commits effects
//   rollback(request: EffectRequest): EffectResult     takes back what apply did, or compensates
// They need a session with the scope `cell:build`.

/** Kinds of literal. `code` is anything that is no literal: allowed where a schema says `any`. */
export enum LiteralKind {
  Null,
  Bool,
  Number,
  String,
  Array,
  Object,
  /** `env("NAME")`: the name stands in `text`. The value never travels through a build. */
  Env,
  Code,
}

/** What a user wrote between a decorator's parentheses, or a setting of cell.config.ts. */
export class Literal {
  kind: LiteralKind = LiteralKind.Null;
  /** String: its value. Env: the variable's name. Code: the source text. */
  text: string = "";
  /** Number: its value. Bool: 0 or 1. */
  number: f64 = 0;
  /** Object: keys, in the order written; `items` holds their values. */
  keys: string[] = [];
  items: Literal[] = [];
}

/** One decorator on a declaration. */
export class Use {
  /** "Auth"; "" for bare decorators such as `@service`. */
  ns: string = "";
  name: string = "";
  /** False: written without parentheses. */
  called: bool = false;
  args: Literal[] = [];
  /** Calls: type arguments as written, `Postgres.query<User>(...)` -> ["User"]. */
  types: string[] = [];
}

export class Param {
  name: string = "";
  /** As written: "u32", "string | null", "Account[]". */
  type: string = "";
}

/** A declaration: a site of macros, or a neighbour of one. */
export class Declaration {
  /** "class", "method", "field", "constructor", "enum", or "call": `Docs.find<User>("...", id)` in
   *  a body. Of a call `name` is the method or function that it stands in. */
  kind: string = "";
  name: string = "";
  doc: string = "";
  /** "public", "private" or "protected". */
  visibility: string = "";
  isStatic: bool = false;
  /** Method: its parameters. */
  params: Param[] = [];
  /** Method: type of the result, "void" included. Field: its type, "" when inferred. */
  type: string = "";
  uses: Use[] = [];
}

/** A declaration that carries macros of the asked cell, with its neighbours. */
export class Site {
  /** Names the site in this build; ascending in a request. */
  id: u32 = 0;
  /** File, relative to the root of the build. */
  file: string = "";
  declaration: Declaration = new Declaration();
  /** The class that the declaration is a member of (without members), or itself. */
  owner: Declaration = new Declaration();
  /** Members of the class, for class sites. Of a call: fields of the class that its first type
   *  argument names; they travel with the first call of a file that names it, and the SDK gives
   *  them to the others. */
  members: Declaration[] = [];
  /** Text of the declaration's body; only when the macro said `needs: "body"`. */
  body: string = "";
}

/** Something one cell knows and others may ask for: ("User", "columns") -> ["id", "email"]. */
export class Fact {
  about: string = "";
  key: string = "";
  values: string[] = [];
  /** Who knows it: set by the build; what a plan says here is not read. */
  cell: string = "";
}

/** A question to another cell; its answer is a Fact in a later round. */
export class Ask {
  cell: string = "";
  about: string = "";
  key: string = "";
  /** Site and use that ask. */
  site: u32 = 0;
  use: u32 = 0;
}

export class DescribeRequest {
  /** Version of this protocol: 1. */
  version: u32 = 1;
}

export class PlanRequest {
  version: u32 = 1;
  /** 1 in the first round. */
  round: u32 = 0;
  /** True: asks will not be answered any more; plan without them. */
  last: bool = false;
  /** "on", or a profile of the description, such as "metrics-only". Never "off": not asked then. */
  profile: string = "on";
  /** What cell.config.ts says under `cells.<name>`; Null without any. */
  settings: Literal = new Literal();
  sites: Site[] = [];
  /** Answers to asks of this cell, sorted; and the facts of its own last plan. */
  facts: Fact[] = [];
  /** Cell that is built: "directory". */
  service: string = "";
  /** What the last plan for this service left in `lock`, as it is committed; "" = nothing yet. */
  lock: string = "";
  /** Committed documents of this cell for this service, sorted by name. */
  documents: Document[] = [];
  /** `--allow-destructive`: changes that lose data may be planned. */
  destructive: bool = false;
}

/** A text that people may review, committed below `.cell/<folder of the cell>/<service>/`. */
export class Document {
  /** "0002_add_created_at.sql": lower case letters, digits, `_`, `-` and `.`; 128 characters. */
  name: string = "";
  text: string = "";
}

/** The schema of one argument, or of a part of one. Drives editor, check and parsing. */
export class Shape {
  /** string number integer bool duration size parameter template member object list oneOf env any
   *  parameter: names a parameter of the method. template: text with {parameter} holes.
   *  member: names a member of the class. duration: "250ms" "30s" "5m" "1h" "7d".
   *  size: whole bytes, or "64KB" "1MB" (B KB MB GB, by 1024). env: env("NAME").
   *  min and max of a duration are in milliseconds, of a size in bytes. */
  type: string = "any";
  doc: string = "";
  optional: bool = false;
  /** string: the allowed values, [] = any. */
  values: string[] = [];
  /** string: the allowed values are these settings' (a key of cell.config.ts `cells.<name>`);
   *  without that setting any is allowed. */
  valuesFrom: string = "";
  /** number, integer: bounds; list: bounds of its length. NaN = none. */
  min: f64 = NaN;
  max: f64 = NaN;
  /** object: its keys, named by `name`. oneOf: alternatives. list: one shape, of its items. */
  of: Shape[] = [];
  name: string = "";
}

export class MacroInfo {
  name: string = "";
  doc: string = "";
  /** "service" (a class with @service), "class", "method" (a handler), "member" (any method),
   *  "field", "constructor", "enum", "call" (`Ns.name<T>(...)` in a body). */
  on: string[] = [];
  /** trace authorize limit validate cache retry transact body; "" = no place in the order. */
  stage: string = "";
  /** The last of `args` may be repeated: for calls. */
  rest: bool = false;
  /** Calls: type of the value, over the type argument `T`, for editors: "T[]", "i32"; "" = any. */
  result: string = "";
  /** Positional arguments. All optional (or none): the macro may be written without parentheses. */
  args: Shape[] = [];
  /** May be used twice on one declaration. */
  repeatable: bool = false;
  /** "body": the site's text is sent along. */
  needs: string[] = [];
  example: string = "";
}

export class Profile {
  name: string = "";
  doc: string = "";
}

export class Description {
  version: u32 = 1;
  /** Namespace of the decorators; "" for bare ones. */
  ns: string = "";
  doc: string = "";
  macros: MacroInfo[] = [];
  profiles: Profile[] = [];
  /** Types that fields may have: with "Connection", `db: Postgres.Connection` on a class makes
   *  `this.db.query(...)` the call `Postgres.query(...)`. */
  bindings: string[] = [];
  /** Shape of the settings (type object), or type "any". */
  settings: Shape = new Shape();
}

/** One thing that a macro adds. What the fields mean, by kind: ARCHITECTURE.md, Contributions. */
export class Contribution {
  site: u32 = 0;
  use: u32 = 0;
  /** policy guard wrap parameter field method handler import macro member call statement database
   *  initial start codec */
  kind: string = "";
  /** "" = the macro's own stage. */
  stage: string = "";
  name: string = "";
  text: string = "";
  type: string = "";
  /** guard: status to refuse with. */
  status: u32 = 0;
  values: string[] = [];
  numbers: f64[] = [];
}

/** `first` comes before `then` on this site, both "Ns.macro", within one stage. */
export class Order {
  site: u32 = 0;
  first: string = "";
  then: string = "";
}

export class Complaint {
  site: u32 = 0;
  use: u32 = 0;
  /** Where in the use: "" the decorator, "0.role" key `role` of argument 0, "0.tags.1"; ".age"
   *  the member `age` of the class that the declaration is, or is in. */
  path: string = "";
  message: string = "";
  /** What to write instead; "" = nothing to offer. */
  fix: string = "";
  warning: bool = false;
  /** Within the text of a string argument that `path` names: UTF-16 units from its beginning, and
   *  how many; -1: the argument as a whole. */
  offset: i32 = -1;
  length: i32 = 0;
}

/** A change of infrastructure: idempotent, previewable. */
export class Effect {
  /** Stable name, unique within the cell: "table users". */
  key: string = "";
  /** One line for people: "create table users". */
  preview: string = "";
  /** For the cell itself. */
  data: string = "";
  destructive: bool = false;
  /** Site and use that want it: where people are told of it. */
  site: u32 = 0;
  use: u32 = 0;
}

export class Plan {
  contributions: Contribution[] = [];
  facts: Fact[] = [];
  asks: Ask[] = [];
  orders: Order[] = [];
  complaints: Complaint[] = [];
  effects: Effect[] = [];
  /** What the next build is to find in PlanRequest.lock: lines, for reviews; "" = nothing. */
  lock: string = "";
  /** All committed documents of this cell for this service, as they are to be. */
  documents: Document[] = [];
}

export class EffectRequest {
  version: u32 = 1;
  /** "prepare": do all but the last step. "commit": make it stand. Of a rollback: which of the two
   *  is taken back. */
  step: string = "";
  effects: Effect[] = [];
}

export class EffectResult {
  /** Keys of effects that stand now. */
  standing: string[] = [];
  /** What went wrong, "" = nothing. */
  message: string = "";
  fix: string = "";
}
