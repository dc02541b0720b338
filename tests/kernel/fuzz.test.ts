import test from 'ava';
import * as kinds from '../../assembly/shared/frame.ts';
import * as layout from '../../assembly/shared/layout.ts';
import { CLOSE_FRAME_LENGTH, CLOSE_TRUNCATED } from '../../assembly/shared/reason.ts';
import { assemble, ECHO } from './cells.ts';
import { debugModules } from './modules.ts';
import { Random } from './random.ts';
import { align8, frame, join, type Reply, World } from './world.ts';

function world(random: Random): World {
  const imports = { wait: () => 0 };
  const start = random.u32() & ~15;
  const w = new World({ modules: debugModules, ringBytes: 32768, imports, start });
  w.install(assemble(ECHO));
  w.route(0, { payloadBytes: 500 });
  w.route(1, { rolesAny: 2n });
  w.route(2, { interval: 10, tolerance: 100 });
  w.route(3, { flags: layout.ROUTE_LIVE | layout.ROUTE_PUBLIC });
  for (let slot = 0; slot < 6; slot++) w.session(slot, slot === 5 ? { flags: 0 } : {});
  return w;
}

/** A REQUEST that must be answered exactly once, whatever the answer. */
function wellFormed(random: Random, call: number): Uint8Array {
  const route = random.chance(6) ? random.below(65536) : random.below(4);
  const flags = random.chance(5) ? random.below(kinds.FLAGS_KNOWN + 1) : 0;
  const extra = random.chance(4) ? random.u32() : 0;
  return frame({ call, route, flags, extra, payload: random.bytes(random.below(80)) });
}

/** How a message is spoiled. Some of these leave it as good as it was. */
function spoil(random: Random, message: Uint8Array): Uint8Array {
  const bytes = message.slice();
  const view = new DataView(bytes.buffer);
  const at = random.below(bytes.length / 8) * 8;
  switch (random.below(7)) {
    case 0:
      return bytes.slice(0, random.below(bytes.length + 1));
    case 1: // a length that runs beyond, or overlaps the next frame
      view.setUint32(at, random.pick([0, 1, 8, 24, 0xffffffff, 0xfffffff0, random.u32()]), true);
      return bytes;
    case 2:
      bytes[at + 4] = random.u32();
      return bytes;
    case 3:
      bytes[at + 5] = random.u32();
      return bytes;
    case 4:
      for (let i = random.below(20); i >= 0; i--) bytes[random.below(bytes.length)] = random.u32();
      return bytes;
    case 5:
      return random.bytes(random.below(400));
    default:
      return join(bytes.subarray(at), random.bytes(random.below(40)), bytes);
  }
}

/** Calls that a message asks for before it breaks, by the rules of frame.ts alone. */
function expected(bytes: Uint8Array): { calls: number[]; fatal: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ignored = [kinds.KIND_HELLO, kinds.KIND_CANCEL, kinds.KIND_CREDIT, kinds.KIND_PONG];
  const calls: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 16) return { calls, fatal: true };
    const length = view.getUint32(at, true);
    if (length > bytes.length - at - 16) return { calls, fatal: true };
    const step = align8(16 + length);
    const kind = bytes[at + 4];
    if (step > bytes.length - at || bytes[at + 5] > kinds.FLAGS_KNOWN) {
      return { calls, fatal: true };
    }
    if (kind === kinds.KIND_REQUEST || kind === kinds.KIND_PING) {
      calls.push(view.getUint32(at + 8, true));
    } else if (!ignored.includes(kind)) return { calls, fatal: true };
    at += step;
  }
  return { calls, fatal: false };
}

test('hostile messages: no trap, replies parse, each well-formed call answered once', (t) => {
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  let spoilt = 0;
  for (let life = 0; life < 6; life++) {
    const w = world(random);
    let generation = 1;
    for (let round = 0; round < 500; round++) {
      const frames = Array.from({ length: 1 + random.below(5) }, (_, i) => wellFormed(random, i));
      let message: Uint8Array = join(...frames);
      if (random.chance(2)) {
        message = spoil(random, message);
        spoilt++;
      }
      const connection = random.below(6);
      w.push(connection, message, generation);
      // An honest connection beside it: it must not notice.
      const honest = (connection + 1) % 5;
      w.push(honest, frame({ route: 3, call: 1000 + round }), generation);
      const replies: Reply[] = [];
      while (w.drain(1 + random.below(4)) > 0) replies.push(...w.replies());
      replies.push(...w.replies());
      const wanted = expected(message);
      const of = (who: number) => replies.filter((reply) => reply.connection === who);
      t.deepEqual(
        of(connection).map((reply) => reply.call),
        wanted.calls,
        `life ${life} round ${round}`,
      );
      t.deepEqual(
        of(honest).map((reply) => [reply.call, reply.status]),
        [[1000 + round, 0]],
      );
      t.is(w.closes.length, wanted.fatal ? 1 : 0, `life ${life} round ${round}`);
      for (const close of w.closes.splice(0)) {
        t.is(close.connection, connection);
        t.true(close.reason >= CLOSE_FRAME_LENGTH && close.reason <= CLOSE_TRUNCATED);
      }
      w.now += random.below(50);
      if (random.chance(40)) {
        generation++;
        for (let slot = 0; slot < 5; slot++) w.session(slot, { generation });
        w.session(5, { generation, flags: 0 });
      }
    }
    t.is(w.writer.used(), 0, 'all input was given back');
  }
  t.true(spoilt > 1000);
});
