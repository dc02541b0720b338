// Owns the burst: as many calls as the road carries for three seconds, from one page.

import type { AtlasCalls } from './calls.ts';

const BURST_MS = 3000;
const IN_FLIGHT = 256;
/** Every so manyth call is a search, the others ask for the nearest place. */
const SEARCHES = 4;

/** Rejects with the first failure; what is on its way then is left alone. */
export async function burst(atlas: AtlasCalls): Promise<void> {
  const end = performance.now() + BURST_MS;
  let calls = 0;
  const letter = () => String.fromCharCode(97 + Math.floor(Math.random() * 26));
  const one = (): Promise<unknown> => {
    if (calls++ % SEARCHES === 0) return atlas.search(letter() + letter(), 4);
    return atlas.nearest(Math.random() * 180 - 90, Math.random() * 360 - 180, 1);
  };
  const chain = async () => {
    while (performance.now() < end) await one();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, chain));
}
