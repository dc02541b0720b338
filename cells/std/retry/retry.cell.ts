/** Calls that failed for a passing reason are made again. */
@service
class Retry {
  /**
   * Makes the call again when it fails for a passing reason: UNAVAILABLE or ABORTED, which say that
   * nothing was done. Other statuses only by name.
   */
  @macro({
    on: ["member"],
    stage: "retry",
    args: [
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "max",
            type: "integer",
            min: 2,
            max: 10,
            optional: true,
            doc: "Attempts in all, the first one included. 3 unless said.",
          },
          {
            name: "backoff",
            type: "duration",
            min: 1,
            max: 10000,
            optional: true,
            doc: "Pause before the second attempt; doubles with each. 50ms unless said.",
          },
          {
            name: "on",
            type: "list",
            min: 1,
            items: {
              type: "string",
              values: [
                "UNAVAILABLE",
                "ABORTED",
                "RESOURCE_EXHAUSTED",
                "DEADLINE_EXCEEDED",
                "UNKNOWN",
                "INTERNAL",
              ],
            },
            optional: true,
            doc: "Statuses that are tried again, instead of UNAVAILABLE and ABORTED.",
          },
        ],
      },
    ],
    example: '@Retry.onFailure({ max: 3, backoff: "50ms" })',
  })
  private onFailure(spot: Spot): void {
    const most = spot.args.integer("max", 3);
    const pauseMs = spot.args.durationMs("backoff", 50);
    const statuses = spot.args.has("on") ? spot.args.texts("on") : ["UNAVAILABLE", "ABORTED"];
    let mask: u32 = 0;
    for (let i = 0; i < statuses.length; i++) mask |= 1 << statusNamed(statuses[i]);

    spot.importNames("retry", ["retryAgain"]);
    spot.wrap(`
for (let tries: u32 = 1; ; tries++) {
  const status: u32 = $attempt;
  if (status == 0) break;
  if (tries == ${most} || !retryAgain(status, ${mask}, tries, ${pauseMs})) {
    $fail;
  }
}`);
  }
}

function statusNamed(name: string): u32 {
  if (name == "UNAVAILABLE") return Status.UNAVAILABLE;
  if (name == "ABORTED") return Status.ABORTED;
  if (name == "RESOURCE_EXHAUSTED") return Status.RESOURCE_EXHAUSTED;
  if (name == "DEADLINE_EXCEEDED") return Status.DEADLINE_EXCEEDED;
  return name == "INTERNAL" ? Status.INTERNAL : Status.UNKNOWN;
}
