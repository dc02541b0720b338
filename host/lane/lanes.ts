// Owns the start of lanes, workers or inline: the one way in for the host.
import os from 'node:os';
import v8 from 'node:v8';
import type { LanesOptions } from './cells.ts';
import type { Lanes } from './contract.ts';
import { startInline } from './inline.ts';
import { WorkerLanes } from './worker-lanes.ts';

export type { LanesOptions } from './cells.ts';

/** KB of stack for a suspended guest. With V8's default, more than eight of them get slow. */
const SUSPENDED_STACK_KB = 64;
/** Microseconds of spinning where a core is free for it, and where cores are scarce. */
const SPIN_US = 50;
const SPIN_SCARCE_US = 20;

/**
 * Starts the lanes; resolves when they take calls. Cells are loaded after. Rejects when the memory
 * was made for another number of lanes, or workers cannot start.
 */
export async function startLanes(options: LanesOptions): Promise<Lanes> {
  const needed = Math.max(1, options.lanes);
  if (options.memory.lanes !== needed) {
    throw new RangeError(`the shared memory has ${options.memory.lanes} lanes, not ${needed}`);
  }
  // Before workers start: they inherit it.
  v8.setFlagsFromString(`--wasm-stack-switching-stack-size=${SUSPENDED_STACK_KB}`);
  if (options.lanes === 0) return startInline(options);
  const spare = os.availableParallelism() - options.lanes - 1;
  return WorkerLanes.start(options, options.spinUs ?? (spare > 0 ? SPIN_US : SPIN_SCARCE_US));
}
