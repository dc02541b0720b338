// Owns `.cell/run/host.json`: how programs of this project find the running host. Written whole or
// not at all, for the owner's eyes; removed when the host stops. Readers check the pid. The newest
// host of a folder is the one that is found; when it stops, the one before it is found again.
import fs from 'node:fs';
import path from 'node:path';
import { type HostFile, isRunning } from './synapse/node/host-file.ts';

export interface HostEntry extends HostFile {
  startedAt: string;
  /** Digest: SHA-256 of the module as it was loaded, hex. */
  cells: { name: string; file: string; digest: string }[];
}

const fileOf = (run: string): string => path.join(run, 'host.json');

/** The entry that stands; null when there is none that reads. */
function standing(run: string): HostEntry | null {
  try {
    return JSON.parse(fs.readFileSync(fileOf(run), 'utf8')) as HostEntry | null;
  } catch {
    return null;
  }
}

/** Writes the entry of this process; returns the one that stood there, for `removeHostFile`. */
export function writeHostFile(run: string, entry: HostEntry): HostEntry | null {
  fs.mkdirSync(run, { recursive: true, mode: 0o700 });
  const before = standing(run);
  const draft = `${fileOf(run)}.${process.pid}`;
  fs.writeFileSync(draft, `${JSON.stringify(entry, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(draft, fileOf(run));
  return before;
}

/** Removes the entry when it is still `pid`'s; `before` stands again when its host still runs. */
export function removeHostFile(run: string, pid: number, before: HostEntry | null): void {
  if (standing(run)?.pid !== pid) return;
  const lives = typeof before?.pid === 'number' && before.pid !== pid && isRunning(before.pid);
  if (before !== null && lives) writeHostFile(run, before);
  else fs.rmSync(fileOf(run), { force: true });
}
