// Infrastructure as syntax: who may call, how often, what is kept, counted and traced stands beside
// the method, and cells answer for it while this file compiles. Nothing is imported or configured.
//
//   npx cell build cells/apps/accounts/accounts.cell.ts
//   npx cell expand cells/apps/accounts/accounts.cell.ts    what the decorators became
//   npx cell run accounts
//   npx cell call accounts open '"Ada"' --scope write:accounts

/** One account. */
class Account {
  id: u32 = 0;
  name: string = "";
  /** When it was opened. */
  since: Instant = new Instant();
  /** How often its name was changed. */
  renamed: u32 = 0;
}

const NAME_MOST: i32 = 80;

/** Accounts in the memory of one cell. */
@service
class Accounts {
  private rows: Map<u32, Account> = new Map();
  private last: u32 = 0;

  /** Opens an account; its number is the answer. */
  @Auth.protected({ scope: "write:accounts" })
  @Telemetry.span
  open(name: string): u32 {
    const account = new Account();
    account.id = ++this.last;
    account.name = this.checked(name);
    account.since = now();
    this.rows.set(account.id, account);
    return account.id;
  }

  /** An account. A caller gets the same answer for five minutes, or until it is renamed. */
  @Telemetry.span @Auth.require({ role: "admin" })
  @RateLimit.throttle({ perSecond: 100, burst: 20 })
  @Cache.memoize({ ttl: "5m", tags: ["account:{id}"] })
  @Retry.onFailure({ max: 3, backoff: "50ms" })
  get(id: u32): Account {
    return this.known(id);
  }

  /** Gives an account another name; false when it has that name already. */
  @Auth.protected({ scope: "write:accounts" })
  @Cache.invalidate({ tags: ["account:{id}"] })
  @Telemetry.metrics({ counter: "renames_total", labels: ["plan"] })
  rename(id: u32, name: string): bool {
    const account = this.known(id);
    if (account.name == this.checked(name)) return false;
    account.name = name;
    account.renamed++;
    return true;
  }

  /** How many accounts there are: anybody may know. */
  @Auth.public
  count(): u32 {
    return this.rows.size;
  }

  private known(id: u32): Account {
    if (!this.rows.has(id)) {
      return fail<Account>(Status.NOT_FOUND, "there is no account " + id.toString());
    }
    return this.rows.get(id);
  }

  private checked(name: string): string {
    if (name.trim().length == 0) return fail<string>(Status.INVALID_ARGUMENT, "a name, please");
    if (name.length > NAME_MOST) {
      return fail<string>(Status.INVALID_ARGUMENT, "a name has at most 80 characters");
    }
    return name;
  }
}
