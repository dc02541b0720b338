// A lane that dies while it passes a CANCEL on: the cancelled call has one answer all the same, and
// that is not the CANCEL's.
import test from 'ava';
import { KIND_CANCEL } from '../../assembly/shared/frame.ts';
import { REASON_LANE_LOST } from '../../assembly/shared/reason.ts';
import { UNAVAILABLE } from '../../assembly/shared/status.ts';
import { loadKernel } from '../../host/lane/kernel.ts';
import { assemble, ECHO } from '../kernel/cells.ts';
import { Killed, Mortal } from '../kernel/killed.ts';
import { debugModules } from '../kernel/modules.ts';
import { frame, join, type Reply, World } from '../kernel/world.ts';

function kernelOf(w: World) {
  const kernel = loadKernel({
    ...{ module: debugModules.kernel, memory: w.shared.memory, table: w.table },
    wait: () => 0,
  });
  kernel.attach(w.lane);
  return kernel;
}

/** Death before store `stores`; returns whether it came. */
function live(t: import('ava').ExecutionContext, stores: number): boolean {
  const w = new World({ modules: debugModules, lanes: 2, ringBytes: 4096, start: 0 });
  w.install(assemble(ECHO));
  w.route(0);
  w.route(3, { home: 1 });
  w.session(1);
  w.push(1, join(frame({ call: 1, route: 3 }), frame({ kind: KIND_CANCEL, call: 1, route: 3 })));
  w.push(1, frame({ call: 2 }));
  const replies: Reply[] = [];
  let died = false;
  try {
    new Mortal(w, stores, { wait: () => 0 }).kernel.drain(w.now, 100);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    died = true;
  }
  replies.push(...w.replies());
  t.is(kernelOf(w).recover(UNAVAILABLE, REASON_LANE_LOST), 0);
  replies.push(...w.replies());
  const next = kernelOf(w);
  while (next.drain(w.now, 100) > 0) replies.push(...w.replies());
  const home = new World({ modules: debugModules, shared: w.shared, lane: 1 });
  home.install(assemble(ECHO));
  home.drain();
  replies.push(...home.replies());
  const calls = replies.map(({ call }) => call).sort();
  t.deepEqual(calls, [1, 2], `killed before store ${stores}`);
  return died;
}

test('a CANCEL that is lost with its lane answers no call', (t) => {
  let stores = 0;
  while (live(t, stores)) stores++;
  t.true(stores > 40, `${stores} points of death`);
});
