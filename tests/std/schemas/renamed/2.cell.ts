// Tables and columns with other names; encrypted ones stay readable.
@Postgres.table({ name: "organizations" })
@Postgres.renamed({ from: "orgs" })
class Organization {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index name: string = "";
}

@Postgres.table({ name: "people" })
@Postgres.renamed({ from: "users" })
class Person {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) @Postgres.renamed({ from: "phoneNumber" }) mobile: string = "";
  @Postgres.encrypted @Postgres.renamed({ from: "secret" }) note: string = "";
  @Postgres.encrypted other: string = "";
  @Postgres.foreignKey({ ref: "organizations.id" })
  @Postgres.renamed({ from: "org" })
  orgId: string = "";
}

@service
class Directory {
  ping(): void {}
}
