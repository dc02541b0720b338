// Owns migrations: their numbers and hashes, the documents that are committed, and what the steps
// of an effect do with them. A database that is behind gets all that it lacks, in order, in one
// transaction; what was committed in this build can be taken back by the steps that its document
// names.
import { Database, LedgerRow } from "cell/database";
import { Lock, Migration } from "./lock";
import { migrationOf, statementsOf, Steps, undoOf } from "./steps";

/** How often a ledger is read again that another build has changed meanwhile. */
const ATTEMPTS: i32 = 5;

/** Gives the lock one migration more, which leads to `modelText`. */
export function addMigration(
  service: string,
  lock: Lock,
  steps: Steps,
  modelText: string,
  database: Database,
): void {
  const made = migrationOf(service, lock.migrations.length + 1, steps);
  made.hash = database.hash([made.text])[0];
  lock.migrations.push(made);
  lock.modelText = modelText;
}

/** Finds the text of each migration; complains of what is missing, edited or nobody's. */
export function checkDocuments(
  planning: Planning,
  first: Spot,
  lock: Lock,
  database: Database,
): bool {
  const documents = planning.documents;
  const texts: string[] = [];
  for (let i = 0; i < lock.migrations.length; i++) {
    const one = lock.migrations[i];
    let found = false;
    for (let d = 0; d < documents.length; d++) {
      if (documents[d].name != one.name) continue;
      one.text = documents[d].text;
      found = true;
    }
    if (!found) {
      first.error("the migration " + one.name + " is missing", "restore it from version control");
      return false;
    }
    texts.push(one.text);
  }
  for (let d = 0; d < documents.length; d++) {
    let known = false;
    for (let i = 0; i < lock.migrations.length; i++) {
      if (lock.migrations[i].name == documents[d].name) known = true;
    }
    if (known) continue;
    const fix =
      "remove it, or restore the lock that came with it: migrations are made from the source";
    first.error("the lock does not know the migration " + documents[d].name, fix);
    return false;
  }
  const hashes = texts.length > 0 ? database.hash(texts) : new Array<string>();
  for (let i = 0; i < hashes.length; i++) {
    const one = lock.migrations[i];
    if (hashes[i] == one.hash) continue;
    const fix =
      "restore it from version control; what is to be different is a change of the source";
    first.error("the migration " + one.name + " was edited", fix);
    return false;
  }
  return true;
}

// ---- effects

/** What `@macro.prepare` and the others need, in fields of `characters:text`. */
export function effectData(service: string, lock: Lock): string {
  const parts: string[] = [];
  field(parts, lock.target);
  field(parts, service);
  field(parts, lock.modelText);
  for (let i = 0; i < lock.migrations.length; i++) {
    const one = lock.migrations[i];
    field(parts, one.hash);
    field(parts, one.name);
    field(parts, one.text);
  }
  return parts.join("");
}

function field(parts: string[], text: string): void {
  parts.push(text.length.toString() + ":");
  parts.push(text);
}

/** Migrations of one service in one database, as an effect names them. */
class Work {
  target: string = "";
  service: string = "";
  modelText: string = "";
  migrations: Migration[] = [];

  constructor(data: string) {
    const texts: string[] = [];
    let at = 0;
    while (at < data.length) {
      const colon = data.indexOf(":", at);
      const end = colon + 1 + <i32>parseInt(data.substring(at, colon));
      if (colon < 0 || end > data.length) break;
      texts.push(data.substring(colon + 1, end));
      at = end;
    }
    if (texts.length < 3) fail<void>(Status.INVALID_ARGUMENT, "the effect is not in its form");
    this.target = texts[0];
    this.service = texts[1];
    this.modelText = texts[2];
    for (let i = 3; i + 2 < texts.length; i += 3) {
      const made = new Migration();
      made.number = this.migrations.length + 1;
      made.hash = texts[i];
      made.name = texts[i + 1];
      made.text = texts[i + 2];
      this.migrations.push(made);
    }
  }

  get database(): Database {
    return new Database(this.target);
  }

  get last(): Migration {
    return this.migrations[this.migrations.length - 1];
  }

  /** What the database lacks, as rows of its ledger. */
  lacking(ledger: LedgerRow[]): LedgerRow[] {
    const why = difference(this.migrations, ledger);
    if (why != "") fail<void>(Status.FAILED_PRECONDITION, why);
    const rows: LedgerRow[] = [];
    for (let i = ledger.length; i < this.migrations.length; i++) {
      const one = this.migrations[i];
      const row = new LedgerRow();
      row.number = one.number;
      row.hash = one.hash;
      row.name = one.name;
      row.sql = one.text;
      row.model = i == this.migrations.length - 1 ? this.modelText : "";
      rows.push(row);
    }
    return rows;
  }
}

/** Why a ledger is not the beginning of these migrations; "" = it is. */
export function difference(migrations: Migration[], ledger: LedgerRow[]): string {
  for (let i = 0; i < ledger.length; i++) {
    const row = ledger[i];
    if (i >= migrations.length) {
      return (
        "the database is newer than the lock: it has migration " +
        row.number.toString() +
        " (" +
        row.name +
        ")"
      );
    }
    const one = migrations[i];
    if (row.number != one.number || row.hash != one.hash) {
      return (
        "migration " +
        row.number.toString() +
        " of the database is another one: it has " +
        row.name +
        ", the lock " +
        one.name +
        (row.name == one.name ? " with another text" : "")
      );
    }
  }
  return "";
}

/** Number and hash of the last row: what `Database.prepare` expects to find. */
function lastOf(ledger: LedgerRow[]): string {
  if (ledger.length == 0) return "0:";
  const row = ledger[ledger.length - 1];
  return row.number.toString() + ":" + row.hash;
}

class Attempting {
  constructor(
    readonly work: Work,
    readonly ledger: LedgerRow[],
    readonly rows: LedgerRow[],
  ) {}
}

function tryPrepare(given: Attempting): void {
  const steps: string[] = [];
  for (let i = 0; i < given.rows.length; i++) {
    const statements = statementsOf(given.rows[i].sql);
    for (let s = 0; s < statements.length; s++) steps.push(statements[s]);
  }
  const work = given.work;
  work.database.prepare(work.service, work.service, lastOf(given.ledger), steps, given.rows);
}

/**
 * Runs what the database lacks and leaves the transaction open. Another build that was faster is
 * waited for; what it has done is not done again.
 */
export function prepareMigrations(data: string): void {
  const work = new Work(data);
  for (let attempts = 1; ; attempts++) {
    const ledger = work.database.ledger(work.service);
    const rows = work.lacking(ledger);
    if (rows.length == 0) return;
    const went = attemptVoid<Attempting>(tryPrepare, new Attempting(work, ledger, rows));
    if (went.ok) return;
    if (went.status != Status.ABORTED || attempts == ATTEMPTS)
      fail<void>(went.status, went.message);
  }
}

function tryCommit(work: Work): void {
  work.database.commit(work.service);
}

/** Makes them stand. Nothing was prepared when another build had made them already. */
export function commitMigrations(data: string): void {
  const work = new Work(data);
  const went = attemptVoid<Work>(tryCommit, work);
  if (went.ok) return;
  if (
    went.status != Status.NOT_FOUND ||
    work.lacking(work.database.ledger(work.service)).length > 0
  ) {
    fail<void>(went.status, went.message);
  }
}

function tryRollback(work: Work): void {
  work.database.rollback(work.service);
}

/** Drops what was prepared, or takes back what was committed by this build. */
export function rollbackMigrations(data: string): void {
  const work = new Work(data);
  const went = attemptVoid<Work>(tryRollback, work);
  // NOT_FOUND: nothing was prepared. ABORTED: it has ended by itself, and nothing stands.
  if (went.ok || went.status == Status.NOT_FOUND || went.status == Status.ABORTED) return;
  if (went.status != Status.FAILED_PRECONDITION) fail<void>(went.status, went.message);
  takeBack(work);
}

/** The rows that came with the last one were written by one transaction: this build's. */
function takeBack(work: Work): void {
  const ledger = work.database.ledger(work.service);
  const count = ledger.length;
  if (count == 0 || ledger[count - 1].hash != work.last.hash) return;
  const steps: string[] = [];
  const rows: LedgerRow[] = [];
  for (let i = count - 1; i >= 0 && ledger[i].appliedAt == ledger[count - 1].appliedAt; i--) {
    const undo = undoOf(work.migrations[i].text);
    if (undo.length == 0) {
      const why =
        "migration " + work.migrations[i].name + " has lost rows, and cannot be taken back";
      fail<void>(Status.FAILED_PRECONDITION, why);
    }
    for (let s = 0; s < undo.length; s++) steps.push(undo[s]);
    // Without text and hash: the row goes.
    const gone = new LedgerRow();
    gone.number = ledger[i].number;
    gone.name = ledger[i].name;
    rows.push(gone);
  }
  const handle = work.service + " back";
  work.database.prepare(work.service, handle, lastOf(ledger), steps, rows);
  work.database.commit(handle);
}
