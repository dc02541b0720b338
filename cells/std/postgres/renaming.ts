// Owns models under other names: a copy of what the lock says takes the names that the source has,
// as the database does when it renames. Also says when two parts of a schema are the same.
import { Column, ForeignKey, Index, Model, sameList, Table } from "./model";

/** A copy to rename in. `className` and `field` keep the names that the database still has. */
export function copyOf(model: Model): Model {
  const made = new Model();
  for (let i = 0; i < model.tables.length; i++) {
    const from = model.tables[i];
    const table = new Table(from.name);
    table.className = from.name;
    table.primaryKey = from.primaryKey.slice(0);
    for (let c = 0; c < from.columns.length; c++) {
      const old = from.columns[c];
      const column = new Column(old.name, old.type);
      column.field = old.name;
      column.nullable = old.nullable;
      column.preset = old.preset;
      column.encrypted = old.encrypted;
      column.sealed = old.sealed;
      table.columns.push(column);
    }
    for (let x = 0; x < from.indexes.length; x++) {
      const index = new Index();
      index.name = from.indexes[x].name;
      index.unique = from.indexes[x].unique;
      index.columns = from.indexes[x].columns.slice(0);
      index.descending = from.indexes[x].descending.slice(0);
      table.indexes.push(index);
    }
    for (let k = 0; k < from.foreignKeys.length; k++) {
      const old = from.foreignKeys[k];
      const key = new ForeignKey();
      key.name = old.name;
      key.columns = old.columns.slice(0);
      key.schema = old.schema;
      key.table = old.table;
      key.references = old.references.slice(0);
      key.onDelete = old.onDelete;
      key.onUpdate = old.onUpdate;
      table.foreignKeys.push(key);
    }
    made.tables.push(table);
  }
  return made;
}

/** Keys of all tables follow. Indexes and constraints keep their names, as in the database. */
export function renameTableIn(model: Model, table: Table, to: string): void {
  const from = table.name;
  table.name = to;
  for (let i = 0; i < model.tables.length; i++) {
    const keys = model.tables[i].foreignKeys;
    for (let k = 0; k < keys.length; k++) {
      if (keys[k].schema == "" && keys[k].table == from) keys[k].table = to;
    }
  }
}

export function renameColumnIn(model: Model, table: Table, from: string, to: string): void {
  const column = table.column(from);
  if (column) column.name = to;
  renameIn(table.primaryKey, from, to);
  for (let i = 0; i < table.indexes.length; i++) renameIn(table.indexes[i].columns, from, to);
  for (let i = 0; i < table.foreignKeys.length; i++) {
    renameIn(table.foreignKeys[i].columns, from, to);
  }
  for (let i = 0; i < model.tables.length; i++) {
    const keys = model.tables[i].foreignKeys;
    for (let k = 0; k < keys.length; k++) {
      const isOurs = keys[k].schema == "" && keys[k].table == table.name;
      if (isOurs) renameIn(keys[k].references, from, to);
    }
  }
}

function renameIn(names: string[], from: string, to: string): void {
  for (let i = 0; i < names.length; i++) if (names[i] == from) names[i] = to;
}

/** Whatever their names. */
export function sameKey(a: ForeignKey, b: ForeignKey): bool {
  return (
    a.schema == b.schema &&
    a.table == b.table &&
    a.onDelete == b.onDelete &&
    a.onUpdate == b.onUpdate &&
    sameList(a.columns, b.columns) &&
    sameList(a.references, b.references)
  );
}

/** Whatever their names. */
export function sameIndex(a: Index, b: Index): bool {
  if (a.unique != b.unique || !sameList(a.columns, b.columns)) return false;
  for (let i = 0; i < a.columns.length; i++) {
    if (a.descending[i] != b.descending[i]) return false;
  }
  return true;
}

/** The index of `table` that is the same, whatever its name. */
export function indexLike(table: Table, index: Index): Index | null {
  for (let i = 0; i < table.indexes.length; i++) {
    if (sameIndex(table.indexes[i], index)) return table.indexes[i];
  }
  return null;
}
