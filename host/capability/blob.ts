// Owns the imports `cell:blob.size` and `cell:blob.read`: guest pointers in, bytes or -status out.
// It never trusts a pointer, never holds a view over an await, and reads at most BLOB_READ_BYTES a call.
import { INTERNAL, INVALID_ARGUMENT, RESOURCE_EXHAUSTED } from '../../assembly/shared/status.ts';
import type { BlobDriver, Guest } from './contract.ts';

/** Bytes of a blob's name, UTF-8. Threat: memory. */
export const BLOB_NAME_BYTES = 1024;
/** Bytes of one read; a guest asks again for more. Threat: memory, one buffer per waiting call. */
export const BLOB_READ_BYTES = 1 << 20;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The bytes [at, at + length) of a guest, or null when they lie outside its memory. */
function slice(guest: Guest, at: number, length: number): Uint8Array | null {
  const bytes = guest.bytes();
  const from = at >>> 0;
  const size = length >>> 0;
  if (from > bytes.length || size > bytes.length - from) return null;
  return bytes.subarray(from, from + size);
}

function readName(guest: Guest, at: number, length: number): string | null {
  if (length >>> 0 > BLOB_NAME_BYTES) return null;
  const raw = slice(guest, at, length);
  if (raw === null) return null;
  try {
    return decoder.decode(raw);
  } catch {
    return null;
  }
}

/** Runs `work` with the guest marked as standing still; whatever goes wrong becomes -INTERNAL. */
async function waiting(guest: Guest, work: () => Promise<number>): Promise<number> {
  guest.suspended();
  let result: number;
  try {
    result = await work();
  } catch {
    result = -INTERNAL;
  }
  guest.resuming();
  return result;
}

/**
 * The two imports over `driver` for one guest.
 * size(name, len) -> i64, read(name, len, offset i64, ptr, cap) -> i32; both suspend the caller.
 */
export function blobImports(
  driver: BlobDriver,
  guest: Guest,
): Record<string, WebAssembly.ImportValue> {
  const size = (at: number, length: number): bigint | Promise<bigint> => {
    const name = readName(guest, at, length);
    if (name === null) return BigInt(-INVALID_ARGUMENT);
    return waiting(guest, () => driver.size(name)).then(BigInt);
  };
  const read = (
    at: number,
    length: number,
    offset: bigint,
    pointer: number,
    capacity: number,
  ): number | Promise<number> => {
    const name = readName(guest, at, length);
    if (name === null || offset < 0n) return -INVALID_ARGUMENT;
    if (slice(guest, pointer, capacity) === null) return -INVALID_ARGUMENT;
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return 0;
    const from = Number(offset);
    return waiting(guest, async () => {
      const into = new Uint8Array(Math.min(capacity >>> 0, BLOB_READ_BYTES));
      const count = await driver.read(name, from, into);
      if (count > into.length) return -INTERNAL;
      const to = slice(guest, pointer, Math.max(count, 0));
      if (to === null) return -RESOURCE_EXHAUSTED;
      if (count > 0) to.set(into.subarray(0, count));
      return count;
    });
  };
  return {
    'cell:blob.size': new WebAssembly.Suspending(size) as unknown as WebAssembly.ImportValue,
    'cell:blob.read': new WebAssembly.Suspending(read) as unknown as WebAssembly.ImportValue,
  };
}
