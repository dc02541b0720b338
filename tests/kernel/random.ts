// Owns the seeded randomness of the kernel's fuzz and soak tests. CELL_SEED overrides the seed.

/** mulberry32: small, fast, good enough to choose test inputs. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed = Number(process.env.CELL_SEED ?? (Math.random() * 2 ** 32) >>> 0)) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** Whole number in [0, end). */
  below(end: number): number {
    return this.u32() % end;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.u32();
    return bytes;
  }
}
