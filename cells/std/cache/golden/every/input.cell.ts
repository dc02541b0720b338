// Every macro of the cell, on the class and on methods.
@service
@Cache.invalidate({ tags: ["account:{id}"], on: ["remove"] })
class Accounts {
  @Cache.memoize({ ttl: "5m", swr: "1m", tags: ["account:{id}"] })
  get(id: u32): string {
    return id.toString();
  }

  @Cache.memoize({ ttl: "1h", shared: true })
  count(): u32 {
    return 1;
  }

  @Cache.cached
  recent(limit: u32): u32[] {
    return [limit];
  }

  @Cache.invalidate({ tags: ["account:{id}"] })
  rename(id: u32, name: string): bool {
    return name.length > 0;
  }

  remove(id: u32): void {}
}
