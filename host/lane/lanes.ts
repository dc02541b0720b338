// Owns the start of lanes, workers or inline: the one way in for the host.
import os from 'node:os';
import type { LanesOptions } from './cells.ts';
import type { Lanes } from './contract.ts';
import { startInline } from './inline.ts';
import { WorkerLanes } from './worker-lanes.ts';

export type { LanesOptions } from './cells.ts';

/** Microseconds of spinning where a core is free for it, and where cores are scarce. */
const SPIN_US = 50;
const SPIN_SCARCE_US = 20;

/**
 * Starts the lanes; resolves when they take calls. Cells are loaded after. Rejects when the memory was made
 * for another number of lanes, or workers cannot start.
 */
export async function startLanes(options: LanesOptions): Promise<Lanes> {
  const needed = Math.max(1, options.lanes);
  if (options.memory.lanes !== needed) {
    throw new RangeError(`the shared memory has ${options.memory.lanes} lanes, not ${needed}`);
  }
  if (options.lanes === 0) return startInline(options);
  const spare = os.availableParallelism() - options.lanes - 1;
  return WorkerLanes.start(options, options.spinUs ?? (spare > 0 ? SPIN_US : SPIN_SCARCE_US));
}
