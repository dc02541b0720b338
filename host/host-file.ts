// Owns `.cell/run/host.json`: how programs of this project find the running host. Written whole or
// not at all, for the owner's eyes; removed when the host stops. Readers check the pid.
import fs from 'node:fs';
import path from 'node:path';
import type { HostFile } from './synapse/node/discover.ts';

export interface HostEntry extends HostFile {
  startedAt: string;
  cells: { name: string; file: string }[];
}

const fileOf = (run: string): string => path.join(run, 'host.json');

/** Writes the entry of this process. */
export function writeHostFile(run: string, entry: HostEntry): void {
  fs.mkdirSync(run, { recursive: true, mode: 0o700 });
  const draft = `${fileOf(run)}.${process.pid}`;
  fs.writeFileSync(draft, `${JSON.stringify(entry, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(draft, fileOf(run));
}

/** Removes the entry when it is still `pid`'s. */
export function removeHostFile(run: string, pid: number): void {
  try {
    const entry = JSON.parse(fs.readFileSync(fileOf(run), 'utf8')) as HostEntry;
    if (entry.pid === pid) fs.rmSync(fileOf(run));
  } catch {
    // Gone already, or not ours.
  }
}
