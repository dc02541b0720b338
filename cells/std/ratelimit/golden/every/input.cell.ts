// Every macro of the cell, on the class and on methods.
@service
@RateLimit.perUser(50)
class Search {
  find(text: string): u32 {
    return <u32>text.length;
  }

  @RateLimit.throttle({ perSecond: 100, burst: 20 })
  all(): u32 {
    return 1;
  }

  @RateLimit.throttle(0.5)
  rebuild(): void {}
}
