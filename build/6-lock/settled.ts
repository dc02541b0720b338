// Owns a shortcut of unchanged builds: when nothing that is committed has changed since a build saw
// that it was right, its files need not be read and compared again. `.cell/out/settled.json`; a
// stamp that does not fit decides nothing.
import fs from 'node:fs';
import path from 'node:path';
import { namesIn, readIfThere, sha256, writeWhole } from './files.ts';

const FILE = '.cell/out/settled.json';

interface Stamp {
  /** Of every file that is committed. */
  files: string;
  /** Cell -> what it wants to stand. */
  cells: Record<string, string>;
}

/** Name of what a build wants to stand: artifacts that are committed, or become part of it. */
export const wantedHash = (...artifacts: Uint8Array[]): string =>
  sha256(artifacts.map(sha256).join(''));

export class Settled {
  readonly #cwd: string;
  readonly #before: Stamp;
  readonly #now: Record<string, string> = {};

  constructor(cwd: string) {
    this.#cwd = cwd;
    this.#before = read(path.join(cwd, FILE));
    if (this.#before.files !== filesHash(cwd)) this.#before.cells = {};
  }

  /** What is wanted was seen to stand. */
  holds(cell: string, wanted: string): boolean {
    return this.#before.cells[cell] === wanted;
  }

  /** It stands now. */
  add(cell: string, wanted: string): void {
    this.#now[cell] = wanted;
  }

  /** Called when everything was written. */
  keep(): void {
    const files = filesHash(this.#cwd);
    const others = this.#before.files === files ? this.#before.cells : {};
    const cells = { ...others, ...this.#now };
    writeWhole(path.join(this.#cwd, FILE), JSON.stringify({ files, cells } satisfies Stamp));
  }
}

function read(file: string): Stamp {
  try {
    const stamp = JSON.parse(fs.readFileSync(file, 'utf8')) as Stamp;
    if (typeof stamp.files === 'string' && typeof (stamp.cells ?? 0) === 'object') return stamp;
  } catch {
    // None, or damaged: everything is compared.
  }
  return { files: '', cells: {} };
}

/** Locks, answers and documents, by name and content. */
function filesHash(cwd: string): string {
  const lines: string[] = [];
  const services = namesIn(path.join(cwd, '.cell/migrations'));
  const documents = services.map((service) => `.cell/migrations/${service}`);
  for (const folder of ['.cell/lock', '.cell/macros', ...documents]) {
    for (const name of namesIn(path.join(cwd, folder))) {
      const bytes = readIfThere(path.join(cwd, folder, name));
      lines.push(`${folder}/${name} ${bytes === null ? '-' : sha256(bytes)}`);
    }
  }
  return sha256(lines.join('\n'));
}
