// Owns types: the short names that columns have here (`timestamptz`, `text[]`), which
// AssemblyScript type a column of each can be, and what becomes of values when a type changes.

/** Spellings of one type; the first of each pair is what PostgreSQL prints, or people write. */
const SYNONYMS: string[] = [
  "boolean",
  "bool",
  "smallint",
  "int2",
  "integer",
  "int4",
  "int",
  "int4",
  "bigint",
  "int8",
  "real",
  "float4",
  "double precision",
  "float8",
  "float",
  "float8",
  "decimal",
  "numeric",
  "character varying",
  "varchar",
  "character",
  "char",
  "bpchar",
  "char",
  "bit varying",
  "varbit",
  "timestamp with time zone",
  "timestamptz",
  "timestamp without time zone",
  "timestamp",
  "time with time zone",
  "timetz",
  "time without time zone",
  "time",
];

/** Types whose values are texts to AssemblyScript. */
const TEXTS: string[] = [
  "text",
  "varchar",
  "char",
  "citext",
  "name",
  "json",
  "jsonb",
  "xml",
  "uuid",
  "inet",
  "cidr",
  "macaddr",
  "date",
  "time",
  "timetz",
  "timestamp",
];
/** Of these a table of one's own is made, too. */
const OWN_TEXTS: string[] = ["text", "varchar", "char", "citext", "json", "jsonb", "xml", "uuid"];

/** A type in its parts: `numeric(10,2)[]` -> "numeric", [10, 2], array. */
export class ColumnType {
  base: string = "";
  modifiers: i32[] = [];
  isArray: bool = false;
}

/** `text` in the form that this cell uses: "character varying (80)" -> "varchar(80)". */
export function shortType(text: string): string {
  let rest = text.trim().toLowerCase();
  let suffix = "";
  while (rest.endsWith("[]")) {
    rest = rest.substring(0, rest.length - 2).trim();
    suffix = "[]";
  }
  const open = rest.indexOf("(");
  const close = open < 0 ? -1 : rest.indexOf(")", open);
  let modifiers = "";
  if (close > open) {
    modifiers = rest.substring(open, close + 1).replaceAll(" ", "");
    rest = rest.substring(0, open).trim() + rest.substring(close + 1);
  }
  while (rest.includes("  ")) rest = rest.replaceAll("  ", " ");
  for (let i = 0; i < SYNONYMS.length; i += 2) {
    if (SYNONYMS[i] == rest) rest = SYNONYMS[i + 1];
  }
  if (rest == "numeric" && modifiers.endsWith(",0)")) {
    modifiers = modifiers.substring(0, modifiers.length - 3) + ")";
  }
  if (rest == "char" && modifiers == "(1)") modifiers = "";
  return rest + modifiers + suffix;
}

/** The parts of a short name. */
export function partsOf(type: string): ColumnType {
  const made = new ColumnType();
  let rest = type;
  if (rest.endsWith("[]")) {
    made.isArray = true;
    rest = rest.substring(0, rest.length - 2);
  }
  const open = rest.indexOf("(");
  if (open >= 0) {
    const texts = rest.substring(open + 1, rest.length - 1).split(",");
    for (let i = 0; i < texts.length; i++) made.modifiers.push(<i32>parseInt(texts[i]));
    rest = rest.substring(0, open);
  }
  made.base = rest;
  return made;
}

/** Type of the items of "string[]" or "Array<string>"; "" for what is no array. */
export function itemOf(fieldType: string): string {
  if (fieldType.endsWith("[]")) return fieldType.substring(0, fieldType.length - 2).trim();
  if (!fieldType.startsWith("Array<") || !fieldType.endsWith(">")) return "";
  return fieldType.substring(6, fieldType.length - 1).trim();
}

/** `type` without `| null`, in either order; parentheses of a nullable array's item stay. */
export function withoutNull(type: string): string {
  const text = type.trim();
  if (text.endsWith("| null")) return text.substring(0, text.length - 6).trim();
  if (text.startsWith("null |")) return text.substring(6).trim();
  return text;
}

/** The type that a column gets for a field of `fieldType` unless it is said; "" = there is none. */
export function columnTypeFor(fieldType: string, sqlite: bool): string {
  const item = itemOf(fieldType);
  if (item != "") {
    const inner = item == "Uint8Array" || itemOf(item) != "" ? "" : scalarFor(item, sqlite);
    return inner == "" ? "" : inner + "[]";
  }
  return scalarFor(fieldType, sqlite);
}

/** u64 does not fit into int8: PostgreSQL has no unsigned numbers, and numeric holds them all. */
function scalarFor(type: string, sqlite: bool): string {
  if (type == "bool") return "bool";
  if (type == "i8" || type == "u8" || type == "i16") return "int2";
  if (type == "u16" || type == "i32" || type == "isize") return "int4";
  if (type == "u32" || type == "usize" || type == "i64") return "int8";
  if (type == "u64") return sqlite ? "int8" : "numeric(20)";
  if (type == "f32") return "float4";
  if (type == "f64") return "float8";
  if (type == "string") return "text";
  if (type == "Uint8Array") return "bytea";
  if (type == "Instant") return "timestamptz";
  if (type == "Duration") return "interval";
  if (type == "Uuid") return "uuid";
  return type == "Decimal" ? "numeric" : "";
}

/** Whether `fieldType` is one that this file knows: others may be enums of the user's. */
export function isKnown(fieldType: string): bool {
  return columnTypeFor(fieldType, false) != "";
}

/**
 * Whether a field of `fieldType` can hold what a column of `type` has, and the other way round.
 * `own`: the column is one to be made, so its range must be the field's; of a table that is there
 * only the kind of value counts, and each value is checked when it is read.
 */
export function fits(fieldType: string, type: string, own: bool): bool {
  const item = itemOf(fieldType);
  const parts = partsOf(type);
  if ((item != "") != parts.isArray) return false;
  return scalarFits(item == "" ? fieldType : item, parts, own);
}

function scalarFits(field: string, parts: ColumnType, own: bool): bool {
  const base = parts.base;
  const bits = bitsOf(field);
  if (bits > 0) {
    if (base == "numeric") return isWhole(parts) && (!own || digits(parts) >= decimalsOf(bits));
    const width = bitsOf(
      base == "int2" ? "i16" : base == "int4" ? "i32" : base == "int8" ? "i64" : "",
    );
    return width > 0 && (!own || width >= bits);
  }
  if (field == "bool") return base == "bool";
  if (field == "f32") return base == "float4" || (!own && base == "float8");
  if (field == "f64") return base == "float8" || base == "float4";
  if (field == "string") {
    if (own) return OWN_TEXTS.includes(base);
    return TEXTS.includes(base) || !isBuiltIn(base);
  }
  if (field == "Uint8Array") return base == "bytea";
  if (field == "Instant") return base == "timestamptz";
  if (field == "Duration") return base == "interval";
  if (field == "Uuid") return base == "uuid";
  if (field == "Decimal") return base == "numeric" || (!own && isInteger(base));
  // An enum: numbers of 32 bits.
  return base == "int4" || base == "int8" || base == "int2";
}

/** Bits that a signed column needs for every value of a whole type; 0 for other types. */
function bitsOf(type: string): i32 {
  if (type == "i8" || type == "u8" || type == "i16") return 16;
  if (type == "u16" || type == "i32" || type == "isize") return 32;
  if (type == "u32" || type == "usize" || type == "i64") return 64;
  return type == "u64" ? 65 : 0;
}

function decimalsOf(bits: i32): i32 {
  return bits == 16 ? 5 : bits == 32 ? 10 : bits == 64 ? 19 : 20;
}

/** Digits before the point that a numeric can have; without modifiers it has all. */
function digits(parts: ColumnType): i32 {
  if (parts.modifiers.length == 0) return 1000;
  return parts.modifiers[0] - (parts.modifiers.length > 1 ? parts.modifiers[1] : 0);
}

function scaleOf(parts: ColumnType): i32 {
  if (parts.modifiers.length == 0) return 1000;
  return parts.modifiers.length > 1 ? parts.modifiers[1] : 0;
}

function isWhole(parts: ColumnType): bool {
  return parts.modifiers.length > 0 && scaleOf(parts) == 0;
}

function isInteger(base: string): bool {
  return base == "int2" || base == "int4" || base == "int8";
}

/** Types with a form of their own; what is none of them (an enum of the database) is a text. */
function isBuiltIn(base: string): bool {
  return (
    TEXTS.includes(base) ||
    isInteger(base) ||
    base == "numeric" ||
    base == "bool" ||
    base == "float4" ||
    base == "float8" ||
    base == "bytea" ||
    base == "timestamptz" ||
    base == "interval" ||
    base.includes(" ") ||
    base == "point" ||
    base == "bit" ||
    base == "varbit" ||
    base == "money" ||
    base == "oid" ||
    base.endsWith("range")
  );
}

/** What a field can be for a column of `type`, for people: "string". */
export function fieldTypesFor(type: string): string {
  const parts = partsOf(type);
  const base = parts.base;
  let inner = "string";
  if (base == "int2") inner = "i16";
  else if (base == "int4") inner = "i32";
  else if (base == "int8") inner = "i64";
  else if (base == "numeric") inner = isWhole(parts) && digits(parts) == 20 ? "u64" : "Decimal";
  else if (base == "bool") inner = "bool";
  else if (base == "float4") inner = "f32";
  else if (base == "float8") inner = "f64";
  else if (base == "bytea") inner = "Uint8Array";
  else if (base == "timestamptz") inner = "Instant";
  else if (base == "interval") inner = "Duration";
  else if (base == "uuid") inner = "Uuid";
  else if (!TEXTS.includes(base) && isBuiltIn(base)) return "";
  return parts.isArray ? inner + "[]" : inner;
}

/** What becomes of values when a column of type `from` gets the type `to`. */
export enum Fate {
  /** Every value stays what it is. */
  Kept,
  /** Some values are cut, rounded or refused. */
  Lossy,
  /** There is no way from one to the other. */
  None,
}

/** See Fate. */
export function fateOf(from: string, to: string): Fate {
  const a = partsOf(from);
  const b = partsOf(to);
  if (a.isArray || b.isArray) {
    if (a.isArray != b.isArray) return Fate.None;
    return scalarFate(a, b);
  }
  return scalarFate(a, b);
}

function scalarFate(a: ColumnType, b: ColumnType): Fate {
  const from = a.base;
  const to = b.base;
  if (isInteger(from) && isInteger(to)) return from <= to ? Fate.Kept : Fate.Lossy;
  if (isInteger(from) && to == "numeric") {
    const need = from == "int2" ? 5 : from == "int4" ? 10 : 19;
    return digits(b) >= need ? Fate.Kept : Fate.Lossy;
  }
  if (from == "numeric" && to == "numeric") {
    return digits(b) >= digits(a) && scaleOf(b) >= scaleOf(a) ? Fate.Kept : Fate.Lossy;
  }
  if (from == "float4" && to == "float8") return Fate.Kept;
  if (isNumber(from) && isNumber(to)) return Fate.Lossy;
  if (isText(from) && isText(to)) {
    if (to == "text" || to == "citext") return from == "char" ? Fate.Lossy : Fate.Kept;
    return to == "varchar" && from == to && roomOf(b) >= roomOf(a) ? Fate.Kept : Fate.Lossy;
  }
  if (isText(to)) {
    const spelled = isInteger(from) || from == "numeric" || from == "bool" || from == "uuid";
    if (spelled && roomOf(b) == i32.MAX_VALUE) return Fate.Kept;
    return from == "bytea" ? Fate.None : Fate.Lossy;
  }
  if (isText(from)) return to == "bytea" ? Fate.None : Fate.Lossy;
  if (from == to) return from == "timestamptz" && widens(a, b) ? Fate.Kept : Fate.Lossy;
  const json = (from == "json" && to == "jsonb") || (from == "jsonb" && to == "json");
  return json ? Fate.Lossy : Fate.None;
}

function isNumber(base: string): bool {
  return isInteger(base) || base == "numeric" || base == "float4" || base == "float8";
}

function isText(base: string): bool {
  return base == "text" || base == "varchar" || base == "char" || base == "citext";
}

/** Characters that a text of this type may have. */
function roomOf(parts: ColumnType): i32 {
  if (parts.modifiers.length > 0) return parts.modifiers[0];
  return parts.base == "char" ? 1 : i32.MAX_VALUE;
}

/** Of the same base: the new one's precision is not smaller. */
function widens(a: ColumnType, b: ColumnType): bool {
  const was = a.modifiers.length > 0 ? a.modifiers[0] : 6;
  return (b.modifiers.length > 0 ? b.modifiers[0] : 6) >= was;
}
