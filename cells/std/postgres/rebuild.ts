// Owns the change of a table in SQLite that `alter table` cannot make: a new table takes the rows
// and then the name, in the order of SQLite's documentation ("Making Other Kinds Of Table Schema
// Changes"). Foreign keys are not enforced meanwhile: whoever runs the steps sees to that.
import { createIndex, createTable, declaredType, dropTables, presetSql, renameTable } from "./ddl";
import { sortedIndexes, sortedKeys } from "./lock";
import { Column, Table } from "./model";
import { quoted } from "./names";
import { NOTHING, Steps } from "./steps";
import { Fate, fateOf } from "./types";

/** Adds the steps from `was` to `is`; both have today's names. */
export function rebuild(was: Table, is: Table, steps: Steps): void {
  const losses: string[] = [];
  for (let i = 0; i < was.columns.length; i++) {
    const old = was.columns[i];
    const now = is.column(old.name);
    const kept = now ? fateOf(old.type, now.type) == Fate.Kept || old.type == now.type : false;
    if (!kept) losses.push(is.name + "." + old.name);
  }
  const forth = statements(was, is);
  const back = losses.length > 0 ? NOTHING : statements(is, was);
  const last = forth.length - 1;
  // The whole is one change: what takes it back stands behind its last statement.
  for (let i = 0; i < forth.length; i++) {
    steps.add(forth[i], i == last ? back : [], i == 0 ? losses.join(", ") : "");
  }
}

function statements(was: Table, is: Table): string[] {
  const made = new Table(is.name + "__new");
  made.columns = is.columns;
  made.primaryKey = is.primaryKey;
  const names: string[] = [];
  const values: string[] = [];
  for (let i = 0; i < is.columns.length; i++) {
    const column = is.columns[i];
    const old = was.column(column.name);
    if (!old && column.preset == "") continue;
    names.push(quoted(column.name));
    values.push(old ? valueOf(old, column) : presetSql(column.preset, true));
  }
  const list: string[] = [createTable(made, sortedKeys(is), true)];
  if (names.length > 0) {
    list.push(
      "insert into " +
        quoted(made.name) +
        " (" +
        names.join(", ") +
        ") select " +
        values.join(", ") +
        " from " +
        quoted(is.name),
    );
  }
  list.push(dropTables([is.name]));
  list.push(renameTable(made.name, is.name));
  const indexes = sortedIndexes(is);
  for (let i = 0; i < indexes.length; i++) list.push(createIndex(is.name, indexes[i]));
  return list;
}

/** What a row that is there has in the new column. */
function valueOf(old: Column, column: Column): string {
  let value = quoted(old.name);
  if (old.type != column.type) value = "cast(" + value + " as " + keptAs(column.type) + ")";
  const fills = old.nullable && !column.nullable && column.preset != "";
  return fills ? "coalesce(" + value + ", " + presetSql(column.preset, true) + ")" : value;
}

/** How SQLite keeps values of a type: the last word of what is declared. */
function keptAs(type: string): string {
  const words = declaredType(type, true).split(" ");
  const kept = words[words.length - 1];
  if (kept.startsWith("int") || kept == "bool") return "integer";
  if (kept.startsWith("float")) return "real";
  return kept.startsWith("blob") ? "blob" : "text";
}
