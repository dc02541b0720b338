// Owns the answers to bare decorators: nothing is built into the compiler, not even `@service`.
// Builds itself with the committed answers of cells/std/.cell/macros/service.json.
import { checkShape } from "./shape";
import { jsonOf } from "./json";

/** Bare decorators: services, macros, cells elsewhere. */
@macro.bare
@service
class Service {
  /**
   * Marks the class whose public methods clients can call.
   */
  @macro({
    name: "service",
    on: ["class"],
    args: [
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "name",
            type: "string",
            optional: true,
            doc: "Name of the cell; else the class's, in kebab-case.",
          },
          {
            name: "pages",
            type: "integer",
            min: 1,
            max: 65536,
            optional: true,
            doc: "64 KB pages of memory.",
          },
          {
            name: "cpuMs",
            type: "integer",
            min: 1,
            max: 60000,
            optional: true,
            doc: "CPU time of one call, in milliseconds.",
          },
          {
            name: "payloadBytes",
            type: "size",
            min: 1,
            max: 1048576,
            optional: true,
            doc: "Bytes of one request or answer.",
          },
        ],
      },
    ],
    example: "@service({ pages: 256, cpuMs: 50 })",
  })
  private serve(spot: Spot): void {
    const args = spot.args;
    const name = args.text("name");
    if (args.has("name") && !isCellName(name)) {
      spot.error(
        "`" + name + "` is no name of a cell",
        'write a name such as "orders" or "rate-limit"',
        "name",
      );
    }
    const made = spot.contribute("service", spot.declaration.name, name);
    made.numbers = [
      <f64>args.integer("pages"),
      <f64>args.integer("cpuMs"),
      <f64>args.sizeBytes("payloadBytes"),
    ];
  }

  /**
   * Makes a class of static methods out of another cell: `Ledger.debit(account, amount)`.
   */
  @macro({
    name: "remote",
    on: ["class"],
    args: [{ type: "string", doc: "Name of the cell." }],
    example: '@remote("ledger") class Ledger {}',
  })
  private remote(spot: Spot): void {
    const cell = spot.args.text("0");
    if (!isCellName(cell)) {
      spot.error(
        "`" + cell + "` is no name of a cell",
        'write the name that `cell run` shows, such as "ledger"',
        "0",
      );
      return;
    }
    if (spot.neighbour("service")) {
      spot.error(
        "a class is a service or a remote cell, not both",
        "declare a class of its own: @remote(" + quote(cell) + ") class Other {}",
      );
    }
    if (spot.site.members.length > 0) {
      spot.error(
        "the members of `" + spot.declaration.name + "` come from the cell `" + cell + "`",
        "leave the class empty: {}",
      );
    }
    spot.contribute("remote", spot.declaration.name, cell);
  }

  /**
   * Makes a private method of a service the answer to a decorator: `@Cell.method(...)`.
   */
  @macro({
    name: "macro",
    on: ["member"],
    args: [
      {
        type: "object",
        keys: [
          {
            name: "name",
            type: "string",
            optional: true,
            doc: "What users write; else the method's name.",
          },
          {
            name: "doc",
            type: "string",
            optional: true,
            doc: "What editors show; else the method's doc comment.",
          },
          {
            name: "on",
            type: "list",
            min: 1,
            items: {
              type: "string",
              values: [
                "service",
                "class",
                "method",
                "member",
                "field",
                "constructor",
                "enum",
                "call",
              ],
            },
            doc: "Declarations that it may stand on.",
          },
          {
            name: "stage",
            type: "string",
            values: [
              "trace",
              "authorize",
              "limit",
              "validate",
              "cache",
              "retry",
              "transact",
              "body",
            ],
            optional: true,
            doc: "Where its code stands among that of other macros.",
          },
          {
            name: "args",
            type: "list",
            items: { type: "any" },
            optional: true,
            doc: "Shapes of its positional arguments.",
          },
          {
            name: "rest",
            type: "bool",
            optional: true,
            doc: "The last argument may be repeated: for calls.",
          },
          {
            name: "result",
            type: "string",
            optional: true,
            doc: "Calls: type of the value, over the type argument T: \"T[]\".",
          },
          {
            name: "repeatable",
            type: "bool",
            optional: true,
            doc: "May stand twice on one declaration.",
          },
          {
            name: "needs",
            type: "list",
            items: { type: "string", values: ["body"] },
            optional: true,
            doc: '"body": the text of the declaration.',
          },
          {
            name: "example",
            type: "string",
            optional: true,
            doc: "What editors show as an example.",
          },
        ],
      },
    ],
    example: '@macro({ on: ["method"], stage: "retry" })',
  })
  private declare(spot: Spot): void {
    const shapes = spot.args.items("args");
    const path = spot.args.where("args");
    let isOptional: bool = false;
    for (let i = 0; i < shapes.length; i++) {
      const at = path + "." + i.toString();
      checkShape(spot, shapes[i], at, false);
      const optional = spot.args.bool(at + ".optional");
      if (isOptional && !optional) {
        spot.error(
          "an argument that is needed cannot stand behind one that is optional",
          "make it optional, or move it",
          at,
        );
      }
      isOptional = optional;
    }
    if (spot.args.bool("rest") && shapes.length == 0) {
      spot.error("`rest` repeats the last of `args`", "say in `args` what it is", "rest");
    }
    this.say(spot, "macro", this.argument(spot));
  }

  /** Called once a round, after all uses: `private settle(planning: Planning): void`. */
  @macro({ name: "macro.round", on: ["member"] })
  private round(spot: Spot): void {
    this.say(spot, "round", "");
  }

  /** Does all of an effect but its last step: `private prepare(effect: Effect): void`. */
  @macro({ name: "macro.prepare", on: ["member"] })
  private prepare(spot: Spot): void {
    this.say(spot, "prepare", "");
  }

  /** Makes an effect stand: `private commit(effect: Effect): void`. */
  @macro({ name: "macro.commit", on: ["member"] })
  private commit(spot: Spot): void {
    this.say(spot, "commit", "");
  }

  /** Takes an effect back, or makes up for it: `private rollback(effect: Effect): void`. */
  @macro({ name: "macro.rollback", on: ["member"] })
  private rollback(spot: Spot): void {
    this.say(spot, "rollback", "");
  }

  /** The cell's macros are written without a namespace. */
  @macro({ name: "macro.bare", on: ["service"] })
  private bare(spot: Spot): void {
    this.say(spot, "bare", "");
  }

  /** What cell.config.ts may say of the cell: the keys of `cells.<name>`. */
  @macro({
    name: "macro.settings",
    on: ["service"],
    args: [{ type: "list", items: { type: "any" }, doc: "Shapes of its keys." }],
    example:
      '@macro.settings([{ name: "roles", type: "list", items: { type: "string" } }])',
  })
  private settings(spot: Spot): void {
    const shapes = spot.args.items("0");
    for (let i = 0; i < shapes.length; i++) checkShape(spot, shapes[i], "0." + i.toString(), true);
    this.say(spot, "settings", this.argument(spot));
  }

  /** Ways of answering that `--features <cell>=<name>` asks for. */
  @macro({
    name: "macro.profiles",
    on: ["service"],
    args: [
      {
        type: "list",
        items: {
          type: "object",
          keys: [
            { name: "name", type: "string" },
            { name: "doc", type: "string", optional: true },
          ],
        },
      },
    ],
    example: '@macro.profiles([{ name: "metrics-only" }])',
  })
  private profiles(spot: Spot): void {
    this.say(spot, "profiles", this.argument(spot));
  }

  /** Types that a field may have, so that calls on it are the cell's: `db: Postgres.Connection`. */
  @macro({
    name: "macro.bindings",
    on: ["service"],
    args: [{ type: "list", min: 1, items: { type: "string" }, doc: "Names of the types." }],
    example: '@macro.bindings(["Connection"])',
  })
  private bindings(spot: Spot): void {
    this.say(spot, "bindings", this.argument(spot));
  }

  private argument(spot: Spot): string {
    const literal = spot.args.find("0");
    return literal ? jsonOf(literal) : "{}";
  }

  private say(spot: Spot, type: string, json: string): void {
    spot.contribute("macro", spot.declaration.name, json).type = type;
  }
}

/** What `cell run` takes for a cell: `^[a-z][a-z0-9-]{0,63}$`. */
function isCellName(name: string): bool {
  if (name.length == 0 || name.length > 64) return false;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    const isLetter = unit >= 0x61 && unit <= 0x7a;
    const isLater = (unit >= 0x30 && unit <= 0x39) || unit == 0x2d;
    if (!isLetter && (i == 0 || !isLater)) return false;
  }
  return true;
}
