// Switched off: nothing is left of it.
@service
@Auth.policy({ roles: ["admin", "customer", "ops"], scopes: ["write:accounts"] })
@Auth.require({ role: "customer" })
class Accounts {
  list(): u32 {
    return 1;
  }

  @Auth.require({ anyRole: ["ops", "admin"] })
  @Auth.protected({ scope: "write:accounts" })
  remove(id: u32): bool {
    return id > 0;
  }

  @Auth.owner("id", { or: { role: "admin" } })
  profile(id: string): string {
    return id;
  }

  @Auth.public
  version(): u32 {
    return 1;
  }
}
