// Owns feature flags as guests see them: what a flag is for the caller of the call in hand. The
// host answers from memory at once (capability `flags`); a flip counts from the next question on.

@external("cell:flags", "bool")
declare function flagBool(name: usize, length: u32, otherwise: u32): u32;
@external("cell:flags", "variant")
declare function flagVariant(name: usize, length: u32, out: usize, cap: u32): u32;

/** Bytes of a variant's name. */
const VARIANT_BYTES: u32 = 64;

/** Feature flags of the host (`cell.flags.json`). */
export class Flags {
  /** Whether a boolean flag is on for the caller. `otherwise` when there is no such flag. */
  static on(name: string, otherwise: bool = false): bool {
    const text = String.UTF8.encode(name);
    return flagBool(changetype<usize>(text), text.byteLength, otherwise ? 1 : 0) != 0;
  }

  /** The caller's variant of a flag of names. `otherwise` when there is no such flag. */
  static variantOf(name: string, otherwise: string = ""): string {
    const text = String.UTF8.encode(name);
    const out = heap.alloc(VARIANT_BYTES);
    const n = flagVariant(changetype<usize>(text), text.byteLength, out, VARIANT_BYTES);
    const found = n == 0 || n > VARIANT_BYTES ? otherwise : String.UTF8.decodeUnsafe(out, n);
    heap.free(out);
    return found;
  }
}
