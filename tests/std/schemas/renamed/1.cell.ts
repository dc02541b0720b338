// Tables and columns with other names; encrypted ones stay readable.
@Postgres.table({ name: "orgs" })
class Organization {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index name: string = "";
}

@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) phoneNumber: string = "";
  @Postgres.encrypted secret: string = "";
  @Postgres.encrypted other: string = "";
  @Postgres.foreignKey({ ref: "orgs.id" }) org: string = "";
}

@service
class Directory {
  ping(): void {}
}
