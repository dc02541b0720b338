// Owns the start of lanes, workers or inline: the one way in for the host.
import type { LanesOptions } from './cells.ts';
import type { Lanes } from './contract.ts';
import { startInline } from './inline.ts';

export type { LanesOptions } from './cells.ts';

/** Starts the lanes; resolves when they take calls. Cells are loaded after. */
export async function startLanes(options: LanesOptions): Promise<Lanes> {
  return startInline(options);
}
