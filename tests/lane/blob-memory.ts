// Owns blobs that live in this process: what tests and benches grant a cell, and the second driver
// that keeps the contract honest. It never copies what it was given.
import { INVALID_ARGUMENT, NOT_FOUND } from '../../assembly/shared/status.ts';
import type { BlobDriver } from '../../host/capability/contract.ts';

/** Blobs by name. An empty name is refused as every driver refuses it. */
export class BlobMemory implements BlobDriver {
  private readonly blobs: Map<string, Uint8Array>;

  constructor(blobs: Map<string, Uint8Array>) {
    this.blobs = blobs;
  }

  private find(name: string): Uint8Array | number {
    if (name === '' || name.startsWith('/') || name.split('/').includes('..')) {
      return -INVALID_ARGUMENT;
    }
    return this.blobs.get(name) ?? -NOT_FOUND;
  }

  async size(name: string): Promise<number> {
    const blob = this.find(name);
    return typeof blob === 'number' ? blob : blob.length;
  }

  async read(name: string, offset: number, into: Uint8Array): Promise<number> {
    const blob = this.find(name);
    if (typeof blob === 'number') return blob;
    const part = blob.subarray(Math.min(offset, blob.length), offset + into.length);
    into.set(part);
    return part.length;
  }
}
