import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import { ERROR_BYTES, LOG_BYTES, LOG_LINE_BYTES } from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { assemble, ECHO, guest } from './cells.ts';
import { debugModules } from './modules.ts';
import { frame, World } from './world.ts';

const PAGES = 2 * 65536; // memory of guest()

function world(parts: Parameters<typeof guest>[0]) {
  const w = new World({ modules: debugModules });
  const linked = w.link(assemble(guest(parts)));
  w.table.set(layout.TABLE_BASE, linked.membrane.dispatch);
  w.table.set(layout.TABLE_BASE + 1, linked.membrane.fetch);
  w.route(0);
  w.session(1, { text: 'ann\0admin\0\0read' });
  return { w, ...linked };
}

/** status, reason and payload of one call of a cell made of `parts`. */
function answer(parts: Parameters<typeof guest>[0], payload = new Uint8Array(0)) {
  const { w } = world(parts);
  const [reply] = w.ask(1, frame({ payload }));
  return [reply.status, reply.reason, new TextDecoder().decode(reply.payload)];
}

const pair = (ptr: number, len: number) =>
  `(i64.or (i64.shl (i64.extend_i32_u (i32.const ${ptr})) (i64.const 32))
           (i64.extend_i32_u (i32.const ${len})))`;
const WILD = [status.INTERNAL, reason.REASON_REPLY_WILD, ''];
const LARGE = [status.RESOURCE_EXHAUSTED, reason.REASON_REPLY_TOO_LARGE, ''];
const HI = '(data (i32.const 2000) "hello there")';

test('copies of every length are exact, both ways, up to the route limit', (t) => {
  const w = new World({ modules: debugModules });
  w.route(0, { slot: w.install(assemble(ECHO)) });
  w.session(1);
  const lengths = Array.from({ length: 300 }, (_, i) => i);
  for (const length of [...lengths, 511, 512, 513, 4095, 65537, w.shared.messageBytes - 16]) {
    const payload = new Uint8Array(length);
    for (let i = 0; i < length; i++) payload[i] = (i * 31 + length) & 255;
    const [reply] = w.ask(1, frame({ payload }));
    if (length >= 4) {
      const view = new DataView(payload.buffer);
      view.setUint32(0, view.getUint32(0, true) + 1, true);
    }
    t.is(Buffer.compare(reply.payload, payload), 0, `${length} bytes`);
  }
});

test('arguments end where they end: the guest sees nothing behind them', (t) => {
  for (const length of [0, 1, 7, 8, 15, 16, 17, 31, 33, 63, 65, 127, 129]) {
    const { w, guest: cell } = world({ handle: pair(1024, 0) });
    const bytes = new Uint8Array(cell.memory.buffer).fill(0xaa);
    w.ask(1, frame({ payload: new Uint8Array(length).fill(0x55) }));
    t.true(bytes.subarray(1024, 1024 + length).every((byte) => byte === 0x55));
    t.true(bytes.subarray(1024 + length, 1024 + 512).every((byte) => byte === 0xaa));
    t.is(bytes[1023], 0xaa);
  }
});

test('a reply anywhere in the memory of the cell is taken, beyond it refused', (t) => {
  t.deepEqual(answer({ more: HI, handle: pair(2000, 5) }), [0, 0, 'hello']);
  t.deepEqual(answer({ handle: pair(PAGES - 4, 4) }).slice(0, 2), [0, 0]);
  t.deepEqual(answer({ handle: pair(PAGES, 0) }).slice(0, 2), [0, 0]);
  t.deepEqual(answer({ handle: pair(PAGES - 4, 5) }), WILD);
  t.deepEqual(answer({ handle: pair(PAGES + 1, 0) }), WILD);
  t.deepEqual(answer({ handle: pair(0, PAGES + 1) }), WILD);
  t.deepEqual(answer({ handle: pair(-1, -1) }), WILD, 'their sum wraps in 32 bits');
  t.deepEqual(answer({ handle: pair(16, -16) }), WILD);
  t.deepEqual(answer({ handle: '(i64.const -1)' }), WILD);
});

test('an allocator that points anywhere cannot make the host write there', (t) => {
  const four = new Uint8Array(4);
  t.deepEqual(answer({ alloc: `(i32.const ${PAGES - 4})` }, four).slice(0, 2), [0, 0]);
  t.deepEqual(answer({ alloc: `(i32.const ${PAGES - 3})` }, four), WILD);
  t.deepEqual(answer({ alloc: '(i32.const -1)' }, four), WILD);
  t.deepEqual(answer({ alloc: '(i32.const -4)' }, four), WILD);
});

test('a reply of the limit passes, one byte more is refused', (t) => {
  const grow = '(drop (memory.grow (i32.const 30)))';
  const { w } = world({ handle: `${grow} ${pair(0, 1 << 20)}` });
  t.is(w.shared.messageBytes, 1 << 20);
  const [reply] = w.ask(1, frame());
  t.deepEqual([reply.status, reply.payload.length], [0, 1 << 20]);
  t.deepEqual(answer({ handle: `${grow} ${pair(0, (1 << 20) + 1)}` }), LARGE);
});

test('fail becomes the status with its record; the instance lives on', (t) => {
  const fail = (code: number, ptr: number, len: number) => ({
    more: HI,
    handle: `(call $fail (i32.const ${code}) (i32.const ${ptr}) (i32.const ${len}))
             (i64.const 0)`,
  });
  t.deepEqual(answer(fail(status.NOT_FOUND, 2000, 11)), [5, 0, 'hello there']);
  t.deepEqual(answer(fail(16, 2000, 0)), [16, 0, '']);
  for (const code of [0, 17, -1, 0x200, 0x7fffffff]) {
    t.deepEqual(answer(fail(code, 2000, 5)), [status.UNKNOWN, 0, 'hello'], `fail(${code})`);
  }
  t.deepEqual(answer(fail(5, PAGES, 1)), WILD);
  t.deepEqual(answer(fail(5, -8, 16)), WILD);
  t.deepEqual(answer(fail(5, 0, -1)), WILD);
  t.deepEqual(answer(fail(5, 0, ERROR_BYTES)).slice(0, 2), [5, 0]);
  t.deepEqual(answer(fail(5, 0, ERROR_BYTES + 1)), LARGE);
  const { w } = world({ ...fail(5, 2000, 5), alloc: '(i32.const 1024)' });
  for (let i = 0; i < 3; i++) t.is(w.ask(1, frame())[0].status, 5);
});

test('fail in the allocator is an answer too', (t) => {
  const parts = {
    more: HI,
    alloc: '(call $fail (i32.const 8) (i32.const 2000) (i32.const 5)) (i32.const 0)',
  };
  t.deepEqual(answer(parts), [8, 0, 'hello']);
});

test('attempt catches what its function fails with, nested, and the record can be read', (t) => {
  const more = `${HI}
    (elem (i32.const 1) $bad $nested $fine $wild)
    (func $bad (param i32) (call $fail (i32.const 5) (i32.const 2000) (local.get 0)))
    (func $nested (param i32)
      (if (i32.ne (call $attempt (i32.const 1) (i32.const 3)) (i32.const 6))
        (then (unreachable)))
      (call $fail (i32.const 9) (i32.const 2006) (local.get 0)))
    (func $fine (param i32))
    (func $wild (param i32) (call $fail (i32.const 5) (i32.const -1) (i32.const 99)))`;
  const run = (fn: number, arg: number, cap = 100) =>
    answer({
      more,
      handle: `(local $n i32) (local $code i32)
        (local.set $code (call $attempt (i32.const ${fn}) (i32.const ${arg})))
        (local.set $n (call $failure (i32.const 3001) (i32.const ${cap})))
        (i32.store8 (i32.const 3000) (i32.add (i32.const 65) (local.get $code)))
        (i64.or (i64.const ${3000 * 2 ** 32}) (i64.extend_i32_u
          (i32.add (i32.const 1) (local.get $n))))`,
    });
  t.deepEqual(run(1, 5), [0, 0, 'Ghello'], '1 + NOT_FOUND');
  t.deepEqual(run(2, 5), [0, 0, 'Kthere'], '1 + FAILED_PRECONDITION');
  t.deepEqual(run(3, 5), [0, 0, 'A'], 'returned');
  t.deepEqual(run(4, 5), [0, 0, 'G'], 'a wild record is empty');
  t.deepEqual(run(1, 5, 4), [0, 0, 'G\0\0\0\0\0'], 'too small: only its size');
});

test('a trap in the cell, in attempt or in an import passes through as a trap', (t) => {
  const traps: Parameters<typeof guest>[0][] = [
    { handle: '(unreachable)' },
    { alloc: '(unreachable)' },
    { handle: '(drop (call $attempt (i32.const 0) (i32.const 0))) (i64.const 0)' },
    { handle: '(drop (call $attempt (i32.const 99) (i32.const 0))) (i64.const 0)' },
    { handle: '(drop (call $read (i32.const -8) (i32.const 100))) (i64.const 0)' },
    { handle: '(call $write (i32.const 1) (i32.const -8) (i32.const 9)) (i64.const 0)' },
    { handle: '(call $write (i32.const 1) (i32.const 0) (i32.const -1)) (i64.const 0)' },
  ];
  for (const parts of traps) {
    const { w } = world(parts);
    w.push(1, frame({ call: 1 }));
    w.push(1, frame({ call: 2 }));
    t.throws(() => w.drain(), { instanceOf: WebAssembly.RuntimeError });
    t.is(w.kernel.failCurrent(status.INTERNAL, 0, 0, 0), 1);
    t.throws(() => w.drain());
    t.is(w.kernel.failCurrent(status.INTERNAL, 0, 0, 0), 1);
    t.is(w.drain(), 0);
    w.kernel.publish();
    t.deepEqual(
      w.replies().map((reply) => [reply.call, reply.status]),
      [
        [1, status.INTERNAL],
        [2, status.INTERNAL],
      ],
    );
  }
});

test('the answer after a trap carries the error record that the host wrote', (t) => {
  const { w } = world({ handle: '(unreachable)' });
  w.push(1, frame({ call: 9 }));
  t.throws(() => w.drain());
  const at = w.shared.scratchAt(0);
  w.shared.bytes.set(new TextEncoder().encode('it trapped'), at);
  w.kernel.failCurrent(status.INTERNAL, 0, at, 10);
  t.is(w.kernel.failCurrent(status.INTERNAL, 0, at, 10), 0, 'nothing is in hand any more');
  w.kernel.publish();
  const [reply] = w.replies();
  t.is(new TextDecoder().decode(reply.payload), 'it trapped');
});

test('caller.read: the text when it fits, else the size it needs', (t) => {
  const read = (ptr: number, cap: number) => ({
    handle: `(local $n i32) (local.set $n (call $read (i32.const ${ptr}) (i32.const ${cap})))
      (i32.store8 (i32.const 3000) (local.get $n))
      (i64.or (i64.const ${3000 * 2 ** 32}) (i64.const 40))`,
  });
  const padded = (text: string) => text.padEnd(40, '\0');
  t.deepEqual(answer(read(3001, 39))[2], padded('\x0fann\0admin\0\0read'));
  t.deepEqual(answer(read(3001, 15))[2], padded('\x0fann\0admin\0\0read'));
  t.deepEqual(answer(read(3001, 14))[2], padded('\x0f'));
  t.deepEqual(answer(read(3001, 0))[2], padded('\x0f'));
});

test('a waiting call reads its own caller, and nobody once that one is gone', (t) => {
  const {
    w,
    membrane,
    guest: cell,
  } = world({
    handle: `(i64.or (i64.const ${3000 * 2 ** 32})
      (i64.extend_i32_u (call $read (i32.const 3000) (i32.const 64))))`,
  });
  w.session(2, { text: 'bob', generation: 5 });
  const at = w.shared.scratchAt(0);
  const call = (slot: number, generation: number) => {
    new Uint8Array(cell.memory.buffer).fill(0, 3000, 3100);
    t.is(membrane.enter(slot, generation, at, 0), 0);
    const result: bigint = membrane.call(0);
    const bytes = Number(result & 0xffffffffn);
    t.is(membrane.fetch(at), result);
    return new TextDecoder().decode(w.shared.bytes.slice(at, at + bytes));
  };
  t.is(call(w.shared.sessionAt(2), 5), 'bob');
  t.is(call(w.shared.sessionAt(1), 1), 'ann\0admin\0\0read');
  t.is(call(w.shared.sessionAt(2), 4), '', 'an older generation');
  t.is(call(0, 0), '', 'no session');
  w.session(2, { text: 'eve', generation: 6 });
  t.is(call(w.shared.sessionAt(2), 5), '', 'the slot has a new owner');
  const [pure] = w.ask(1, frame());
  t.is(new TextDecoder().decode(pure.payload), 'ann\0admin\0\0read', 'a pure call in between');
});

test('a waiting call: arguments, replies, refusals and errors as in dispatch', (t) => {
  const echo = {
    more: HI,
    handle: `(if (i32.eq (local.get $method) (i32.const 1))
        (then (call $fail (i32.const 5) (i32.const 2000) (i32.const 5))))
      (if (i32.eq (local.get $method) (i32.const 2)) (then (return (i64.const -1))))
      (i64.or (i64.shl (i64.extend_i32_u (local.get $ptr)) (i64.const 32))
        (i64.extend_i32_u (local.get $len)))`,
  };
  const { w, membrane } = world(echo);
  const at = w.shared.scratchAt(0);
  const run = (method: number) => {
    w.shared.bytes.set([1, 2, 3], at);
    t.is(membrane.enter(0, 0, at, 3), 0);
    w.shared.bytes.fill(9, at, at + 3); // the arguments were copied by enter
    const result: bigint = membrane.call(method);
    membrane.fetch(at);
    const bytes = Number(result & 0xffffffffn);
    return [Number(result >> 32n), ...w.shared.bytes.slice(at, at + bytes)];
  };
  t.deepEqual(run(0), [0, 1, 2, 3]);
  t.deepEqual(run(1), [5, ...new TextEncoder().encode('hello')]);
  t.deepEqual(run(2), [status.INTERNAL | (reason.REASON_REPLY_WILD << 8)]);
  const wild = world({ alloc: '(i32.const -1)' });
  t.is(wild.membrane.enter(0, 0, at, 3), status.INTERNAL | (reason.REASON_REPLY_WILD << 8));
});

test('now is the drain’s clock, random differs from call to call', (t) => {
  const { w } = world({
    handle: `(i64.store (i32.const 3000) (call $now)) (i64.store (i32.const 3008) (call $next))
      ${pair(3000, 16)}`,
  });
  w.now += 123;
  const seen = new Set<bigint>();
  for (let i = 0; i < 50; i++) {
    const [reply] = w.ask(1, frame());
    const view = new DataView(reply.payload.buffer);
    t.is(Number(view.getBigInt64(0, true)), w.now);
    seen.add(view.getBigInt64(8, true));
  }
  t.is(seen.size, 50);
});

test('splitmix64 matches its published first outputs for seed 1234567', (t) => {
  const { w, gate } = world({});
  w.shared.view.setBigUint64(w.shared.laneBase(0) + layout.L_RANDOM, 1234567n, true);
  const next = () => BigInt.asUintN(64, gate.next());
  t.deepEqual(
    [next(), next(), next()],
    [6457827717110365317n, 3203168211198807973n, 9817491932198370423n],
  );
});

test('log lines lie in the lane’s ring: cut at the limit, lost ones are counted', (t) => {
  const { w, guest: cell, gate } = world({});
  const bytes = new Uint8Array(cell.memory.buffer);
  bytes.fill(65, 0, 5000);
  const ring = w.shared.logRing(0);
  const word = (at: number) => w.shared.view.getUint32(at, true);
  gate.write(2, 10, 5);
  const first = ring.at + layout.RING_DATA;
  t.deepEqual([0, 4, 8, 12].map((at) => word(first + at)).slice(0, 3), [5, 7, 2]);
  gate.write(99, 0, LOG_LINE_BYTES);
  gate.write(3, 0, LOG_LINE_BYTES + 1);
  const second = first + 32;
  t.deepEqual([word(second), word(second + 8)], [LOG_LINE_BYTES, 3]);
  const third = second + 16 + LOG_LINE_BYTES;
  t.deepEqual([word(third), word(third + 8)], [LOG_LINE_BYTES, 3 | layout.LOG_TRUNCATED]);
  const lost = () => word(w.shared.laneBase(0) + layout.L_LOG_LOST);
  const head = () => word(ring.at + layout.RING_HEAD);
  for (let i = 0; i < 100; i++) gate.write(1, 0, 2048);
  t.true(lost() > 60);
  t.true(head() <= LOG_BYTES);
  const before = lost();
  w.shared.words[(ring.at + layout.RING_TAIL) / 4] = head();
  const from = head();
  gate.write(1, 0, 2048);
  t.is(lost(), before);
  const skipped = word(first + (from & (LOG_BYTES - 1))) === layout.RECORD_SKIP;
  t.is(head() - from, skipped ? LOG_BYTES - from + 2064 : 2064);
});

test('the stubs answer UNAVAILABLE with their reason', (t) => {
  const w = new World({ modules: debugModules });
  const stubs = new WebAssembly.Instance(debugModules.unavailable).exports;
  w.table.set(16, stubs.quarantined);
  w.table.set(18, stubs.loading);
  w.route(0, { slot: 16 });
  w.route(1, { slot: 18 });
  w.session(1);
  const replies = [w.ask(1, frame({ route: 0 }))[0], w.ask(1, frame({ route: 1 }))[0]];
  t.deepEqual(
    replies.map((reply) => [reply.status, reply.reason]),
    [
      [status.UNAVAILABLE, reason.REASON_QUARANTINE],
      [status.UNAVAILABLE, reason.REASON_CELL_LOADING],
    ],
  );
});
