// Owns the imports `cell:blob.size` and `cell:blob.read`: guest pointers in, bytes or -status out.
// It never trusts a pointer, never holds a view over an await, and reads at most BLOB_READ_BYTES a
// call.
import {
  FAILED_PRECONDITION,
  INTERNAL,
  INVALID_ARGUMENT,
  RESOURCE_EXHAUSTED,
} from '../../assembly/shared/status.ts';
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

/** The names of one guest's blobs. The last one is kept: files are read in chunks. */
class Names {
  private readonly guest: Guest;
  private raw = new Uint8Array();
  private text = '';

  constructor(guest: Guest) {
    this.guest = guest;
  }

  /** The name at [at, at + length), or null when it is too long, outside, or not UTF-8. */
  read(at: number, length: number): string | null {
    if (length >>> 0 > BLOB_NAME_BYTES) return null;
    const raw = slice(this.guest, at, length);
    if (raw === null) return null;
    if (this.same(raw)) return this.text;
    try {
      this.text = decoder.decode(raw);
    } catch {
      return null;
    }
    this.raw = raw.slice();
    return this.text;
  }

  private same(raw: Uint8Array): boolean {
    if (raw.length !== this.raw.length || raw.length === 0) return false;
    for (let i = 0; i < raw.length; i++) if (raw[i] !== this.raw[i]) return false;
    return true;
  }
}

/** Runs `work` and turns what goes wrong, at once or later, into -INTERNAL. */
function settle(work: () => Promise<number>): Promise<number> {
  try {
    return work();
  } catch {
    return Promise.resolve(-INTERNAL);
  }
}

/**
 * The two imports over `driver` for one guest.
 * size(name, len) -> i64, read(name, len, offset i64, ptr, cap) -> i32; both suspend the caller.
 */
export function blobImports(
  driver: BlobDriver,
  guest: Guest,
): Record<string, WebAssembly.ImportValue> {
  const names = new Names(guest);
  const size = (at: number, length: number): bigint | Promise<bigint> => {
    const name = names.read(at, length);
    if (name === null) return BigInt(-INVALID_ARGUMENT);
    if (!guest.suspended()) return BigInt(-FAILED_PRECONDITION);
    return settle(() => driver.size(name)).then(sized, sizeFailed);
  };
  const sized = (count: number): bigint => {
    guest.resuming();
    return BigInt(count);
  };
  const sizeFailed = (): bigint => sized(-INTERNAL);
  const read = (
    at: number,
    length: number,
    offset: bigint,
    pointer: number,
    capacity: number,
  ): number | Promise<number> => {
    const name = names.read(at, length);
    if (name === null || offset < 0n) return -INVALID_ARGUMENT;
    if (slice(guest, pointer, capacity) === null) return -INVALID_ARGUMENT;
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return 0;
    const from = Number(offset);
    const into = new Uint8Array(Math.min(capacity >>> 0, BLOB_READ_BYTES));
    if (!guest.suspended()) return -FAILED_PRECONDITION;
    return settle(() => driver.read(name, from, into)).then(
      (count) => copied(pointer, into, count),
      () => copied(pointer, into, -INTERNAL),
    );
  };
  /** Copies what was read into the guest as it is now, and lets it go on. */
  const copied = (pointer: number, into: Uint8Array, count: number): number => {
    guest.resuming();
    if (count > into.length) return -INTERNAL;
    const to = slice(guest, pointer, Math.max(count, 0));
    if (to === null) return -RESOURCE_EXHAUSTED;
    if (count > 0) to.set(into.subarray(0, count));
    return count;
  };
  return {
    'cell:blob.size': new WebAssembly.Suspending(size) as unknown as WebAssembly.ImportValue,
    'cell:blob.read': new WebAssembly.Suspending(read) as unknown as WebAssembly.ImportValue,
  };
}
