// Owns the answers for `@Auth`: what each macro demands, as policies and guards, and which names of
// roles and scopes there are. Never judges a call: the host's kernel does, before cells.
import { Demand, demandOf, isRight, OWNER, PERMISSION_DENIED } from "./demand";
import { checkIssuers, isAlone, issuerScope, issuersOf } from "./issuers";
import { ownerCondition } from "./owner";
import { suggestion } from "./nearest";

/** Who a caller is: what its token says. */
class Caller {
  subject: string = "";
  roles: string[] = [];
  scopes: string[] = [];
}

/** Who may call. The host checks roles and scopes before the cell is entered. */
@service({ cpuMs: 2000 })
@macro.settings([
  {
    name: "roles",
    type: "list",
    items: { type: "string" },
    max: 256,
    optional: true,
    doc: "All roles of the project. Others are errors of the build. Absent: any name is one.",
  },
  {
    name: "scopes",
    type: "list",
    items: { type: "string" },
    max: 256,
    optional: true,
    doc: "All scopes of the project. Others are errors of the build. Absent: any name is one.",
  },
])
class Auth {
  /**
   * Callers need this role, one of these roles, or this scope; `{ role, scope }` needs both.
   *
   * Others are answered PERMISSION_DENIED. On the class it holds for every method that says nothing
   * of its own.
   */
  @macro({
    on: ["service", "method"],
    stage: "authorize",
    args: [
      {
        type: "object",
        keys: [
          { name: "role", type: "string", valuesFrom: "roles", optional: true, doc: "The role." },
          {
            name: "anyRole",
            type: "list",
            items: { type: "string", valuesFrom: "roles" },
            min: 1,
            max: 64,
            optional: true,
            doc: "Any of these roles will do.",
          },
          {
            name: "scope",
            type: "string",
            valuesFrom: "scopes",
            optional: true,
            doc: "The scope.",
          },
        ],
      },
    ],
    repeatable: true,
    example: '@Auth.require({ role: "admin" })',
  })
  private require(spot: Spot): void {
    this.demand(spot);
  }

  /**
   * Callers need this scope, or this role.
   *
   * The same demand as `require`: a method may have both, one for its role and one for its scope.
   */
  @macro({
    name: "protected",
    on: ["service", "method"],
    stage: "authorize",
    args: [
      {
        type: "object",
        keys: [
          {
            name: "scope",
            type: "string",
            valuesFrom: "scopes",
            optional: true,
            doc: "The scope.",
          },
          { name: "role", type: "string", valuesFrom: "roles", optional: true, doc: "The role." },
        ],
      },
    ],
    repeatable: true,
    example: '@Auth.protected({ scope: "write:accounts" })',
  })
  private guarded(spot: Spot): void {
    this.demand(spot);
  }

  /**
   * Anybody may call, without a token too.
   *
   * A method that no `@Auth` macro mentions needs a session, whatever roles it has.
   */
  @macro({ name: "public", on: ["service", "method"], stage: "authorize", example: "@Auth.public" })
  private open(spot: Spot): void {
    const methods = spot.declaration.kind == "class" ? heirs(spot) : [spot.path];
    for (let i = 0; i < methods.length; i++) spot.provide(methods[i], "public", ["true"]);
    spot.openToAll();
  }

  /**
   * Only the subject that this parameter names may call: `@Auth.owner("id")`.
   *
   * Compared with the subject of the caller's token, in the cell, before the method. `or` lets
   * holders of a role or scope pass as well.
   */
  @macro({
    on: ["method"],
    stage: "authorize",
    args: [
      { type: "parameter", doc: "A parameter: string, Uuid or a whole number." },
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "or",
            type: "object",
            doc: "Who may call besides.",
            keys: [
              { name: "role", type: "string", valuesFrom: "roles", optional: true },
              {
                name: "anyRole",
                type: "list",
                items: { type: "string", valuesFrom: "roles" },
                min: 1,
                max: 64,
                optional: true,
              },
              { name: "scope", type: "string", valuesFrom: "scopes", optional: true },
            ],
          },
        ],
      },
    ],
    example: '@Auth.owner("id", { or: { role: "admin" } })',
  })
  private owner(spot: Spot): void {
    const param = spot.parameterNamed(spot.args.text("0"));
    if (!param) return spot.error("there is no such parameter", "name one of the method", "0");
    const others = spot.args.has("1.or") ? demandOf(spot, "1.or.") : new Demand();
    if (!others) return;
    const condition = ownerCondition(param, others);
    if (condition == "") {
      const fix = "name a parameter that is a string, a Uuid or a whole number";
      return spot.error("a " + param.type + " names no subject", fix, "0");
    }
    if (isOpen(spot)) {
      const fix = "remove @Auth.public: a caller without a token owns nothing";
      return spot.error("@Auth.public and @Auth.owner contradict each other", fix);
    }
    spot.provide(spot.path, "owner", [param.name]);
    spot.importNames("session", ["Session"]);
    spot.guard(condition, PERMISSION_DENIED, OWNER);
  }

  /**
   * The roles and scopes that there are for this service, and whose tokens count. Any other name
   * in its `@Auth` macros is an error of the build.
   *
   * For all services of a project: `cells: { auth: { roles: [...] } }` in cell.config.ts; then
   * this picks from those.
   */
  @macro({
    on: ["service"],
    args: [
      {
        type: "object",
        keys: [
          {
            name: "roles",
            type: "list",
            items: { type: "string", valuesFrom: "roles" },
            max: 256,
            optional: true,
          },
          {
            name: "scopes",
            type: "list",
            items: { type: "string", valuesFrom: "scopes" },
            max: 256,
            optional: true,
          },
          {
            name: "issuers",
            type: "list",
            items: { type: "string" },
            min: 1,
            max: 8,
            optional: true,
            doc: "Only tokens of these issuers count here, of those that the host trusts.",
          },
        ],
      },
    ],
    example: '@Auth.policy({ roles: ["admin", "customer"], scopes: ["write:accounts"] })',
  })
  private policy(spot: Spot): void {
    const args = spot.args;
    if (!args.has("roles") && !args.has("scopes") && !args.has("issuers")) {
      spot.error("the policy is empty", 'write { roles: ["..."] } or { scopes: ["..."] }', "0");
    }
    this.declare(spot, "roles");
    this.declare(spot, "scopes");
    if (!args.has("issuers") || !checkIssuers(spot)) return;
    spot.provide(spot.path, "issuers", args.texts("issuers"));
    // With a demand of the class's own, that one carries it; who is public has no issuer.
    if (isAlone(spot)) spot.demandScopes([issuerScope(args)]);
  }

  /** Who the caller is. Needs a session. */
  whoami(): Caller {
    const caller = new Caller();
    caller.subject = Session.subject;
    caller.roles = Session.roles;
    caller.scopes = Session.scopes;
    return caller;
  }

  /** The names of one kind in a policy: well formed, each once, and told to cells that ask. */
  private declare(spot: Spot, kind: string): void {
    if (!spot.args.has(kind)) return;
    const names = spot.args.texts(kind);
    const all = spot.settings.has(kind) ? spot.settings.texts(kind) : null;
    for (let i = 0; i < names.length; i++) {
      const path = kind + "." + i.toString();
      if (!isRight(names[i])) {
        spot.error(quote(names[i]) + " is no name", "write 1 to 128 characters, no spaces", path);
      } else if (names.indexOf(names[i]) < i) {
        spot.warn(quote(names[i]) + " stands there twice", "remove one of them", path);
      } else if (all && !all.includes(names[i])) {
        const what = "cell.config.ts has no " + quote(names[i]) + " among cells.auth." + kind;
        spot.error(what, suggestion(names[i], all), path);
      }
    }
    spot.provide(spot.path, kind + ".known", names);
  }

  /** `require` and `protected`. */
  private demand(spot: Spot): void {
    const wanted = demandOf(spot, "0.");
    if (!wanted) return;
    const methods = spot.declaration.kind == "class" ? heirs(spot) : [spot.path];
    for (let i = 0; i < methods.length; i++) {
      if (wanted.roles.length > 0) spot.provide(methods[i], "roles", wanted.roles);
      if (wanted.scopes.length > 0) spot.provide(methods[i], "scopes", wanted.scopes);
    }
    if (wanted.roles.length > 0) spot.demandRole(wanted.roles);
    const issuers = issuersOf(spot);
    const scopes = issuers == "" ? wanted.scopes : wanted.scopes.concat([issuers]);
    if (scopes.length > 0) spot.demandScopes(scopes);
  }
}

/** Whether callers without a token reach the method: by its own word, or by the class's. */
function isOpen(spot: Spot): bool {
  if (spot.neighbour("Auth.public")) return true;
  if (spot.neighbour("Auth.require") || spot.neighbour("Auth.protected")) return false;
  return spot.ownerUse("Auth.public") != null;
}

/** Handlers of the class that have no say of their own: those that its macros hold for. */
function heirs(spot: Spot): string[] {
  const paths: string[] = [];
  const members = spot.site.members;
  for (let i = 0; i < members.length; i++) {
    const member = members[i];
    if (member.kind != "method" || member.visibility != "public" || member.isStatic) continue;
    let own = false;
    for (let u = 0; u < member.uses.length; u++) {
      const use = member.uses[u];
      if (use.ns == "Auth" && use.name != "owner") own = true;
    }
    if (!own) paths.push(spot.declaration.name + "." + member.name);
  }
  return paths;
}
