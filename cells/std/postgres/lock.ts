// Owns the text that is committed for one service: which migrations there are, and the schema that
// they lead to. Written in one form and read back strictly: what is no such text is refused.
//
//   target default
//   schema directory
//   migration 1 <SHA-256 of its document, hex> 0001_create_users.sql
//   model
//   table users
//   column id text
//   column mobile bytea null encrypted users.phone     (renamed: sealed as users.phone)
//   column created_at timestamptz default now()
//   primary id
//   index users_created_at_idx created_at desc
//   unique users_email_key email
//   foreign users_org_id_fkey org_id -> organizations(id) delete cascade
import { Column, ForeignKey, Index, Model, Table } from "./model";

/** One migration that is committed. */
export class Migration {
  /** From 1, without gaps. */
  number: i32 = 0;
  /** SHA-256 of its document, hex. */
  hash: string = "";
  /** Of its document: "0001_create_users.sql". */
  name: string = "";
  text: string = "";
}

export class Lock {
  target: string = "";
  schema: string = "";
  migrations: Migration[] = [];
  /** The model's lines, from `model` on; "model\n" = no tables. */
  modelText: string = "model\n";
}

/** The lock of a service; null when the text is none. "" is that of a service without tables. */
export function parseLock(text: string): Lock | null {
  const lock = new Lock();
  if (text == "") return lock;
  const at = text.startsWith("model\n") ? 0 : text.indexOf("\nmodel\n") + 1;
  if (at < 1) return null;
  lock.modelText = text.substring(at);
  const lines = text.substring(0, at).split("\n");
  for (let i = 0; i < lines.length - 1; i++) {
    const words = lines[i].split(" ");
    if (words[0] == "target" && words.length >= 2) lock.target = lines[i].substring(7);
    else if (words[0] == "schema" && words.length == 2) lock.schema = words[1];
    else if (words[0] != "migration" || words.length != 4) return null;
    else {
      const made = new Migration();
      made.number = <i32>parseInt(words[1]);
      made.hash = words[2];
      made.name = words[3];
      if (made.number != lock.migrations.length + 1) return null;
      lock.migrations.push(made);
    }
  }
  return parseModel(lock.modelText) ? lock : null;
}

export function lockText(lock: Lock): string {
  const lines: string[] = ["target " + lock.target, "schema " + lock.schema];
  for (let i = 0; i < lock.migrations.length; i++) {
    const one = lock.migrations[i];
    lines.push("migration " + one.number.toString() + " " + one.hash + " " + one.name);
  }
  lines.push(lock.modelText);
  return lines.join("\n");
}

/** Own tables of a model as lines, the first of which is `model`. */
export function modelText(model: Model): string {
  const lines: string[] = ["model"];
  for (let i = 0; i < model.tables.length; i++) {
    const table = model.tables[i];
    if (table.existing) continue;
    lines.push("table " + table.name);
    for (let c = 0; c < table.columns.length; c++) lines.push(columnLine(table.columns[c]));
    if (table.primaryKey.length > 0) lines.push("primary " + table.primaryKey.join(" "));
    const indexes = sortedIndexes(table);
    for (let x = 0; x < indexes.length; x++) lines.push(indexLine(indexes[x]));
    const keys = sortedKeys(table);
    for (let k = 0; k < keys.length; k++) lines.push(keyLine(keys[k]));
  }
  lines.push("");
  return lines.join("\n");
}

export function sortedIndexes(table: Table): Index[] {
  return table.indexes.slice(0).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export function sortedKeys(table: Table): ForeignKey[] {
  const keys = table.foreignKeys.slice(0);
  return keys.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function columnLine(column: Column): string {
  let line = "column " + column.name + " " + column.type;
  if (column.nullable) line += " null";
  if (column.encrypted) line += " encrypted" + (column.sealed == "" ? "" : " " + column.sealed);
  return column.preset == "" ? line : line + " default " + column.preset;
}

function indexLine(index: Index): string {
  let line = (index.unique ? "unique " : "index ") + index.name;
  for (let i = 0; i < index.columns.length; i++) {
    line += " " + index.columns[i] + (index.descending[i] ? " desc" : "");
  }
  return line;
}

function keyLine(key: ForeignKey): string {
  const target = (key.schema == "" ? "" : key.schema + ".") + key.table;
  let line =
    "foreign " +
    key.name +
    " " +
    key.columns.join(" ") +
    " -> " +
    target +
    "(" +
    key.references.join(" ") +
    ")";
  if (key.onDelete != "") line += " delete " + key.onDelete;
  return key.onUpdate == "" ? line : line + " update " + key.onUpdate;
}

/** The model of such lines; null when they are none. */
export function parseModel(text: string): Model | null {
  const lines = text.split("\n");
  const model = new Model();
  if (lines[0] != "model") return null;
  let table: Table | null = null;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i];
    if (line == "") continue;
    if (line.startsWith("table ")) {
      table = new Table(line.substring(6));
      model.tables.push(table);
    } else if (!table || !takeLine(table, line)) return null;
  }
  return model;
}

function takeLine(table: Table, line: string): bool {
  const words = line.split(" ");
  if (words.length < 2) return false;
  const kind = words[0];
  if (kind == "primary") {
    table.primaryKey = words.slice(1);
    return true;
  }
  if (words.length < 3) return false;
  if (kind == "column") return takeColumn(table, line, words);
  if (kind == "index" || kind == "unique") {
    const made = new Index();
    made.name = words[1];
    made.unique = kind == "unique";
    for (let i = 2; i < words.length; i++) {
      if (words[i] == "desc" && made.columns.length > 0)
        made.descending[made.columns.length - 1] = true;
      else {
        made.columns.push(words[i]);
        made.descending.push(false);
      }
    }
    table.indexes.push(made);
    return true;
  }
  return kind == "foreign" && takeKey(table, line, words[1]);
}

function takeColumn(table: Table, line: string, words: string[]): bool {
  const made = new Column(words[1], words[2]);
  let at = 3;
  if (at < words.length && words[at] == "null") {
    made.nullable = true;
    at++;
  }
  if (at < words.length && words[at] == "encrypted") {
    made.encrypted = true;
    at++;
    if (at < words.length && words[at] != "default") made.sealed = words[at++];
  }
  if (at < words.length) {
    if (words[at] != "default") return false;
    made.preset = line.substring(line.indexOf(" default ") + 9);
  }
  table.columns.push(made);
  return true;
}

/** `foreign name a b -> schema.table(c d) delete set null update cascade` */
function takeKey(table: Table, line: string, name: string): bool {
  const arrow = line.indexOf(" -> ");
  const open = line.indexOf("(", arrow);
  const close = line.indexOf(")", open);
  const from = 9 + name.length;
  if (arrow < from || open < 0 || close < 0) return false;
  const made = new ForeignKey();
  made.name = name;
  made.columns = line.substring(from, arrow).split(" ");
  const target = line.substring(arrow + 4, open);
  const dot = target.indexOf(".");
  made.schema = dot < 0 ? "" : target.substring(0, dot);
  made.table = target.substring(dot + 1);
  made.references = line.substring(open + 1, close).split(" ");
  const rules = line.substring(close + 1);
  const update = rules.indexOf(" update ");
  const deletes = rules.substring(0, update < 0 ? rules.length : update);
  if (deletes.startsWith(" delete ")) made.onDelete = deletes.substring(8);
  if (update >= 0) made.onUpdate = rules.substring(update + 8);
  table.foreignKeys.push(made);
  return true;
}
