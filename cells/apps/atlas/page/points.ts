// Owns the positions of all places in the page, as columns by place id (= rank by population),
// and their loading in chunks. Names are not here: they are asked for when they are to be shown.

import type { AtlasCalls } from './calls.ts';

const POINT_BYTES = 12;
const CHUNK = 16384;
const DEGREE = 100000;
/** Chunks asked for at once: the next ones travel while one is unpacked. */
const AHEAD = 3;

export class Points {
  lat = new Float32Array(0);
  lon = new Float32Array(0);
  population = new Uint32Array(0);
  /** Places that are there: 0 to `total`. */
  count = 0;
  total = 0;

  /** Fetches what is missing; `progress` runs after each chunk. Goes on after a failure. */
  async load(atlas: AtlasCalls, progress: () => void): Promise<void> {
    const { places } = await atlas.stats();
    if (places !== this.total) this.allocate(places);
    const coming: Promise<Uint8Array>[] = [];
    let asked = this.count;
    while (this.count < this.total) {
      while (coming.length < AHEAD && asked < this.total) {
        const chunk = atlas.points(asked, CHUNK);
        // A later chunk may fail while an earlier one is awaited; it is told when its turn comes.
        chunk.catch(() => {});
        coming.push(chunk);
        asked += CHUNK;
      }
      const bytes = await coming.shift()!;
      if (bytes.length === 0) throw new Error('the cell has fewer places than it said');
      this.unpack(bytes);
      progress();
    }
  }

  private allocate(total: number): void {
    this.total = total;
    this.count = 0;
    this.lat = new Float32Array(total);
    this.lon = new Float32Array(total);
    this.population = new Uint32Array(total);
  }

  private unpack(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const have = Math.min(Math.floor(bytes.length / POINT_BYTES), this.total - this.count);
    for (let index = 0; index < have; index++) {
      const id = this.count + index;
      this.lat[id] = view.getInt32(index * POINT_BYTES, true) / DEGREE;
      this.lon[id] = view.getInt32(index * POINT_BYTES + 4, true) / DEGREE;
      this.population[id] = view.getUint32(index * POINT_BYTES + 8, true);
    }
    this.count += have;
  }
}
