// Owns the check of classes over tables that only exist (`existing: true`): table, columns, types
// and null as the database has them. Reads nothing itself.
import { nearestOf } from "../auth/nearest";
import { Column, Model, Table } from "./model";
import { quotedTable } from "./names";
import { Source } from "./source";
import { fieldTypesFor, fits } from "./types";

/** "public.orders" of each. */
export function existingNames(model: Model): string[] {
  const names: string[] = [];
  for (let i = 0; i < model.tables.length; i++) {
    const table = model.tables[i];
    if (table.existing) names.push(table.schema + "." + table.name);
  }
  return names;
}

/** Complains of what the class has and the table has not. */
export function checkExisting(source: Source, found: Model): void {
  const tables = source.model.tables;
  for (let i = 0; i < tables.length; i++) {
    if (tables[i].existing) check(source, tables[i], found);
  }
}

function check(source: Source, table: Table, found: Model): void {
  const there = found.table(table.name, table.schema);
  const name = quotedTable(table.schema, table.name);
  const spot = table.spot;
  if (!there) {
    source.sound = false;
    const fix = 'is it in another schema? schema: "..."; without existing: true the build makes it';
    if (spot) spot.error("the database has no table " + name, fix, "name");
    return;
  }
  if (table.columns.length == 0) {
    source.sound = false;
    const fix = "write the fields that are to be read: " + fieldsOf(there);
    if (spot) spot.error("`" + table.className + "` has no fields; " + name + " has columns", fix);
    return;
  }
  for (let i = 0; i < table.columns.length; i++) column(source, table, table.columns[i], there);
}

function column(source: Source, table: Table, own: Column, there: Table): void {
  const name = quotedTable(table.schema, table.name) + "." + own.name;
  const found = there.column(own.name);
  if (!found) {
    const names: string[] = [];
    for (let i = 0; i < there.columns.length; i++) names.push(there.columns[i].name);
    const near = nearestOf(own.name, names);
    const fix =
      near == "" ? "it has " + names.slice(0, 12).join(", ") : "did you mean " + near + "?";
    return source.tell(table, own, "there is no column " + name, fix);
  }
  if (!fits(own.fieldType, found.type, false)) {
    const fieldType = fieldTypesFor(found.type);
    const fix =
      fieldType == ""
        ? "leave the field out: no field holds " + found.type
        : "make the field " + fieldType;
    const what = name + " is " + found.type + ", `" + own.field + "` " + own.fieldType;
    return source.tell(table, own, what, fix);
  }
  if (!found.nullable || own.nullable) return;
  const what = name + " may be null, `" + own.field + "` never is";
  const fix = isScalar(own.fieldType)
    ? "numbers and bools are never null here: leave the field out and query coalesce(" +
      own.name +
      ", 0)"
    : "make it `" + own.field + ": " + own.fieldType + " | null`";
  source.tell(table, own, what, fix);
}

function isScalar(fieldType: string): bool {
  const first = fieldType.charCodeAt(0);
  return fieldType == "bool" || first == 0x69 || first == 0x75 || first == 0x66;
}

/** The fields of a table that only exists, to be copied: `id: string; total: Decimal | null`. */
function fieldsOf(table: Table): string {
  const fields: string[] = [];
  for (let i = 0; i < table.columns.length && i < 40; i++) {
    const one = table.columns[i];
    const type = fieldTypesFor(one.type);
    // A number is never null here: a column that may be is read by a query's coalesce().
    if (type == "" || (one.nullable && isScalar(type))) continue;
    fields.push(one.name + ": " + type + (one.nullable ? " | null" : ""));
  }
  return fields.join("; ");
}
