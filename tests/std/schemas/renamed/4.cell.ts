// Tables and columns with other names; encrypted ones stay readable.
@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) mobile: string = "";
  @Postgres.foreignKey({ ref: "organizations.id" }) orgId: string = "";
  @Postgres.encrypted secret: string = "";
  @Postgres.encrypted other: string = "";
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
