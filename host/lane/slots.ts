// Owns the use of the lanes' function tables: two slots a cell (dispatch, fetch), the same in every
// lane, after the pair that answers for cells in quarantine. A slot without a cell holds the stub
// `loading`.
import { TABLE_BASE } from '../../assembly/shared/layout.ts';
import { CELLS } from '../../assembly/shared/limits.ts';

/** UNAVAILABLE / REASON_QUARANTINE. Rows of a quarantined cell point here. */
export const SLOT_QUARANTINED = TABLE_BASE;
/** Elements that a lane's table needs. */
export const TABLE_SLOTS = TABLE_BASE + 2 + 2 * CELLS;

/** The slot of a cell's dispatch; its fetch is the next one. */
export function slotOf(cell: number): number {
  return TABLE_BASE + 2 + 2 * cell;
}
