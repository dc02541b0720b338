import test from 'ava';
import * as kinds from '../../assembly/shared/frame.ts';
import * as layout from '../../assembly/shared/layout.ts';
import { HELLO_BYTES } from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { assemble, ECHO } from './cells.ts';
import { debugModules } from './modules.ts';
import { frame, join, World } from './world.ts';

function world(): World {
  const w = new World({ modules: debugModules });
  w.route(0, { slot: w.install(assemble(ECHO)) });
  w.session(1);
  w.session(2);
  return w;
}

const text = (value: string) => new TextEncoder().encode(value);
const good = (call: number) => frame({ call });
const calls = (w: World, connection: number, message: Uint8Array) =>
  w.ask(connection, message).map((reply) => reply.call);

test('many frames of a message come back in one record, in order, with their call ids', (t) => {
  const w = world();
  const ids = [0, 1, 0xffffffff, 7, 7, 0x80000000];
  let records = 0;
  w.push(1, join(...ids.map((call) => frame({ call, payload: text('x'.repeat(call % 40)) }))));
  w.drain();
  w.reader.read({
    frames: () => {
      records++;
    },
    close: () => t.fail(),
    control: () => t.fail(),
  });
  t.is(records, 1);
  t.deepEqual(calls(w, 1, join(...ids.map(good))), ids);
});

test('replies of one connection are coalesced over its messages, others in between split', (t) => {
  const w = world();
  const seen: number[] = [];
  for (const connection of [1, 1, 1, 2, 1, 1]) w.push(connection, good(1));
  w.drain();
  w.reader.read({
    frames: (connection) => {
      seen.push(connection);
    },
    close: () => t.fail(),
    control: () => t.fail(),
  });
  t.deepEqual(seen, [1, 2, 1]);
});

test('a frame that breaks the protocol ends its connection and nothing else', (t) => {
  const cases: [string, Uint8Array, number][] = [
    ['length beyond the record', frame({ length: 1 }), reason.CLOSE_FRAME_LENGTH],
    ['length of 4 GB', frame({ length: 0xffffffff }), reason.CLOSE_FRAME_LENGTH],
    ['length that wraps', frame({ length: 0xfffffff0 }), reason.CLOSE_FRAME_LENGTH],
    ['header cut', good(9).slice(0, 15), reason.CLOSE_TRUNCATED],
    ['a single byte', new Uint8Array(1), reason.CLOSE_TRUNCATED],
    ['padding cut', frame({ payload: text('abc') }).slice(0, 19), reason.CLOSE_TRUNCATED],
    ['kind 0', frame({ kind: 0 }), reason.CLOSE_FRAME_KIND],
    ['kind 13', frame({ kind: 13 }), reason.CLOSE_FRAME_KIND],
    ['kind 255', frame({ kind: 255 }), reason.CLOSE_FRAME_KIND],
    ...[8, 16, 32, 64, 128, 255].map((flags): [string, Uint8Array, number] => [
      `flags ${flags}`,
      frame({ flags }),
      reason.CLOSE_FRAME_FLAGS,
    ]),
    ...[
      kinds.KIND_WELCOME,
      kinds.KIND_RESPONSE,
      kinds.KIND_ERROR,
      kinds.KIND_ITEM,
      kinds.KIND_END,
      kinds.KIND_PUBLISH,
    ].map((kind): [string, Uint8Array, number] => [
      `kind ${kind}, which only a host sends`,
      frame({ kind }),
      reason.CLOSE_FRAME_KIND,
    ]),
  ];
  for (const [name, bad, why] of cases) {
    const w = world();
    w.push(1, join(good(1), good(2), bad));
    w.push(2, good(3));
    w.drain();
    const replies = w.replies();
    t.deepEqual(
      replies.map((reply) => [reply.connection, reply.call]),
      [
        [1, 1],
        [1, 2],
        [2, 3],
      ],
      name,
    );
    t.deepEqual(w.closes, [{ connection: 1, generation: 1, reason: why }], name);
  }
});

test('frames behind a broken one are dropped with it', (t) => {
  const w = world();
  t.deepEqual(calls(w, 1, join(good(1), frame({ kind: 99 }), good(2), frame({ kind: 98 }))), [1]);
  t.is(w.closes.length, 1);
  t.deepEqual(calls(w, 2, good(3)), [3]);
});

test('padding may hold anything; an empty message is no frame', (t) => {
  const w = world();
  const dirty = frame({ call: 1, payload: text('abc') });
  dirty.fill(0xee, 19);
  const replies = w.ask(1, join(dirty, good(2)));
  t.deepEqual(
    replies.map((reply) => reply.call),
    [1, 2],
  );
  t.is(replies[0].payload.length, 3);
  t.deepEqual(w.ask(1, new Uint8Array(0)), []);
  t.deepEqual(calls(w, 1, good(4)), [4]);
});

test('reply padding is zero although the ring is full of older bytes', (t) => {
  const w = world();
  w.shared.bytes.fill(0xff, w.shared.outRing(0).at + layout.RING_DATA, w.shared.scratchAt(0));
  for (let n = 0; n < 40; n++) {
    const replies = w.ask(1, frame({ payload: new Uint8Array(n).fill(0xee) }));
    t.is(replies[0].payload.length, n); // world.parse throws on padding that is not zero
  }
});

for (const left of [0, 8, 16]) {
  test(`reply padding is zero ${left} bytes before the ring's end, and ends there`, (t) => {
    for (let n = 17; n <= 24; n++) {
      const start = (4 << 20) - layout.RECORD_BYTES - kinds.HEADER_BYTES - 24 - left;
      // Records are 16-aligned: of the two lengths one ends `left` bytes before the end.
      const w = new World({ modules: debugModules, start: start & ~15 });
      w.route(0, { slot: w.install(assemble(ECHO)) });
      w.session(1);
      const ring = w.shared.outRing(0);
      t.is(ring.bytes, 4 << 20);
      const end = ring.at + layout.RING_DATA + ring.bytes;
      w.shared.bytes.fill(0xff, end - 128, end + 8);
      const bytes = start & 15 ? n + 8 : n;
      const [reply] = w.ask(1, frame({ payload: new Uint8Array(bytes).fill(0xee) }));
      t.is(reply.payload.length, bytes);
      t.deepEqual([...w.shared.bytes.slice(end, end + 8)], new Array(8).fill(0xff));
    }
  });
}

test('PING is answered with PONG and its call id; PONG and CREDIT are not answered', (t) => {
  const w = world();
  const replies = w.ask(
    1,
    join(
      frame({ kind: kinds.KIND_PING, call: 77, payload: text('whatever') }),
      frame({ kind: kinds.KIND_PONG }),
      frame({ kind: kinds.KIND_CREDIT, extra: 100 }),
      good(78),
    ),
  );
  t.deepEqual(
    replies.map((reply) => [reply.kind, reply.call, reply.payload.length]),
    [
      [kinds.KIND_PONG, 77, 0],
      [kinds.KIND_RESPONSE, 78, 0],
    ],
  );
});

test('HELLO reaches the session whole, up to its limit', (t) => {
  const w = world();
  const fits = frame({ kind: kinds.KIND_HELLO, payload: new Uint8Array(HELLO_BYTES - 16) });
  t.deepEqual(calls(w, 1, join(good(1), fits, good(2))), [1, 2]);
  t.is(w.controls.length, 1);
  t.deepEqual(w.controls[0].frame, fits);
  const above = frame({ kind: kinds.KIND_HELLO, payload: new Uint8Array(HELLO_BYTES - 15) });
  t.deepEqual(calls(w, 1, join(good(3), above, good(4))), [3]);
  t.is(w.controls.length, 1);
  t.is(w.closes[0].reason, reason.CLOSE_FRAME_LENGTH);
});

test('channels other than APP are not served', (t) => {
  const w = world();
  for (const channel of [kinds.CHANNEL_CONSENSUS, kinds.CHANNEL_OPS, kinds.CHANNEL_MACRO]) {
    const [reply] = w.ask(1, frame({ flags: channel, call: 5 }));
    t.deepEqual(
      [reply.status, reply.reason, reply.call],
      [status.UNIMPLEMENTED, reason.REASON_CHANNEL, 5],
    );
  }
});

test('arguments at the limit of the route are served, one byte more is refused', (t) => {
  const w = world();
  w.route(0, { payloadBytes: 100 });
  const [fits] = w.ask(1, frame({ payload: new Uint8Array(100) }));
  t.is(fits.status, status.OK);
  const [above] = w.ask(1, frame({ payload: new Uint8Array(101) }));
  t.deepEqual(
    [above.status, above.reason],
    [status.RESOURCE_EXHAUSTED, reason.REASON_PAYLOAD_TOO_LARGE],
  );
});

test('a deadline counts from the receipt, to the microsecond', (t) => {
  const w = world();
  const verdict = (ms: number, ageUs: number) => {
    const [reply] = w.ask(1, frame({ extra: ms }), 1, ageUs);
    return [reply.status, reply.reason];
  };
  const late = [status.DEADLINE_EXCEEDED, reason.REASON_DEADLINE_QUEUED];
  t.deepEqual(verdict(0, 1_000_000_000), [0, 0], 'none');
  t.deepEqual(verdict(5, 0), [0, 0]);
  t.deepEqual(verdict(5, 4999), [0, 0]);
  t.deepEqual(verdict(5, 5000), late);
  t.deepEqual(verdict(5, -3), [0, 0], 'stamped after this drain began');
  t.deepEqual(verdict(0xffffffff, 2_000_000_000), [0, 0], 'product above 32 bits');
});

test('extensions are stepped over, or refused, within their bounds', (t) => {
  const w = world();
  const build = (total: number, items: number[], rest = '') => {
    const bytes = new Uint8Array(Math.max((total + 7) & ~7, 8) + rest.length);
    new DataView(bytes.buffer).setUint16(0, total, true);
    bytes.set(items, 2);
    bytes.set(text(rest), Math.max((total + 7) & ~7, 8));
    return bytes;
  };
  const ask = (payload: Uint8Array) => {
    const [reply] = w.ask(1, frame({ flags: kinds.FLAG_EXT, payload }));
    return [reply.status, reply.reason, new TextDecoder().decode(reply.payload)];
  };
  const refused = (code: number) => [code, reason.REASON_EXTENSION, ''];
  const trace = [kinds.EXT_TRACE, 1, 1, 2, 3, 4];
  t.deepEqual(ask(build(8, trace, 'ab')), [0, 0, 'ab']);
  t.deepEqual(ask(build(2, [], 'ab')), [0, 0, 'ab']);
  t.deepEqual(ask(build(10, [...trace, 200, 0], 'ab')), [0, 0, 'ab']);
  t.deepEqual(ask(build(9, [...trace, 3], 'ab')), [0, 0, 'ab'], 'half an item is padding');
  t.deepEqual(ask(build(8, [kinds.EXT_BEHALF, 1])), refused(status.PERMISSION_DENIED));
  t.deepEqual(ask(build(8, [3, 0])), refused(status.UNIMPLEMENTED));
  t.deepEqual(ask(build(8, [255, 1])), refused(status.UNIMPLEMENTED));
  t.deepEqual(ask(build(8, [2, 2])), refused(status.INVALID_ARGUMENT), 'item beyond the block');
  t.deepEqual(ask(build(0, [])), refused(status.INVALID_ARGUMENT));
  t.deepEqual(ask(build(1, [])), refused(status.INVALID_ARGUMENT));
  const lies = build(8, trace, '');
  new DataView(lies.buffer).setUint16(0, 9, true);
  t.deepEqual(ask(lies), refused(status.INVALID_ARGUMENT), 'block beyond the frame');
  new DataView(lies.buffer).setUint16(0, 65535, true);
  t.deepEqual(ask(lies), refused(status.INVALID_ARGUMENT));
  t.deepEqual(ask(new Uint8Array(1)), refused(status.INVALID_ARGUMENT));
  t.deepEqual(ask(new Uint8Array(0)), refused(status.INVALID_ARGUMENT));
});

test('a call behind extensions is limited by its arguments alone', (t) => {
  const w = world();
  w.route(0, { payloadBytes: 2 });
  const payload = new Uint8Array([8, 0, 2, 1, 0, 0, 0, 0, 1, 2]);
  const [reply] = w.ask(1, frame({ flags: kinds.FLAG_EXT, payload }));
  t.deepEqual([reply.status, reply.payload.length], [0, 2]);
});
