import test, { type ExecutionContext } from 'ava';
import { KIND_HELLO, KIND_PING } from '../../assembly/shared/frame.ts';
import * as layout from '../../assembly/shared/layout.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { loadKernel } from '../../host/lane/kernel.ts';
import { assemble, ECHO } from './cells.ts';
import { Killed, Mortal } from './killed.ts';
import { debugModules } from './modules.ts';
import { Random } from './random.ts';
import { frame, join, type Reply, World } from './world.ts';

const LOST = [status.UNAVAILABLE, reason.REASON_LANE_LOST] as const;

/** A second kernel over the same region, as a new worker or the listener has one. */
function another(w: World) {
  const kernel = loadKernel({
    module: debugModules.kernel,
    memory: w.shared.memory,
    table: w.table,
    wait: () => status.UNAVAILABLE | (reason.REASON_WAIT_FULL << 8),
  });
  kernel.attach(w.lane);
  return kernel;
}

/** What the listener does with a dead lane: deliver, recover, deliver; then the next worker. */
function bury(w: World, replies: Reply[], drain = true): void {
  replies.push(...w.replies());
  const recovery = another(w);
  for (let rounds = 0; recovery.recover(...LOST) > 0; rounds++) {
    if (rounds > 50) throw new Error('recover never ends');
    replies.push(...w.replies());
  }
  replies.push(...w.replies());
  if (!drain) return;
  const next = another(w);
  for (let idle = 0; idle < 2; ) {
    idle = next.drain(w.now, 4096) === 0 ? idle + 1 : 0;
    replies.push(...w.replies());
  }
}

/** Routes: 0 echo, 1 refused, 2 waits, 3 lives in lane 1. */
function world(ringBytes = 4096, start = -1024): World {
  const w = new World({ modules: debugModules, lanes: 2, ringBytes, start });
  w.install(assemble(ECHO));
  w.route(0);
  w.route(1, { rolesAny: 1n });
  w.route(2, { flags: layout.ROUTE_LIVE | layout.ROUTE_WAITING });
  w.route(3, { home: 1 });
  for (let slot = 1; slot < 4; slot++) w.session(slot);
  return w;
}

const payload = new Uint8Array(40);
const messages: [number, Uint8Array][] = [
  [1, join(frame({ call: 1, payload }), frame({ call: 2, route: 1 }), frame({ call: 3 }))],
  [2, join(frame({ call: 4, route: 2, payload }), frame({ call: 5, payload }))],
  [2, join(frame({ call: 6, route: 3 }), frame({ call: 7, route: 1 }))],
  [3, join(frame({ call: 8 }), frame({ kind: KIND_HELLO }), frame({ kind: KIND_PING, call: 9 }))],
  [3, join(frame({ call: 10, route: 9 }), frame({ kind: 77 }))],
  [1, join(frame({ call: 11, payload: new Uint8Array(900) }), frame({ call: 12, route: 2 }))],
  [1, frame({ call: 13, payload: new Uint8Array(700) })],
];
const CALLS = 13;

/** One life: all messages, death before store `stores`. Returns how many stores were done. */
function live(t: ExecutionContext, stores: number): boolean {
  const w = world();
  for (const [connection, message] of messages) {
    if (!w.push(connection, message)) throw new Error('in ring full');
  }
  const replies: Reply[] = [];
  const mortal = new Mortal(w, stores, { wait: () => 0 });
  let died = false;
  try {
    for (let turns = 0; turns < 20; turns++) {
      mortal.kernel.drain(w.now, 5);
      replies.push(...w.replies());
      finishOne(w, mortal);
      mortal.kernel.settle(w.now);
    }
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    died = true;
  }
  bury(w, replies);
  const b = new World({ modules: debugModules, shared: w.shared, lane: 1 });
  b.install(assemble(ECHO));
  b.drain();
  replies.push(...b.replies());
  const calls = replies.map((reply) => reply.call).sort((x, y) => x - y);
  const expected = Array.from({ length: CALLS }, (_, i) => i + 1);
  t.deepEqual(calls, expected, `killed before store ${stores}`);
  t.is(w.controls.length, 1, `HELLO reached the session, killed before store ${stores}`);
  t.is(w.closes.length, 1, `one CLOSE, killed before store ${stores}`);
  t.is(w.laneWord(layout.L_WAITING_WORD), 0);
  const lost = replies.filter((reply) => reply.reason === reason.REASON_LANE_LOST);
  t.true(lost.length <= 3, 'only the call in hand and those that waited are given up');
  return died;
}

/** Answers the first waiting call, as the lane's JavaScript does. */
function finishOne(w: World, mortal: Mortal): void {
  for (let slot = 0; slot < 4; slot++) {
    const at = w.shared.pendingAt(0, slot);
    if (w.shared.view.getUint32(at + layout.P_STATE, true) === 0) continue;
    if (mortal.kernel.reserve(slot, 8) === 0) return;
    mortal.kernel.finish(slot, 0, 0, 8);
    mortal.kernel.publish();
    return;
  }
}

test('killed before any of its stores, a lane loses nothing and answers nothing twice', (t) => {
  let stores = 0;
  while (live(t, stores)) stores++;
  t.true(stores > 200, `${stores} points of death`);
  t.log(`${stores} points of death`);
});

test('killed inside a cell: that call is given up, what was not begun is served', (t) => {
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  const cell = assemble(`(module (import "t" "hook" (func $hook (result i64)))
    (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64) (call $hook)))`);
  for (let round = 0; round < 60; round++) {
    const w = world(16384, random.u32() & ~15);
    let fatal = random.below(60);
    const hook = () => {
      if (fatal-- === 0) throw new Killed('killed in a cell');
      return 0n;
    };
    w.table.set(40, new WebAssembly.Instance(cell, { t: { hook } }).exports.dispatch);
    w.route(5, { slot: 40 });
    const replies: Reply[] = [];
    let call = 0;
    let killed = false;
    for (let i = 0; i < 12; i++) {
      const frames = Array.from({ length: 1 + random.below(8) }, () =>
        frame({ route: random.chance(3) ? 1 : 5, call: call++ }),
      );
      w.push(1 + random.below(3), join(...frames));
      if (killed) continue;
      try {
        w.drain(1 + random.below(9));
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        killed = true;
      }
      if (random.chance(3)) replies.push(...w.replies());
    }
    fatal = -1;
    bury(w, replies);
    const calls = replies.map((reply) => reply.call).sort((x, y) => x - y);
    t.deepEqual(
      calls,
      Array.from({ length: call }, (_, i) => i),
    );
    const lost = replies.filter((reply) => reply.reason === reason.REASON_LANE_LOST);
    t.is(lost.length, killed ? 1 : 0);
  }
});

test('recover of a lane with nothing begun changes nothing', (t) => {
  const w = world();
  w.push(1, frame({ call: 1 }));
  const replies: Reply[] = [];
  bury(w, replies);
  t.deepEqual(
    replies.map((reply) => [reply.call, reply.status]),
    [[1, 0]],
  );
  const again: Reply[] = [];
  bury(w, again);
  t.deepEqual(again, []);
});

test('a CPU overrun is told to the call that ran, the rest learn that their lane was lost', (t) => {
  const w = world(16384);
  const mortal = new Mortal(w, Number.POSITIVE_INFINITY, { wait: () => 0 });
  for (const call of [1, 2, 3]) w.push(1, frame({ route: 2, call }));
  mortal.kernel.drain(w.now, 4096);
  w.setLaneWord(layout.L_CPU_SLOT_WORD, 2);
  const recovery = another(w);
  t.is(recovery.recover(status.DEADLINE_EXCEEDED, reason.REASON_CPU), 0);
  t.deepEqual(
    w.replies().map((reply) => [reply.call, reply.reason]),
    [
      [1, reason.REASON_LANE_LOST],
      [2, reason.REASON_CPU],
      [3, reason.REASON_LANE_LOST],
    ],
  );
});

test('more waiting calls than the out ring has room for: recover goes on after delivery', (t) => {
  const w = world(4096);
  const mortal = new Mortal(w, Number.POSITIVE_INFINITY, { wait: () => 0 });
  let call = 0;
  for (; call < 300; call++) {
    w.push(1 + (call % 3), frame({ route: 2, call }));
    mortal.kernel.drain(w.now, 4096);
  }
  const recovery = another(w);
  t.true(recovery.recover(...LOST) > 0);
  const replies: Reply[] = [];
  bury(w, replies);
  const calls = replies.map((reply) => reply.call).sort((x, y) => x - y);
  t.deepEqual(
    calls,
    Array.from({ length: 300 }, (_, i) => i),
  );
});

test('a kernel that traps goes on with the next frame, before and after the wrap', (t) => {
  const w = world(4096, -512);
  const trap = assemble(`(module (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64)
    (unreachable)))`);
  w.table.set(40, new WebAssembly.Instance(trap).exports.dispatch);
  w.route(5, { slot: 40 });
  for (let call = 0; call < 60; call += 3) {
    w.push(
      1,
      join(
        frame({ call, payload }),
        frame({ call: call + 1, route: 5 }),
        frame({ call: call + 2 }),
      ),
    );
    t.throws(() => w.drain(), { instanceOf: WebAssembly.RuntimeError });
    t.is(w.kernel.failCurrent(status.INTERNAL, 0, 0, 0), 1);
    t.is(w.drain(), 1);
    t.deepEqual(
      w.replies().map((reply) => [reply.call, reply.status]),
      [
        [call, 0],
        [call + 1, status.INTERNAL],
        [call + 2, 0],
      ],
    );
  }
});
