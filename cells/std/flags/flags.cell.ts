// Owns what @Flags puts around methods, and what clients may ask of the host's flags.
import { Flags as Here } from "cell/flags";

/** Feature flags: which callers a method is for, and which variant they get. */
@service
@macro.settings([
  {
    name: "names",
    type: "list",
    max: 1000,
    items: { type: "string" },
    optional: true,
    doc: "All flags of the project. Others are errors of the build. Absent: any name is one.",
  },
])
class Flags {
  /** Whether a boolean flag is on for the caller; false when there is no such flag. */
  isOn(flag: string): bool {
    return Here.on(flag);
  }

  /** The caller's variant of a flag of names; "" when there is no such flag. */
  variantOf(flag: string): string {
    return Here.variantOf(flag);
  }

  /**
   * The method is for callers for whom this flag is on. For others `otherwise` is called instead;
   * without it they are answered UNIMPLEMENTED, as if the method did not exist.
   *
   * The flag is looked up at each call (`cell.flags.json` of the host): a flip needs no build and
   * no restart. No such flag: it is off.
   */
  @macro({
    on: ["method"],
    stage: "validate",
    args: [
      { type: "string", valuesFrom: "names", doc: "Key of the flag." },
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "otherwise",
            type: "member",
            optional: true,
            doc: "Method with the same parameters and result, called while the flag is off.",
          },
        ],
      },
    ],
    example: "@Flags.when(\"new-pricing\", { otherwise: \"oldPrice\" })",
  })
  private when(spot: Spot): void {
    const flag = spot.args.text("0");
    if (!isFlag(spot, flag)) return;
    warnOfKeptReplies(spot, flag);
    const otherwise = spot.args.text("otherwise");
    if (otherwise == "") {
      const message = "this method is not switched on (flag " + flag + ")";
      spot.guard("Flags.on(" + quote(flag) + ")", Status.UNIMPLEMENTED, message);
      return;
    }
    if (!isOther(spot, otherwise, "otherwise")) return;
    const test = "if (Flags.on(" + quote(flag) + ")) {\n  $proceed;\n} else {\n  ";
    spot.wrap(test + callOf(spot, otherwise) + "\n}", "transact");
  }

  /**
   * Callers get the method of their variant: `{ variant: "bold", call: "boldPrice" }` calls another
   * one for those whose variant is `bold`. The method itself is for all others.
   *
   * A subject always has the same variant: shares are by the hash of flag and subject. In code,
   * `Flags.variantOf("checkout")` says which.
   */
  @macro({
    on: ["method"],
    stage: "validate",
    args: [
      { type: "string", valuesFrom: "names", doc: "Key of the flag." },
      {
        type: "list",
        min: 1,
        max: 16,
        items: {
          type: "object",
          keys: [
            { name: "variant", type: "string", doc: "Name of the variant." },
            {
              name: "call",
              type: "member",
              doc: "Method with the same parameters and result, for these callers.",
            },
          ],
        },
        doc: "Which method each variant calls.",
      },
    ],
    example: "@Flags.variant(\"checkout\", [{ variant: \"bold\", call: \"boldPrice\" }])",
  })
  private variant(spot: Spot): void {
    const flag = spot.args.text("0");
    if (!isFlag(spot, flag)) return;
    warnOfKeptReplies(spot, flag);
    const count = spot.args.items("1").length;
    const seen: string[] = [];
    // The calls name the method's parameters: none of them may be hidden.
    let local = "variant";
    while (spot.parameterNamed(local)) local += "_";
    let text = "const " + local + ": string = Flags.variantOf(" + quote(flag) + ");\n";
    for (let i = 0; i < count; i++) {
      const at = "1." + i.toString();
      const name = spot.args.text(at + ".variant");
      if (!isName(name)) {
        const fix = "write letters, digits, `.`, `_` and `-`, at most 64";
        return spot.error("`" + name + "` is no name of a variant", fix, at + ".variant");
      }
      if (seen.includes(name)) {
        const fix = "leave one of them out";
        return spot.error("the variant `" + name + "` is there twice", fix, at + ".variant");
      }
      seen.push(name);
      const call = spot.args.text(at + ".call");
      if (!isOther(spot, call, at + ".call")) return;
      text += "if (" + local + " == " + quote(name) + ") {\n  " + callOf(spot, call) + "\n} else ";
    }
    spot.wrap(text + "{\n  $proceed;\n}", "transact");
  }
}

/** Names that flags and variants may have: those that cell.flags.json takes. */
function isName(text: string): bool {
  if (text.length == 0 || text.length > 64) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const letter = (c | 32) >= 97 && (c | 32) <= 122;
    const digit = c >= 48 && c <= 57;
    if (!letter && !digit && (i == 0 || (c != 45 && c != 46 && c != 95))) return false;
  }
  return true;
}

function isFlag(spot: Spot, flag: string): bool {
  if (isName(flag)) return true;
  const fix = "write letters, digits, `.`, `_` and `-`, at most 64, such as \"new-pricing\"";
  spot.error("`" + flag + "` is no name of a flag", fix, "0");
  return false;
}

/** Whether `name` is another member that can be called in the method's place. */
function isOther(spot: Spot, name: string, path: string): bool {
  if (name == spot.declaration.name) {
    spot.error("the method would call itself", "name another method of the class", path);
    return false;
  }
  // In a wrap `result` is what is returned: a parameter of that name could not be passed on.
  if (!spot.parameterNamed("result")) return true;
  const fix = "give the parameter another name";
  spot.error("a parameter `result` cannot be passed on to `" + name + "`", fix, path);
  return false;
}

/** A call of `name` with the method's own arguments, its result kept. */
function callOf(spot: Spot, name: string): string {
  const params = spot.declaration.params;
  const names: string[] = [];
  for (let i = 0; i < params.length; i++) names.push(params[i].name);
  const call = "this." + name + "(" + names.join(", ") + ");";
  return spot.declaration.type == "void" ? call : "result = " + call;
}

/** Kept replies are given before the flag is looked at: a flip is seen when they lapse. */
function warnOfKeptReplies(spot: Spot, flag: string): void {
  const kept = spot.neighbour("Cache.memoize") || spot.neighbour("Cache.cached");
  if (!kept) return;
  spot.warn(
    "replies of " + spot.path + " are kept: a flip of `" + flag + "` is seen when they lapse",
    "leave @Cache out, or keep replies for a time that may pass",
  );
}
