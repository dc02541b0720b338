// Owns defaults: that the database takes each as a value of its column, before a migration says so;
// and how SQLite writes those that people write for PostgreSQL.
import { Database } from "cell/database";
import { Column, Table } from "./model";
import { Source } from "./source";

/** An instant as instants are kept: PostgreSQL's text, UTC. */
const SQLITE_NOW: string = "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '+00')";
/** A random UUID, version 4. */
const SQLITE_UUID: string =
  "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || " +
  "substr(hex(randomblob(2)), 2) || '-a' || substr(hex(randomblob(2)), 2) || '-' || " +
  "hex(randomblob(6))))";
/** Before and behind a default where it is tried. */
const HEAD: string = "select cast((";

/** A default in words of SQLite: what it has no function for; expressions in parentheses. */
export function sqlitePreset(preset: string): string {
  const lower = preset.toLowerCase();
  if (lower == "now()" || lower == "current_timestamp") return SQLITE_NOW;
  if (lower == "gen_random_uuid()" || lower == "uuidv4()") return SQLITE_UUID;
  return isLiteral(preset) ? preset : "(" + preset + ")";
}

/** A number, a text in quotes, true, false or null. */
export function isLiteral(sql: string): bool {
  const lower = sql.toLowerCase();
  if (lower == "null" || lower == "true" || lower == "false") return true;
  if (sql.startsWith("'")) {
    const inner = sql.substring(1, sql.length - 1).replaceAll("''", "");
    return sql.length > 1 && sql.endsWith("'") && !inner.includes("'");
  }
  let digits = 0;
  for (let i = 0; i < sql.length; i++) {
    const unit = sql.charCodeAt(i);
    if (unit >= 0x30 && unit <= 0x39) digits++;
    else if (unit != 0x2e && !((unit == 0x2d || unit == 0x2b) && i == 0)) return false;
  }
  return digits > 0;
}

/** Asks the database what each default is; complains, at the place within it. PostgreSQL only. */
export function checkPresets(source: Source, database: Database, schema: string): void {
  const spots: Spot[] = [];
  const texts: string[] = [];
  const all = source.planning.spotsOf("default");
  for (let i = 0; i < all.length; i++) {
    const column = columnAt(source, all[i]);
    if (!column || column.preset == "") continue;
    spots.push(all[i]);
    texts.push(HEAD + column.preset + "\n) as " + column.type + ")");
  }
  if (texts.length == 0 || source.sqlite) return;
  const said = database.describe(schema, "", texts);
  for (let i = 0; i < said.length; i++) {
    const one = said[i];
    if (one.ok && one.parameters.length == 0) continue;
    source.sound = false;
    const message = one.ok ? "a default has no parameters" : one.message;
    const lead = spots[i].args.text("0").indexOf(spots[i].args.text("0").trim());
    const offset = one.offset < HEAD.length ? -1 : one.offset - HEAD.length + lead;
    const fix = one.hint != "" ? one.hint : "write an expression that is a value of the column";
    spots[i].complainAt(message, fix, "0", offset, one.length);
  }
}

function columnAt(source: Source, spot: Spot): Column | null {
  const tables = source.model.tables;
  for (let i = 0; i < tables.length; i++) {
    const table: Table = tables[i];
    const own = table.spot;
    if (!own || own.site.file != spot.site.file || table.className != spot.owner.name) continue;
    return table.columnOf(spot.declaration.name);
  }
  return null;
}
