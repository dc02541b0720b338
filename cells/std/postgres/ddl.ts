// Owns statements of SQL that make and change tables, as a reviewer would write them: one function
// a statement, without a semicolon at its end. Knows both engines' words; decides nothing.
import { sortedIndexes, sortedKeys } from "./lock";
import { Column, ForeignKey, Index, Model, Table } from "./model";
import { madeName, quoted, quotedAll, quotedTable } from "./names";
import { sqlitePreset } from "./preset";
import { partsOf } from "./types";

/**
 * A type as it is declared. SQLite keeps values by the words of a declared type: one that would
 * make numbers of texts says how they are kept, `uuid text`, `bytea blob`, `int4 array text`.
 */
export function declaredType(type: string, sqlite: bool): string {
  if (!sqlite) return type;
  const parts = partsOf(type);
  if (parts.isArray) return parts.base + " array text";
  const base = parts.base;
  if (base == "bytea") return "bytea blob";
  if (base == "int2" || base == "int4" || base == "int8" || base == "bool") return base;
  if (base == "float4" || base == "float8" || base == "text") return base;
  if (base == "varchar" || base == "char") return type;
  return base + " text" + type.substring(base.length);
}

/**
 * `created_at timestamptz not null default now()`; `isKey`: it is the whole primary key. SQLite
 * takes null in a primary key unless it is told not to.
 */
export function columnSql(column: Column, sqlite: bool, isKey: bool = false): string {
  let sql = quoted(column.name) + " " + declaredType(column.type, sqlite);
  if (!column.nullable && (sqlite || !isKey)) sql += " not null";
  if (isKey) sql += " primary key";
  if (column.preset != "") sql += " default " + presetSql(column.preset, sqlite);
  return sql;
}

/** A default as it is written behind `default`. */
export function presetSql(preset: string, sqlite: bool): string {
  return sqlite ? sqlitePreset(preset) : preset;
}

/**
 * `create table`; `inline`: foreign keys that can stand in it, since their tables are there. A key
 * of one column stands behind it, with the name that the database gives it anyway.
 */
export function createTable(table: Table, inline: ForeignKey[], sqlite: bool): string {
  const lines: string[] = [];
  for (let i = 0; i < table.columns.length; i++) {
    const column = table.columns[i];
    const isKey = table.primaryKey.length == 1 && table.primaryKey[0] == column.name;
    let line = "  " + columnSql(column, sqlite, isKey);
    for (let k = 0; k < inline.length; k++) {
      if (standsBehind(table, inline[k], column)) line += " " + referenceSql(inline[k]);
    }
    lines.push(line);
  }
  if (table.primaryKey.length > 1)
    lines.push("  primary key (" + quotedAll(table.primaryKey) + ")");
  for (let k = 0; k < inline.length; k++) {
    const key = inline[k];
    if (!standsBehind(table, key, null)) lines.push("  " + keySql(key));
  }
  return "create table " + quoted(table.name) + " (\n" + lines.join(",\n") + "\n)";
}

/** Whether a key is written behind `column`; null: behind any. */
function standsBehind(table: Table, key: ForeignKey, column: Column | null): bool {
  if (key.columns.length != 1 || key.name != madeName([table.name, key.columns[0], "fkey"])) {
    return false;
  }
  return column ? key.columns[0] == column.name : true;
}

/** `references organizations (id) on delete cascade` */
export function referenceSql(key: ForeignKey): string {
  let sql =
    "references " + quotedTable(key.schema, key.table) + " (" + quotedAll(key.references) + ")";
  if (key.onDelete != "") sql += " on delete " + key.onDelete;
  return key.onUpdate == "" ? sql : sql + " on update " + key.onUpdate;
}

function keySql(key: ForeignKey): string {
  return (
    "constraint " +
    quoted(key.name) +
    " foreign key (" +
    quotedAll(key.columns) +
    ") " +
    referenceSql(key)
  );
}

export function dropTables(names: string[]): string {
  return "drop table " + quotedAll(names);
}

export function createIndex(table: string, index: Index): string {
  const columns: string[] = [];
  for (let i = 0; i < index.columns.length; i++) {
    columns.push(quoted(index.columns[i]) + (index.descending[i] ? " desc" : ""));
  }
  return (
    "create " +
    (index.unique ? "unique index " : "index ") +
    quoted(index.name) +
    " on " +
    quoted(table) +
    " (" +
    columns.join(", ") +
    ")"
  );
}

export function dropIndex(index: Index): string {
  return "drop index " + quoted(index.name);
}

export function renameIndex(from: string, to: string): string {
  return "alter index " + quoted(from) + " rename to " + quoted(to);
}

export function renameTable(from: string, to: string): string {
  return "alter table " + quoted(from) + " rename to " + quoted(to);
}

/** `alter table users <what>` */
export function alter(table: string, what: string): string {
  return "alter table " + quoted(table) + " " + what;
}

export function renameColumn(table: string, from: string, to: string): string {
  return alter(table, "rename column " + quoted(from) + " to " + quoted(to));
}

export function renameConstraint(table: string, from: string, to: string): string {
  return alter(table, "rename constraint " + quoted(from) + " to " + quoted(to));
}

export function addColumn(table: string, column: Column, sqlite: bool): string {
  return alter(table, "add column " + columnSql(column, sqlite));
}

export function dropColumn(table: string, column: string): string {
  return alter(table, "drop column " + quoted(column));
}

export function alterColumn(table: string, column: string, what: string): string {
  return alter(table, "alter column " + quoted(column) + " " + what);
}

export function addForeignKey(table: string, key: ForeignKey): string {
  return alter(table, "add " + keySql(key));
}

export function dropConstraint(table: string, name: string): string {
  return alter(table, "drop constraint " + quoted(name));
}

/** Primary key of `columns`, named as the database would. */
export function addPrimaryKey(table: string, columns: string[]): string {
  return alter(table, "add primary key (" + quotedAll(columns) + ")");
}

/**
 * The tables of a model for checks: with all that the meaning of a statement depends on, without
 * keys to other tables. Statements with semicolons.
 */
export function scratchOf(model: Model, sqlite: bool): string {
  const parts: string[] = [];
  for (let i = 0; i < model.tables.length; i++) {
    const table = model.tables[i];
    if (table.existing) continue;
    parts.push(createTable(table, [], sqlite) + ";");
    const indexes = sortedIndexes(table);
    for (let x = 0; x < indexes.length; x++) {
      if (indexes[x].unique) parts.push(createIndex(table.name, indexes[x]) + ";");
    }
  }
  return parts.join("\n");
}

/** Foreign keys of a table whose tables are among `there`, or in another schema, or itself. */
export function keysTo(table: Table, there: string[]): ForeignKey[] {
  const found: ForeignKey[] = [];
  const keys = sortedKeys(table);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (key.schema != "" || key.table == table.name || there.includes(key.table)) found.push(key);
  }
  return found;
}
