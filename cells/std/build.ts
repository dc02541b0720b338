// Owns cells/out: whether the standard cells there are what the sources say. Loads the build only
// when they are not. Plain TypeScript for Node 24; runs after assembly/build.mjs.
//
//   cells/out/<cell>.wasm     cells/out/cells.json: Stamp, written last
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { answersFile } from '../../build/2-discover/answers.ts';
import { readIfThere, sha256, writeWhole } from '../../build/6-lock/files.ts';
import { readTools } from '../../build/6-lock/tools.ts';
import { moduleFile, SEED, StandardCellError, YARD, type Yard } from './place.ts';

/** Everything that decides the bytes but the seed, as one hash: 10 ms, most of it reading. */
function sourcesOf({ std }: Yard): string {
  const files = fs
    .readdirSync(std, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|[\\/])(golden|\.cell)[\\/]/.test(name))
    .sort();
  const lines = files.map((name) => `${name} ${sha256(fs.readFileSync(path.join(std, name)))}`);
  return sha256([readTools().hash, ...lines].join('\n'));
}

function seedOf({ std }: Yard): string {
  const seed = readIfThere(path.join(std, answersFile(SEED)));
  return seed === null ? '' : sha256(seed);
}

interface Stamp {
  sources: string;
  seed: string;
  /** Cell -> SHA-256 of its module. */
  cells: Record<string, string>;
}

function isCurrent(yard: Yard): boolean {
  const text = readIfThere(path.join(yard.out, 'cells.json'));
  if (text === null) return false;
  try {
    const stamp = JSON.parse(text.toString('utf8')) as Stamp;
    return (
      stamp.sources === sourcesOf(yard) &&
      stamp.seed === seedOf(yard) &&
      Object.entries(stamp.cells).every(([cell, hash]) => {
        const bytes = readIfThere(moduleFile(yard, cell));
        return bytes !== null && sha256(bytes) === hash;
      })
    );
  } catch {
    return false;
  }
}

/**
 * Brings cells/out up to date; `built` false: it was. Of several processes one builds and the
 * others wait for it. Throws StandardCellError with the findings of a cell that does not build;
 * the cells built before it stay.
 */
export async function buildStandardCells(
  options: { force?: boolean; yard?: Yard } = {},
): Promise<{ built: boolean; out: string }> {
  const { force = false, yard = YARD } = options;
  const { out } = yard;
  if (!force && isCurrent(yard)) return { built: false, out };
  const release = await turn(path.join(out, 'building.pid'));
  try {
    if (!force && isCurrent(yard)) return { built: false, out };
    await buildAll(yard);
    return { built: true, out };
  } finally {
    release();
  }
}

async function buildAll(yard: Yard): Promise<void> {
  // Before anything is read: a source that changes meanwhile makes these modules old.
  const sources = sourcesOf(yard);
  const { Workshop } = await import('./workshop.ts');
  const workshop = new Workshop(yard);
  try {
    const cells = await workshop.all();
    for (const name of fs.readdirSync(yard.out)) {
      const isOld = name.endsWith('.wasm') && !Object.hasOwn(cells, name.slice(0, -5));
      if (isOld) fs.rmSync(path.join(yard.out, name), { force: true });
    }
    const stamp: Stamp = { sources, seed: seedOf(yard), cells };
    writeWhole(path.join(yard.out, 'cells.json'), Buffer.from(`${JSON.stringify(stamp)}\n`));
  } finally {
    await workshop.close();
  }
}

/** Milliseconds between two looks at who builds. */
const LOOK_MS = 50;
/** Milliseconds after which a holder has ended and its process number is another's. */
const STUCK_MS = 10 * 60_000;

/** Waits until nobody else that still runs holds `file`; returns how to give it back. */
async function turn(file: string): Promise<() => void> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => fs.rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (!holderRuns(file)) fs.rmSync(file, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** A file without a number is being written, or was left by a crash: its age decides. */
function holderRuns(file: string): boolean {
  try {
    const text = fs.readFileSync(file, 'utf8');
    const age = Date.now() - fs.statSync(file).mtimeMs;
    if (age > STUCK_MS || (text === '' && age > 1000)) return false;
    if (text === '') return true;
    process.kill(Number(text), 0);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: it has just been given back. EPERM: it runs, as somebody else.
    return code === 'ENOENT' || code === 'EPERM';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const began = performance.now();
  try {
    const { built } = await buildStandardCells({ force: process.argv.includes('--force') });
    const ms = Math.round(performance.now() - began);
    console.log(built ? `standard cells: built in ${ms} ms` : 'standard cells: up to date');
  } catch (error) {
    if (!(error instanceof StandardCellError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
