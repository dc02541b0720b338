// Data as syntax: two tables, their keys and what may be asked of them, checked against a real
// database while this file compiles. Without any configuration that is an embedded PostgreSQL
// below `.cell/data`; with DATABASE_URL set it is that server.
//
//   npx cell build cells/apps/directory/directory.cell.ts    shows the migration, and makes it
//   npx cell db                                              tables, rows, migrations
//   npx cell run directory
//   npx cell call directory found '"Analytical Engines"'

/** Whoever people belong to. */
@Postgres.table({ name: "organizations" })
export class Organization {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) name: string = "";
}

/** Somebody. The telephone number is encrypted before it leaves the host. */
@Postgres.table({ name: "users", indexes: [{ on: "createdAt", descending: true }] })
export class User {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.index({ unique: true }) email: string = "";
  @Postgres.encrypted({ algorithm: "aes-256-gcm" }) phone: string | null = null;
  @Postgres.default("now()") createdAt: Instant = Instant.unset;
  @Postgres.foreignKey({ ref: "organizations.id", onDelete: "cascade" }) orgId: string = "";
}

/** How many people an organization has. */
class Headcount {
  name: string = "";
  people: i64 = 0;
}

@service
class Directory {
  /** Lookups by domain. It outlives this cell, its lane and its host. */
  @Storage.persist visits: Map<string, u64> = new Map();
  db: Postgres.Connection;

  /** Founds an organization; its id is the answer. */
  found(name: string): string {
    const made = new Organization();
    made.name = name;
    made.insert();
    return made.id;
  }

  /** Signs somebody up; the id is the answer. ALREADY_EXISTS for an address that is known. */
  @Postgres.transaction({ isolation: "serializable" })
  @Retry.onFailure({ max: 3 })
  signUp(email: string, org: string): string {
    const user = new User();
    user.email = email;
    user.orgId = org;
    user.insert();
    return user.id;
  }

  /** One person. */
  get(id: string): User {
    const user = User.find(id);
    if (user === null) return fail<User>(Status.NOT_FOUND, "no user " + id);
    return user;
  }

  /** Gives somebody another number, or none. */
  @Postgres.transaction
  call(id: string, phone: string | null): void {
    const user = this.get(id);
    user.phone = phone;
    user.update();
  }

  /** Everybody whose address is in a domain. */
  byDomain(domain: string): User[] {
    const times: u64 = this.visits.has(domain) ? this.visits.get(domain) : 0;
    this.visits.set(domain, times + 1);
    return Postgres.query<User>(
      "select * from users where email like $1 order by email limit 100",
      "%@" + domain,
    );
  }

  /** The organizations with the most people. */
  largest(limit: i32): Headcount[] {
    return this.db.query<Headcount>(
      `select o.name, count(u.id) as people
         from organizations o left join users u on u.org_id = o.id
        group by o.name order by people desc, o.name limit $1`,
      limit,
    );
  }

  /** How often a domain was looked up. */
  lookups(domain: string): u64 {
    return this.visits.has(domain) ? this.visits.get(domain) : 0;
  }
}
