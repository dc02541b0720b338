// A cell whose calls wait for ever takes stacks, not the lane: calls of other cells still wait and
// come back.
import test from 'ava';
import { WAITING } from '../../assembly/shared/limits.ts';
import { REASON_WAIT_FULL } from '../../assembly/shared/reason.ts';
import { RESOURCE_EXHAUSTED } from '../../assembly/shared/status.ts';
import type { Drivers } from '../../host/capability/contract.ts';
import { Desk } from '../lane/desk.ts';
import { ASK, readU32, u32, waiter } from '../lane/waiters.ts';

/** The blob `a` has 5 bytes; in the folder `stuck` nobody ever says so. */
const drivers: Partial<Drivers> = {
  blob: ({ root }) => ({
    size: () => (root === 'stuck' ? new Promise<number>(() => {}) : Promise.resolve(5)),
    read: () => Promise.resolve(0),
  }),
};

test('calls that wait for ever leave stacks and places to other cells', async (t) => {
  const desk = await Desk.open(t, { lanes: 0, drivers });
  desk.session(1);
  desk.session(2);
  const stuck = await desk.load(waiter('stuck', false), { blob: { root: 'stuck' } });
  const fine = await desk.load(waiter('fine', false), { blob: { root: 'fine' } });
  const actor = await desk.load(waiter('actor', true), { blob: { root: 'fine' } });
  const calls = Array.from({ length: WAITING }, (_, i) => ({
    ...{ route: stuck + ASK, id: i + 1, payload: u32(1) },
  }));
  desk.push(0, 1, calls);
  for (let round = 0; round < 3; round++) {
    const first = await desk.call(fine + ASK, u32(2), { connection: 2 });
    t.deepEqual([first.status, readU32(first.payload)], [0, 5]);
    const second = await desk.call(actor + ASK, u32(2), { connection: 2 });
    t.deepEqual([second.status, readU32(second.payload)], [0, 5]);
  }
  const refused = calls.filter(({ id }) => desk.got(id).length > 0);
  t.is(refused.length, WAITING / 4);
  for (const { id } of refused) {
    const [{ status, reason }] = desk.got(id);
    t.deepEqual([status, reason], [RESOURCE_EXHAUSTED, REASON_WAIT_FULL]);
  }
  for (const { id, route } of calls) desk.cancel(0, 1, route, id);
  await desk.until(() => desk.total === 6 + calls.length);
  t.true(calls.every(({ id }) => desk.got(id).length === 1));
});
