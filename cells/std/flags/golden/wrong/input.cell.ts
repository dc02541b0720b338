@service
class Shop {
  @Flags.when("new pricing")
  one(id: u32): u32 {
    return id;
  }

  @Flags.when("new-pricing", { otherwise: "on" })
  two(id: u32): u32 {
    return id;
  }

  @Flags.when("new-pricing", { otherwise: "three" })
  three(): void {}

  @Flags.variant("checkout", [{ variant: "bold", call: "three" }, { variant: "bold", call: "two" }])
  four(): void {}

  @Flags.variant("checkout")
  five(): void {}
}
