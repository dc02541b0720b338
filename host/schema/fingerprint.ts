// Owns the fingerprint of a canonical text: the first 8 bytes of its SHA-256, as 16 hex digits.
// A mismatch decides nothing (compatible.ts does); a match means the same text.

/** What is used of node:crypto. */
interface Crypto {
  createHash(name: 'sha256'): Hash;
}

interface Hash {
  update(text: string): Hash;
  digest(encoding: 'hex'): string;
}

/**
 * The fingerprint of a text. Computed in Node (build, host); browsers read what the build wrote.
 */
export function fingerprint(text: string): string {
  const { process } = globalThis as { process?: { getBuiltinModule(name: string): unknown } };
  const crypto = process?.getBuiltinModule('node:crypto') as Crypto | undefined;
  if (crypto === undefined) throw new Error("fingerprints are computed in Node; read the schema's");
  return crypto.createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The u64 that HELLO carries: the 16 digits as one number. */
export function fingerprintNumber(hex: string): bigint {
  if (!/^[0-9a-f]{16}$/.test(hex)) throw new RangeError('a fingerprint has 16 hex digits');
  return BigInt(`0x${hex}`);
}
