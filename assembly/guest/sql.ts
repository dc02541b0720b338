// Owns the calls of the capability `sql`: a statement is named by its id, which the host finds in
// the module's manifest; a text never leaves the cell but with the capability `sql:raw`. Waits: a
// method that can reach it is on the waiting tier. What fails, fails with the host's status and
// words.
import { FAILED_PRECONDITION, OUT_OF_RANGE } from "../shared/status";
import { encodeText } from "./codec-text";
import { fail } from "./failure";
import { SqlArgs } from "./sql-args";
import { SqlRows, textAt } from "./sql-rows";

export { SqlArgs } from "./sql-args";
export { SqlRows } from "./sql-rows";

@external("cell:sql", "run")
declare function runStatement(statement: u32, ptr: usize, len: u32): i64;
@external("cell:sql", "raw")
declare function runText(text: usize, textLen: u32, ptr: usize, len: u32): i64;
@external("cell:sql", "take")
declare function takeHeld(ptr: usize): i32;
@external("cell:sql", "error")
declare function errorBytes(): i32;
@external("cell:sql", "begin")
declare function beginTransaction(isolation: i32, readOnly: i32): i32;
@external("cell:sql", "end")
declare function endTransaction(commit: i32): i32;

/** Isolation of a transaction, from the weakest on. */
export const READ_COMMITTED: i32 = 0;
export const REPEATABLE_READ: i32 = 1;
export const SERIALIZABLE: i32 = 2;

/** How many transactions the call in hand stands in: the inner ones join the first. */
let joined: i32 = 0;
let isolationNow: i32 = 0;
let readOnlyNow: bool = false;
/** An inner one has failed, and the failure was caught before it reached the first. */
let spoiled: bool = false;

/** The id of a statement: FNV-1a, 32 bits, over its UTF-8. host/schema/statement-id.ts agrees. */
export function statementId(text: string): u32 {
  const at = __new(3 * <usize>text.length + 8, idof<ArrayBuffer>());
  const n = encodeText(text, at);
  let hash: u32 = 2166136261;
  for (let i: u32 = 0; i < n; i++) hash = (hash ^ load<u8>(at + i)) * 16777619;
  return hash;
}

/**
 * Runs a statement that the build has seen. Its rows have `columns` columns, called `names`, a line
 * each: what messages say.
 */
export function sqlRun(statement: u32, args: SqlArgs, columns: u32, names: string): SqlRows {
  const bytes = runStatement(statement, args.at, args.bytes);
  if (bytes < 0) failHeld(<u32>-bytes);
  return held(<u32>bytes, columns, names);
}

/** Runs any text, where the cell was granted `sql:raw`. As `sqlRun`. */
export function sqlRaw(text: string, args: SqlArgs, columns: u32, names: string): SqlRows {
  const at = __new(3 * <usize>text.length + 8, idof<ArrayBuffer>());
  const bytes = runText(at, encodeText(text, at), args.at, args.bytes);
  if (bytes < 0) failHeld(<u32>-bytes);
  return held(<u32>bytes, columns, names);
}

function held(bytes: u32, columns: u32, names: string): SqlRows {
  const at = __new(bytes, idof<ArrayBuffer>()); // goes with the call
  takeHeld(at);
  return new SqlRows(at, bytes, columns, names);
}

/** Fails as the host said. */
function failHeld(status: u32): void {
  const bytes = <u32>max(errorBytes(), 0);
  const at = __new(bytes, idof<ArrayBuffer>());
  if (bytes) takeHeld(at);
  fail<void>(status, bytes ? textAt(at, bytes) : "the database did not answer");
}

/** For results of which there is at most one row. */
export function atMostOne(rows: SqlRows): bool {
  if (rows.count > 1) {
    fail<void>(OUT_OF_RANGE, "the query gave more than one row: narrow it, or add `limit 1`");
  }
  return rows.count == 1;
}

// ---- transactions: what `@Postgres.transaction` puts around a method

/** Begins a transaction, or joins the one that the call is in. */
export function sqlBegin(isolation: i32, readOnly: bool): void {
  if (joined > 0) {
    if (isolation > isolationNow) {
      const why = "a transaction cannot join one of a weaker isolation";
      fail<void>(FAILED_PRECONDITION, why + ": give the outer method the stronger one");
    }
    if (readOnlyNow && !readOnly) {
      const why = "a transaction that writes cannot join one that only reads";
      fail<void>(FAILED_PRECONDITION, why + ": remove `readOnly` from the outer method");
    }
    joined++;
    return;
  }
  const status = beginTransaction(isolation, readOnly ? 1 : 0);
  if (status < 0) failHeld(<u32>-status);
  joined = 1;
  isolationNow = isolation;
  readOnlyNow = readOnly;
  spoiled = false;
}

/** Ends what sqlBegin began; the outermost commits, and fails when that cannot be done. */
export function sqlCommit(): void {
  if (--joined > 0) return;
  if (spoiled) {
    endTransaction(0);
    const why = "a transaction that joined this one has failed, so nothing of it was kept";
    fail<void>(FAILED_PRECONDITION, why);
  }
  const status = endTransaction(1);
  if (status < 0) failHeld(<u32>-status);
}

/** Takes back what sqlBegin began. Never fails: a connection that cannot do it is given up. */
export function sqlRollback(): void {
  spoiled = true;
  if (--joined == 0) endTransaction(0);
}
