// Owns names: of fields as columns, of what the database makes itself, and how they are quoted.

/** Bytes of a name that PostgreSQL keeps; longer ones it would cut without a word. */
export const NAME_BYTES: i32 = 63;

/** Words that PostgreSQL or SQLite take for something else where a name stands. Sorted. */
const RESERVED: string[] = [
  "all",
  "analyse",
  "analyze",
  "and",
  "any",
  "array",
  "as",
  "asc",
  "asymmetric",
  "authorization",
  "between",
  "binary",
  "both",
  "case",
  "cast",
  "check",
  "collate",
  "collation",
  "column",
  "commit",
  "concurrently",
  "constraint",
  "create",
  "cross",
  "current_catalog",
  "current_date",
  "current_role",
  "current_schema",
  "current_time",
  "current_timestamp",
  "current_user",
  "default",
  "deferrable",
  "delete",
  "desc",
  "distinct",
  "do",
  "drop",
  "else",
  "end",
  "escape",
  "except",
  "exists",
  "false",
  "fetch",
  "for",
  "foreign",
  "freeze",
  "from",
  "full",
  "grant",
  "group",
  "having",
  "ilike",
  "in",
  "index",
  "initially",
  "inner",
  "insert",
  "intersect",
  "into",
  "is",
  "isnull",
  "join",
  "lateral",
  "leading",
  "left",
  "like",
  "limit",
  "localtime",
  "localtimestamp",
  "natural",
  "not",
  "notnull",
  "null",
  "offset",
  "on",
  "only",
  "or",
  "order",
  "outer",
  "overlaps",
  "placing",
  "primary",
  "references",
  "returning",
  "right",
  "select",
  "session_user",
  "set",
  "similar",
  "some",
  "symmetric",
  "system_user",
  "table",
  "tablesample",
  "then",
  "to",
  "trailing",
  "transaction",
  "true",
  "union",
  "unique",
  "update",
  "user",
  "using",
  "values",
  "variadic",
  "verbose",
  "when",
  "where",
  "window",
  "with",
];

/** "createdAt" -> "created_at", "orgID" -> "org_id", "HTTPLog" -> "http_log". */
export function snakeCase(name: string): string {
  let out = "";
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (!isUpper(unit)) {
      out += name.charAt(i);
      continue;
    }
    const before = i > 0 ? name.charCodeAt(i - 1) : 0x5f;
    const after = i + 1 < name.length ? name.charCodeAt(i + 1) : 0;
    const begins = !isUpper(before) || (isLower(after) && before != 0x5f);
    if (begins && before != 0x5f && i > 0) out += "_";
    out += String.fromCharCode(unit + 32);
  }
  return out;
}

function isUpper(unit: i32): bool {
  return unit >= 0x41 && unit <= 0x5a;
}

function isLower(unit: i32): bool {
  return unit >= 0x61 && unit <= 0x7a;
}

/** Whether a name stands for itself without quotes. */
export function isPlain(name: string): bool {
  if (name.length == 0) return false;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    const digit = unit >= 0x30 && unit <= 0x39;
    if (!isLower(unit) && unit != 0x5f && !(digit && i > 0)) return false;
  }
  return !RESERVED.includes(name);
}

/** A name as SQL: `users`, `"order"`. */
export function quoted(name: string): string {
  return isPlain(name) ? name : '"' + name.replaceAll('"', '""') + '"';
}

/** Names as SQL with commas between. */
export function quotedAll(names: string[]): string {
  let out = "";
  for (let i = 0; i < names.length; i++) out += (i == 0 ? "" : ", ") + quoted(names[i]);
  return out;
}

/** A table as SQL: `users`, `public.orders`; own tables have no schema before them. */
export function quotedTable(schema: string, name: string): string {
  return schema == "" ? quoted(name) : quoted(schema) + "." + quoted(name);
}

/** A text as a literal of SQL. */
export function literalOf(text: string): string {
  return "'" + text.replaceAll("'", "''") + "'";
}

/** Bytes of a name in UTF-8. */
export function nameBytes(name: string): i32 {
  return String.UTF8.byteLength(name);
}

/**
 * `parts` with `_` between. When that is too long for a name it is cut, and ends in 8 digits that
 * stand for the whole: stable, and different for different names.
 */
export function madeName(parts: string[]): string {
  const whole = parts.join("_");
  if (nameBytes(whole) <= NAME_BYTES) return whole;
  let hash: u32 = 2166136261;
  for (let i = 0; i < whole.length; i++) hash = (hash ^ whole.charCodeAt(i)) * 16777619;
  const kind = parts[parts.length - 1];
  let kept = whole.substring(0, NAME_BYTES);
  const room = NAME_BYTES - 10 - kind.length;
  while (nameBytes(kept) > room) kept = kept.substring(0, kept.length - 1);
  return kept + "_" + (0x100000000 + <u64>hash).toString(16).substring(1) + "_" + kind;
}

/** The schema that a cell owns: `user-directory` -> `user_directory`. */
export function schemaOf(service: string): string {
  return service.replaceAll("-", "_");
}
