@service
class Accounts {
  /** Its name. */
  @Retry.onFailure
  name(id: u32): string {
    return this.read(id);
  }

  @Retry.onFailure({ max: 2 })
  private read(id: u32): string {
    if (id == 0) return fail<string>(Status.UNAVAILABLE, "not yet");
    return "account " + id.toString();
  }

  @Retry.onFailure
  drop(id: u32): void {}
}
