@Telemetry.traces({ sampled: 0.1 })
@service
class Accounts {
  @Telemetry.span
  name(id: u32): string {
    return "account " + id.toString();
  }

  @Telemetry.span({ name: "rename account" })
  @Telemetry.traces({ sampled: "1" })
  @Telemetry.metrics({ counter: "renames_total", labels: ["plan", "channel:web"] })
  @Telemetry.metrics({ counter: "writes_total" })
  rename(id: u32, name: string): bool {
    return name.length > 0;
  }

  drop(id: u32): void {}
}
