// What loses rows: refused, then asked for.
@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: string = uuid();
  name: string = "";
  mobile: string | null = null;
  age: i32 = 0;
  data: string = "";
  town: string = "";
  @Postgres.encrypted note: string = "";
  count: u32 = 0;
}

@Postgres.table({ name: "lines" })
class Line {
  @Postgres.primaryKey id: string = uuid();
}

@service
class Directory {
  ping(): void {}
}
