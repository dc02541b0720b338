// Owns literals as JSON: how a macro's description travels from its decorator to the build.

/** JSON of a literal. `env` and code become null: descriptions are literals. */
export function jsonOf(literal: Literal): string {
  switch (literal.kind) {
    case LiteralKind.Bool:
      return literal.number != 0 ? "true" : "false";
    case LiteralKind.Number:
      return isFinite(literal.number) ? literal.number.toString() : "null";
    case LiteralKind.String:
      return textJson(literal.text);
    case LiteralKind.Array: {
      const parts: string[] = [];
      for (let i = 0; i < literal.items.length; i++) parts.push(jsonOf(literal.items[i]));
      return "[" + parts.join(",") + "]";
    }
    case LiteralKind.Object: {
      const parts: string[] = [];
      for (let i = 0; i < min(literal.keys.length, literal.items.length); i++) {
        parts.push(textJson(literal.keys[i]) + ":" + jsonOf(literal.items[i]));
      }
      return "{" + parts.join(",") + "}";
    }
    default:
      return "null";
  }
}

// The escapes that `quote` writes for AssemblyScript are JSON's.
function textJson(text: string): string {
  return quote(text);
}
