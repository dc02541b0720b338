// A client that queues many calls, each slow but within its budget: what was answered before them
// leaves before they are done, and deadlines are judged by a clock that goes on.
import test from 'ava';
import { REASON_DEADLINE_QUEUED } from '../../assembly/shared/reason.ts';
import { DEADLINE_EXCEEDED } from '../../assembly/shared/status.ts';
import { ECHO, type WatCell } from '../lane/cells.ts';
import { Desk } from '../lane/desk.ts';
import { u32 } from '../lane/waiters.ts';

const SLOW = 40;
const cell: WatCell = {
  name: 'slow',
  cpuMs: 5000,
  methods: [
    { name: 'echo', body: ECHO },
    {
      name: 'spin',
      body: `(local $i i32) (loop $l
        (i32.store (i32.const 64) (local.get $i))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (i32.const 20000000)))) ${ECHO}`,
    },
  ],
};

test('slow calls in one message do not hold back what was answered before them', async (t) => {
  const desk = await Desk.open(t, { lanes: 1 });
  desk.session(1);
  desk.session(2);
  const route = await desk.load(cell);
  desk.push(0, 2, [{ route, id: 1, payload: u32(7) }]);
  const slow = Array.from({ length: SLOW }, (_, i) => ({ route: route + 1, id: i + 1 }));
  desk.push(0, 1, slow);
  desk.push(0, 1, [{ route, id: 1000, remainingMs: 1 }]);
  await desk.until(() => desk.got(1, 2).length > 0);
  t.true(desk.total < SLOW, `${desk.total} answers came with it`);
  await desk.until(() => desk.total === SLOW + 2);
  const late = desk.got(1000)[0];
  t.deepEqual([late.status, late.reason], [DEADLINE_EXCEEDED, REASON_DEADLINE_QUEUED]);
  t.true(slow.every(({ id }) => desk.got(id).length === 1 && desk.got(id)[0].status === 0));
});
