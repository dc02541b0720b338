import test from 'ava';
import { KIND_CANCEL } from '../../assembly/shared/frame.ts';
import * as layout from '../../assembly/shared/layout.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { assemble, ECHO } from './cells.ts';
import { debugModules } from './modules.ts';
import { frame, join, World } from './world.ts';

/** Lanes 0 and 1 (of 3); route 0 has its home in lane 1, route 1 everywhere, route 2 nowhere. */
function lanes(cancelled: number[][] = []) {
  const options = { modules: debugModules, lanes: 3, ringBytes: 16384, forwardBytes: 4096 };
  const a = new World(options);
  const cancel = (...of: number[]) => void cancelled.push(of);
  const b = new World({ ...options, shared: a.shared, lane: 1, imports: { cancel } });
  for (const w of [a, b]) w.install(assemble(ECHO));
  a.route(0, { home: 1 });
  a.route(1);
  a.route(2, { home: 9 });
  a.session(1);
  return { a, b };
}

const payload = new Uint8Array([1, 0, 0, 0]);

test('a call to an actor elsewhere is answered from there, in order, and only from there', (t) => {
  const { a, b } = lanes();
  const here = a.ask(1, join(frame({ call: 1, payload }), frame({ route: 1, call: 2 })));
  t.deepEqual(
    here.map((reply) => reply.call),
    [2],
  );
  a.ask(1, frame({ call: 3, payload }));
  t.is(b.drain(), 2);
  const there = b.replies();
  t.deepEqual(
    there.map((reply) => [reply.connection, reply.generation, reply.call, reply.payload[0]]),
    [
      [1, 1, 1, 2],
      [1, 1, 3, 2],
    ],
  );
});

test('the other lane is woken when it sleeps', (t) => {
  const { a, b } = lanes();
  b.setLaneWord(layout.L_SLEEPS_WORD, 1);
  a.ask(1, frame());
  t.is(b.laneWord(layout.L_BELL_WORD), 1);
  t.is(b.laneWord(layout.L_SLEEPS_WORD), 0);
  a.ask(1, frame());
  t.is(b.laneWord(layout.L_BELL_WORD), 1);
});

test('limits and roles count once, where the call came in', (t) => {
  const { a, b } = lanes();
  a.route(0, { home: 1, interval: 1000, tolerance: 0 });
  const replies = a.ask(1, join(frame({ call: 1 }), frame({ call: 2 })));
  t.deepEqual(
    replies.map((reply) => [reply.call, reply.reason]),
    [[2, reason.REASON_RATE_ROUTE]],
  );
  b.drain();
  t.deepEqual(
    b.replies().map((reply) => [reply.call, reply.status]),
    [[1, 0]],
  );
});

test('what changed on the way counts: revoked, closed, dead route, deadline', (t) => {
  const change = (how: (w: World) => void) => {
    const { a, b } = lanes();
    a.ask(1, frame({ call: 1, extra: 5 }));
    how(a);
    b.now = a.now;
    b.drain();
    return b.replies().map((reply) => [reply.status, reply.reason]);
  };
  const { SESSION_AUTHENTICATED, SESSION_REVOKED } = layout;
  t.deepEqual(
    change((w) => w.session(1, { flags: SESSION_AUTHENTICATED | SESSION_REVOKED })),
    [[status.UNAUTHENTICATED, reason.REASON_REVOKED]],
  );
  t.deepEqual(
    change((w) => w.session(1, { generation: 2 })),
    [],
  );
  t.deepEqual(
    change((w) => w.route(0, { home: 1, flags: 0 })),
    [[status.UNIMPLEMENTED, reason.REASON_NO_ROUTE]],
  );
  t.deepEqual(
    change((w) => {
      w.now += 5000;
    }),
    [[status.DEADLINE_EXCEEDED, reason.REASON_DEADLINE_QUEUED]],
  );
  t.deepEqual(
    change((w) => w.route(0, { home: 2 })),
    [[status.UNAVAILABLE, reason.REASON_LANE_LOST]],
    'an actor that moved meanwhile: passed on once at most',
  );
  t.deepEqual(
    change(() => {}),
    [[0, 0]],
  );
});

test('a full forward ring refuses; nothing of it is lost', (t) => {
  const { a, b } = lanes();
  const big = new Uint8Array(500);
  const refused = [];
  for (let call = 0; call < 12; call++) refused.push(...a.ask(1, frame({ call, payload: big })));
  t.deepEqual(
    refused.map((reply) => [reply.call, reply.status, reply.reason]),
    [7, 8, 9, 10, 11].map((call) => [call, status.UNAVAILABLE, reason.REASON_LANE_FULL]),
  );
  b.drain();
  t.deepEqual(
    b.replies().map((reply) => reply.call),
    [0, 1, 2, 3, 4, 5, 6],
  );
});

test('a frame of half a forward ring passes wherever it stands, a larger one never', (t) => {
  const { a, b } = lanes();
  const most = 2048 - 32;
  for (let call = 0; call < 20; call++) {
    t.deepEqual(a.ask(1, frame({ call, payload: new Uint8Array(most) })), []);
    t.is(b.drain(), 1);
    const [reply] = b.replies();
    t.deepEqual([reply.call, reply.payload.length], [call, most]);
    a.ask(1, frame({ call, payload: new Uint8Array(8 * call) }));
    b.drain();
    b.replies();
  }
  const [above] = a.ask(1, frame({ payload: new Uint8Array(most + 1) }));
  t.deepEqual(
    [above.status, above.reason],
    [status.RESOURCE_EXHAUSTED, reason.REASON_PAYLOAD_TOO_LARGE],
  );
});

test('a home that does not exist is told', (t) => {
  const { a } = lanes();
  const [reply] = a.ask(1, frame({ route: 2 }));
  t.deepEqual([reply.status, reply.reason], [status.UNAVAILABLE, reason.REASON_LANE_LOST]);
});

test('CANCEL follows its call when it names the route', (t) => {
  const cancelled: number[][] = [];
  const { a, b } = lanes(cancelled);
  a.ask(1, frame({ kind: KIND_CANCEL, route: 0, call: 8 }));
  b.setLaneWord(layout.L_WAITING_WORD, 1);
  b.drain();
  t.deepEqual(cancelled, [[1, 1, 8]]);
});

test('a busy in ring does not starve the forward rings, nor they it', (t) => {
  const { a, b } = lanes();
  for (let call = 0; call < 60; call++) {
    a.ask(1, frame({ call }));
    b.push(1, frame({ route: 1, call: 100 + call }));
  }
  t.true(b.drain(8) <= 10);
  const kinds = b.replies().map((reply) => reply.call >= 100);
  t.true(kinds.includes(true) && kinds.includes(false));
});
