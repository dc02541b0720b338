// Owns what becomes of the lines that guests log where nobody reads them: nothing.
import type { LaneEvents } from '../lane/contract.ts';

/** Tells nobody. */
export const SILENT: LaneEvents = { log: () => {} };
