// Owns how the rows of one call are read: as objects of a class, a column a field, or as values of
// the one column that there is. What does not fit is told at the column in the text.
import { Described, DescribedColumn } from "cell/database";
import { nearestOf } from "../auth/nearest";
import { Column, Table } from "./model";
import { snakeCase } from "./names";
import { newRow } from "./member-text";
import { Planned } from "./schema";
import { columnOf } from "./statement";
import { TokenKind, tokensOf } from "./tokens";
import { fieldTypesFor, fits, isKnown, withoutNull } from "./types";

export class RowReader {
  /** False: something was complained of. */
  sound: bool = true;

  constructor(
    private planned: Planned,
    private spot: Spot,
    private said: Described,
  ) {}

  private wrong(message: string, fix: string): void {
    this.sound = false;
    this.spot.error(message, fix, "0");
  }

  private wrongColumn(column: DescribedColumn, message: string, fix: string): void {
    this.sound = false;
    this.spot.complainAt(message, fix, "0", column.offset, column.length);
  }

  private get type(): string {
    return this.spot.types[0];
  }

  /** What the function returns. */
  get result(): string {
    const name = this.spot.use.name;
    if (name == "execute") return "i64";
    if (name == "query") return this.isNullable ? "Array<" + this.type + ">" : this.type + "[]";
    return this.isScalar || this.isNullable ? this.type : this.type + " | null";
  }

  private get isNullable(): bool {
    return withoutNull(this.type) != this.type.trim();
  }

  /** Numbers, bools and enums cannot be null. */
  private get isScalar(): bool {
    return isScalarType(this.type) || (!isKnown(withoutNull(this.type)) && !this.isClass);
  }

  private get isClass(): bool {
    return this.spot.site.members.length > 0;
  }

  /** Statements that make the result of `rows`. */
  readers(): string {
    const read = this.isClass ? this.classReader() : this.valueReader();
    const type = this.type;
    if (this.spot.use.name == "query") {
      return `  const list = new Array<${type}>(rows.count);
  for (let i = 0; i < rows.count; i++) {
${read}  list[i] = row;
  }
  return list;
`;
    }
    if (!this.isScalar) return "  if (!atMostOne(rows)) return null;\n" + read + "  return row;\n";
    this.spot.importNames("failure", ["fail"]);
    const none = "fail<" + type + ">(" + Status.NOT_FOUND.toString() + ', "the query gave no row")';
    return "  if (!atMostOne(rows)) return " + none + ";\n" + read + "  return row;\n";
  }

  private valueReader(): string {
    const columns = this.said.columns;
    const type = this.type;
    if (columns.length != 1) {
      const fix = "select one column, or name a class with a field for each";
      this.wrongColumn(
        columns[1],
        "a " + type + " is read from one column, here are " + columns.length.toString(),
        fix,
      );
      return "";
    }
    const name = withoutNull(type);
    if (!isKnown(name) && !isIdentifier(name)) {
      this.wrong("rows cannot be read as " + type, "name a class, or the type of the one column");
      return "";
    }
    this.checkType(columns[0], name, this.isNullable, "");
    return "  const row = rows.get<" + type + ">();\n";
  }

  private classReader(): string {
    const name = this.type;
    const fields: Declaration[] = [];
    const members = this.spot.site.members;
    for (let i = 0; i < members.length; i++) {
      if (members[i].kind == "field" && !members[i].isStatic) fields.push(members[i]);
    }
    if (fields.length == 0 || this.isNullable) {
      const fix = fields.length == 0 ? "give it a field for each column" : "remove `| null`";
      this.wrong("rows cannot be read as " + name, fix);
      return "";
    }
    const columns = this.said.columns;
    const table = this.planned.model.tableOf(name);
    let text = newRow(name, fields[0].name);
    const taken: string[] = [];
    for (let c = 0; c < columns.length; c++) {
      const field = fieldFor(columns[c].name, fields, table);
      if (!field) {
        text += "  rows.skip();\n";
        continue;
      }
      if (taken.includes(field.name)) {
        this.wrongColumn(
          columns[c],
          "two columns are called `" + columns[c].name + "`",
          "give one of them a name: `... as other`",
        );
      }
      taken.push(field.name);
      const type = withoutNull(field.type);
      this.checkType(columns[c], type, type != field.type.trim(), field.name);
      text += "  row." + field.name + " = rows.get<" + field.type + ">();\n";
    }
    this.checkTaken(fields, taken, table);
    return text;
  }

  /** Every field has a column. */
  private checkTaken(fields: Declaration[], taken: string[], table: Table | null): void {
    const columns = this.said.columns;
    const names: string[] = [];
    let spare = -1;
    for (let c = 0; c < columns.length; c++) {
      names.push(columns[c].name);
      if (!fieldFor(columns[c].name, fields, table)) spare = c;
    }
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      if (taken.includes(field.name)) continue;
      const wanted = columnNameOf(field.name, table);
      const meant = nearestOf(wanted, names);
      const at = meant == "" ? spare : names.indexOf(meant);
      const message = "no column gives `" + this.type + "." + field.name + "` its value";
      if (at < 0) {
        this.wrong(message, "select `" + wanted + "`, or remove the field");
        continue;
      }
      const fix =
        "write `" + this.expression(columns[at]) + " as " + wanted + "`, or rename the field";
      this.wrongColumn(columns[at], message, fix);
    }
  }

  /** What stands in the text for a column, without the name that it is given. */
  private expression(column: DescribedColumn): string {
    if (column.offset < 0) return column.name;
    const written = this.spot.args
      .text("0")
      .substring(column.offset, column.offset + column.length);
    const named = written.toLowerCase().lastIndexOf(" as ");
    return named < 0 ? written : written.substring(0, named).trim();
  }

  /** The column's text as another type, under its own name. */
  private casted(column: DescribedColumn, type: string): string {
    const text = this.expression(column);
    const plain = isPlain(text) ? text : "(" + text + ")";
    return plain + "::" + type + (text == column.name ? "" : " as " + column.name);
  }

  /** Whether a value of the column is one of `type`; `field` "" = there is no class. */
  private checkType(column: DescribedColumn, type: string, nullable: bool, field: string): void {
    const name = "`" + column.name + "`";
    const place = field == "" ? "" : " of `" + this.type + "." + field + "`";
    if (type == "") {
      return this.wrong(
        "the type" + place + " is not written",
        "write it: " + field + ": " + fieldTypesFor(column.type),
      );
    }
    const source = columnOf(this.planned, column.source);
    if (!typeFits(type, column, source)) {
      const better = source ? source.fieldType : fieldTypesFor(column.type);
      const cast = castFor(type);
      const first = better == "" ? "" : "use " + better;
      const fix =
        cast == ""
          ? first
          : (first == "" ? "" : first + ", or ") + "select " + this.casted(column, cast);
      return this.wrongColumn(
        column,
        name + " is " + column.type + " in the database, which is no " + type + place,
        fix,
      );
    }
    if (!column.nullable || nullable) return;
    const scalar = isScalarType(type);
    const expression = this.expression(column);
    const spelled = "coalesce(" + expression + ", " + zeroOf(type) + ") as " + column.name;
    const fix =
      scalar || field == ""
        ? "select " + spelled
        : "write `" + field + ": " + type + " | null`, or select " + spelled;
    this.wrongColumn(column, name + " may be null, and a " + type + place + " cannot", fix);
  }
}

/** A name, or one with its table's: what a cast needs no parentheses for. */
function isPlain(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isLetter = (unit | 32) >= 97 && (unit | 32) <= 122;
    if (!isLetter && !(unit >= 48 && unit <= 57) && unit != 95 && unit != 46) return false;
  }
  return true;
}

function typeFits(type: string, column: DescribedColumn, source: Column | null): bool {
  if (source)
    return type == source.fieldType || (!source.encrypted && fits(type, source.type, false));
  return fits(type, column.type, false);
}

/** The column's name for a field: of a table's class as it says, else in snake_case. */
function columnNameOf(field: string, table: Table | null): string {
  const column = table ? table.columnOf(field) : null;
  return column ? column.name : snakeCase(field);
}

function fieldFor(column: string, fields: Declaration[], table: Table | null): Declaration | null {
  for (let i = 0; i < fields.length; i++) {
    if (columnNameOf(fields[i].name, table) == column) return fields[i];
  }
  for (let i = 0; i < fields.length; i++) if (fields[i].name == column) return fields[i];
  return null;
}

function isScalarType(type: string): bool {
  return [
    "bool",
    "i8",
    "u8",
    "i16",
    "u16",
    "i32",
    "u32",
    "i64",
    "u64",
    "isize",
    "usize",
    "f32",
    "f64",
  ].includes(type);
}

function isIdentifier(name: string): bool {
  const tokens = tokensOf(name);
  return tokens.length == 1 && tokens[0].kind == TokenKind.Word;
}

/** The type of the database to cast to for a field of `type`; "" = none is better than another. */
function castFor(type: string): string {
  if (type == "string") return "text";
  if (type == "i32") return "int4";
  if (type == "i64") return "int8";
  if (type == "f64") return "float8";
  return type == "bool" ? "bool" : "";
}

/** A value of `type` as SQL. */
function zeroOf(type: string): string {
  if (type == "string") return "''";
  if (type == "bool") return "false";
  if (type == "Instant") return "now()";
  return isScalarType(type) || type == "Decimal" ? "0" : "...";
}
