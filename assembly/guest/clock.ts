// Owns time as guests see it: the host's clock, taken once for all calls that it serves together.
import { Instant } from "./values";

@external("cell:clock", "now")
declare function clockNow(): i64;

/** Now, in microseconds since 1970 UTC. The same for all of one call. */
export function now(): Instant {
  return new Instant(clockNow());
}
