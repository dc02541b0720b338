import test from 'ava';
import { KIND_CANCEL } from '../../assembly/shared/frame.ts';
import * as layout from '../../assembly/shared/layout.ts';
import { WAITING } from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { debugModules } from './modules.ts';
import { frame, join, NOON, World, type WorldOptions } from './world.ts';

interface Taken {
  slot: number;
  args: number[];
}

function world(options: Partial<WorldOptions> & { refuse?: () => number } = {}) {
  const taken: Taken[] = [];
  const cancelled: number[][] = [];
  const w: World = new World({
    modules: debugModules,
    imports: {
      wait: (slot, at, bytes) => {
        const refusal = options.refuse?.() ?? 0;
        if (!refusal) taken.push({ slot, args: [...w.shared.bytes.slice(at, at + bytes)] });
        return refusal;
      },
      cancel: (...of) => {
        cancelled.push(of.map((word) => word >>> 0));
      },
    },
    ...options,
  });
  w.route(0, { flags: layout.ROUTE_LIVE | layout.ROUTE_WAITING });
  w.session(1);
  return { w, taken, cancelled };
}

function field(w: World, slot: number, at: number): number {
  return w.shared.view.getUint32(w.shared.pendingAt(0, slot) + at, true);
}

function answer(w: World, slot: number, code: number, why: number, payload: number[]): void {
  const at = w.kernel.reserve(slot, payload.length) >>> 0;
  if (at === 0) throw new Error('no room');
  w.shared.bytes.set(payload, at);
  if (w.kernel.finish(slot, code, why, payload.length) !== 1) throw new Error('not finished');
  w.kernel.publish();
}

test('a waiting call is queued with all that its answer needs, and answered later', (t) => {
  const { w, taken } = world();
  const message = frame({ call: 77, extra: 20, payload: new Uint8Array([1, 2, 3]) });
  t.deepEqual(w.ask(1, message, 1, 5000), []);
  t.deepEqual(
    taken.map((one) => one.args),
    [[1, 2, 3]],
  );
  const { slot } = taken[0];
  t.is(w.laneWord(layout.L_WAITING_WORD), 1);
  t.is(field(w, slot, layout.P_CONNECTION), 1);
  t.is(field(w, slot, layout.P_GENERATION), 1);
  t.is(field(w, slot, layout.P_CALL), 77);
  t.is(field(w, slot, layout.P_STATE), 1);
  t.is(field(w, slot, layout.P_ROUTE), 0);
  t.is(field(w, slot, layout.P_STAMP), (NOON - 5000) % 2 ** 32);
  t.is(field(w, slot, layout.P_SESSION), w.shared.sessionAt(1));
  const deadline = w.shared.view.getBigInt64(w.shared.pendingAt(0, slot) + layout.P_DEADLINE, true);
  t.is(Number(deadline), NOON + 15_000);
  answer(w, slot, 0, 0, [9, 8, 7]);
  const [reply] = w.replies();
  t.deepEqual([reply.call, reply.status, [...reply.payload]], [77, 0, [9, 8, 7]]);
  t.is(field(w, slot, layout.P_STATE), 0);
  t.is(w.laneWord(layout.L_WAITING_WORD), 0);
});

test('an error of a waiting call carries status, reason and record', (t) => {
  const { w, taken } = world();
  w.ask(1, join(frame({ call: 1 }), frame({ call: 2 })));
  answer(w, taken[1].slot, status.CANCELLED, reason.REASON_CANCELLED, []);
  answer(w, taken[0].slot, status.NOT_FOUND, 0, [65]);
  t.deepEqual(
    w.replies().map((reply) => [reply.call, reply.status, reply.reason, [...reply.payload]]),
    [
      [2, status.CANCELLED, reason.REASON_CANCELLED, []],
      [1, status.NOT_FOUND, 0, [65]],
    ],
  );
});

test('what the lane refuses is answered at once and holds no slot', (t) => {
  const { w } = world({
    refuse: () => status.RESOURCE_EXHAUSTED | (reason.REASON_WAIT_FULL << 8),
  });
  const [reply] = w.ask(1, frame({ call: 4 }));
  t.deepEqual(
    [reply.call, reply.status, reply.reason],
    [4, status.RESOURCE_EXHAUSTED, reason.REASON_WAIT_FULL],
  );
  t.is(w.laneWord(layout.L_WAITING_WORD), 0);
});

test('WAITING calls wait, one more is refused, an answer makes room', (t) => {
  const { w, taken } = world();
  for (let i = 0; i < WAITING; i++) t.deepEqual(w.ask(1, frame({ call: i })), []);
  t.is(new Set(taken.map((one) => one.slot)).size, WAITING);
  const [refused] = w.ask(1, frame({ call: 9999 }));
  t.deepEqual(
    [refused.call, refused.status, refused.reason],
    [9999, status.UNAVAILABLE, reason.REASON_WAIT_FULL],
  );
  answer(w, taken[500].slot, 0, 0, []);
  t.is(w.replies()[0].call, 500);
  t.deepEqual(w.ask(1, frame({ call: 10000 })), []);
  t.is(taken[WAITING].slot, taken[500].slot);
});

test('an answer without a reservation, or longer than it, changes nothing', (t) => {
  const { w, taken } = world();
  w.ask(1, frame({ call: 1 }));
  const { slot } = taken[0];
  t.is(w.kernel.finish(slot, 0, 0, 0), 0);
  t.is(w.kernel.reserve(slot + 1, 0), 0, 'a free slot');
  t.is(w.kernel.reserve(WAITING, 0), 0);
  t.is(w.kernel.reserve(0xffffffff, 0), 0);
  t.is(w.kernel.reserve(slot, w.shared.messageBytes + 1), 0);
  t.not(w.kernel.reserve(slot, 10), 0);
  t.is(w.kernel.finish(slot, 0, 0, 11), 0);
  t.is(w.kernel.finish(slot + 1, 0, 0, 0), 0);
  t.is(w.kernel.finish(slot, 0, 0, 10), 1);
  t.is(w.kernel.finish(slot, 0, 0, 10), 0, 'answered once');
  w.kernel.publish();
  t.is(w.replies().length, 1);
});

test('a full out ring makes reserve wait for delivery', (t) => {
  const { w, taken } = world({ ringBytes: 4096 });
  for (let i = 0; i < 20; i++) w.ask(1, frame({ call: i }));
  let answered = 0;
  while (answered < 20 && w.kernel.reserve(taken[answered].slot, 300) !== 0) {
    w.kernel.finish(taken[answered++].slot, 0, 0, 300);
  }
  t.true(answered > 2 && answered < 20);
  t.is(w.laneWord(layout.L_STALLED_WORD), 1);
  w.kernel.publish();
  let got = w.replies().length;
  while (answered < 20) {
    answer(w, taken[answered++].slot, 0, 0, Array(300).fill(1));
    got += w.replies().length;
  }
  t.is(got, 20);
});

test('a reply of the limit fits wherever the ring stands', (t) => {
  const { w, taken } = world({ ringBytes: 4096 });
  for (let i = 0; i < 60; i++) {
    w.ask(1, frame({ call: i }));
    answer(w, taken[i].slot, 0, 0, Array(1024).fill(i));
    const [reply] = w.replies();
    t.deepEqual([reply.call, reply.payload.length, reply.payload[1023]], [i, 1024, i]);
    w.ask(2 + (i % 3), frame());
  }
});

test('CANCEL reaches the lane only while calls wait', (t) => {
  const { w, cancelled } = world();
  const cancel = frame({ kind: KIND_CANCEL, call: 3 });
  w.ask(1, cancel);
  t.deepEqual(cancelled, []);
  w.ask(1, join(frame({ call: 3 }), cancel));
  t.deepEqual(cancelled, [[1, 1, 3]]);
});
