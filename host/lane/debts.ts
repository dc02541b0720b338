// Owns which answers wait for which batches of durable writes (host/capability/kv): nobody hears of
// what could still be lost. A call owes what it has written and what it has seen; an actor owes
// what its memory was made from, and so does every later call of it, until that is stored.
import type { Batch } from '../capability/kv/batch.ts';
import type { Pool, WaitingCall } from '../cell/pool.ts';

/**
 * `call` has left an instance of `pool`; `batch`: the newest of that cell that is not stored, its
 * own writes among it, null when there is none. Its answer waits for all that `call.debts` has.
 * Lists of debts are never changed, so calls and pools share them.
 */
export function owe(call: WaitingCall, pool: Pool, batch: Batch | null): void {
  const { debts } = pool;
  if (batch === null && call.debts === null && debts.length === 0) return;
  if (call.debts === null && debts.length === 1 && debts[0] === batch) {
    call.debts = debts;
    return;
  }
  const all = new Set(call.debts?.filter((debt) => !debt.settled || debt.failure !== null));
  if (batch !== null) all.add(batch);
  if (pool.actor) for (const debt of debts) if (!debt.settled) all.add(debt);
  if (pool.actor) pool.debts = [...all].filter((debt) => !debt.settled);
  call.debts = all.size === 0 ? null : [...all];
}
