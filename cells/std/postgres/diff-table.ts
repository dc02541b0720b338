// Owns the difference of one table: columns, primary key, indexes. What loses values or cannot be
// done is complained of in `judge`; the other methods add steps, each in its turn (diff.ts).
import {
  addColumn,
  addPrimaryKey,
  alter,
  alterColumn,
  createIndex,
  dropColumn,
  dropConstraint,
  dropIndex,
  renameIndex,
} from "./ddl";
import { sortedIndexes } from "./lock";
import { Column, sameList, Table } from "./model";
import { quoted } from "./names";
import { isLiteral } from "./preset";
import { indexLike, sameKey } from "./renaming";
import { Filling, Source } from "./source";
import { NOTHING, Steps } from "./steps";
import { Fate, fateOf } from "./types";

export class TableDiff {
  private readonly gone: Column[] = [];
  private readonly made: Column[] = [];

  constructor(
    /** As it was, with the names that it has now. */
    readonly was: Table,
    readonly is: Table,
    readonly source: Source,
    readonly steps: Steps,
    readonly destructive: bool,
  ) {
    for (let i = 0; i < was.columns.length; i++) {
      if (!is.column(was.columns[i].name)) this.gone.push(was.columns[i]);
    }
    for (let i = 0; i < is.columns.length; i++) {
      if (!was.column(is.columns[i].name)) this.made.push(is.columns[i]);
    }
  }

  /** Complains of every change that must not be made as it stands. */
  judge(): void {
    const heirs: Column[] = [];
    for (let i = 0; i < this.gone.length; i++) {
      const heir = this.heirOf(this.gone[i], heirs);
      if (heir) heirs.push(heir);
      if (!this.destructive) this.complainGone(this.gone[i], heir);
    }
    for (let i = 0; i < this.made.length; i++) {
      const column = this.made[i];
      const told = heirs.includes(column) && !this.destructive;
      if (!column.nullable && column.preset == "" && !told) this.complainEmpty(column);
    }
    for (let i = 0; i < this.is.columns.length; i++) {
      const old = this.was.column(this.is.columns[i].name);
      if (old) this.judgeChange(old, this.is.columns[i]);
    }
  }

  /** The new column that a dropped one could have become. */
  private heirOf(old: Column, taken: Column[]): Column | null {
    for (let i = 0; i < this.made.length; i++) {
      const one = this.made[i];
      const like = one.type == old.type && one.nullable == old.nullable;
      if (like && one.encrypted == old.encrypted && !taken.includes(one)) return one;
    }
    return null;
  }

  private complainGone(old: Column, heir: Column | null): void {
    const spot = this.is.spot;
    const ns = spot ? spot.use.ns : "";
    const what =
      "no field of `" +
      this.is.className +
      "` has the column " +
      old.name +
      " (" +
      old.type +
      ") any more";
    const drop = "--allow-destructive drops it with its values";
    const rename = heir
      ? "@" +
        ns +
        '.renamed({ from: "' +
        old.name +
        '" }) on `' +
        heir.field +
        "` when it has only another name; "
      : "";
    this.source.tell(this.is, heir, what, rename + drop);
  }

  private complainEmpty(column: Column): void {
    const spot = this.is.spot;
    const ns = spot ? spot.use.ns : "";
    const preset = presetFor(column.type);
    const withDefault = "@" + ns + '.default("' + preset + '")';
    const orNull = column.field + ": " + column.fieldType + " | null";
    let fix = withDefault;
    if (column.encrypted) fix = orNull;
    else if (!isNumeric(column.fieldType)) fix += ", or " + orNull;
    const what =
      "`" +
      this.is.className +
      "." +
      column.field +
      "` is new and never null: rows that are there have no value for it";
    this.source.tell(this.is, column, what, fix);
  }

  private judgeChange(old: Column, now: Column): void {
    const name = "`" + this.is.className + "." + now.field + "`";
    if (old.encrypted != now.encrypted) {
      const what = old.encrypted ? "cannot be decrypted" : "cannot be encrypted";
      const fix = "add another field, copy the values in a handler, then drop this one";
      const why = name + ": values that are there " + what + " by a migration";
      return this.source.tell(this.is, now, why, fix);
    }
    if (old.type != now.type) {
      const fate = fateOf(old.type, now.type);
      const change = name + ": " + old.type + " to " + now.type;
      if (fate == Fate.None) {
        const fix = "add another field, copy the values in a handler, then drop this one";
        return this.source.tell(
          this.is,
          now,
          change + " is no change that a database can make",
          fix,
        );
      }
      if (fate == Fate.Lossy && !this.destructive) {
        const spot = this.is.spot;
        const ns = spot ? spot.use.ns : "";
        const keep =
          "keep it by @" + ns + '.column({ type: "' + old.type + '" }), or take a wider type; ';
        const fix = keep + "--allow-destructive changes what is there";
        return this.source.tell(this.is, now, change + " loses values", fix);
      }
    }
    if (old.nullable && !now.nullable && now.preset == "") {
      this.source.fillings.push(new Filling(this.was.className, old.field, this.is, now));
    }
  }

  // ---- steps

  /** Indexes that are gone or changed; those that have only another name get it. */
  dropIndexes(): void {
    const old = sortedIndexes(this.was);
    const sqlite = this.source.sqlite;
    for (let i = 0; i < old.length; i++) {
      const same = indexLike(this.is, old[i]);
      if (same && same.name == old[i].name) continue;
      if (same && !sqlite && !this.was.index(same.name)) {
        const back = renameIndex(same.name, old[i].name);
        this.steps.add(renameIndex(old[i].name, same.name), [back]);
        continue;
      }
      this.steps.title("alter_" + this.is.name);
      this.steps.add(dropIndex(old[i]), [createIndex(this.is.name, old[i])]);
    }
  }

  makeIndexes(): void {
    const now = sortedIndexes(this.is);
    const sqlite = this.source.sqlite;
    for (let i = 0; i < now.length; i++) {
      const same = indexLike(this.was, now[i]);
      const stays = same != null && same.name == now[i].name;
      const renamed = same != null && !sqlite && !this.was.index(now[i].name);
      if (stays || renamed) continue;
      this.steps.title("index_" + this.is.name + "_" + now[i].columns.join("_"));
      this.steps.add(createIndex(this.is.name, now[i]), [dropIndex(now[i])]);
    }
  }

  /** Whether a key goes that foreign keys of others may depend on. */
  losesKey(): bool {
    const old = this.was.primaryKey;
    if (old.length > 0 && !sameList(old, this.is.primaryKey)) return true;
    for (let i = 0; i < this.was.indexes.length; i++) {
      const index = this.was.indexes[i];
      if (index.unique && !indexLike(this.is, index)) return true;
    }
    return false;
  }

  /** Columns and the primary key: what is new, what changes, what goes. */
  columns(): void {
    const table = this.is.name;
    for (let i = 0; i < this.made.length; i++) {
      const column = this.made[i];
      this.steps.title("add_" + table + "_" + column.name);
      this.steps.add(addColumn(table, column, this.source.sqlite), [
        dropColumn(table, column.name),
      ]);
    }
    for (let i = 0; i < this.is.columns.length; i++) {
      const old = this.was.column(this.is.columns[i].name);
      if (old) this.change(old, this.is.columns[i]);
    }
    this.primaryKey();
    for (let i = 0; i < this.gone.length; i++) {
      const name = this.gone[i].name;
      this.steps.title("drop_" + table + "_" + name);
      this.steps.add(dropColumn(table, name), NOTHING, table + "." + name);
    }
  }

  private primaryKey(): void {
    if (sameList(this.was.primaryKey, this.is.primaryKey)) return;
    const table = this.is.name;
    this.steps.title("alter_" + table + "_key");
    const old = this.was.primaryKey;
    const name = table + "_pkey";
    if (old.length > 0) {
      // What goes with a dropped column cannot come back with the key.
      const back: string[] = this.has(old) ? [addPrimaryKey(table, old)] : NOTHING;
      this.steps.add(dropConstraint(table, name), back);
    }
    if (this.is.primaryKey.length == 0) return;
    this.steps.add(addPrimaryKey(table, this.is.primaryKey), [dropConstraint(table, name)]);
  }

  private has(columns: string[]): bool {
    for (let i = 0; i < columns.length; i++) if (!this.is.column(columns[i])) return false;
    return true;
  }

  private change(old: Column, now: Column): void {
    const table = this.is.name;
    const name = now.name;
    const retyped = old.type != now.type;
    const differs = retyped || old.nullable != now.nullable || old.preset != now.preset;
    if (!differs) return;
    this.steps.title("alter_" + table + "_" + name);
    // A default of the old type may have no cast of its own to the new one.
    const reset = old.preset != "" && (retyped || now.preset == "");
    if (reset) this.alter(name, "drop default", "set default " + old.preset);
    if (retyped) this.retype(old, now);
    if (now.preset != "" && (reset || old.preset != now.preset)) {
      const back = reset || old.preset == "" ? "drop default" : "set default " + old.preset;
      this.alter(name, "set default " + now.preset, back);
    }
    if (old.nullable == now.nullable) return;
    if (now.nullable) return this.alter(name, "drop not null", "set not null");
    if (now.preset != "") {
      const fill = "update " + quoted(table) + " set " + quoted(name) + " = " + now.preset;
      // Which rows had null is not known any more; that they have a value now loses nothing.
      this.steps.add(fill + " where " + quoted(name) + " is null", []);
    }
    this.alter(name, "set not null", "drop not null");
  }

  private retype(old: Column, now: Column): void {
    const table = this.is.name;
    const name = now.name;
    const to = "type " + now.type;
    if (fateOf(old.type, now.type) == Fate.Kept) {
      const back = "type " + old.type + " using " + quoted(name) + "::" + old.type;
      return this.alter(name, to, back);
    }
    const using = to + " using " + quoted(name) + "::" + now.type;
    const what = table + "." + name + " (" + old.type + " to " + now.type + ")";
    this.steps.add(alterColumn(table, name, using), NOTHING, what);
  }

  private alter(column: string, what: string, back: string): void {
    const table = this.is.name;
    this.steps.add(alterColumn(table, column, what), [alterColumn(table, column, back)]);
  }

  /** SQLite: `alter table` adds columns without a say of their own, and no more. */
  needsRebuild(): bool {
    if (this.gone.length > 0 || !sameList(this.was.primaryKey, this.is.primaryKey)) return true;
    for (let i = 0; i < this.made.length; i++) {
      const column = this.made[i];
      if (column.preset != "" && !isLiteral(column.preset)) return true;
    }
    for (let i = 0; i < this.is.columns.length; i++) {
      const now = this.is.columns[i];
      const old = this.was.column(now.name);
      if (!old) continue;
      if (old.type != now.type || old.nullable != now.nullable || old.preset != now.preset)
        return true;
    }
    if (this.was.foreignKeys.length != this.is.foreignKeys.length) return true;
    for (let i = 0; i < this.is.foreignKeys.length; i++) {
      let found = false;
      for (let k = 0; k < this.was.foreignKeys.length; k++) {
        if (sameKey(this.was.foreignKeys[k], this.is.foreignKeys[i])) found = true;
      }
      if (!found) return true;
    }
    return false;
  }
}

function isNumeric(fieldType: string): bool {
  const first = fieldType.charCodeAt(0);
  return first == 0x69 || first == 0x75 || first == 0x66 || fieldType == "bool";
}

/** A default that people are offered for a column of this type. */
function presetFor(type: string): string {
  if (type.endsWith("[]")) return "'{}'";
  if (type == "bool") return "false";
  if (type == "timestamptz") return "now()";
  if (type == "uuid") return "gen_random_uuid()";
  if (type == "interval") return "'0'";
  const digits = type.startsWith("int") || type.startsWith("float") || type.startsWith("numeric");
  return digits ? "0" : "''";
}
