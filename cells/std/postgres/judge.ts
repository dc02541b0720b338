// Owns what a database says to a plan: whether it is there and of the right kind, whether its
// ledger is a beginning of the lock's migrations, drift, tables of others, and what it lacks. Only
// complains and previews: what is kept never depends on it.
import { Database, LedgerRow } from "cell/database";
import { Drift, driftOf } from "./drift";
import { checkExisting, existingNames } from "./existing";
import { checkKeys, foreignTables } from "./foreign";
import { introspect } from "./introspect";
import { introspectSqlite } from "./introspect-sqlite";
import { Lock, parseModel } from "./lock";
import { difference } from "./migration";
import { Model } from "./model";
import { quoted, quotedTable } from "./names";
import { checkPresets } from "./preset";
import { Source } from "./source";
import { statementsOf } from "./steps";

/** Differences that one complaint tells. */
const TOLD: i32 = 8;

export class Judge {
  /** What the build will make in this database; "" = nothing. */
  preview: string = "";
  private found: Model = new Model();
  private ledger: LedgerRow[] = [];

  constructor(
    readonly source: Source,
    readonly lock: Lock,
    readonly database: Database,
    readonly schema: string,
    readonly first: Spot,
  ) {}

  /** False: something was complained of. Call it once the lock has all its migrations. */
  look(): bool {
    const went = attemptVoid<Judge>(asked, this);
    if (!went.ok) {
      const fix = "start the database, or mend what the message names; --offline builds without it";
      this.wrong("the database does not answer: " + went.message, fix);
      return false;
    }
    checkPresets(this.source, this.database, this.schema);
    checkKeys(this.source, this.found);
    checkExisting(this.source, this.found);
    const why = difference(this.lock.migrations, this.ledger);
    if (why == "") this.drift();
    else if (this.ledger.length > this.lock.migrations.length) {
      this.wrong(
        why,
        "update the project: its lock is older than what was built from another copy",
      );
    } else {
      const fix =
        "restore the lock that this database was built with, or build against another database " +
        "(the embedded one is new when .cell/data/postgres is removed)";
      this.wrong(why, fix);
    }
    this.fill();
    if (!this.source.sound) return false;
    this.previewAll();
    return true;
  }

  /** Asks everything, in as few questions as there are. */
  ask(): void {
    const info = this.database.info();
    const engine = this.source.sqlite ? "sqlite" : "postgres";
    if (info.engine != engine) {
      fail<void>(Status.FAILED_PRECONDITION, "it is " + info.server + ", not " + engine);
    }
    const planning = this.source.planning;
    this.ledger = this.database.ledger(planning.service);
    if (this.source.sqlite) {
      this.found = introspectSqlite(this.database);
      return;
    }
    const others = existingNames(this.source.model).concat(foreignTables(this.source.model));
    this.found = introspect(this.database, this.schema, others);
  }

  private wrong(message: string, fix: string): void {
    this.source.sound = false;
    this.first.error(message, fix);
  }

  /** The database is compared with what its own last migration has left. */
  private drift(): void {
    const count = this.ledger.length;
    const text = count == 0 ? "model" : this.ledger[count - 1].model;
    const expected = parseModel(text);
    if (!expected) return;
    const drifts = driftOf(expected, this.found, this.source.sqlite);
    const since =
      count == 0 ? "no migration made it" : "changed by hand since migration " + count.toString();
    const tables: string[] = [];
    for (let i = 0; i < drifts.length; i++) {
      if (!tables.includes(drifts[i].table)) tables.push(drifts[i].table);
    }
    for (let i = 0; i < tables.length; i++) this.driftAt(tables[i], drifts, since);
  }

  /** What differs at one table is told at its class; what has none, where the service is told. */
  private driftAt(name: string, drifts: Drift[], since: string): void {
    const here: Drift[] = [];
    let hurts = false;
    for (let i = 0; i < drifts.length; i++) {
      const one = drifts[i];
      // A file of SQLite may hold tables of others.
      const besides = this.source.sqlite && one.expected == "nothing" && !this.inTheWay(one);
      if (one.table != name || besides) continue;
      here.push(one);
      if (!one.harmless || this.inTheWay(one)) hurts = true;
    }
    if (here.length == 0) return;
    const table = this.source.model.table(name);
    const own = table ? table.spot : null;
    const spot: Spot = own ? own : this.first;
    const message = "drift, " + since + ": " + told(here);
    if (!hurts) return spot.warn(message, this.undoing(here));
    this.source.sound = false;
    spot.error(message, this.undoing(here));
  }

  /** How the database comes back to what is known; or the source follows. */
  private undoing(drifts: Drift[]): string {
    const statements: string[] = [];
    if (!this.source.sqlite) statements.push("set search_path to " + quoted(this.schema));
    for (let i = 0; i < drifts.length && i < TOLD; i++) {
      if (drifts[i].undo != "") statements.push(drifts[i].undo);
    }
    const none = statements.length == (this.source.sqlite ? 0 : 1);
    const undo = none ? "take it back in the database" : "take it back: " + statements.join("; ");
    return undo + "; then make the change in the source, if it is meant";
  }

  /** A table or column besides is harmless until the source makes one of that name. */
  private inTheWay(drift: Drift): bool {
    const table = this.source.model.table(drift.table);
    if (!table || table.existing) return false;
    if (drift.expected == "nothing") return true;
    return drift.expected == "no column" && table.column(drift.column) != null;
  }

  /** Columns that will not take null: rows that have it fail the migration, here or elsewhere. */
  private fill(): void {
    const fillings = this.source.fillings;
    const current = this.ledger.length + 1 == this.lock.migrations.length;
    for (let i = 0; i < fillings.length; i++) {
      const one = fillings[i];
      const name = "`" + one.is.className + "." + one.now.field + "`";
      const fix = "fill these rows first, or say by a default what they get";
      const table = this.found.table(one.table);
      const column = table ? table.column(one.column) : null;
      const known = current && this.source.sound && column != null;
      const nulls = known ? this.nullsOf(one.table, one.column) : "0";
      if (nulls != "0") {
        const rows = nulls + (nulls == "1" ? " row has" : " rows have") + " null there";
        this.source.tell(one.is, one.now, name + " was null until now, and " + rows, fix);
        continue;
      }
      const what = name + " was null until now: the migration fails where a row has null";
      const spot = one.is.spot;
      if (spot) spot.warn(what, fix, "." + one.now.field);
    }
  }

  private nullsOf(table: string, column: string): string {
    const from = quotedTable(this.source.sqlite ? "" : this.schema, table);
    const sql = "select count(*) from " + from + " where " + quoted(column) + " is null";
    return this.database.query(sql).text(0, 0);
  }

  private previewAll(): void {
    const lines: string[] = [];
    const migrations = this.lock.migrations;
    for (let i = this.ledger.length; i < migrations.length; i++) {
      const statements = statementsOf(migrations[i].text);
      lines.push(migrations[i].name + "\n  " + statements.join(";\n  ") + ";");
    }
    this.preview = lines.join("\n");
  }
}

function asked(judge: Judge): void {
  judge.ask();
}

function told(drifts: Drift[]): string {
  const lines: string[] = [];
  for (let i = 0; i < drifts.length && i < TOLD; i++) lines.push(drifts[i].text);
  const more = drifts.length > TOLD ? "; " + (drifts.length - TOLD).toString() + " more" : "";
  return lines.join("; ") + more;
}
