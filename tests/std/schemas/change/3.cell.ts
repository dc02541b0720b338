// Columns, defaults, keys and indexes that change.
@Postgres.table({ name: "users", indexes: [{ on: ["name", "age"], descending: true }] })
class User {
  id: string = uuid();
  @Postgres.primaryKey email: string = "";
  @Postgres.index name: string = "";
  age: i64 = 0;
  @Postgres.default("'none'") nick: string = "none";
  state: string = "";
  bio: string | null = null;
  @Postgres.default("now()") createdAt: Instant = Instant.unset;
}

@service
class Directory {
  ping(): void {}
}
