// Two names that are swapped are refused: one rename at a time.
@Postgres.table({ name: "teams" })
class Team {
  @Postgres.index({ unique: true }) id: string = uuid();
  @Postgres.primaryKey slug: string = "";
  @Postgres.renamed({ from: "b" }) a: string = "";
  @Postgres.renamed({ from: "a" }) b: string = "";
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
