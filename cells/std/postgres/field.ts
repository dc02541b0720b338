// Owns one field of a table's class as a column: its name, its type, and what the macros on it add.
// Complains through the source that it belongs to.
import { Column, ForeignKey, Table } from "./model";
import { madeName, NAME_BYTES, nameBytes, schemaOf, snakeCase } from "./names";
import { fieldKey, Source } from "./source";
import { columnTypeFor, fieldTypesFor, fits, isKnown, shortType, withoutNull } from "./types";

/** Columns that every table of PostgreSQL has already. */
const SYSTEM: string[] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/** Reads the fields of one class. */
export class Fields {
  constructor(
    private source: Source,
    private table: Table,
    private spot: Spot,
  ) {}

  /** Adds the column of a field, with all that its macros say. */
  take(member: Declaration): void {
    const table = this.table;
    const spot = this.spot;
    const key = fieldKey(spot.site, member.name);
    const uses = this.source.byField.has(key) ? this.source.byField.get(key) : [];
    const column = new Column(snakeCase(member.name), "");
    column.field = member.name;
    if (uses.length > 0) column.spot = uses[0];
    column.fieldType = withoutNull(member.type);
    column.nullable = column.fieldType != member.type.trim();
    const said = named(uses, "column");
    if (said && said.args.has("name")) {
      column.name = said.args.text("name");
      if (!this.source.isName(said, column.name, "name", table.existing)) return;
    }
    if (nameBytes(column.name) > NAME_BYTES) {
      const fix = "give it a shorter name: @" + spot.use.ns + '.column({ name: "..." })';
      return this.source.tell(table, column, "the name of `" + member.name + "` is too long", fix);
    }
    if (SYSTEM.includes(column.name) && !this.source.sqlite) {
      const fix = "call the field otherwise";
      return this.source.tell(
        table,
        column,
        "every table has a column " + column.name + " already",
        fix,
      );
    }
    const twin = table.column(column.name);
    if (twin) {
      const both = "`" + twin.field + "` and `" + member.name + "` are one column: " + column.name;
      return this.source.tell(table, column, both, "give one of them another name");
    }
    if (!this.typed(column, said, named(uses, "encrypted"))) return;
    table.columns.push(column);
    for (let i = 0; i < uses.length; i++) this.use(column, uses[i]);
  }

  private typed(column: Column, said: Spot | null, encrypted: Spot | null): bool {
    const table = this.table;
    const fieldType = column.fieldType;
    const name = "`" + table.className + "." + column.field + "`";
    if (fieldType == "") {
      this.source.tell(
        table,
        column,
        name + " has no type",
        "write it: " + column.field + ": string = ...",
      );
      return false;
    }
    if (encrypted) return this.typedEncrypted(column, said, encrypted);
    column.type = columnTypeFor(fieldType, this.source.sqlite);
    if (said && said.args.has("type")) {
      const type = shortType(said.args.text("type"));
      // SQLite would keep such numbers as texts, and sort them so.
      const asText = this.source.sqlite && fieldType != "Decimal" && type.startsWith("numeric");
      const fit = isKnown(fieldType)
        ? fits(fieldType, type, !table.existing)
        : isEnum(fieldType, type);
      if (fit && !asText) {
        column.type = type;
        return true;
      }
      const field = fieldTypesFor(type);
      const own = column.type == "" ? "" : "use " + column.type;
      const change = field == "" || field == fieldType ? "" : "make the field " + field;
      const fix = own == "" ? change : change == "" ? own : own + ", or " + change;
      this.source.wrong(said, fieldType + " does not fit into " + type, fix, "type");
      return false;
    }
    if (column.type != "") return true;
    const fix =
      "fields are bool, numbers, string, Uint8Array, Instant, Duration, Uuid, Decimal, arrays " +
      "of these; an enum needs @" +
      this.spot.use.ns +
      '.column({ type: "int4" })';
    this.source.tell(table, column, name + ": there is no column for the type " + fieldType, fix);
    return false;
  }

  private typedEncrypted(column: Column, said: Spot | null, encrypted: Spot): bool {
    const isText = column.fieldType == "string" || column.fieldType == "Uint8Array";
    if (!isText) {
      const fix = "encrypt a string or a Uint8Array";
      this.source.wrong(encrypted, column.fieldType + " cannot be encrypted", fix);
      return false;
    }
    if (said && said.args.has("type") && shortType(said.args.text("type")) != "bytea") {
      this.source.wrong(said, "what is encrypted is kept as bytea", "remove the type", "type");
      return false;
    }
    if (this.table.existing) {
      this.source.wrong(
        encrypted,
        "another's table holds nothing that this cell has encrypted",
        "remove it",
      );
      return false;
    }
    column.type = "bytea";
    column.encrypted = true;
    return true;
  }

  /** What one macro on a field adds to its table. */
  private use(column: Column, spot: Spot): void {
    const table = this.table;
    const macro = spot.use.name;
    if (macro == "renamed") column.renamedFrom = spot.args.text("from");
    if (macro == "column" || macro == "renamed") return;
    if (table.existing && macro != "primaryKey") {
      const fix = "remove it: what is there stays as it is";
      return this.source.wrong(
        spot,
        "@" + spot.macroName + " changes a table that only exists",
        fix,
      );
    }
    if (column.encrypted && macro != "encrypted") {
      const why = "ciphertext is another one each time: @" + spot.macroName + " has no use for it";
      return this.source.wrong(spot, why, "remove one of the two");
    }
    if (macro == "primaryKey") this.keyColumn(column, spot);
    if (macro == "default") this.preset(column, spot);
    if (macro == "index") {
      this.source.index(
        table,
        [column.name],
        spot.args.bool("unique"),
        spot.args.bool("descending"),
        spot,
        "",
      );
    }
    if (macro == "foreignKey") this.foreignKey(column, spot);
  }

  private keyColumn(column: Column, spot: Spot): void {
    if (column.nullable) {
      return this.source.wrong(
        spot,
        "a primary key is never null",
        "remove `| null` from the field",
      );
    }
    if (column.type.endsWith("[]")) {
      return this.source.wrong(spot, "a list is no primary key", "use a text, a number or a Uuid");
    }
    this.table.primaryKey.push(column.name);
  }

  private preset(column: Column, spot: Spot): void {
    const sql = spot.args.text("0").trim();
    let isLine = sql.length > 0;
    for (let i = 0; i < sql.length; i++) if (sql.charCodeAt(i) < 0x20) isLine = false;
    if (
      !isLine ||
      !isBalanced(sql) ||
      sql.includes(";") ||
      sql.includes("--") ||
      sql.includes("/*")
    ) {
      const fix = 'write one expression on one line: "now()", "0", "\'new\'"';
      return this.source.wrong(spot, "a default is one expression of SQL", fix, "0");
    }
    if (sql.toLowerCase() == "null" && !column.nullable) {
      return this.source.wrong(
        spot,
        "`" + column.field + "` is never null",
        "make the field `| null`",
        "0",
      );
    }
    column.preset = sql;
  }

  private foreignKey(column: Column, spot: Spot): void {
    const steps = spot.args.text("ref").split(".");
    if (steps.length < 2 || steps.length > 3 || steps.includes("")) {
      const fix = 'name a column: "organizations.id", or "public.orders.id"';
      return this.source.wrong(
        spot,
        quote(spot.args.text("ref")) + " is no column of a table",
        fix,
        "ref",
      );
    }
    if (steps.length == 3 && this.source.sqlite) {
      return this.source.wrong(spot, "SQLite has no schemas", "leave " + steps[0] + " out", "ref");
    }
    const made = new ForeignKey();
    made.columns = [column.name];
    const own = schemaOf(this.source.planning.service);
    made.schema = steps.length == 3 && steps[0] != own ? steps[0] : "";
    made.table = steps[steps.length - 2];
    made.references = [steps[steps.length - 1]];
    made.onDelete = ruleOf(spot.args.text("onDelete"));
    made.onUpdate = ruleOf(spot.args.text("onUpdate"));
    made.name = madeName([this.table.name, column.name, "fkey"]);
    const nulls = made.onDelete == "set null" || made.onUpdate == "set null";
    if (nulls && !column.nullable) {
      const fix = "make the field `| null`, or choose cascade or restrict";
      const path = made.onDelete == "set null" ? "onDelete" : "onUpdate";
      return this.source.wrong(spot, "`" + column.field + "` is never null", fix, path);
    }
    this.table.foreignKeys.push(made);
  }
}

function named(uses: Spot[], name: string): Spot | null {
  for (let i = 0; i < uses.length; i++) if (uses[i].use.name == name) return uses[i];
  return null;
}

/** A name that is no type known here can be an enum: numbers. */
function isEnum(fieldType: string, type: string): bool {
  for (let i = 0; i < fieldType.length; i++) {
    const unit = fieldType.charCodeAt(i);
    const letter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
    if (!letter && unit != 0x5f && unit != 0x2e && !(unit >= 0x30 && unit <= 0x39)) return false;
  }
  return type == "int4" || type == "int8";
}

/** Whether parentheses close what was opened, and texts end: nothing of it leads outside. */
function isBalanced(sql: string): bool {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < sql.length; i++) {
    const unit = sql.charCodeAt(i);
    if (unit == 0x27) inText = !inText;
    if (inText) continue;
    if (unit == 0x28) depth++;
    if (unit == 0x29 && --depth < 0) return false;
  }
  return depth == 0 && !inText;
}

/** "no action" is what holds when nothing is said. */
function ruleOf(said: string): string {
  return said == "no action" ? "" : said;
}
