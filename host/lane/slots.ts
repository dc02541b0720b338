// Owns the use of the lanes' function tables: two slots a cell (dispatch, fetch), the same in every
// lane, after the pair that answers for cells in quarantine. A slot without a cell holds the stub
// `loading`.
import { TABLE_BASE } from '../../assembly/shared/layout.ts';
import { CALL_DEPTH, CELLS, SUSPENDED } from '../../assembly/shared/limits.ts';

/** UNAVAILABLE / REASON_QUARANTINE. Rows of a quarantined cell point here. */
export const SLOT_QUARANTINED = TABLE_BASE;
/** First slot of the instances that other cells call at the moment: host/lane/crossing.ts. */
export const SLOT_CROSSING = TABLE_BASE + 2 + 2 * CELLS;
/** Elements that a lane's table needs. */
export const TABLE_SLOTS = SLOT_CROSSING + SUSPENDED * CALL_DEPTH;

/** The slot of a cell's dispatch; its fetch is the next one. */
export function slotOf(cell: number): number {
  return TABLE_BASE + 2 + 2 * cell;
}
