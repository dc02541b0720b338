// One limit a method, and calls a second that there can be.
@service
class Search {
  @RateLimit.throttle(5) @RateLimit.perUser(5)
  find(text: string): u32 {
    return <u32>text.length;
  }

  @RateLimit.throttle({ perSecond: 0 })
  all(): u32 {
    return 1;
  }
}
