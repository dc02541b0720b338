import test, { type ExecutionContext } from 'ava';
import { EXT_TRACE, FLAG_EXT } from '../../assembly/shared/frame.ts';
import * as layout from '../../assembly/shared/layout.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { loadKernel } from '../../host/lane/kernel.ts';
import { assemble } from './cells.ts';
import { Killed, Mortal } from './killed.ts';
import { debugModules } from './modules.ts';
import { id, PolicyWorld } from './policy-world.ts';
import { frame, join, type Reply } from './world.ts';

const WAITS = layout.ROUTE_LIVE | layout.ROUTE_WAITING;
const TAGS = [['account:', 0]];
const memo = { ttlMs: 60_000, swrMs: 1000, shared: false, tags: TAGS };
const both = {
  span: { name: 'x', ratio: 1 },
  counters: [{ name: 'n', labels: [{ key: 'plan', value: null }] }],
};
const SLOT = 60;
const [KEPT, FORGETS, WAIT_KEPT, WAIT_FORGETS] = [0, 1, 2, 3];

/** A cell whose `hook` runs at every call. */
function hooked(hook: () => void) {
  const cell = assemble(`(module (import "t" "hook" (func $hook))
    (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64)
      (call $hook) (i64.const 0)))`);
  return new WebAssembly.Instance(cell, { t: { hook } }).exports.dispatch;
}

function world(): PolicyWorld {
  const w = new PolicyWorld({ lanes: 2, ringBytes: 4096, memoBytes: 8192 });
  w.policy(KEPT, { memo, ...both });
  w.policy(FORGETS, { forget: TAGS, ...both }, { slot: SLOT });
  w.policy(WAIT_KEPT, { memo, ...both }, { flags: WAITS });
  w.policy(WAIT_FORGETS, { forget: TAGS, ...both }, { flags: WAITS });
  w.policy(4, both);
  return w;
}

function traced(): Uint8Array {
  const extension = new Uint8Array(32).fill(7);
  extension.set([32, 0, EXT_TRACE, 7]);
  return join(extension, id(1));
}

const call = (route: number, number: number) =>
  frame({ route, call: number, payload: id(1 + (number % 2)) });
const messages = [
  join(call(KEPT, 1), call(KEPT, 3), call(WAIT_KEPT, 5)),
  join(call(FORGETS, 7), call(KEPT, 9), frame({ route: 4, call: 11 })),
  join(call(WAIT_FORGETS, 13), call(KEPT, 15)),
  join(frame({ route: KEPT, call: 17, flags: FLAG_EXT, payload: traced() }), call(WAIT_KEPT, 19)),
];
const CALLS = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19];

/** What the listener does with a dead lane. */
function bury(w: PolicyWorld, replies: Reply[]): void {
  replies.push(...w.replies());
  const kernel = () => {
    const { memory } = w.shared;
    const wait = () => status.UNAVAILABLE | (reason.REASON_WAIT_FULL << 8);
    const made = loadKernel({ module: debugModules.kernel, memory, table: w.table, wait });
    made.attach(0);
    return made;
  };
  const recovery = kernel();
  while (recovery.recover(status.UNAVAILABLE, reason.REASON_LANE_LOST) > 0) {
    replies.push(...w.replies());
  }
  replies.push(...w.replies());
  const next = kernel();
  for (let idle = 0; idle < 2; ) {
    idle = next.drain(w.now, 4096) === 0 ? idle + 1 : 0;
    replies.push(...w.replies());
  }
  next.settle(w.now);
}

/** One life of lane 0, ended before store `stores`; lane 1 keeps a reply all the while. */
function live(t: ExecutionContext, stores: number): boolean {
  const w = world();
  const other = new PolicyWorld({ shared: w.shared, lane: 1 });
  const kept = [other.made(KEPT, id(1)), other.made(KEPT, id(2))];
  let changed = false;
  let waiting = 0;
  w.table.set(
    SLOT,
    hooked(() => {
      changed = true;
    }),
  );
  const mortal = new Mortal(w, stores, { wait: () => 0 });
  for (const message of messages) w.push(1, message);
  const replies: Reply[] = [];
  let died = false;
  try {
    for (let turns = 0; turns < 12; turns++) {
      mortal.kernel.drain(w.now, 3);
      replies.push(...w.replies());
      for (let slot = 0; slot < 4; slot++) {
        const at = w.shared.pendingAt(0, slot);
        if (w.shared.view.getUint32(at + layout.P_STATE, true) === 0) continue;
        if (mortal.kernel.reserve(slot, 8) === 0) break;
        if (w.shared.view.getUint32(at + layout.P_ROUTE, true) === WAIT_FORGETS) waiting++;
        mortal.kernel.finish(slot, 0, 0, 8);
      }
      mortal.kernel.publish();
      mortal.kernel.settle(w.now);
    }
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    died = true;
  }
  const before = changed;
  bury(w, replies);
  const told = `killed before store ${stores}`;
  const calls = replies.map((reply) => reply.call).sort((x, y) => x - y);
  t.deepEqual(calls, CALLS, told);
  t.is(w.laneWord(layout.L_WAITING_WORD), 0);
  w.spans();
  // Both lanes' cells count their calls: an answer above two is a new one.
  if (before || changed || waiting > 0) {
    t.true(other.made(KEPT, id(2)) > kept[1], `${told}: forgotten, for all lanes`);
  }
  return died;
}

test('killed before any of its stores: one answer each, and nothing void is served', (t) => {
  let stores = 0;
  while (live(t, stores)) stores++;
  t.true(stores > 300, `${stores} points of death`);
  t.log(`${stores} points of death`);
});

test('killed while its cell runs: what the call forgets is forgotten', (t) => {
  const w = world();
  const other = new PolicyWorld({ shared: w.shared, lane: 1 });
  t.is(other.made(KEPT, id(1)), 1);
  t.is(other.made(KEPT, id(2)), 2);
  const die = () => {
    throw new Killed('killed in a cell');
  };
  w.table.set(SLOT, hooked(die));
  const mortal = new Mortal(w, Number.POSITIVE_INFINITY, { wait: () => 0 });
  w.push(1, frame({ route: FORGETS, call: 1, flags: FLAG_EXT, payload: traced() }));
  t.throws(() => mortal.kernel.drain(w.now, 9), { instanceOf: Killed });
  const replies: Reply[] = [];
  bury(w, replies);
  t.is(replies[0].reason, reason.REASON_LANE_LOST);
  t.is(other.made(KEPT, id(2)), 2);
  t.is(other.made(KEPT, id(1)), 3);
});

test('a trap forgets too: what the cell had done by then nobody knows', (t) => {
  const w = world();
  w.policy(FORGETS, { forget: TAGS }, { method: 2 });
  t.is(w.made(KEPT, id(1)), 1);
  w.push(1, frame({ route: FORGETS, call: 9, payload: id(1) }));
  t.throws(() => w.drain(), { instanceOf: WebAssembly.RuntimeError });
  w.kernel.failCurrent(status.INTERNAL, 0, 0, 0);
  w.kernel.publish();
  w.replies();
  t.is(w.made(KEPT, id(1)), 3);
});
