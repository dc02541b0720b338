@Postgres.table({ name: "people" })
class Person {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) mobile: string = "";
  @Postgres.foreignKey({ ref: "organizations.id" }) orgId: string = "";
  @Postgres.renamed({ from: "mobil" }) home: string = "";
  @Postgres.renamed({ from: "mobile" }) work: string = "";
}

@Postgres.table({ name: "organizations" })
class Organization {
  @Postgres.index name: string = "";
  @Postgres.primaryKey id: string = uuid();
}

@service
class Directory {
  ping(): void {}
}
