@service
class Accounts {
  @Telemetry.span({ name: " " })
  @Telemetry.traces({ sampled: "10%" })
  @Telemetry.metrics({ counter: "reads", labels: ["plan"] })
  one(id: u32): u32 {
    return id;
  }

  @Telemetry.metrics({ counter: "reads_total", labels: ["id"] })
  @Telemetry.metrics({ counter: "calls_total", labels: ["sub"] })
  @Telemetry.metrics({ counter: "views_total", labels: ["account:{id}"] })
  two(id: u32): u32 {
    return id;
  }

  @Telemetry.metrics({ counter: "writes_total", labels: ["plan"] })
  three(): void {}

  @Telemetry.metrics({ counter: "writes_total", labels: ["plan", "channel:web"] })
  four(): void {}

  @Telemetry.span
  private five(): void {}

  @Telemetry.metric({ counter: "x_total" })
  six(): void {}
}
