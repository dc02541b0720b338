// density/cells, density/resident: live instances of a small cell in one process, linked as a lane
// links them (gate, cell, membrane), each called once; resident KB each, and microseconds to
// instantiate.

import { embedded } from '../host/capability/registry.ts';
import { Instance } from '../host/cell/instance.ts';
import { loadModules } from '../host/lane/kernel.ts';
import { Marks } from '../host/lane/marks.ts';
import { createMemory } from '../host/lane/memory.ts';
import { benchCell } from './lane-cell.ts';

export const suite = 'density';
type Emit = (r: { name: string; unit: string; value: number; n: number }) => void;

export async function run(emit: Emit, { quick }: { quick: boolean }): Promise<void> {
  const want = quick ? 2000 : 10000;
  const memory = createMemory({ lanes: 1 });
  const modules = loadModules();
  const cell = { ...benchCell('dense', 0, 0), remotes: [] };
  const marks = new Marks(memory.words, memory.laneBase(0) >>> 2);
  const drivers = embedded();
  const make = (): Instance =>
    new Instance({
      ...{ modules, cell, memory, lane: 0, marks, drivers },
      crossings: null,
    });
  const live: Instance[] = [];
  const args = memory.scratchAt(0);
  const once = (): void => {
    const instance = make();
    const dispatch = instance.dispatch as (...args: number[]) => bigint;
    if (dispatch(0, args, 16, args, 1024) !== 16n) throw new Error('the cell did not answer');
    live.push(instance);
  };
  for (let i = 0; i < 50; i++) once();
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const took: number[] = [];
  try {
    while (live.length < want + 50) {
      const began = performance.now();
      once();
      took.push((performance.now() - began) * 1000);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const n = took.length;
  const kb = (process.memoryUsage.rss() - before) / 1024 / n;
  took.sort((a, b) => a - b);
  emit({ name: 'cells', unit: 'instances', value: n, n });
  emit({ name: 'resident', unit: 'KB', value: kb, n });
  emit({ name: 'instantiate', unit: 'us', value: took[n >> 1], n });
  if (live.length < n) throw new Error('instances were not kept');
}
