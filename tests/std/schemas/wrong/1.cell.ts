// What cannot be a table, each thing once.
class Point {
  x: i32 = 0;
}

@Postgres.table({ name: "bad name" })
class BadName {
  id: string = "";
}

@Postgres.table({ name: "far", shardBy: "id" })
class Far {
  id: string = "";
}

@Postgres.table({ name: "empty" })
class Empty {}

@Postgres.table({ name: "things", schema: "public", indexes: [{ on: "nmae" }] })
class Elsewhere {
  name: string = "";
}

@Postgres.table({
  name: "users",
  indexes: [{ on: "nmae" }, { on: ["name", "name"] }, { on: "phone" }],
})
class User {
  @Postgres.primaryKey id: string | null = null;
  point: Point = new Point();
  seen: Map<string, u64> = new Map();
  guessed = "";
  name: string = "";
  firstName: string = "";
  first_name: string = "";
  @Postgres.column({ type: "int2" }) count: i32 = 0;
  @Postgres.column({ type: "text" }) age: i32 = 0;
  @Postgres.encrypted @Postgres.index({ unique: true }) phone: string = "";
  @Postgres.encrypted secret: u64 = 0;
  @Postgres.default("now(); drop table users") at: Instant = Instant.unset;
  @Postgres.default("null") never: string = "";
  @Postgres.foreignKey({ ref: "organizations" }) a: string = "";
  @Postgres.foreignKey({ ref: "users.id", onDelete: "set null" }) b: string = "";
  xmin: i32 = 0;
}

@Postgres.table({ name: "users" })
class Again {
  id: string = "";
}

class Plain {
  @Postgres.primaryKey id: string = "";
}

@service
class Directory {
  ping(): void {}
}
