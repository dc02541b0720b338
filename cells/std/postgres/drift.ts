// Owns drift: what is in a database and not what its last migration has left there. Shown as a
// difference, with the statement that takes it back; nothing is ever undone by itself.
import { alter, alterColumn, columnSql, createIndex, dropColumn, dropConstraint } from "./ddl";
import { createTable, declaredType, dropIndex } from "./ddl";
import { Column, Model, sameList, Table } from "./model";
import { quoted } from "./names";
import { indexLike, sameKey } from "./renaming";

/** One difference. */
export class Drift {
  constructor(
    /** Table and, of a column, its name: "users.age". */
    readonly where: string,
    readonly expected: string,
    readonly found: string,
    /** What takes it back; "" = people have to see. */
    readonly undo: string,
    /** Nothing of the cell is hurt: something is there besides. */
    readonly harmless: bool = false,
  ) {}

  get table(): string {
    const dot = this.where.indexOf(".");
    return dot < 0 ? this.where : this.where.substring(0, dot);
  }

  /** "" = the table as a whole. */
  get column(): string {
    const dot = this.where.indexOf(".");
    return dot < 0 ? "" : this.where.substring(dot + 1);
  }

  get text(): string {
    return this.where + ": expected " + this.expected + ", found " + this.found;
  }
}

/** What differs; `expected`: the model of the last migration, `found`: the own schema. */
export function driftOf(expected: Model, found: Model, sqlite: bool): Drift[] {
  const drifts: Drift[] = [];
  for (let i = 0; i < expected.tables.length; i++) {
    const table = expected.tables[i];
    const there = found.table(table.name);
    if (there) ofTable(drifts, table, there, sqlite);
    else {
      const make = createTable(table, [], sqlite).replaceAll("\n", " ");
      drifts.push(new Drift(table.name, "a table", "nothing", make));
    }
  }
  for (let i = 0; i < found.tables.length; i++) {
    const table = found.tables[i];
    if (table.schema != "" || expected.table(table.name)) continue;
    const what = table.existing ? "a view" : "a table";
    drifts.push(new Drift(table.name, "nothing", what, "", true));
  }
  return drifts;
}

function ofTable(drifts: Drift[], is: Table, there: Table, sqlite: bool): void {
  for (let i = 0; i < is.columns.length; i++) ofColumn(drifts, is, is.columns[i], there, sqlite);
  for (let i = 0; i < there.columns.length; i++) {
    const column = there.columns[i];
    if (is.column(column.name)) continue;
    const where = is.name + "." + column.name;
    // A column that fills itself stands in nobody's way; one that must be given fails each insert.
    const harmless = column.nullable || column.preset != "";
    const undo = dropColumn(is.name, column.name);
    drifts.push(new Drift(where, "no column", columnText(column), undo, harmless));
  }
  if (!sameList(is.primaryKey, there.primaryKey)) {
    const was = keyText(there.primaryKey);
    drifts.push(new Drift(is.name, keyText(is.primaryKey), was, ""));
  }
  for (let i = 0; i < is.indexes.length; i++) {
    const index = is.indexes[i];
    if (indexLike(there, index)) continue;
    const what = (index.unique ? "unique index " : "index ") + index.name;
    const undo = createIndex(is.name, index);
    drifts.push(new Drift(is.name, what, "none", undo, !index.unique));
  }
  for (let i = 0; i < there.indexes.length; i++) {
    const index = there.indexes[i];
    if (indexLike(is, index)) continue;
    const what = (index.unique ? "unique index " : "index ") + index.name;
    drifts.push(new Drift(is.name, "no such index", what, dropIndex(index), !index.unique));
  }
  ofKeys(drifts, is, there);
}

function ofKeys(drifts: Drift[], is: Table, there: Table): void {
  for (let i = 0; i < is.foreignKeys.length; i++) {
    let found = false;
    for (let k = 0; k < there.foreignKeys.length; k++) {
      if (sameKey(is.foreignKeys[i], there.foreignKeys[k])) found = true;
    }
    if (found) continue;
    const name = is.foreignKeys[i].name;
    drifts.push(new Drift(is.name, "foreign key " + name, "none or another", ""));
  }
  for (let k = 0; k < there.foreignKeys.length; k++) {
    let known = false;
    for (let i = 0; i < is.foreignKeys.length; i++) {
      if (sameKey(is.foreignKeys[i], there.foreignKeys[k])) known = true;
    }
    if (known) continue;
    const name = there.foreignKeys[k].name;
    const undo = dropConstraint(is.name, name);
    drifts.push(new Drift(is.name, "no foreign key " + name, "one", undo));
  }
}

function ofColumn(drifts: Drift[], table: Table, column: Column, there: Table, sqlite: bool): void {
  const where = table.name + "." + column.name;
  const found = there.column(column.name);
  if (!found) {
    const undo = alter(table.name, "add column " + columnSql(column, sqlite));
    drifts.push(new Drift(where, columnText(column), "no column", undo));
    return;
  }
  if (found.type != column.type) {
    const back = "type " + declaredType(column.type, sqlite);
    const undo = sqlite ? "" : alterColumn(table.name, column.name, back);
    drifts.push(new Drift(where, column.type, found.type, undo));
  }
  if (found.nullable != column.nullable) {
    const set = column.nullable ? "drop not null" : "set not null";
    const undo = sqlite ? "" : alterColumn(table.name, column.name, set);
    drifts.push(new Drift(where, nullText(column), nullText(found), undo));
  }
  if (samePreset(column.preset, found.preset)) return;
  const set = column.preset == "" ? "drop default" : "set default " + column.preset;
  const undo = sqlite ? "" : alterColumn(table.name, column.name, set);
  drifts.push(new Drift(where, presetText(column), presetText(found), undo));
}

/**
 * Defaults are printed by the server in its own form. Two that differ in more than case, blanks,
 * casts and parentheses may mean the same all the same: only literals are compared further.
 */
function samePreset(expected: string, found: string): bool {
  if (expected == "" || found == "") return expected == found || isNullText(expected, found);
  const a = plain(expected);
  const b = plain(found);
  return a == b || !isPlainLiteral(a) || !isPlainLiteral(b);
}

function isNullText(a: string, b: string): bool {
  return plain(a == "" ? b : a) == "null";
}

/** Without casts, outer parentheses and blanks. */
function plain(sql: string): string {
  let text = sql.trim();
  const cast = text.lastIndexOf("::");
  if (cast > 0 && !text.substring(cast).includes("'")) text = text.substring(0, cast).trim();
  while (text.startsWith("(") && text.endsWith(")"))
    text = text.substring(1, text.length - 1).trim();
  return text.startsWith("'") ? text : text.toLowerCase();
}

function isPlainLiteral(text: string): bool {
  const first = text.charCodeAt(0);
  const digit = first >= 0x30 && first <= 0x39;
  return digit || first == 0x27 || first == 0x2d || text == "true" || text == "false";
}

function columnText(column: Column): string {
  return column.type + (column.nullable ? " null" : " not null");
}

function nullText(column: Column): string {
  return column.nullable ? "null" : "not null";
}

function presetText(column: Column): string {
  return column.preset == "" ? "no default" : "default " + column.preset;
}

function keyText(columns: string[]): string {
  return columns.length == 0
    ? "no primary key"
    : "primary key (" + columns.map<string>((c) => quoted(c)).join(", ") + ")";
}
