// What loses rows: refused, then asked for.
@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: string = uuid();
  name: string = "";
  phone: string | null = null;
  age: i64 = 0;
  data: Uint8Array = new Uint8Array(0);
  gone: f64 = 0;
}

@Postgres.table({ name: "logs" })
class Line {
  @Postgres.primaryKey id: string = uuid();
}

@service
class Directory {
  ping(): void {}
}
