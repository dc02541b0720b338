// Owns chance. The host seeds the lane's generator; not for secrets.

@external("cell:random", "next")
declare function nextRandom(): u64;

/** Evenly spread in [0, 1), 53 bits. */
export function random(): f64 {
  return <f64>(nextRandom() >> 11) * (1.0 / 9007199254740992.0);
}

/** 64 random bits. */
export function randomBits(): u64 {
  return nextRandom();
}

/** Seeds `Math.random` of the library. */
export function seed(): f64 {
  return reinterpret<f64>(nextRandom());
}
