// Owns throw-away folders of sources for tests.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const ENTRY = 'example.cell.ts';

/** A folder with these files; `remove` when done. */
export function folderWith(files: Record<string, string>): { folder: string; remove(): void } {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cell-build-')));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}
