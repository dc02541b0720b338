// Owns the one notion of "now" that listener and lanes share: unix microseconds that advance with
// the monotonic clock. It is set right when the system's clock was stepped, at most once a second.

/** A step of the system's clock, in milliseconds, that is taken over; below, drift is let be. */
const STEP_MS = 50;
const CHECK_MS = 1000;

/** The global is an accessor: to look it up takes a third of a reading. */
const monotonic = performance;

let base = monotonic.timeOrigin;
let nextCheck = 0;

/** Unix microseconds as a double, exact to the microsecond until the year 2255. */
export function nowUs(): number {
  const t = monotonic.now();
  if (t >= nextCheck) {
    nextCheck = t + CHECK_MS;
    const wall = Date.now() - t;
    if (Math.abs(wall - base) > STEP_MS) base = wall;
  }
  return (base + t) * 1000;
}
