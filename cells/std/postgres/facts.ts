// Owns what others may ask of tables: `spot.ask("postgres", "User", "columns")`.
import { Source } from "./source";

/**
 * Of each class: "table", "columns" (names in the database), "fields" (names in the class), "types"
 * (of the columns, in turn), "primaryKey", and "changes": members that change rows.
 */
export function provideFacts(planning: Planning, source: Source): void {
  const tables = source.model.tables;
  for (let i = 0; i < tables.length; i++) {
    const table = tables[i];
    const about = table.className;
    const name = table.schema == "" ? table.name : table.schema + "." + table.name;
    const columns: string[] = [];
    const fields: string[] = [];
    for (let c = 0; c < table.columns.length; c++) {
      columns.push(table.columns[c].name);
      fields.push(table.columns[c].field);
    }
    planning.provide(about, "table", [name]);
    planning.provide(about, "columns", columns);
    planning.provide(about, "fields", fields);
    planning.provide(about, "primaryKey", table.primaryKey);
    const changes: string[] = [];
    if (!table.existing) {
      changes.push("insert");
      const keyed = table.primaryKey.length > 0;
      if (keyed && table.columns.length > table.primaryKey.length) changes.push("update");
      if (keyed) changes.push("delete");
    }
    planning.provide(about, "changes", changes);
    // A fact holds each value once, and types repeat: with their columns they do not.
    const types: string[] = [];
    for (let c = 0; c < columns.length; c++) {
      const nulls = table.columns[c].nullable ? " null" : "";
      types.push(columns[c] + " " + table.columns[c].type + nulls);
    }
    planning.provide(about, "types", types);
  }
}
