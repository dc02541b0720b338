import test from 'ava';
import { EXT_TRACE, FLAG_EXT } from '../../assembly/shared/frame.ts';
import * as layout from '../../assembly/shared/layout.ts';
import { SPANS } from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { spansLost, takeSpans } from '../../host/lane/span-ring.ts';
import { assemble } from './cells.ts';
import { id, PolicyWorld } from './policy-world.ts';
import { frame, join } from './world.ts';

const always = { span: { name: 'get', ratio: 1 } };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

/** Arguments behind a trace context. */
function traced(payload: Uint8Array, flags: number, trace = TRACE, parent = PARENT): Uint8Array {
  const extension = new Uint8Array(32);
  extension.set([32, 0, EXT_TRACE, 7]);
  extension.set(Buffer.from(trace + parent, 'hex'), 4);
  extension[28] = flags;
  return join(extension, payload);
}

test('a sampled root has ids of its own, its times and its status', (t) => {
  const w = new PolicyWorld();
  w.policy(0, always);
  w.policy(1, always, { method: 1 });
  w.push(1, join(frame({ route: 0 }), frame({ route: 1 })), 1, 250);
  const began = w.now - 250;
  w.drain();
  w.now += 40;
  const [first, second] = w.spans();
  t.regex(first.traceId, /^[0-9a-f]{32}$/);
  t.regex(first.spanId, /^[0-9a-f]{16}$/);
  t.not(first.traceId, second.traceId);
  t.not(first.spanId, second.spanId);
  t.like(first, { parentId: '', route: 0, status: 0, reason: 0, lane: 0, kept: false });
  t.like(second, { parentId: '', route: 1, status: status.NOT_FOUND });
  t.deepEqual([first.startUs, first.endUs], [began, w.now]);
  t.deepEqual(w.spans(), [], 'taken once');
});

test('a context that comes in decides: trace, parent and whether it is sampled', (t) => {
  const w = new PolicyWorld();
  w.policy(0, { span: { name: 'get', ratio: 0 } });
  w.one(0, traced(id(1), 1), { flags: FLAG_EXT });
  const [span] = w.spans();
  t.like(span, { traceId: TRACE, parentId: PARENT });
  t.not(span.spanId, PARENT);
  w.policy(1, always);
  w.one(1, traced(id(1), 0), { flags: FLAG_EXT });
  t.deepEqual(w.spans(), [], 'not sampled there, not sampled here');
  w.one(1, id(1));
  t.is(w.spans()[0].parentId, '', 'and the next call begins a trace of its own');
});

test('ids of zeros are no context; what is no trace context is passed over', (t) => {
  const w = new PolicyWorld();
  w.policy(0, always);
  const zero = (n: number) => '0'.repeat(n);
  w.one(0, traced(id(1), 1, zero(32)), { flags: FLAG_EXT });
  w.one(0, traced(id(1), 1, TRACE, zero(16)), { flags: FLAG_EXT });
  const short = new Uint8Array(8);
  short.set([8, 0, EXT_TRACE, 1]);
  w.one(0, join(short, id(1)), { flags: FLAG_EXT });
  const spans = w.spans();
  t.is(spans.length, 3);
  for (const span of spans) t.is(span.parentId, '');
});

test('half of the roots at a ratio of a half, none at 0, all at 1', (t) => {
  const w = new PolicyWorld();
  const many = (route: number) => {
    for (let i = 0; i < 40; i++) {
      w.ask(1, join(...Array.from({ length: 50 }, () => frame({ route }))));
    }
    return w.spans().length;
  };
  for (const [route, ratio] of [0, 0.5, 1].entries()) {
    w.policy(route, { span: { name: 'x', ratio } });
  }
  t.is(many(0), 0);
  // 2000 tosses: 10 standard deviations are 224.
  t.true(Math.abs(many(1) - 1000) < 224);
  t.is(many(2), 2000);
});

test('no record for routes without a span, for refused calls, and when nobody asks', (t) => {
  const w = new PolicyWorld();
  w.policy(0, always, { rolesAny: 1n });
  t.is(w.one(0, id(1)).reason, reason.REASON_ROLE);
  w.route(1, { slot: w.slot });
  w.one(1, traced(id(1), 1), { flags: FLAG_EXT });
  w.collect(false);
  w.policy(2, always);
  w.one(2, traced(id(1), 1), { flags: FLAG_EXT });
  w.one(2, id(1));
  t.deepEqual(w.spans(), []);
});

test('a cell sees the context of its call and of no other', (t) => {
  const w = new PolicyWorld();
  const seen: [number, string, string][] = [];
  const cell = assemble(`(module (import "t" "hook" (func $hook))
    (func (export "dispatch") (param i32 i32 i32 i32 i32) (result i64)
      (call $hook) (i64.const 0)))`);
  const base = w.shared.laneBase(0);
  const hook = () => {
    const bytes = Buffer.from(w.shared.bytes.slice(base + layout.L_TRACE, base + 384));
    const state = bytes.readUInt32LE(24);
    seen.push([state, bytes.toString('hex', 0, 16), bytes.toString('hex', 16, 24)]);
  };
  w.table.set(40, new WebAssembly.Instance(cell, { t: { hook } }).exports.dispatch);
  w.route(0, { slot: 40 });
  w.policy(1, always, { slot: 40 });
  w.policy(2, { span: { name: 'x', ratio: 0 } }, { slot: 40 });
  const { TRACE_HELD, TRACE_NONE, TRACE_UNSAMPLED } = layout;
  w.one(0, traced(id(1), 1), { flags: FLAG_EXT });
  t.deepEqual(seen.pop(), [TRACE_HELD | 1, TRACE, PARENT], 'passed through without a span');
  w.one(0, id(1));
  t.is(seen.pop()?.[0], TRACE_NONE);
  w.one(1, traced(id(1), 1), { flags: FLAG_EXT });
  t.deepEqual(seen.pop(), [TRACE_HELD | 1, TRACE, w.spans()[0].spanId]);
  w.one(0, id(1));
  t.is(seen.pop()?.[0], TRACE_NONE);
  w.one(2, id(1));
  t.is(seen.pop()?.[0], TRACE_UNSAMPLED);
  w.one(2, traced(id(1), 0), { flags: FLAG_EXT });
  t.deepEqual(seen.pop(), [TRACE_HELD, TRACE, PARENT]);
  w.one(0, id(1));
  t.is(seen.pop()?.[0], TRACE_NONE);
});

test('a trap ends its span, and the next call has no context of it', (t) => {
  const w = new PolicyWorld();
  w.policy(0, always, { method: 2 });
  w.policy(1, always);
  w.push(1, join(frame({ route: 0 }), frame({ route: 1 })));
  t.throws(() => w.drain(), { instanceOf: WebAssembly.RuntimeError });
  w.kernel.failCurrent(status.INTERNAL, 0, 0, 0);
  w.drain();
  const spans = w.spans();
  t.deepEqual(
    spans.map((span) => [span.status, span.parentId]),
    [
      [status.INTERNAL, ''],
      [0, ''],
    ],
  );
  t.not(spans[0].traceId, spans[1].traceId);
});

test('a kept reply has a span that says so', (t) => {
  const w = new PolicyWorld();
  w.policy(0, { ...always, memo: { ttlMs: 1000, swrMs: 0, shared: false, tags: [] } });
  w.one(0, id(1));
  w.one(0, id(1));
  t.deepEqual(
    w.spans().map((span) => span.kept),
    [false, true],
  );
});

test('a waiting call keeps its context, and ends its span with its answer', (t) => {
  const taken: number[] = [];
  const wait = (slot: number) => {
    taken.push(slot);
    return 0;
  };
  const w = new PolicyWorld({ imports: { wait } });
  const flags = layout.ROUTE_LIVE | layout.ROUTE_WAITING;
  w.policy(0, always, { flags });
  w.route(1, { flags });
  const ext = (route: number) => frame({ route, flags: FLAG_EXT, payload: traced(id(1), 1) });
  w.push(1, join(ext(0), ext(1), frame({ route: 1 })), 1, 100);
  const began = w.now - 100;
  w.drain();
  t.deepEqual(w.spans(), [], 'it has not ended');
  const context = (slot: number) => {
    const at = w.shared.pendingAt(0, slot) + layout.P_TRACE;
    const bytes = Buffer.from(w.shared.bytes.slice(at, at + 28));
    const state = bytes.readUInt32LE(24) & ~layout.TRACE_OPEN;
    return [state, bytes.toString('hex', 0, 16), bytes.toString('hex', 16, 24)];
  };
  const [own, passed, none] = taken;
  t.deepEqual(context(passed), [layout.TRACE_HELD | 1, TRACE, PARENT]);
  t.is(context(none)[0], layout.TRACE_NONE);
  const [state, trace, spanId] = context(own);
  t.deepEqual([state, trace], [layout.TRACE_HELD | 1, TRACE]);
  for (const slot of taken) {
    w.kernel.reserve(slot, 0);
    w.kernel.finish(slot, status.ABORTED, 0, 0);
  }
  w.now += 5000;
  const spans = w.spans();
  t.is(spans.length, 1);
  t.like(spans[0], { traceId: TRACE, spanId, parentId: PARENT, status: status.ABORTED });
  t.deepEqual([spans[0].startUs, spans[0].endUs], [began, w.now]);
});

test('a waiting call that is refused has ended its span at once', (t) => {
  const refuse = status.UNAVAILABLE | (reason.REASON_WAIT_FULL << 8);
  const w = new PolicyWorld({ imports: { wait: () => refuse } });
  w.policy(0, always, { flags: layout.ROUTE_LIVE | layout.ROUTE_WAITING });
  t.is(w.one(0, id(1)).reason, reason.REASON_WAIT_FULL);
  t.like(w.spans()[0], { status: status.UNAVAILABLE, reason: reason.REASON_WAIT_FULL });
});

test('a forwarded call has its span where it is served', (t) => {
  const a = new PolicyWorld({ lanes: 2 });
  const b = new PolicyWorld({ shared: a.shared, lane: 1 });
  a.policy(0, always, { home: 1 });
  a.push(1, frame({ route: 0, flags: FLAG_EXT, payload: traced(id(1), 1) }));
  a.drain();
  a.kernel.settle(a.now);
  b.drain();
  const spans = b.spans();
  t.is(spans.length, 1);
  t.like(spans[0], { traceId: TRACE, parentId: PARENT, lane: 1 });
});

test('N spans wait for the listener, the one after is lost and counted', (t) => {
  const w = new PolicyWorld();
  w.policy(0, always);
  const burst = join(...Array.from({ length: 64 }, () => frame({ route: 0 })));
  for (let i = 0; i < SPANS / 64; i++) w.ask(1, burst);
  t.is(spansLost(w.shared), 0);
  w.ask(1, frame({ route: 0 }));
  t.is(spansLost(w.shared), 1);
  const first = takeSpans(w.shared, () => {}, 10);
  t.is(first, 0, 'none has its end before settle');
  w.kernel.settle(w.now);
  t.is(
    takeSpans(w.shared, () => {}, 10),
    10,
    'no more than were asked for',
  );
  const throwing = () => {
    throw new Error('told');
  };
  t.throws(() => takeSpans(w.shared, throwing, 10), { message: 'told' });
  t.is(w.spans().length, SPANS - 11, 'the one that was told of is taken');
  w.ask(1, frame({ route: 0 }));
  t.is(w.spans().length, 1, 'there is room again');
});
