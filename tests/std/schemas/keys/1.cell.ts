// Foreign keys to what is not there, or does not fit.
@Postgres.table({ name: "organizations" })
class Organization {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) slug: string = "";
  name: string = "";
}

@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: u64 = 0;
  @Postgres.foreignKey({ ref: "organisations.id" }) a: string = "";
  @Postgres.foreignKey({ ref: "Organization.id" }) b: string = "";
  @Postgres.foreignKey({ ref: "organizations.idd" }) c: string = "";
  @Postgres.foreignKey({ ref: "organizations.name" }) d: string = "";
  @Postgres.foreignKey({ ref: "organizations.id" }) e: u64 = 0;
  @Postgres.foreignKey({ ref: "organizations.slug" }) f: string = "";
  @Postgres.foreignKey({ ref: "billing.accounts.id" }) g: string = "";
}

@service
class Directory {
  ping(): void {}
}
