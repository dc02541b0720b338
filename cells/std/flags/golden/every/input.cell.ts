@service
class Shop {
  @Flags.when("sale")
  offers(): u32 {
    return 3;
  }

  @Flags.when("new-pricing", { otherwise: "oldPrice" })
  price(id: u32): u32 {
    return id * 2;
  }
  private oldPrice(id: u32): u32 {
    return id;
  }

  @Flags.variant("checkout", [
    { variant: "bold", call: "boldCheckout" },
    { variant: "plain", call: "plainCheckout" },
  ])
  checkout(id: u32): void {}
  private boldCheckout(id: u32): void {}
  private plainCheckout(id: u32): void {}

  banner(): string {
    return Flags.on("sale") ? "Sale!" : Flags.variantOf("checkout", "plain");
  }
}
