import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import { createMemory } from '../../host/lane/memory.ts';
import { RingWriter } from '../../host/lane/ring.ts';
import { assemble, ECHO } from './cells.ts';
import { builds, debugModules } from './modules.ts';
import { Random } from './random.ts';
import { frame, join, type Reply, World, type WorldOptions } from './world.ts';

function world(options: Partial<WorldOptions> = {}): World {
  const w = new World({ modules: debugModules, ringBytes: 16384, ...options });
  w.route(0, { slot: w.install(assemble(ECHO)), payloadBytes: 1 << 20 });
  for (let slot = 0; slot < 8; slot++) w.session(slot);
  return w;
}

/** A call whose payload can be told from every other. */
function call(id: number, length: number): Uint8Array {
  const payload = new Uint8Array(length);
  for (let i = 0; i < length; i++) payload[i] = (id * 7 + i) & 255;
  return frame({ call: id, payload });
}

/** Whether `reply` is what ECHO makes of call(id, length). */
function echoes(reply: Reply, id: number, length: number): boolean {
  if (reply.call !== id || reply.status !== 0 || reply.payload.length !== length) return false;
  const expected = call(id, length).slice(16, 16 + length);
  if (length >= 4) {
    const view = new DataView(expected.buffer);
    view.setUint32(0, view.getUint32(0, true) + 1, true);
  }
  return Buffer.compare(reply.payload, expected) === 0;
}

for (const [name, modules] of builds) {
  test(`soak over the u32 wrap: random sizes, connections, stalls (${name})`, (t) => {
    const random = new Random();
    t.log(`CELL_SEED=${random.seed}`);
    const w = world({ modules, start: -200_000 & ~15 });
    const sent = new Map<number, number[]>();
    const next = new Map<number, number>();
    let pushed = 0;
    let answered = 0;
    let stalls = 0;
    let refusedPushes = 0;
    const take = (limit?: number) => {
      for (const reply of w.replies(limit)) {
        const id = next.get(reply.connection) ?? 0;
        next.set(reply.connection, id + 1);
        answered++;
        const length = (sent.get(reply.connection) as number[])[id];
        if (!echoes(reply, id, length)) t.fail(`connection ${reply.connection} call ${id}`);
      }
    };
    for (let round = 0; round < 1500; round++) {
      const connection = random.below(8);
      const lengths = sent.get(connection) ?? [];
      sent.set(connection, lengths);
      const fresh = Array.from({ length: 1 + random.below(6) }, () =>
        random.chance(8) ? random.below(3000) : random.below(90),
      );
      const message = join(...fresh.map((length, i) => call(lengths.length + i, length)));
      if (message.length <= w.shared.messageBytes && w.push(connection, message)) {
        lengths.push(...fresh);
        pushed += fresh.length;
      } else refusedPushes++;
      if (!random.chance(3)) w.drain(1 + random.below(12));
      if (w.laneWord(layout.L_STALLED_WORD)) stalls++;
      if (random.chance(3)) take(random.below(6000));
    }
    for (let idle = 0; idle < 3; ) {
      idle = w.drain() === 0 ? idle + 1 : 0;
      take();
    }
    t.is(answered, pushed);
    t.true(stalls > 0, 'the out ring was full at times');
    t.true(refusedPushes > 0, 'the in ring was full at times');
    t.is(w.laneWord(layout.L_STALLED_WORD), 0);
    const head = w.shared.words[(w.shared.outRing(0).at + layout.RING_HEAD) / 4];
    t.true(head >= 0, 'the index has wrapped');
  });
}

test('a message of the limit fits, a byte more is an error, whatever lies in the ring', (t) => {
  const w = world();
  const most = w.shared.messageBytes;
  t.is(most, 4096);
  t.throws(() => w.push(1, new Uint8Array(most + 1)), {
    instanceOf: RangeError,
    message: 'a message of 4097 bytes is above the limit of 4096',
  });
  for (let i = 0; i < 40; i++) {
    const [reply] = w.ask(1, call(i, most - 16));
    t.true(echoes(reply, i, most - 16), `message ${i}`);
    w.ask(2, call(i, i * 8));
  }
});

test('a full in ring refuses without a trace and takes again after a drain', (t) => {
  const w = world();
  let taken = 0;
  while (w.push(1, call(taken, 1000))) taken++;
  t.is(taken, 15, '15 records of 1040 bytes in 16384');
  t.false(w.push(1, call(99, 1000)));
  t.is(w.writer.used(), 15 * 1040);
  let answered = 0;
  while (w.drain() > 0) answered += w.replies().length;
  t.is(answered, 15);
  t.true(w.push(1, call(16, 1000)));
});

test('a full out ring stalls the lane before a call is begun; delivery lets it go on', (t) => {
  const w = world();
  let pushed = 0;
  let answered = 0;
  for (let i = 0; i < 30; i++) {
    if (w.push(1, call(pushed, 1000))) pushed++;
    w.drain();
  }
  t.is(w.laneWord(layout.L_STALLED_WORD), 1);
  t.is(w.drain(), 0);
  const sequence = w.laneWord(layout.L_SEQUENCE_WORD);
  t.is(w.drain(), 0);
  t.is(w.laneWord(layout.L_SEQUENCE_WORD), sequence, 'no call is begun');
  while (answered < pushed) {
    for (const reply of w.replies()) t.true(echoes(reply, answered++, 1000));
    w.drain();
  }
  t.is(w.laneWord(layout.L_STALLED_WORD), 0);
});

test('reading a stalled lane rings its bell, once, when it sleeps', (t) => {
  const w = world();
  for (let i = 0; i < 30; i++) {
    w.push(1, call(i, 1000));
    w.drain();
  }
  t.is(w.laneWord(layout.L_BELL_WORD), 0);
  w.setLaneWord(layout.L_SLEEPS_WORD, 1);
  w.replies();
  t.is(w.laneWord(layout.L_BELL_WORD), 1);
  t.is(w.laneWord(layout.L_SLEEPS_WORD), 0);
  w.drain();
  w.replies();
  t.is(w.laneWord(layout.L_BELL_WORD), 1);
});

test('a sleeping listener is rung when there is something to deliver, else not', (t) => {
  const w = world();
  const control = layout.CONTROL / 4;
  w.shared.words[control + layout.C_HOST_SLEEPS_WORD] = 1;
  w.drain();
  t.is(w.shared.words[control + layout.C_HOST_BELL_WORD], 0);
  w.push(1, call(0, 8));
  w.drain();
  t.is(w.shared.words[control + layout.C_HOST_BELL_WORD], 1);
  t.is(w.shared.words[control + layout.C_HOST_SLEEPS_WORD], 0);
});

test('what a callback throws does not lose or repeat other records', (t) => {
  const w = world();
  for (const connection of [1, 2, 3]) w.push(connection, call(connection, 8));
  w.drain();
  const seen: number[] = [];
  const deliver = {
    frames: (connection: number) => {
      seen.push(connection);
      if (connection === 2) throw new Error('the session failed');
    },
    close: () => t.fail(),
    control: () => t.fail(),
  };
  t.throws(() => w.reader.read(deliver), { message: 'the session failed' });
  w.reader.read(deliver);
  t.deepEqual(seen, [1, 2, 3]);
});

test('a second writer goes on where the first one stopped', (t) => {
  const w = world();
  w.push(1, call(0, 100));
  const second = new RingWriter(w.shared, w.shared.inRing(0));
  t.true(second.push(1, 1, 0, call(1, 100)));
  w.drain();
  t.deepEqual(
    w.replies().map((reply) => reply.call),
    [0, 1],
  );
});

test('the layout is checked where it is made, and found again by another thread', (t) => {
  t.throws(() => createMemory({ lanes: 0 }), { message: /lanes is 0: .* 1 to 64/ });
  t.throws(() => createMemory({ lanes: 65 }), { message: /lanes is 65/ });
  t.throws(() => createMemory({ lanes: 1.5 }), { message: /lanes is 1.5/ });
  t.throws(() => createMemory({ lanes: 1, ringBytes: 5000 }), { message: /power of two/ });
  t.throws(() => createMemory({ lanes: 1, ringBytes: 2048 }), { message: /4096 to/ });
  t.throws(() => createMemory({ lanes: 1, routes: 65537 }), { message: /1 to 65536/ });
  t.throws(() => createMemory({ lanes: 1, buckets: 3 }), { message: /power of two/ });
  t.throws(() => createMemory({ lanes: 64, ringBytes: 1 << 26 }), {
    message: /64 lanes with rings of 67108864 bytes need .* fewer lanes or smaller rings/,
  });
  const shared = createMemory({ lanes: 3, sessions: 10, routes: 5, buckets: 8, ringBytes: 4096 });
  const places = [shared.bucketsAt, shared.texts, shared.sessions];
  for (let lane = 0; lane < 3; lane++) {
    places.push(shared.laneBase(lane), shared.inRing(lane).at, shared.outRing(lane).at);
    places.push(shared.forwardRing(lane, 2).at, shared.logRing(lane).at, shared.scratchAt(lane));
    places.push(shared.metricsAt(lane, 4), shared.pendingAt(lane, 1));
  }
  t.is(new Set(places).size, places.length);
  t.true(Math.max(...places) < shared.bytes.length);
});
