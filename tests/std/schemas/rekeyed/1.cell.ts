// A key that others refer to is another one: their foreign keys are made anew.
@Postgres.table({ name: "teams" })
class Team {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) slug: string = "";
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
