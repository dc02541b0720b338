// Owns blobs that are the files below one folder of the host. Names never leave the folder: not by
// `..`, not by an absolute name, not by a symbolic link. Only regular files are opened.
import fs from 'node:fs/promises';
import path from 'node:path';
import { INTERNAL, INVALID_ARGUMENT, NOT_FOUND } from '../../assembly/shared/status.ts';
import type { BlobDriver } from './contract.ts';

/** A relative name with forward slashes, no empty, `.` or `..` part, no control characters. */
function plain(name: string): boolean {
  if (name.length === 0 || /[\\\u0000-\u001f\u007f:]/.test(name)) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function statusOf(error: unknown): number {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'ELOOP') {
    return -NOT_FOUND;
  }
  return code === 'ENAMETOOLONG' ? -INVALID_ARGUMENT : -INTERNAL;
}

/** Blobs below `root`. A root that does not exist (yet) answers NOT_FOUND. */
export class BlobFolder implements BlobDriver {
  private readonly root: string;

  constructor(root: string) {
    this.root = path.resolve(root);
  }

  /** The real path of a blob's file, or -status. */
  private async locate(name: string): Promise<string | number> {
    if (!plain(name)) return -INVALID_ARGUMENT;
    const root = await fs.realpath(this.root);
    const file = await fs.realpath(path.join(root, name));
    if (!file.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) return -NOT_FOUND;
    const stat = await fs.stat(file);
    return stat.isFile() ? file : -NOT_FOUND;
  }

  async size(name: string): Promise<number> {
    try {
      const file = await this.locate(name);
      return typeof file === 'number' ? file : (await fs.stat(file)).size;
    } catch (error) {
      return statusOf(error);
    }
  }

  async read(name: string, offset: number, into: Uint8Array): Promise<number> {
    let handle: fs.FileHandle | undefined;
    try {
      const file = await this.locate(name);
      if (typeof file === 'number') return file;
      handle = await fs.open(file, 'r');
      return (await handle.read(into, 0, into.length, offset)).bytesRead;
    } catch (error) {
      return statusOf(error);
    } finally {
      await handle?.close().catch(() => {});
    }
  }
}
