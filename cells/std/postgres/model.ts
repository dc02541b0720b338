// Owns what a schema is, whoever says it: the classes of a service (source), the last migration
// (lock), or a database (introspected). Plain data, compared in diff.ts. Never talks to anybody.

/** One column. Names are the database's, unquoted. */
export class Column {
  name: string = "";
  /** Short name of the type, as in manifest.sql: "int8", "timestamptz", "varchar(80)", "text[]". */
  type: string = "";
  nullable: bool = false;
  /** SQL of the default, as it was written; "" = none. */
  preset: string = "";
  /** Kept as AES-256-GCM; `type` is bytea then. */
  encrypted: bool = false;
  /**
   * Encrypted: "users.phone", what its ciphertext is bound to where that is not the column's name:
   * the table and column that it was when it was made. "" = as it is called.
   */
  sealed: string = "";

  // ---- only where the model is the source's

  /** Field of the class: "createdAt". */
  field: string = "";
  /** Its AssemblyScript type without `| null`: "Instant". */
  fieldType: string = "";
  /** `@Postgres.renamed({ from })`: the name that it had, as a column; "" = it had none. */
  renamedFrom: string = "";
  /** A use of this cell's macros on the field, where people are told; null = there is none. */
  spot: Spot | null = null;

  constructor(name: string, type: string) {
    this.name = name;
    this.type = type;
  }
}

/** An index, or (`unique`) a unique one. The primary key is not among a table's indexes. */
export class Index {
  name: string = "";
  columns: string[] = [];
  /** By column: true = from the greatest to the smallest. */
  descending: bool[] = [];
  unique: bool = false;
}

/** `columns` of this table are values of `references` of that one. */
export class ForeignKey {
  name: string = "";
  columns: string[] = [];
  /** Schema of the other table; "" = the cell's own. */
  schema: string = "";
  table: string = "";
  references: string[] = [];
  /** "cascade", "restrict", "set null", "set default"; "" = no action. */
  onDelete: string = "";
  onUpdate: string = "";
}

/** One table. */
export class Table {
  /** "" = the schema that the cell owns. */
  schema: string = "";
  name: string = "";
  columns: Column[] = [];
  /** Columns of the primary key in order; [] = there is none. Its name is `<table>_pkey`. */
  primaryKey: string[] = [];
  indexes: Index[] = [];
  foreignKeys: ForeignKey[] = [];
  /** Not this cell's to change: it is there already, and only read. */
  existing: bool = false;

  // ---- only where the model is the source's

  /** The class: "User". */
  className: string = "";
  renamedFrom: string = "";
  /** The use of `table` on the class; null in models of lock and database. */
  spot: Spot | null = null;

  constructor(name: string) {
    this.name = name;
  }

  column(name: string): Column | null {
    for (let i = 0; i < this.columns.length; i++) {
      if (this.columns[i].name == name) return this.columns[i];
    }
    return null;
  }

  /** The column of a field of the class. */
  columnOf(field: string): Column | null {
    for (let i = 0; i < this.columns.length; i++) {
      if (this.columns[i].field == field) return this.columns[i];
    }
    return null;
  }

  index(name: string): Index | null {
    for (let i = 0; i < this.indexes.length; i++) {
      if (this.indexes[i].name == name) return this.indexes[i];
    }
    return null;
  }

  foreignKey(name: string): ForeignKey | null {
    for (let i = 0; i < this.foreignKeys.length; i++) {
      if (this.foreignKeys[i].name == name) return this.foreignKeys[i];
    }
    return null;
  }

  /** Whether rows differ in these columns: the primary key, or a unique index, in any order. */
  isUnique(columns: string[]): bool {
    if (sameSet(this.primaryKey, columns)) return true;
    for (let i = 0; i < this.indexes.length; i++) {
      const index = this.indexes[i];
      if (index.unique && sameSet(index.columns, columns)) return true;
    }
    return false;
  }
}

/** All tables of a service, sorted by schema and name. */
export class Model {
  tables: Table[] = [];

  table(name: string, schema: string = ""): Table | null {
    for (let i = 0; i < this.tables.length; i++) {
      const table = this.tables[i];
      if (table.name == name && table.schema == schema) return table;
    }
    return null;
  }

  /** The table of a class. */
  tableOf(className: string): Table | null {
    for (let i = 0; i < this.tables.length; i++) {
      if (this.tables[i].className == className) return this.tables[i];
    }
    return null;
  }

  sort(): void {
    this.tables.sort((a, b) => {
      if (a.schema != b.schema) return a.schema < b.schema ? -1 : 1;
      return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
    });
  }
}

/** Whether two lists hold the same names, in any order; false for empty ones. */
export function sameSet(a: string[], b: string[]): bool {
  if (a.length == 0 || a.length != b.length) return false;
  for (let i = 0; i < a.length; i++) if (!b.includes(a[i])) return false;
  return true;
}

/** Whether two lists hold the same names in the same order. */
export function sameList(a: string[], b: string[]): bool {
  if (a.length != b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] != b[i]) return false;
  return true;
}
