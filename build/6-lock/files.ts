// Owns writing below `.cell` so that a build killed at any instant leaves whole files: bytes go to
// a file of their own first, then take the name. Never writes a file that already holds the same
// bytes.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const TEMPORARY = '.tmp';
/** Milliseconds after which another build's temporary file is taken for a dead one's. */
const STALE_MS = 60_000;

export const sha256 = (bytes: string | Uint8Array): string =>
  crypto.createHash('sha256').update(bytes).digest('hex');

/** Puts `bytes` at `file`, all or nothing. Returns false when they were there already. */
export function writeWhole(file: string, bytes: string | Uint8Array): boolean {
  const wanted = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes);
  if (readIfThere(file)?.equals(wanted)) return false;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mark = crypto.randomBytes(6).toString('hex');
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${mark}${TEMPORARY}`);
  try {
    fs.writeFileSync(temporary, wanted);
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  return true;
}

/** A file's bytes, or null when there is none. */
export function readIfThere(file: string): Buffer | null {
  try {
    return fs.readFileSync(file);
  } catch {
    return null;
  }
}

/** Removes a file; one that is not there is no error. */
export function removeFile(file: string): void {
  fs.rmSync(file, { force: true });
}

/** Removes what killed builds left in `folder`. */
export function sweep(folder: string, now = Date.now()): void {
  for (const name of namesIn(folder)) {
    if (!name.endsWith(TEMPORARY)) continue;
    const file = path.join(folder, name);
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat && now - stat.mtimeMs > STALE_MS) fs.rmSync(file, { force: true });
  }
}

/** Names in a folder, sorted; none when it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return [];
  }
}
