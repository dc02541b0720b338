@service
class Accounts {
  @Retry.onFailure({ max: 1, backoff: "soon" })
  one(id: u32): u32 {
    return id;
  }

  @Retry.onFailure({ on: ["UNAVAILABEL"], tries: 3 })
  two(id: u32): u32 {
    return id;
  }

  @Retry.onFailure
  count: u32 = 0;
}
