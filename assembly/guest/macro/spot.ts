// Owns what a macro sees and says at one use: `@Auth.require({ role: "x" })` on one declaration.
// Writes into the plan of the round; keeps nothing between rounds. Never touches code: what it adds
// are contributions, which the build composes (ARCHITECTURE.md, "Contributions").
import { Arguments } from "./arguments";
import { expressionOf } from "./template";
import { addEffect, askFor, nameOf, provideFact, useNamed } from "./plan";
import {
  Complaint,
  Contribution,
  Declaration,
  Order,
  Param,
  Plan,
  PlanRequest,
  Site,
  Use,
} from "./protocol";

/** One use of one macro. Made by Planning; a macro's method gets one a use, every round. */
export class Spot {
  /** What was written between the parentheses. */
  readonly args: Arguments;

  constructor(
    readonly request: PlanRequest,
    readonly plan: Plan,
    readonly site: Site,
    /** Which of the declaration's decorators. */
    readonly index: u32,
    /** What cell.config.ts says under `cells.<name>`. */
    readonly settings: Arguments,
  ) {
    this.args = new Arguments(site.declaration.uses[index].args);
  }

  // ---- what is there

  get use(): Use {
    return this.site.declaration.uses[this.index];
  }

  /** "Auth.require"; "service" of a bare decorator. */
  get macroName(): string {
    return nameOf(this.use);
  }

  /** The declaration that the decorator stands on. */
  get declaration(): Declaration {
    return this.site.declaration;
  }

  /** Type arguments of a call as written: `Postgres.query<User>(...)` -> ["User"]. */
  get types(): string[] {
    return this.use.types;
  }

  /** The class of the declaration, or the class itself. */
  get owner(): Declaration {
    return this.site.owner;
  }

  /** "Accounts.get"; of a class "Accounts". */
  get path(): string {
    const own = this.site.declaration;
    if (own.kind == "class" || this.site.owner.name == "") return own.name;
    return this.site.owner.name + "." + own.name;
  }

  /** "on", or the profile that `--features` asks for. */
  get profile(): string {
    return this.request.profile;
  }

  /** Questions asked now will not be answered: plan without them. */
  get isLast(): bool {
    return this.request.last;
  }

  /** The parameter of that name; null when the method has none. */
  parameterNamed(name: string): Param | null {
    const params = this.site.declaration.params;
    for (let i = 0; i < params.length; i++) if (params[i].name == name) return params[i];
    return null;
  }

  /**
   * A template as an expression over the method's parameters: "note {id}" becomes
   * `"note " + id.toString()`. Holes that are no parameter stay as they are.
   */
  expression(template: string): string {
    return expressionOf(template, this.site.declaration.params);
  }

  /** Another macro on the same declaration, "Cache.memoize"; null when it is not there. */
  neighbour(macroName: string): Use | null {
    return useNamed(this.site.declaration.uses, macroName);
  }

  /** A macro on the class of the declaration. */
  ownerUse(macroName: string): Use | null {
    return useNamed(this.site.owner.uses, macroName);
  }

  // ---- policies: rows that the kernel enforces before the cell is entered; they cost no code

  /** Any policy by its name. The calls below are the known ones. */
  policy(name: string, values: string[] = [], numbers: f64[] = [], text: string = ""): void {
    const made = this.contribute("policy", name, text);
    made.values = values;
    made.numbers = numbers;
  }

  /** Callers need one of these roles. */
  demandRole(anyOf: string[]): void {
    this.policy("roles", anyOf);
  }

  /** Callers need all of these scopes. */
  demandScopes(allOf: string[]): void {
    this.policy("scopes", allOf);
  }

  /** Callers need no session. */
  openToAll(): void {
    this.policy("public");
  }

  /** At most `perSecond` calls, `burst` at once: of each subject, or of all callers together. */
  limitRate(perSecond: f64, burst: f64, ofEachSubject: bool = true): void {
    this.policy("rate", [ofEachSubject ? "subject" : "method"], [perSecond, burst]);
  }

  /** Replies are kept. Tags are templates over parameters: "account:{id}". */
  memoize(ttlMs: i64, staleMs: i64, shared: bool, tags: string[]): void {
    this.policy("memo", [shared ? "shared" : ""].concat(tags), [<f64>ttlMs, <f64>staleMs]);
  }

  /** Kept replies with these tags are forgotten when a call has succeeded. */
  forget(tags: string[]): void {
    this.policy("forget", tags);
  }

  /** A span for each sampled call; `ratio` of those that begin here, 0 to 1. */
  recordSpan(name: string, ratio: f64 = 1): void {
    this.policy("span", [], [ratio], name);
  }

  /** Counts calls. Labels: "key:value", or the name of a claim of the caller's token. */
  countCalls(name: string, labels: string[] = []): void {
    this.policy("counter", labels, [], name);
  }

  // ---- code

  /**
   * Calls are refused with `status` and `message` unless `condition` holds: AssemblyScript over the
   * parameters. `message` may have {parameter} holes.
   */
  guard(condition: string, status: u32, message: string): void {
    const made = this.contribute("guard", "", condition);
    made.status = status;
    made.type = message;
  }

  /**
   * Statements around the next layer. `$proceed;` calls it and sets `result`; `$attempt` is an
   * expression: 0 when it returned (`result` is set), else the status that it failed with; `$fail;`
   * passes that failure on.
   */
  wrap(text: string, stage: string = ""): void {
    this.contribute("wrap", "", text).stage = stage;
  }

  /** A name that the method's body can use; `expression` is evaluated at entry. */
  parameter(name: string, type: string, expression: string): void {
    this.contribute("parameter", name, expression).type = type;
  }

  /** A field of the class. It makes the cell an actor. */
  field(name: string, type: string, initializer: string): void {
    this.contribute("field", name, initializer).type = type;
  }

  /** A private method of the class, as whole text. */
  method(name: string, text: string): void {
    this.contribute("method", name, text);
  }

  /** A public method of the class, as whole text: clients can call it. */
  handler(name: string, text: string): void {
    this.contribute("handler", name, text);
  }

  /** A method of a class that is no service, as whole text; static or not. */
  member(name: string, text: string): void {
    this.contribute("member", name, text);
  }

  /**
   * Stands for this call: whole text of a function named `$name`, whose parameters are the call's
   * arguments behind the first: `Docs.find<Row>("a = $1", x)` becomes `<generated>(x)`.
   */
  call(text: string): void {
    this.contribute("call", "", text);
  }

  /** An expression in the place of the field's initializer. */
  initial(expression: string): void {
    this.contribute("initial", this.site.declaration.name, expression);
  }

  /** Statements that run before the service's own `start()`; `this` is the service. */
  start(text: string): void {
    this.contribute("start", "", text);
  }

  /** Names of the SDK that contributed code uses, from `cell/<file>`. */
  importNames(file: string, names: string[]): void {
    this.contribute("import", "", file).values = names;
  }

  /**
   * A macro that the built cell answers for: `method` of the class is called with its spots, `info`
   * is the JSON of a MacroInfo.
   */
  macro(method: string, info: string): void {
    this.contribute("macro", method, info).type = "macro";
  }

  /** Any contribution; the calls above are the known ones. */
  contribute(kind: string, name: string, text: string): Contribution {
    const made = new Contribution();
    made.site = this.site.id;
    made.use = this.index;
    made.kind = kind;
    made.name = name;
    made.text = text;
    this.plan.contributions.push(made);
    return made;
  }

  // ---- words for people

  /**
   * The build fails here. `path` names the argument at fault, "" the decorator, ".age" the member
   * `age` of the class.
   */
  error(message: string, fix: string = "", path: string = ""): void {
    this.complain(message, fix, path, false);
  }

  /** As `error`, but the build goes on. */
  warn(message: string, fix: string = "", path: string = ""): void {
    this.complain(message, fix, path, true);
  }

  /**
   * The build fails here: within the text of the string argument that `path` names, at `offset`
   * UTF-16 units from its beginning, `length` of them. People see the place in their source.
   */
  complainAt(message: string, fix: string, path: string, offset: i32, length: i32): void {
    const made = this.complain(message, fix, path, false);
    made.offset = offset;
    made.length = length;
  }

  /** As `complainAt`, but the build goes on. */
  warnAt(message: string, fix: string, path: string, offset: i32, length: i32): void {
    const made = this.complain(message, fix, path, true);
    made.offset = offset;
    made.length = length;
  }

  private complain(message: string, fix: string, path: string, warning: bool): Complaint {
    const made = new Complaint();
    made.site = this.site.id;
    made.use = this.index;
    made.path = path == "" || path.startsWith(".") ? path : this.args.where(path);
    made.message = message;
    made.fix = fix;
    made.warning = warning;
    this.plan.complaints.push(made);
    return made;
  }

  // ---- infrastructure

  /**
   * A change that the build makes once all is compiled: idempotent. `key` is stable and unique in
   * this cell ("table users"), `preview` a line for people, `data` for @macro.prepare and .commit.
   */
  effect(key: string, preview: string, data: string = "", destructive: bool = false): void {
    addEffect(this.plan, this.site.id, this.index, key, preview, data, destructive);
  }

  // ---- other cells

  /** What this cell knows and others may ask for: ("User", "columns", ["id", "email"]). */
  provide(about: string, key: string, values: string[]): void {
    provideFact(this.plan, about, key, values);
  }

  /**
   * What another cell knows. null: not known yet (the answer comes in a later round), or, when
   * `isLast`, never.
   */
  ask(cell: string, about: string, key: string): string[] | null {
    return askFor(this.request, this.plan, this.site.id, this.index, cell, about, key);
  }

  /** On this declaration, within one stage, this macro comes before that one. */
  before(macroName: string): void {
    this.order(this.macroName, macroName);
  }

  /** On this declaration, within one stage, this macro comes after that one. */
  after(macroName: string): void {
    this.order(macroName, this.macroName);
  }

  private order(first: string, then: string): void {
    const made = new Order();
    made.site = this.site.id;
    made.first = first;
    made.then = then;
    this.plan.orders.push(made);
  }
}
