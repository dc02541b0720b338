// Owns what @Telemetry asks of the host: policies, no code. What a label may be is in labels.ts.
import { badLabel, claimOf, ratioOf } from "./labels";

/** What is recorded of calls. The host does it, beside the cell: none of it costs code. */
@service
@macro.profiles([
  { name: "metrics-only", doc: "Counters, and no spans." },
  { name: "debug", doc: "Every call that begins here has a span: nothing is left to chance." },
])
@macro.settings([
  {
    name: "claims",
    type: "list",
    max: 64,
    items: { type: "string" },
    optional: true,
    doc: "Claims that labels may name, each with few values. Absent: any but personal ones.",
  },
  {
    name: "metrics",
    type: "bool",
    optional: true,
    doc: "For the host: false serves no /metrics.",
  },
  {
    name: "otlp",
    type: "string",
    optional: true,
    doc: "For the host: where spans are sent, such as http://127.0.0.1:4318 (OTLP/HTTP).",
  },
])
class Telemetry {
  /**
   * Records a span for each sampled call: when it came, how long it took, how it ended, and what
   * called it.
   *
   * Calls that belong to a trace follow its root; of the others `@Telemetry.traces` says how many.
   */
  @macro({
    on: ["method"],
    stage: "trace",
    args: [
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "name",
            type: "string",
            optional: true,
            doc: "Name of the span; else the cell's and the method's, `accounts.get`.",
          },
        ],
      },
    ],
    example: "@Telemetry.span",
  })
  private span(spot: Spot): void {
    const name = spot.args.text("name");
    if (spot.args.has("name") && (name.trim() == "" || name.length > 128)) {
      const fix = "write what the call does, such as \"accounts.get\", or leave it out";
      return spot.error("a span needs a name of 1 to 128 characters", fix, "name");
    }
    if (spot.profile == "metrics-only") return;
    spot.recordSpan(name, ratioFor(spot));
  }

  /**
   * How many of the traces that begin here are recorded: 0.1 is one in ten. A method that is called
   * within a trace follows what its root decided.
   *
   * On the class every method has a span, sampled so; on a method it is for that one.
   */
  @macro({
    on: ["service", "method"],
    stage: "trace",
    args: [
      {
        type: "object",
        keys: [
          {
            name: "sampled",
            type: "oneOf",
            choices: [{ type: "number", min: 0, max: 1 }, { type: "string" }],
            doc: "Share of the traces, 0 to 1: 0.1 or \"0.1\".",
          },
        ],
      },
    ],
    example: "@Telemetry.traces({ sampled: 0.1 })",
  })
  private traces(spot: Spot): void {
    const ratio = ratioOf(spot.args);
    if (isNaN(ratio)) {
      const fix = "write a share such as 0.1, one in ten";
      return spot.error("`sampled` is a number from 0 to 1", fix, "sampled");
    }
    if (spot.profile == "metrics-only") return;
    // A span of its own on the same method takes the share from here.
    if (spot.neighbour("Telemetry.span")) return;
    spot.recordSpan("", spot.profile == "debug" ? 1 : ratio);
  }

  /**
   * Counts the calls that succeed, for Prometheus at `/metrics`.
   *
   * Labels are fixed, `"tier:premium"`, or name a claim of the caller's token with few values,
   * `"plan"`.
   */
  @macro({
    on: ["method"],
    stage: "trace",
    repeatable: true,
    args: [
      {
        type: "object",
        keys: [
          { name: "counter", type: "string", doc: "Name of the counter: `renames_total`." },
          {
            name: "labels",
            type: "list",
            max: 8,
            items: { type: "string" },
            optional: true,
            doc: "\"key:value\", or a claim of the caller's token.",
          },
        ],
      },
    ],
    example: "@Telemetry.metrics({ counter: \"renames_total\", labels: [\"plan\"] })",
  })
  private metrics(spot: Spot): void {
    const counter = spot.args.text("counter");
    const fix = fixOf(counter);
    if (fix != "") {
      return spot.error("`" + counter + "` is no name of a counter", fix, "counter");
    }
    const labels = spot.args.texts("labels");
    for (let i = 0; i < labels.length; i++) {
      const wrong = badLabel(spot, labels, i);
      if (!wrong) continue;
      return spot.error(wrong.message, wrong.fix, "labels." + i.toString());
    }
    spot.countCalls(counter, labels);
  }

  /** One counter has one set of label names in all of a service: sums would mean nothing else. */
  @macro.round
  private settle(planning: Planning): void {
    const uses = planning.spotsOf("metrics");
    for (let i = 0; i < uses.length; i++) {
      const counter = uses[i].args.text("counter");
      for (let first = 0; first < i; first++) {
        if (uses[first].args.text("counter") != counter) continue;
        const here = labelNames(uses[i]), there = labelNames(uses[first]);
        if (here != there) {
          const what = "`" + counter + "` has the labels [" + there + "] on " + uses[first].path;
          const fix = "give it the same labels, or another name";
          uses[i].error(what + ", here [" + here + "]", fix, "labels");
        }
        break;
      }
    }
  }
}

/** Share of the traces that begin at a method: its own `traces`, else the class's, else all. */
function ratioFor(spot: Spot): f64 {
  if (spot.profile == "debug") return 1;
  const own = spot.neighbour("Telemetry.traces");
  const use = own ? own : spot.ownerUse("Telemetry.traces");
  if (!use) return 1;
  const ratio = ratioOf(new Arguments(use.args));
  return isNaN(ratio) ? 1 : ratio;
}

/** What to write instead of a counter's name; "" when it is good. */
function fixOf(counter: string): string {
  let good = counter.length > 6 && counter.length <= 128;
  for (let i = 0; good && i < counter.length; i++) {
    const c = counter.charCodeAt(i);
    const letter = (c | 32) >= 97 && (c | 32) <= 122;
    good = letter || c == 95 || (i > 0 && c >= 48 && c <= 57);
  }
  if (!good) return "write small letters, digits and `_`, such as \"renames_total\"";
  if (counter.startsWith("cell_") || counter.startsWith("process_")) {
    return "`cell_` and `process_` are the host's own; write \"my_" + counter + "\"";
  }
  return counter.endsWith("_total") ? "" : "counters end in `_total`: \"" + counter + "_total\"";
}

function labelNames(spot: Spot): string {
  const labels = spot.args.texts("labels");
  const names: string[] = [];
  for (let i = 0; i < labels.length; i++) names.push(claimOf(labels[i]));
  return names.sort().join(", ");
}
