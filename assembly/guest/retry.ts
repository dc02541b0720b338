// Owns the decision to make a failed call again, for code that `@Retry.onFailure` adds. Never runs
// anything itself.
import { RESOURCE_EXHAUSTED } from "../shared/status";
import { random } from "./random";

@external("cell:core", "waits")
declare function waits(): u32;
@external("cell:retry", "pause")
declare function pause(ms: u32): u32;

/** Longest pause before one attempt, in ms. Threat: calls that hold a place for minutes. */
const PAUSE_MS: f64 = 10_000;

/**
 * True when a call whose `attempt`-th attempt (from 1) failed with `status` should be made again;
 * `statuses` has bit `status` set for those that may. Where the call may wait it has paused by
 * then: `backoffMs`, doubled for each attempt, half of it by chance, so that callers who failed
 * together do not come back together. False when the deadline would pass during the pause.
 *
 * A call that cannot wait is made again at once, but not against a resource that is exhausted:
 * that would only take more of it.
 */
export function retryAgain(status: u32, statuses: u32, attempt: u32, backoffMs: u32): bool {
  if (((statuses >> status) & 1) == 0) return false;
  if (waits() == 0) return status != RESOURCE_EXHAUSTED;
  if (backoffMs == 0) return true;
  const longest = Math.min(<f64>backoffMs * <f64>(<u32>1 << min<u32>(attempt - 1, 16)), PAUSE_MS);
  return pause(<u32>Math.ceil(longest * (0.5 + random() / 2))) != 0;
}
