// The primary key moves on; what was it stays unique.
@Postgres.table({ name: "teams" })
class Team {
  @Postgres.index({ unique: true }) id: string = uuid();
  @Postgres.primaryKey slug: string = "";
  a: string = "";
  b: string = "";
}

@Postgres.table({ name: "people" })
class Person {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.foreignKey({ ref: "teams.id" }) teamId: string = "";
}

@service
class Directory {
  ping(): void {}
}
