// Owns what is known of a field from its declaration: whether it can be kept, and whether it is a
// map. Types are texts, as written; the build judges them.

/** Why the field of a use cannot be kept; "" when it can. */
export function unfitFor(spot: Spot): string {
  const field = spot.declaration;
  if (field.isStatic) return "it is static, and belongs to no instance";
  const uses = spot.owner.uses;
  let isService = false;
  for (let i = 0; i < uses.length; i++) {
    if (uses[i].ns == "" && uses[i].name == "service") isService = true;
  }
  if (!isService) return "`" + spot.owner.name + "` is no service";
  return field.type == "" ? "its type is not written" : "";
}

/** Key and value of `Map<string, u64>`, as written between the brackets; null: it is no map. */
export function mapOf(type: string): string | null {
  const text = type.trim();
  if (!text.startsWith("Map<") && !text.startsWith("Map <")) return null;
  const open = text.indexOf("<");
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c == 60) depth++;
    else if (c == 62 && --depth == 0) {
      return i == text.length - 1 ? text.substring(open + 1, i) : null;
    }
  }
  return null;
}
