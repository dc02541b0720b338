// Owns the answers for `@Database`: which database a service has, and the twins of `@Postgres` that
// do not care. What they do is the work of cells/std/postgres.
import { commitMigrations, prepareMigrations, rollbackMigrations } from "../postgres/migration";
import { addQueries } from "../postgres/queries";
import { addRows } from "../postgres/rows";
import { planSchema } from "../postgres/schema";
import { addTransactions } from "../postgres/transaction";
import { targetOf } from "./target";

/** Tables, migrations and queries of whatever database the service names: PostgreSQL or SQLite. */
@service({ pages: 1024, cpuMs: 2000 })
@macro.bindings(["Connection"])
class Database {
  /** The database of the service is a PostgreSQL server. */
  @macro({
    on: ["service"],
    args: [
      {
        type: "object",
        keys: [
          {
            name: "url",
            type: "env",
            doc: 'Variable that holds the connection string: env("DATABASE_URL").',
          },
        ],
      },
    ],
    example: '@Database.postgres({ url: env("DATABASE_URL") })',
  })
  private postgres(spot: Spot): void {}

  /** The database of the service is a file of SQLite. */
  @macro({
    on: ["service"],
    args: [
      {
        type: "object",
        keys: [
          { name: "file", type: "string", doc: "Path of the file, below the project's folder." },
        ],
      },
    ],
    example: '@Database.sqlite({ file: "notes.db" })',
  })
  private sqlite(spot: Spot): void {}

  /**
   * The class is a table; its fields are the columns.
   *
   * What is not there yet is made by `cell build`, by a numbered migration that you review. The
   * class gets insert, update, delete, find, all, count, and findBy for each index.
   * `existing`: the table is there already, in `schema`, and is only read.
   */
  @macro({
    on: ["class"],
    args: [
      {
        type: "object",
        keys: [
          { name: "name", type: "string", doc: "Name of the table." },
          {
            name: "schema",
            type: "string",
            optional: true,
            doc: "Of a table that exists: its schema. `public` unless said.",
          },
          {
            name: "existing",
            type: "bool",
            optional: true,
            doc: "It is there already, and never changed by this cell.",
          },
          {
            name: "shardBy",
            type: "any",
            optional: true,
            doc: "Refused: a table is in one place.",
          },
          { name: "partitions", type: "any", optional: true, doc: "Refused: see shardBy." },
          { name: "replica", type: "any", optional: true, doc: "Refused: see shardBy." },
          {
            name: "indexes",
            type: "list",
            max: 64,
            optional: true,
            doc: "Indexes over one field or more.",
            items: {
              type: "object",
              keys: [
                {
                  name: "on",
                  type: "oneOf",
                  choices: [
                    { type: "string" },
                    { type: "list", items: { type: "string" }, min: 1, max: 32 },
                  ],
                  doc: "A field, or fields in order.",
                },
                { name: "unique", type: "bool", optional: true, doc: "No two rows are alike." },
                {
                  name: "descending",
                  type: "bool",
                  optional: true,
                  doc: "From the greatest to the smallest.",
                },
                { name: "name", type: "string", optional: true, doc: "Its name in the database." },
              ],
            },
          },
        ],
      },
    ],
    example: '@Database.table({ name: "users", indexes: [{ on: "createdAt", descending: true }] })',
  })
  private table(spot: Spot): void {}

  /** The field is the primary key; on several fields they are it together, in their order. */
  @macro({ on: ["field"], example: "@Database.primaryKey" })
  private primaryKey(spot: Spot): void {}

  /** Another name or type than the field's own: `createdAt` is `created_at`, a string is `text`. */
  @macro({
    on: ["field"],
    args: [
      {
        type: "object",
        keys: [
          { name: "name", type: "string", optional: true, doc: "Name of the column." },
          {
            name: "type",
            type: "string",
            optional: true,
            doc: 'Type of the column: "varchar(80)", "numeric(12,2)", "jsonb"; of an enum "int4".',
          },
        ],
      },
    ],
    example: '@Database.column({ type: "varchar(80)" })',
  })
  private column(spot: Spot): void {}

  /** An index on the field; the class gets findBy for it. */
  @macro({
    on: ["field"],
    args: [
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "unique",
            type: "bool",
            optional: true,
            doc: "No two rows have the same value: findBy gives one row or null.",
          },
          {
            name: "descending",
            type: "bool",
            optional: true,
            doc: "From the greatest to the smallest.",
          },
        ],
      },
    ],
    example: "@Database.index({ unique: true })",
  })
  private index(spot: Spot): void {}

  /**
   * What the database puts into rows that say nothing: an expression of SQL.
   *
   * insert() leaves the column to it for a field that was not set: null, Instant.unset, an empty
   * Uuid, and "" or 0 in a primary key.
   */
  @macro({
    name: "default",
    on: ["field"],
    args: [{ type: "string", doc: "Expression of SQL." }],
    example: '@Database.default("now()")',
  })
  private preset(spot: Spot): void {}

  /** Values are those of a column of another table, whose rows they refer to. */
  @macro({
    on: ["field"],
    args: [
      {
        type: "object",
        keys: [
          {
            name: "ref",
            type: "string",
            doc: 'The column: "organizations.id", or with its schema "public.orders.id".',
          },
          {
            name: "onDelete",
            type: "string",
            values: ["cascade", "restrict", "set null", "set default", "no action"],
            optional: true,
            doc: "What becomes of this row when that one goes.",
          },
          {
            name: "onUpdate",
            type: "string",
            values: ["cascade", "restrict", "set null", "set default", "no action"],
            optional: true,
            doc: "What becomes of this row when the value there changes.",
          },
        ],
      },
    ],
    example: '@Database.foreignKey({ ref: "organizations.id", onDelete: "cascade" })',
  })
  private foreignKey(spot: Spot): void {}

  /**
   * The value is encrypted before it leaves the host: databases, logs and dumps have ciphertext.
   * It can be read and written, not searched for.
   */
  @macro({
    on: ["field"],
    args: [
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "algorithm",
            type: "string",
            values: ["aes-256-gcm"],
            optional: true,
            doc: "AES-256-GCM, the only one.",
          },
        ],
      },
    ],
    example: '@Database.encrypted({ algorithm: "aes-256-gcm" })',
  })
  private encrypted(spot: Spot): void {}

  /** The field, or the table of the class, had another name: its values stay. */
  @macro({
    on: ["class", "field"],
    args: [
      {
        type: "object",
        keys: [{ name: "from", type: "string", doc: "The name that it had." }],
      },
    ],
    example: '@Database.renamed({ from: "phone" })',
  })
  private renamed(spot: Spot): void {}

  /** All statements of the method are one transaction: it is committed when the method returns. */
  @macro({
    on: ["member"],
    stage: "transact",
    args: [
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "isolation",
            type: "string",
            values: ["read committed", "repeatable read", "serializable"],
            optional: true,
            doc: "What it sees of others. `read committed` unless said.",
          },
          { name: "readOnly", type: "bool", optional: true, doc: "It changes nothing." },
        ],
      },
    ],
    example: '@Database.transaction({ isolation: "serializable" })',
  })
  private transaction(spot: Spot): void {}

  /** Rows of a query, as objects of a class or as single values. */
  @macro({
    on: ["call"],
    args: [
      { type: "any", name: "sql", doc: "SQL; values are $1, $2 ..." },
      { type: "any", name: "params", optional: true, doc: "Values of $1, $2 ..." },
    ],
    rest: true,
    result: "T[]",
    example: 'Database.query<User>("select * from users where email like $1", pattern)',
  })
  private query(spot: Spot): void {}

  /** The row of a query that gives one at most; null when there is none. */
  @macro({
    on: ["call"],
    args: [
      { type: "any", name: "sql", doc: "SQL; values are $1, $2 ..." },
      { type: "any", name: "params", optional: true, doc: "Values of $1, $2 ..." },
    ],
    rest: true,
    result: "T | null",
    example: 'Database.queryOne<User>("select * from users where id = $1", id)',
  })
  private queryOne(spot: Spot): void {}

  /** Changes rows; says how many. */
  @macro({
    on: ["call"],
    args: [
      { type: "any", name: "sql", doc: "SQL; values are $1, $2 ..." },
      { type: "any", name: "params", optional: true, doc: "Values of $1, $2 ..." },
    ],
    rest: true,
    result: "i64",
    example: 'Database.execute("delete from users where email = $1", email)',
  })
  private execute(spot: Spot): void {}

  @macro.round private settle(planning: Planning): void {
    const target = targetOf(planning);
    if (target == "") return;
    planning.provide(planning.service, "target", [target]);
    // Where the database is: that alone plans nothing.
    let uses = 0;
    for (let i = 0; i < planning.spots.length; i++) {
      const name = planning.spots[i].use.name;
      if (name != "postgres" && name != "sqlite") uses++;
    }
    if (uses == 0) return;
    const planned = planSchema(planning, "Database", target);
    if (!planned) return;
    addRows(planning, planned);
    addQueries(planning, planned);
    addTransactions(planning, planned);
  }

  @macro.prepare private prepare(effect: Effect): void {
    prepareMigrations(effect.data);
  }

  @macro.commit private commit(effect: Effect): void {
    commitMigrations(effect.data);
  }

  @macro.rollback private takeBack(effect: Effect): void {
    rollbackMigrations(effect.data);
  }
}
