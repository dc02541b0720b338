// Owns which bit a role or a scope has in this process. Only names that some route demands get one:
// what a token holds beside them decides nothing, so tokens cannot use the bits up.

/** Names of one kind that routes of one host may demand: a mask is a u64. */
export const BITS = 64;

/** More than 64 names of a kind are demanded. The message says what to do. */
export class BitsError extends Error {
  override name = 'BitsError';
}

export class Bits {
  readonly kind: 'role' | 'scope';
  private readonly bits = new Map<string, bigint>();
  /** Called after `demand` gave bits to new names: masks of open sessions must be made again. */
  onGrow: () => void = () => {};

  constructor(kind: 'role' | 'scope') {
    this.kind = kind;
  }

  /** Mask of names that a route demands; new ones get a bit. BitsError: nothing was changed. */
  demand(names: readonly string[]): bigint {
    const fresh = new Set(names.filter((name) => !this.bits.has(name)));
    if (this.bits.size + fresh.size > BITS) {
      throw new BitsError(
        `The loaded cells demand more than ${BITS} ${this.kind}s; ` +
          `there is no bit left for ${JSON.stringify([...fresh][BITS - this.bits.size])}. ` +
          `Merge some ${this.kind}s, or serve the cells from two hosts.`,
      );
    }
    for (const name of fresh) this.bits.set(name, 1n << BigInt(this.bits.size));
    if (fresh.size > 0) this.onGrow();
    return this.held(names);
  }

  /** Mask of the demanded names that `fits` is true of. */
  matching(fits: (name: string) => boolean): bigint {
    let mask = 0n;
    for (const [name, bit] of this.bits) if (fits(name)) mask |= bit;
    return mask;
  }

  /** Mask of the names that have a bit; the others are demanded nowhere. */
  held(names: readonly string[]): bigint {
    let mask = 0n;
    for (const name of names) mask |= this.bits.get(name) ?? 0n;
    return mask;
  }
}

/** Bits of a host: its roles and its scopes. */
export interface Rights {
  roles: Bits;
  scopes: Bits;
}

/** Bits of a new host: none is given yet. Share it with startLanes and createReception. */
export function createRights(): Rights {
  return { roles: new Bits('role'), scopes: new Bits('scope') };
}
