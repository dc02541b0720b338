// Owns the finding of `.cell/run/host.json`, which a running host writes: the nearest upward from
// a folder. A host file that another user wrote (in /tmp, say, above a project) names no host of
// ours: it would be given our token. Loads no transport: a build that asks nobody looks too.

import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PERMISSION_DENIED, UNAVAILABLE } from '../../../assembly/shared/status.ts';
import { CellError } from '../error.ts';

/** What a running host says of itself in `.cell/run/host.json`. */
export interface HostFile {
  pid: number;
  /** WebSocket address, `ws://127.0.0.1:4400/cell`. */
  url: string;
  /** Path of the Unix socket; null where there is none. */
  socket: string | null;
  /** Path of the development issuer's key; null when the host has configured issuers only. */
  issuerKey: string | null;
}

const HOST_FILE = join('.cell', 'run', 'host.json');

/** A host file and where it lies. */
export interface Found {
  file: string;
  host: HostFile;
}

/** The host file nearest to `folder`, itself or upward; null when there is none. */
export function findHostFile(folder: string): Found | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, HOST_FILE);
    const text = readIfThere(file);
    if (text !== null) {
      checkOwner(file);
      return { file, host: parseHostFile(file, text) };
    }
    if (dirname(at) === at) return null;
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return null;
    throw error;
  }
}

/** Nobody else may have written the file. Systems without user ids have nothing to ask. */
function checkOwner(file: string): void {
  const self = process.getuid?.();
  if (self === undefined) return;
  const { uid, mode } = statSync(file);
  if (uid === self && (mode & 0o002) === 0) return;
  const text = `${file} could be written by another user, so its host is not trusted; pass { url }`;
  throw new CellError(PERMISSION_DENIED, text, { unsent: true });
}

function parseHostFile(file: string, text: string): HostFile {
  const broken = (why: string) =>
    new CellError(UNAVAILABLE, `${file} ${why}; remove it, or start the host again`);
  let host: Partial<HostFile> | null;
  try {
    host = JSON.parse(text) as Partial<HostFile> | null;
  } catch (cause) {
    throw broken(`is not JSON (${(cause as Error).message})`);
  }
  if (typeof host?.url !== 'string') throw broken('names no url');
  return {
    pid: typeof host.pid === 'number' ? host.pid : 0,
    url: host.url,
    socket: typeof host.socket === 'string' ? host.socket : null,
    issuerKey: typeof host.issuerKey === 'string' ? host.issuerKey : null,
  };
}

/** False when the process is certainly gone. */
export function isRunning(pid: number): boolean {
  if (pid <= 0) return true;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
