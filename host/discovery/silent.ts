// Owns what becomes of the lines that guests log during a build: nobody reads them.
import type { LaneEvents } from '../lane/contract.ts';

/** Tells nobody. */
export const SILENT: LaneEvents = { log: () => {} };
