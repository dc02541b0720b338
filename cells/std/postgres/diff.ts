// Owns the steps from the schema of the lock to that of the source: what is renamed, made, changed
// and dropped, in an order that works. Complains of what would lose rows, or cannot be done; never
// asks a database. The same for any order of classes, fields and decorators.
import { createTable, dropTables, keysTo, renameIndex, renameTable } from "./ddl";
import { createIndex, dropConstraint, renameColumn, renameConstraint } from "./ddl";
import { addForeignKey } from "./ddl";
import { sortedIndexes, sortedKeys } from "./lock";
import { TableDiff } from "./diff-table";
import { ForeignKey, Model, Table } from "./model";
import { snakeCase } from "./names";
import { rebuild } from "./rebuild";
import { copyOf, renameColumnIn, renameTableIn, sameKey } from "./renaming";
import { Source } from "./source";
import { NOTHING, Steps } from "./steps";

/** A table as it was, with today's names, and as it is to be. */
class Pair {
  constructor(
    readonly was: Table,
    readonly is: Table,
  ) {}
}

export class Diff {
  readonly steps: Steps = new Steps();
  /** What the lock says, with the names that the source has. */
  private readonly was: Model;
  private readonly is: Table[] = [];
  private readonly pairs: Pair[] = [];
  private readonly gone: Table[] = [];
  private readonly made: Table[] = [];
  /** Tables of which a key goes that others may refer to: their foreign keys are made anew. */
  private readonly rekeyed: string[] = [];

  constructor(
    lock: Model,
    readonly source: Source,
    /** Changes that lose rows may be planned. */
    readonly destructive: bool,
  ) {
    this.was = copyOf(lock);
    const tables = source.model.tables;
    for (let i = 0; i < tables.length; i++) if (!tables[i].existing) this.is.push(tables[i]);
    this.renameTables();
    this.match();
    for (let i = 0; i < this.pairs.length; i++) {
      this.renameColumns(this.pairs[i]);
      this.seal(this.pairs[i]);
    }
    if (source.sqlite) this.rebuildOrAlter();
    else this.alterAll();
  }

  // ---- names

  private renameTables(): void {
    for (let i = 0; i < this.is.length; i++) {
      const table = this.is[i];
      if (table.renamedFrom == "" || this.was.table(table.name)) continue;
      const old = this.was.table(table.renamedFrom);
      // A table that is new everywhere has no old name to look for.
      if (!old || this.isStill(old.name)) continue;
      const from = old.name;
      this.steps.title("rename_" + from + "_" + table.name);
      this.steps.add(renameTable(from, table.name), [renameTable(table.name, from)]);
      if (!this.source.sqlite && old.primaryKey.length > 0) {
        const keyFrom = from + "_pkey";
        const keyTo = table.name + "_pkey";
        this.steps.add(renameIndex(keyFrom, keyTo), [renameIndex(keyTo, keyFrom)]);
      }
      renameTableIn(this.was, old, table.name);
    }
  }

  /** Whether the source has a table of that name. */
  private isStill(name: string): bool {
    for (let i = 0; i < this.is.length; i++) if (this.is[i].name == name) return true;
    return false;
  }

  private match(): void {
    for (let i = 0; i < this.is.length; i++) {
      const old = this.was.table(this.is[i].name);
      if (old) this.pairs.push(new Pair(old, this.is[i]));
      else this.made.push(this.is[i]);
    }
    for (let i = 0; i < this.was.tables.length; i++) {
      const old = this.was.tables[i];
      if (!this.isStill(old.name)) this.drop(old);
    }
  }

  private drop(table: Table): void {
    this.gone.push(table);
    if (this.destructive) return;
    const heirs: Table[] = [];
    for (let i = 0; i < this.made.length; i++) {
      if (this.made[i].column(table.columns[0].name)) heirs.push(this.made[i]);
    }
    const spots = this.source.planning.spots;
    const heir = heirs.length == 1 ? heirs[0].spot : null;
    const spot = heir ? heir : spots.length > 0 ? spots[0] : null;
    if (!spot) return;
    const ns = spot.use.ns;
    const rename = "@" + ns + '.renamed({ from: "' + table.name + '" })';
    const renamed = heir ? rename + " here when the table has only another name; " : "";
    const fix = renamed + "--allow-destructive drops it with all its rows";
    this.source.sound = false;
    spot.error("no class has the table " + table.name + " any more", fix);
  }

  private renameColumns(pair: Pair): void {
    const columns = pair.is.columns;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      if (column.renamedFrom == "") continue;
      if (pair.was.column(column.name)) {
        // Nothing to do: it was renamed by an earlier build. Two at once cannot be.
        const other = pair.is.column(snakeCase(column.renamedFrom));
        if (!other || snakeCase(other.renamedFrom) != column.name) continue;
        const both = "`" + column.field + "` and `" + other.field + "` take each other's names";
        const fix = "rename one to a third name, build, then rename both";
        this.source.tell(pair.is, column, both, fix);
        continue;
      }
      const exact = pair.was.column(column.renamedFrom);
      const old = exact ? exact : pair.was.column(snakeCase(column.renamedFrom));
      if (!old || pair.is.column(old.name)) {
        const stands = old ? "is a field still" : "was no column of " + pair.is.name;
        const fix = "name the column that this one was, or remove the macro";
        this.source.tell(pair.is, column, "`" + column.renamedFrom + "` " + stands, fix);
        continue;
      }
      const from = old.name;
      const table = pair.is.name;
      this.steps.title("rename_" + table + "_" + from + "_" + column.name);
      const back = renameColumn(table, column.name, from);
      this.steps.add(renameColumn(table, from, column.name), [back]);
      renameColumnIn(this.was, pair.was, from, column.name);
    }
  }

  /** What is encrypted stays bound to the name under which it was. */
  private seal(pair: Pair): void {
    const table = pair.was.className;
    const columns = pair.is.columns;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      const old = pair.was.column(column.name);
      if (!old || !old.encrypted || !column.encrypted) continue;
      const sealed = old.sealed == "" ? table + "." + old.field : old.sealed;
      column.sealed = sealed == pair.is.name + "." + column.name ? "" : sealed;
    }
  }

  // ---- PostgreSQL

  private alterAll(): void {
    const diffs: TableDiff[] = [];
    for (let i = 0; i < this.pairs.length; i++) {
      const pair = this.pairs[i];
      diffs.push(new TableDiff(pair.was, pair.is, this.source, this.steps, this.destructive));
    }
    for (let i = 0; i < diffs.length; i++) {
      diffs[i].judge();
      if (diffs[i].losesKey()) this.rekeyed.push(this.pairs[i].is.name);
    }
    for (let i = 0; i < this.pairs.length; i++) this.dropKeys(this.pairs[i]);
    for (let i = 0; i < diffs.length; i++) diffs[i].dropIndexes();
    this.dropTables();
    this.createTables();
    for (let i = 0; i < diffs.length; i++) diffs[i].columns();
    for (let i = 0; i < diffs.length; i++) diffs[i].makeIndexes();
    for (let i = 0; i < this.pairs.length; i++) this.addKeys(this.pairs[i]);
  }

  private dropTables(): void {
    if (this.gone.length == 0) return;
    const names: string[] = [];
    const losses: string[] = [];
    for (let i = 0; i < this.gone.length; i++) {
      names.push(this.gone[i].name);
      losses.push(this.gone[i].name);
      this.steps.title("drop_" + this.gone[i].name);
    }
    // Together, so that tables which refer to each other go, too; SQLite takes them one by one.
    if (!this.source.sqlite) return this.steps.add(dropTables(names), NOTHING, losses.join(", "));
    for (let i = 0; i < names.length; i++)
      this.steps.add(dropTables([names[i]]), NOTHING, names[i]);
  }

  /** What others refer to comes first; keys of a circle are added when all of it is there. */
  private createTables(): void {
    const there: string[] = [];
    for (let i = 0; i < this.pairs.length; i++) there.push(this.pairs[i].is.name);
    let left = this.made.slice(0);
    const late: Pair[] = [];
    while (left.length > 0) {
      let at = -1;
      for (let i = 0; i < left.length && at < 0; i++) {
        if (keysTo(left[i], there).length == left[i].foreignKeys.length) at = i;
      }
      const table = left[at < 0 ? 0 : at];
      const inline = this.source.sqlite ? sortedKeys(table) : keysTo(table, there);
      if (inline.length < table.foreignKeys.length)
        late.push(new Pair(partly(table, inline), table));
      this.create(table, inline);
      there.push(table.name);
      left = without(left, table);
    }
    for (let i = 0; i < late.length; i++) this.addKeys(late[i], false);
  }

  private create(table: Table, inline: ForeignKey[]): void {
    const sqlite = this.source.sqlite;
    this.steps.title("create_" + table.name);
    this.steps.add(createTable(table, inline, sqlite), [dropTables([table.name])]);
    const indexes = sortedIndexes(table);
    for (let i = 0; i < indexes.length; i++) {
      this.steps.add(createIndex(table.name, indexes[i]), []);
    }
  }

  // ---- SQLite

  /** A table is made anew, as SQLite's documentation says, when `alter table` cannot do it. */
  private rebuildOrAlter(): void {
    const diffs: TableDiff[] = [];
    for (let i = 0; i < this.pairs.length; i++) {
      const pair = this.pairs[i];
      diffs.push(new TableDiff(pair.was, pair.is, this.source, this.steps, this.destructive));
      diffs[i].judge();
    }
    this.dropTables();
    this.createTables();
    for (let i = 0; i < diffs.length; i++) {
      const pair = this.pairs[i];
      if (diffs[i].needsRebuild()) {
        this.steps.title("alter_" + pair.is.name);
        rebuild(pair.was, pair.is, this.steps);
        continue;
      }
      diffs[i].dropIndexes();
      diffs[i].columns();
      diffs[i].makeIndexes();
    }
  }

  // ---- foreign keys

  /** Keys that are gone or changed; those that have only another name get it. */
  private dropKeys(pair: Pair): void {
    const table = pair.is.name;
    const keys = sortedKeys(pair.was);
    for (let i = 0; i < keys.length; i++) {
      const old = keys[i];
      const same: ForeignKey | null = this.held(old) ? null : keyLike(pair.is, old);
      if (same && same.name == old.name) continue;
      if (same) {
        const back = renameConstraint(table, same.name, old.name);
        this.steps.add(renameConstraint(table, old.name, same.name), [back]);
        continue;
      }
      this.steps.title("alter_" + table + "_" + old.columns[0]);
      this.steps.add(dropConstraint(table, old.name), [addForeignKey(table, old)]);
    }
  }

  /** Whether a key depends on one of the other table that goes. */
  private held(key: ForeignKey): bool {
    return key.schema == "" && this.rekeyed.includes(key.table);
  }

  private addKeys(pair: Pair, titled: bool = true): void {
    const table = pair.is.name;
    const keys = sortedKeys(pair.is);
    for (let i = 0; i < keys.length; i++) {
      if (!this.held(keys[i]) && keyLike(pair.was, keys[i])) continue;
      if (titled) this.steps.title("reference_" + table + "_" + keys[i].columns[0]);
      this.steps.add(addForeignKey(table, keys[i]), [dropConstraint(table, keys[i].name)]);
    }
  }
}

function without(tables: Table[], gone: Table): Table[] {
  const left: Table[] = [];
  for (let i = 0; i < tables.length; i++) if (tables[i] != gone) left.push(tables[i]);
  return left;
}

/** A table that has these keys only. */
function partly(table: Table, keys: ForeignKey[]): Table {
  const made = new Table(table.name);
  made.foreignKeys = keys;
  return made;
}

/** The key of `table` that says the same, whatever its name. */
function keyLike(table: Table, key: ForeignKey): ForeignKey | null {
  for (let i = 0; i < table.foreignKeys.length; i++) {
    if (sameKey(table.foreignKeys[i], key)) return table.foreignKeys[i];
  }
  return null;
}
