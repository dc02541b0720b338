// destructive
@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: string = uuid();
  name: string = "";
  mobile: string | null = null;
  age: i32 = 0;
  data: Uint8Array = new Uint8Array(0);
}

@service
class Directory {
  ping(): void {}
}
