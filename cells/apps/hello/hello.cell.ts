/** Greets people. */
@service
class Hello {
  /** Says hello. */
  greet(name: string): string {
    if (name.length == 0) return fail<string>(Status.INVALID_ARGUMENT, "who?");
    return "Hello, " + name + "!";
  }

  @Auth.public
  ping(n: u32): u32 {
    if (n == 99) throw new Error("ninety-nine");
    return n + 1;
  }
}
