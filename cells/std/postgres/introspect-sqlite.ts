// Owns the model of a SQLite file: what its catalogue says. Reads only, through `cell:database`.
import { CatalogueRows, Database } from "cell/database";
import { Column, ForeignKey, Index, Model, Table } from "./model";
import { shortType } from "./types";

const COLUMNS: string = `
select m.name, m.type, c.name, c.type, c."notnull", coalesce(c.dflt_value, ''), c.pk
from sqlite_schema m join pragma_table_info(m.name) c
where m.type in ('table', 'view') and m.name not like 'sqlite\\_%' escape '\\'
  and m.name not like 'cell\\_build%' escape '\\'
order by m.name, c.cid`;

const INDEXES: string = `
select m.name, i.name, i."unique", i.partial, i.origin, coalesce(x.name, ''), x."desc"
from sqlite_schema m join pragma_index_list(m.name) i join pragma_index_xinfo(i.name) x
where m.type = 'table' and x.key = 1
order by m.name, i.name, x.seqno`;

const KEYS: string = `
select m.name, k.id, k."table", k."from", coalesce(k."to", ''), k.on_delete, k.on_update
from sqlite_schema m join pragma_foreign_key_list(m.name) k
where m.type = 'table'
order by m.name, k.id, k.seq`;

/** All tables of the file but those of SQLite and of the ledger. */
export function introspectSqlite(database: Database): Model {
  const model = new Model();
  takeColumns(model, database.query(COLUMNS));
  if (model.tables.length == 0) return model;
  takeIndexes(model, database.query(INDEXES));
  takeKeys(model, database.query(KEYS));
  model.sort();
  return model;
}

/** "uuid text" -> "uuid", "numeric text(10,2)" -> "numeric(10,2)", "int4 array text" -> int4[]. */
export function typeOf(declared: string): string {
  const lower = declared.toLowerCase();
  const open = lower.indexOf("(");
  const words = (open < 0 ? lower : lower.substring(0, open)).trim().split(" ");
  const modifiers = open < 0 ? "" : lower.substring(open);
  const last = words.length - 1;
  if (last > 0 && words[last] == "text" && words[last - 1] == "array") {
    return shortType(words.slice(0, last - 1).join(" ") + "[]");
  }
  if (last > 0 && (words[last] == "text" || words[last] == "blob")) words.pop();
  return shortType(words.join(" ") + modifiers);
}

function takeColumns(model: Model, rows: CatalogueRows): void {
  let table: Table | null = null;
  const order: i32[] = [];
  for (let r = 0; r < rows.count; r++) {
    const name = rows.text(r, 0);
    if (!table || table.name != name) {
      table = new Table(name);
      table.existing = rows.text(r, 1) == "view";
      model.tables.push(table);
      order.length = 0;
    }
    const column = new Column(rows.text(r, 2), typeOf(rows.text(r, 3)));
    column.nullable = rows.text(r, 4) != "1";
    column.preset = rows.text(r, 5);
    table.columns.push(column);
    // `pk` is the place in the key, from 1; columns come in their own order.
    const place = rows.number(r, 6);
    if (place == 0) continue;
    let at = 0;
    while (at < order.length && order[at] < place) at++;
    insertAt<i32>(order, at, place);
    insertAt<string>(table.primaryKey, at, column.name);
  }
}

function insertAt<T>(list: T[], at: i32, value: T): void {
  list.push(value);
  for (let i = list.length - 1; i > at; i--) list[i] = list[i - 1];
  list[at] = value;
}

function takeIndexes(model: Model, rows: CatalogueRows): void {
  let index: Index | null = null;
  for (let r = 0; r < rows.count; r++) {
    const table = model.table(rows.text(r, 0));
    // pk: of the primary key. Partial ones and those over expressions are nobody's but theirs.
    if (!table || rows.text(r, 4) == "pk") continue;
    const name = rows.text(r, 1);
    if (!index || index.name != name) {
      index = new Index();
      index.name = name;
      index.unique = rows.text(r, 2) == "1" && rows.text(r, 3) != "1";
      table.indexes.push(index);
    }
    index.columns.push(rows.text(r, 5));
    index.descending.push(rows.text(r, 6) == "1");
  }
}

function takeKeys(model: Model, rows: CatalogueRows): void {
  let last = "";
  for (let r = 0; r < rows.count; r++) {
    const table = model.table(rows.text(r, 0));
    if (!table) continue;
    const which = table.name + " " + rows.text(r, 1);
    if (which != last) {
      const made = new ForeignKey();
      made.table = rows.text(r, 2);
      made.onDelete = ruleOf(rows.text(r, 5));
      made.onUpdate = ruleOf(rows.text(r, 6));
      table.foreignKeys.push(made);
      last = which;
    }
    const key = table.foreignKeys[table.foreignKeys.length - 1];
    key.columns.push(rows.text(r, 3));
    key.references.push(rows.text(r, 4));
  }
}

function ruleOf(said: string): string {
  const rule = said.toLowerCase();
  return rule == "no action" ? "" : rule;
}
