// Columns, defaults, keys and indexes that change.
@Postgres.table({ name: "users", indexes: [{ on: ["name", "age"] }] })
class User {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) email: string = "";
  name: string = "";
  age: i32 = 0;
  @Postgres.column({ type: "varchar(20)" }) nick: string | null = null;
  @Postgres.default("'new'") state: string = "new";
}

@service
class Directory {
  ping(): void {}
}
