// Owns the random numbers of the Atlas tests: seeded, so that a failure can be run again.

/** Numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Seed of this run: ATLAS_SEED, else a fixed one. Tests name it in their failures. */
export const seed = Number(process.env.ATLAS_SEED ?? 20261120);
