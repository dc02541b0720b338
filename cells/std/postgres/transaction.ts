// Owns `@Postgres.transaction`: everything that a method does with its database, kept or taken back
// as a whole. Stands inside of @Retry, which makes the method again when a commit is ABORTED.
import { Planned } from "./schema";

const ISOLATIONS: string[] = ["read committed", "repeatable read", "serializable"];

/** Contributes the wraps. `planned` null: the service has no tables. */
export function addTransactions(planning: Planning, planned: Planned | null): void {
  const spots = planning.spotsOf("transaction");
  for (let i = 0; i < spots.length; i++) wrap(spots[i], planned);
}

function wrap(spot: Spot, planned: Planned | null): void {
  if (!planned) {
    spot.warn("this service has no table, so the transaction holds nothing", "remove the macro");
  }
  const isolation = max(0, ISOLATIONS.indexOf(spot.args.text("isolation", "read committed")));
  const readOnly = spot.args.bool("readOnly");
  spot.importNames("sql", ["sqlBegin", "sqlCommit", "sqlRollback"]);
  spot.wrap(`
sqlBegin(${isolation}, ${readOnly});
const status: u32 = $attempt;
if (status != 0) {
  sqlRollback();
  $fail;
}
sqlCommit();`);
}
