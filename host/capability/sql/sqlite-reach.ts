// Owns what the statements of one cell reach in its file of SQLite: the tables of the model in the
// last row of its ledger, and to read what it is granted. Other cells may have tables in the file.
import { constants, type DatabaseSync, type StatementSync } from 'node:sqlite';

/** Whose statements run. */
export interface SqliteOwner {
  /** The cell, as the ledger calls it. */
  service: string;
  /** Tables of others that it is granted to read: `table`, or `schema.table`. */
  reads: readonly string[];
}

/** What statements of cells may do; all else (pragma, attach, DDL, transactions) is refused. */
const { SQLITE_SELECT, SQLITE_READ, SQLITE_INSERT, SQLITE_UPDATE } = constants;
const { SQLITE_DELETE, SQLITE_FUNCTION, SQLITE_RECURSIVE } = constants;
const CHANGES: number[] = [SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE];
const ALLOWED: number[] = [SQLITE_SELECT, SQLITE_FUNCTION, SQLITE_RECURSIVE];

/** Tables that are the engine's or the host's. */
const TAKEN = /^(?:sqlite_|cell_build|pragma_|dbstat)/i;
/** Functions that are written as tables, of their arguments alone. */
const FUNCTIONS = ['json_each', 'json_tree'];

const LAST =
  'select model from cell_build_migrations where service = ? order by number desc limit 1';

export class SqliteReach {
  /** The table that the last statement was refused for; '' = none. */
  refused = '';
  private readonly database: DatabaseSync;
  private readonly owner: SqliteOwner | null;
  private readonly granted: Set<string>;
  private version: StatementSync | null = null;
  private seen = -1n;
  private own = new Set<string>();
  /** All tables and views of the file. */
  private all = new Set<string>();

  /** `owner` null: the file is the cell's as a whole. */
  constructor(database: DatabaseSync, owner: SqliteOwner | null) {
    this.database = database;
    this.owner = owner;
    const names = (owner?.reads ?? []).map((read) => read.slice(read.lastIndexOf('.') + 1));
    this.granted = new Set([...names.map((name) => name.toLowerCase()), ...FUNCTIONS]);
  }

  /**
   * Before a statement, by the host: reads the ledger again when tables have changed since. True:
   * they have, and what was prepared is to be judged again. Throws what node:sqlite throws.
   */
  refresh(): boolean {
    this.refused = '';
    if (this.owner === null) return false;
    this.version ??= this.database.prepare('pragma schema_version');
    const [now] = this.version.get() as unknown as [bigint];
    if (now === this.seen) return false;
    this.all = new Set(
      this.texts("select name from sqlite_schema where type in ('table', 'view')"),
    );
    const there = this.all.has('cell_build_migrations');
    const [model = ''] = there ? this.texts(LAST, this.owner.service) : [];
    const lines = model.split('\n').filter((line) => line.startsWith('table '));
    this.own = new Set(lines.map((line) => line.slice('table '.length)));
    this.seen = now;
    return true;
  }

  /** The first column of what `sql` selects, in lower case, as SQLite compares names. */
  private texts(sql: string, ...values: string[]): string[] {
    const rows = this.database.prepare(sql).all(...values) as unknown as [string][];
    return rows.map(([text]) => text.toLowerCase());
  }

  /** What SQLite's authorizer asks: an action, a table and its column. */
  allows(action: number, table: string | null, column: string | null): boolean {
    if (ALLOWED.includes(action)) return true;
    const reads = action === SQLITE_READ;
    if (!reads && !CHANGES.includes(action)) return false;
    const name = (table ?? '').toLowerCase();
    if (TAKEN.test(name)) return false;
    if (this.owner === null || this.own.has(name)) return true;
    if (reads && this.granted.has(name)) return true;
    // Of `with t as (...) select count(*) from t` it asks for a table `t` without a column.
    if (reads && column === '' && !this.all.has(name)) return true;
    this.refused = table ?? '';
    return false;
  }
}
