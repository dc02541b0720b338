// What the cell refuses by itself; shapes of arguments are the build's.
@service
class Accounts {
  @Cache.memoize({ ttl: "5m", tags: ["account:{id}"] })
  get(id: u32): u32 {
    return id;
  }

  @Cache.cached
  touch(id: u32): void {}

  @Cache.cached @Cache.invalidate({ tags: ["account:{id}"] })
  both(id: u32): u32 {
    return id;
  }

  @Cache.invalidate({ tags: ["account:{id}", "acount:{id}"] })
  rename(id: string): bool {
    return id.length > 0;
  }

  @Cache.memoize({ ttl: "12d", swr: "12d", tags: ["price:{amount}"] })
  price(amount: f64): f64 {
    return amount;
  }
}
