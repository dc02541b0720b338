// Owns the calls `query`, `queryOne` and `execute`: each text is described by the database, against
// the tables as the source has them, and becomes a function of its parameters. What it says wrongly
// is told at the place in the text.
import { Described } from "cell/database";
import { CallCheck } from "./call-check";
import { Planned } from "./schema";

/** Checks and contributes every call. One question to the database for all of them. */
export function addQueries(planning: Planning, planned: Planned): void {
  const calls: Spot[] = [];
  const texts: string[] = [];
  const spots = planning.spots;
  for (let i = 0; i < spots.length; i++) {
    const spot = spots[i];
    if (spot.declaration.kind != "call" || !isLiteral(spot)) continue;
    calls.push(spot);
    const text = spot.args.text("0");
    if (!texts.includes(text)) texts.push(text);
  }
  if (texts.length == 0) return;
  const answers = planned.database.describe(planned.schema, planned.scratch, texts);
  const byText = new Map<string, Described>();
  for (let i = 0; i < texts.length; i++) byText.set(texts[i], answers[i]);
  for (let i = 0; i < calls.length; i++) {
    const spot = calls[i];
    new CallCheck(planned, spot, byText.get(spot.args.text("0"))).add();
  }
}

/** Whether the text is known while the cell is built. */
function isLiteral(spot: Spot): bool {
  if (spot.args.isText("0")) return true;
  const code = spot.args.code("0");
  const made = code.includes("`") || code.includes("+");
  const what = made
    ? "a statement that is put together from values can be made to do anything by who sends them"
    : "the text of a statement is not known while the cell is built";
  spot.error(what, "write the text as a literal, with $1 for a value that follows it", "0");
  return false;
}
