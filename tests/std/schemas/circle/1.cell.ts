// Tables that refer to each other; then both are dropped.
@Postgres.table({ name: "teams" })
class Team {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.foreignKey({ ref: "people.id", onDelete: "set null" }) leadId: string | null = null;
  @Postgres.foreignKey({ ref: "teams.id" }) parentId: string | null = null;
}

@Postgres.table({ name: "people" })
class Person {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.foreignKey({ ref: "teams.id", onDelete: "cascade", onUpdate: "restrict" })
  teamId: string = "";
}

@service
class Directory {
  ping(): void {}
}
