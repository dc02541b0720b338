/**
 * How often methods may be called. The host counts before the cell is entered; who comes too often
 * is answered RESOURCE_EXHAUSTED with the time to wait.
 */
@service({ name: "ratelimit", cpuMs: 2000 })
class RateLimit {
  /**
   * At most so many calls a second of all callers together: `throttle(100)`.
   *
   * `burst` calls may come at once when it was quiet before; without it, one second's worth. On the
   * class every method has this limit, each counted on its own.
   */
  @macro({
    on: ["service", "method"],
    stage: "limit",
    args: [
      {
        type: "oneOf",
        choices: [
          { type: "number", min: 0.001, max: 1000000, doc: "Calls a second." },
          {
            type: "object",
            keys: [
              {
                name: "perSecond",
                type: "number",
                min: 0.001,
                max: 1000000,
                doc: "Calls a second.",
              },
              {
                name: "burst",
                type: "integer",
                min: 1,
                max: 1000000,
                optional: true,
                doc: "Calls that may come at once. Default: one second's worth.",
              },
            ],
          },
        ],
      },
    ],
    example: "@RateLimit.throttle({ perSecond: 100, burst: 20 })",
  })
  private throttle(spot: Spot): void {
    this.limit(spot, false);
  }

  /**
   * At most so many calls a second of each subject: `perUser(10)`.
   *
   * All connections of a subject count together; callers without a token count by their address.
   */
  @macro({
    on: ["service", "method"],
    stage: "limit",
    args: [
      {
        type: "oneOf",
        choices: [
          { type: "number", min: 0.001, max: 1000000, doc: "Calls a second." },
          {
            type: "object",
            keys: [
              {
                name: "perSecond",
                type: "number",
                min: 0.001,
                max: 1000000,
                doc: "Calls a second.",
              },
              {
                name: "burst",
                type: "integer",
                min: 1,
                max: 1000000,
                optional: true,
                doc: "Calls that may come at once. Default: one second's worth.",
              },
            ],
          },
        ],
      },
    ],
    example: "@RateLimit.perUser(10)",
  })
  private perUser(spot: Spot): void {
    this.limit(spot, true);
  }

  /** One limit a method: the build refuses a second one, naming both. */
  private limit(spot: Spot, ofEachSubject: bool): void {
    const args = spot.args;
    const perSecond = args.number("0.perSecond", args.number("0"));
    const second = Math.min(Math.max(Math.ceil(perSecond), 1), 1000000);
    const burst = args.number("0.burst", second);
    spot.provide(spot.path, "rate", [spelled(perSecond), spelled(burst)]);
    spot.limitRate(perSecond, burst, ofEachSubject);
  }
}

/** 5 as "5", not "5.0". */
function spelled(number: f64): string {
  const text = number.toString();
  return text.endsWith(".0") ? text.substring(0, text.length - 2) : text;
}
