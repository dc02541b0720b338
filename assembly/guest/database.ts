// Owns the questions of `cell:database`: what a macro cell that builds databases may ask and do.
// A database is named by its target (ARCHITECTURE.md, "Data"); only the host knows where that is.
// Granted in hosts that a build starts; a cell that serves calls has cell/sql instead. Waits.
//
// A question is a sequence of fields (sql-args.ts), the target first; so is its answer.
import { INTERNAL } from "../shared/status";
import { decodeText } from "./codec-text";
import { fail } from "./failure";
import { SqlArgs } from "./sql-args";

@external("cell:database", "ask")
declare function askHost(operation: i32, ptr: usize, len: u32): i64;
@external("cell:database", "take")
declare function takeAnswer(ptr: usize): i32;
@external("cell:database", "error")
declare function errorBytes(): i32;

// Operations: host/capability/database/contract.ts has the same.
const INFO: i32 = 1;
const QUERY: i32 = 2;
const DESCRIBE: i32 = 3;
const PREPARE: i32 = 4;
const COMMIT: i32 = 5;
const ROLLBACK: i32 = 6;
const LEDGER: i32 = 7;
const HASH: i32 = 8;

/** The server behind a target. */
export class DatabaseInfo {
  /** "postgres" or "sqlite". */
  engine: string = "";
  /** 150000 is PostgreSQL 15. */
  version: i32 = 0;
  /** What it calls itself. */
  server: string = "";
  embedded: bool = false;
  createsRoles: bool = false;
}

/** Rows of a catalogue query, as texts. */
export class CatalogueRows {
  columns: i32 = 0;
  private fields: (string | null)[] = [];

  constructor(answer: Answer) {
    this.columns = answer.number();
    while (answer.more) this.fields.push(answer.textOrNull());
    const whole = this.columns > 0 && this.fields.length % this.columns == 0;
    if (!whole && this.fields.length > 0) answer.refuse();
  }

  get count(): i32 {
    return this.columns > 0 ? this.fields.length / this.columns : 0;
  }

  /** The field of a row and a column, both from 0; null is null. */
  at(row: i32, column: i32): string | null {
    return this.fields[row * this.columns + column];
  }

  /** The same, with "" for null. */
  text(row: i32, column: i32): string {
    const field = this.fields[row * this.columns + column];
    return field === null ? "" : field;
  }

  isNull(row: i32, column: i32): bool {
    return this.fields[row * this.columns + column] === null;
  }

  isTrue(row: i32, column: i32): bool {
    return this.text(row, column) == "t";
  }

  number(row: i32, column: i32): i32 {
    return I32.parseInt(this.text(row, column));
  }
}

/** One `$n` of a text. */
export class DescribedParameter {
  /** Short name of the type: "timestamptz", "text[]". */
  type: string = "";
  /** `schema.table.column` that it is assigned to; "" = none. */
  assigned: string = "";
  /** That column takes no null. */
  notNull: bool = false;
  /** Its first place in the text, in UTF-16 units; -1 = nobody knows. */
  offset: i32 = -1;
  length: i32 = 0;
}

/** One column of a result. */
export class DescribedColumn {
  name: string = "";
  type: string = "";
  /** `schema.table.column` that it is, unchanged; "" = computed. */
  source: string = "";
  nullable: bool = false;
  offset: i32 = -1;
  length: i32 = 0;
}

/** A table that a text names. */
export class DescribedTable {
  /** `schema.table`. */
  name: string = "";
  writes: bool = false;
}

/** What a database says of one text. */
export class Described {
  ok: bool = false;

  // ---- not ok
  message: string = "";
  sqlstate: string = "";
  /** In UTF-16 units; -1 = the text as a whole. */
  offset: i32 = -1;
  length: i32 = 0;
  hint: string = "";

  // ---- ok
  /** "select", "insert", "update", "delete", "merge" or "values". */
  kind: string = "";
  writes: bool = false;
  parameters: DescribedParameter[] = [];
  columns: DescribedColumn[] = [];
  tables: DescribedTable[] = [];
}

/** One migration of a service as a database knows it. */
export class LedgerRow {
  number: i32 = 0;
  hash: string = "";
  name: string = "";
  /** SQL that was run; only on the way in. */
  sql: string = "";
  model: string = "";
  /** Only on the way out. */
  appliedAt: string = "";
  by: string = "";
}

/** One database, by its target. Each call fails with the host's status and words. */
export class Database {
  constructor(readonly target: string) {}

  info(): DatabaseInfo {
    const answer = this.ask(INFO, this.begin());
    const info = new DatabaseInfo();
    info.engine = answer.text();
    info.version = answer.number();
    info.server = answer.text();
    info.embedded = answer.bool();
    info.createsRoles = answer.bool();
    answer.end();
    return info;
  }

  /** A query of the catalogue, in a transaction that writes nothing. */
  query(sql: string, args: (string | null)[] = []): CatalogueRows {
    const asked = this.begin().put<string>(sql);
    for (let i = 0; i < args.length; i++) asked.put<string | null>(args[i]);
    return new CatalogueRows(this.ask(QUERY, asked));
  }

  /**
   * What each text would do in a database that has just the tables that `ddl` makes, as those of
   * `schema`. Nothing stays.
   */
  describe(schema: string, ddl: string, texts: string[]): Described[] {
    const asked = this.begin().put<string>(schema).put<string>(ddl);
    asked.put<i32>(texts.length);
    for (let i = 0; i < texts.length; i++) asked.put<string>(texts[i]);
    const answer = this.ask(DESCRIBE, asked);
    const all: Described[] = [];
    for (let i = 0; i < texts.length; i++) all.push(described(answer));
    answer.end();
    return all;
  }

  /**
   * Runs `steps` and writes `rows` into the ledger, in a transaction that stays open under `handle`
   * until it is committed or rolled back. `expected`: number and hash of the ledger's last row,
   * "2:ab12..", "0:" when there is none.
   */
  prepare(
    service: string,
    handle: string,
    expected: string,
    steps: string[],
    rows: LedgerRow[],
  ): void {
    const asked = this.begin().put<string>(service).put<string>(handle).put<string>(expected);
    asked.put<i32>(steps.length);
    for (let i = 0; i < steps.length; i++) asked.put<string>(steps[i]);
    asked.put<i32>(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      asked.put<i32>(row.number).put<string>(row.hash).put<string>(row.name);
      asked.put<string>(row.sql).put<string>(row.model);
    }
    this.ask(PREPARE, asked).end();
  }

  commit(handle: string): void {
    this.ask(COMMIT, this.begin().put<string>(handle)).end();
  }

  rollback(handle: string): void {
    this.ask(ROLLBACK, this.begin().put<string>(handle)).end();
  }

  /** What the database has of a service's migrations, the first one first. */
  ledger(service: string): LedgerRow[] {
    const answer = this.ask(LEDGER, this.begin().put<string>(service));
    const rows: LedgerRow[] = [];
    while (answer.more) {
      const row = new LedgerRow();
      row.number = answer.number();
      row.hash = answer.text();
      row.name = answer.text();
      row.model = answer.text();
      row.appliedAt = answer.text();
      row.by = answer.text();
      rows.push(row);
    }
    return rows;
  }

  /** SHA-256 of each text's UTF-8, in hex. */
  hash(texts: string[]): string[] {
    const asked = this.begin();
    for (let i = 0; i < texts.length; i++) asked.put<string>(texts[i]);
    const answer = this.ask(HASH, asked);
    const hashes: string[] = [];
    for (let i = 0; i < texts.length; i++) hashes.push(answer.text());
    answer.end();
    return hashes;
  }

  private begin(): SqlArgs {
    return new SqlArgs(4).put<string>(this.target);
  }

  private ask(operation: i32, asked: SqlArgs): Answer {
    const bytes = askHost(operation, asked.at, asked.bytes);
    if (bytes < 0) failHeld(<u32>-bytes);
    const at = __new(<usize>bytes, idof<ArrayBuffer>()); // goes with the call
    takeAnswer(at);
    return new Answer(at, <u32>bytes);
  }
}

function failHeld(status: u32): void {
  const bytes = <u32>max(errorBytes(), 0);
  const at = __new(bytes, idof<ArrayBuffer>());
  if (bytes) takeAnswer(at);
  fail<void>(status, bytes ? decodeText(at, bytes) : "the database did not answer");
}

/** The fields of an answer, in order. What is not as the host promised ends the call. */
export class Answer {
  private end_: usize;

  constructor(
    private at: usize,
    bytes: u32,
  ) {
    this.end_ = at + bytes;
  }

  get more(): bool {
    return this.at < this.end_;
  }

  textOrNull(): string | null {
    const room = this.end_ - this.at;
    const n = room < 4 ? -2 : load<i32>(this.at);
    if (n < -1 || <i64>n > <i64>room - 4) this.refuse();
    this.at += 4;
    if (n < 0) return null;
    const from = this.at;
    this.at += <u32>n;
    return decodeText(from, <u32>n);
  }

  text(): string {
    const field = this.textOrNull();
    if (field === null) this.refuse();
    return field!;
  }

  number(): i32 {
    return I32.parseInt(this.text());
  }

  bool(): bool {
    return this.text() == "t";
  }

  end(): void {
    if (this.more) this.refuse();
  }

  refuse(): void {
    fail<void>(INTERNAL, "the host's answer about a database is not in its form");
  }
}

function described(answer: Answer): Described {
  const made = new Described();
  made.ok = answer.bool();
  if (!made.ok) {
    made.message = answer.text();
    made.sqlstate = answer.text();
    made.offset = answer.number();
    made.length = answer.number();
    made.hint = answer.text();
    return made;
  }
  made.kind = answer.text();
  made.writes = answer.bool();
  for (let left = answer.number(); left > 0; left--) {
    const parameter = new DescribedParameter();
    parameter.type = answer.text();
    parameter.assigned = answer.text();
    parameter.notNull = answer.bool();
    parameter.offset = answer.number();
    parameter.length = answer.number();
    made.parameters.push(parameter);
  }
  for (let left = answer.number(); left > 0; left--) {
    const column = new DescribedColumn();
    column.name = answer.text();
    column.type = answer.text();
    column.source = answer.text();
    column.nullable = answer.bool();
    column.offset = answer.number();
    column.length = answer.number();
    made.columns.push(column);
  }
  for (let left = answer.number(); left > 0; left--) {
    const table = new DescribedTable();
    table.name = answer.text();
    table.writes = answer.text() == "write";
    made.tables.push(table);
  }
  return made;
}
