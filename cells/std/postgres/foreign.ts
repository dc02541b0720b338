// Owns the check of foreign keys: the other table is there, its column is of the same type, and no
// two rows of it share a value. Tables of the source and of the database count alike.
import { nearestOf } from "../auth/nearest";
import { ForeignKey, Model, Table } from "./model";
import { quotedTable, snakeCase } from "./names";
import { Source } from "./source";
import { partsOf } from "./types";

/** Tables of other schemas that keys lead to, "public.orders", each once. */
export function foreignTables(model: Model): string[] {
  const found: string[] = [];
  for (let i = 0; i < model.tables.length; i++) {
    const keys = model.tables[i].foreignKeys;
    for (let k = 0; k < keys.length; k++) {
      const name = keys[k].schema + "." + keys[k].table;
      if (keys[k].schema != "" && !found.includes(name)) found.push(name);
    }
  }
  return found;
}

/** Complains of keys to nothing; `others`: tables of other schemas, as the database has them. */
export function checkKeys(source: Source, others: Model): void {
  const tables = source.model.tables;
  for (let i = 0; i < tables.length; i++) {
    const keys = tables[i].foreignKeys;
    for (let k = 0; k < keys.length; k++) check(source, tables[i], keys[k], others);
  }
}

function check(source: Source, table: Table, key: ForeignKey, others: Model): void {
  const target =
    key.schema == "" ? ownTable(source.model, key.table) : others.table(key.table, key.schema);
  const name = quotedTable(key.schema, key.table);
  if (!target) {
    const known: string[] = [];
    for (let i = 0; i < source.model.tables.length; i++) {
      const one = source.model.tables[i];
      if (one.schema == key.schema) known.push(one.name);
      if (one.className == key.table || one.className.toLowerCase() == key.table.toLowerCase()) {
        return tell(source, table, key, "there is no table " + name, meant(one.name, key));
      }
    }
    const near = nearestOf(key.table, known);
    const fix =
      near != ""
        ? meant(near, key)
        : 'name a table of this service, or one that is in the database: "public.orders.id"';
    return tell(source, table, key, "there is no table " + name, fix);
  }
  const column = target.column(key.references[0]);
  if (!column) {
    const byField = target.column(snakeCase(key.references[0]));
    const names: string[] = [];
    for (let i = 0; i < target.columns.length; i++) names.push(target.columns[i].name);
    const near = byField ? byField.name : nearestOf(key.references[0], names);
    const fix =
      near == "" ? "it has " + names.slice(0, 12).join(", ") : "did you mean " + near + "?";
    return tell(source, table, key, name + " has no column " + key.references[0], fix);
  }
  if (!target.isUnique(key.references)) {
    const fix = "refer to its primary key, or make the column unique: index({ unique: true })";
    return tell(
      source,
      table,
      key,
      name + "." + column.name + " may be the same in many rows",
      fix,
    );
  }
  const own = table.column(key.columns[0]);
  if (!own || !comparable(own.type, column.type)) {
    const types =
      (own ? own.type : "") +
      " cannot refer to " +
      name +
      "." +
      column.name +
      ", which is " +
      column.type;
    tell(source, table, key, types, "give the field the type of the other one");
  }
}

function meant(table: string, key: ForeignKey): string {
  return 'did you mean "' + table + "." + key.references[0] + '"?';
}

/** A table of this cell; existing ones of SQLite have no schema, too. */
function ownTable(model: Model, name: string): Table | null {
  return model.table(name);
}

/** Numbers compare with numbers and texts with texts; other types with themselves only. */
function comparable(a: string, b: string): bool {
  const x = familyOf(partsOf(a).base);
  return x == familyOf(partsOf(b).base) && !a.endsWith("[]") && !b.endsWith("[]");
}

function familyOf(base: string): string {
  if (base.startsWith("int") && base != "interval") return "numeric";
  return base == "varchar" || base == "char" ? "text" : base;
}

function tell(source: Source, table: Table, key: ForeignKey, what: string, fix: string): void {
  source.sound = false;
  const column = table.column(key.columns[0]);
  const field = column ? column.field : "";
  const spots = source.planning.spotsOf("foreignKey");
  for (let i = 0; i < spots.length; i++) {
    const spot = spots[i];
    if (spot.declaration.name != field || spot.owner.name != table.className) continue;
    return spot.error(what, fix, "ref");
  }
  source.tell(table, column, what, fix);
}
