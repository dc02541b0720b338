// Answers on their way out and messages that wait on their way in: order, coalescing, bounds.

import test from 'ava';
import { Budget } from '../../host/listen/budget.ts';
import type { Sent, Wire } from '../../host/listen/contract.ts';
import { Connection } from '../../host/session/connection.ts';
import { Delivery, STAGE_BYTES, STAGES } from '../../host/session/delivery.ts';
import { Parking } from '../../host/session/parking.ts';
import { Queue } from '../../host/session/queue.ts';
import { FakeLanes } from './house.ts';

/** A wire that keeps copies of what is sent. */
class FakeWire implements Wire {
  readonly kind: string;
  readonly remote = 'fake';
  readonly sent: Buffer[] = [];
  outcome: Sent = 'sent';
  ended: { code: number; reason: string } | null = null;
  onClose: () => void = () => {};

  constructor(kind = 'fake') {
    this.kind = kind;
  }

  buffered(): number {
    return 7;
  }

  send(bytes: Uint8Array): Sent {
    if (this.outcome !== 'dropped') this.sent.push(Buffer.from(bytes));
    return this.outcome;
  }

  cork(batch: () => void): void {
    batch();
  }

  close(code: number, reason: string): void {
    this.ended ??= { code, reason };
    this.onClose();
  }
}

function open(slot: number, lane = 0, kind = 'fake') {
  const wire = new FakeWire(kind);
  const connection = new Connection(wire, 0);
  connection.state = 'open';
  connection.slot = slot;
  connection.generation = 1;
  connection.lane = lane;
  return { wire, connection };
}

function delivering(count: number, kind = 'fake') {
  const delivery = new Delivery();
  const all = Array.from({ length: count }, (_, slot) => open(slot, 0, kind));
  for (const { connection } of all) delivery.connections[connection.slot] = connection;
  return { delivery, all };
}

test('answers of one tick leave as one message per connection, in order', async (t) => {
  const { delivery, all } = delivering(3);
  const memory = new Uint8Array(new SharedArrayBuffer(64));
  for (let i = 0; i < 30; i++) {
    memory.fill(i);
    delivery.frames(i % 3, 1, memory.subarray(0, 16));
  }
  memory.fill(0xee);
  t.true(all.every(({ wire }) => wire.sent.length === 0));
  await Promise.resolve();
  for (const [slot, { wire }] of all.entries()) {
    t.is(wire.sent.length, 1);
    const firsts = Array.from({ length: 10 }, (_, k) => wire.sent[0][k * 16]);
    t.deepEqual(
      firsts,
      Array.from({ length: 10 }, (_, k) => k * 3 + slot),
    );
  }
});

test('large answers leave at once, behind what is staged; stages never overflow', async (t) => {
  const { delivery, all } = delivering(1);
  const sizes = [
    16,
    STAGE_BYTES,
    16,
    STAGE_BYTES / 2,
    STAGE_BYTES / 2 - 8,
    STAGE_BYTES / 2 - 8,
    24,
    8,
  ];
  const wanted: Buffer[] = [];
  for (const [i, size] of sizes.entries()) {
    wanted.push(Buffer.alloc(size, i + 1));
    delivery.frames(0, 1, wanted[i]);
  }
  await Promise.resolve();
  t.deepEqual(Buffer.concat(all[0].wire.sent), Buffer.concat(wanted));
  t.true(all[0].wire.sent.every((bytes) => bytes.length <= STAGE_BYTES));
});

test('the last answer takes along what is staged, or leaves at once where it may', (t) => {
  for (const kind of ['fake', 'uws']) {
    const { delivery, all } = delivering(2, kind);
    const count = () => all.map(({ wire }) => wire.sent.length);
    delivery.frames(0, 1, Buffer.alloc(16, 1));
    delivery.frames(1, 1, Buffer.alloc(16, 2));
    t.deepEqual(count(), [0, 0]);
    delivery.frames(0, 1, Buffer.alloc(16, 3), true);
    t.deepEqual(count(), [1, 1]);
    t.deepEqual(all[0].wire.sent[0], Buffer.concat([Buffer.alloc(16, 1), Buffer.alloc(16, 3)]));
    delivery.frames(0, 1, Buffer.alloc(16, 4), true);
    delivery.frames(0, 1, Buffer.alloc(STAGE_BYTES, 5), true);
    t.deepEqual(count(), [3, 1]);
    delivery.frames(1, 1, Buffer.alloc(16, 6));
    delivery.frames(0, 2, Buffer.alloc(16, 7), true);
    t.deepEqual(count(), [3, 2]);
  }
});

test('answers for closed connections and other generations go nowhere', async (t) => {
  const { delivery, all } = delivering(2);
  delivery.frames(0, 2, Buffer.alloc(16));
  delivery.frames(9, 1, Buffer.alloc(16));
  delivery.frames(1, 1, Buffer.alloc(16));
  all[1].connection.state = 'closed';
  delivery.connections[1] = undefined;
  await Promise.resolve();
  t.deepEqual(
    all.map(({ wire }) => wire.sent.length),
    [0, 0],
  );
});

test('a small answer for each of many costs bounded memory and reaches them all', async (t) => {
  const count = 2 * STAGES + 1;
  const { delivery, all } = delivering(count);
  for (let round = 0; round < 2; round++) {
    for (let slot = 0; slot < count; slot++) delivery.frames(slot, 1, Buffer.alloc(16, round));
  }
  const holding = () => all.filter(({ connection }) => connection.stage !== null).length;
  t.true(holding() <= STAGES);
  await Promise.resolve();
  t.is(holding(), 0);
  const wanted = Buffer.concat([Buffer.alloc(16, 0), Buffer.alloc(16, 1)]);
  t.true(all.every(({ wire }) => Buffer.concat(wire.sent).equals(wanted)));
});

test('a lost answer ends the connection with the reason', async (t) => {
  const { delivery, all } = delivering(1);
  const [{ wire, connection }] = all;
  wire.outcome = 'dropped';
  wire.onClose = () => {
    connection.state = 'closed';
  };
  delivery.frames(0, 1, Buffer.alloc(16));
  delivery.frames(0, 1, Buffer.alloc(STAGE_BYTES));
  t.is(wire.ended?.code, 1013);
  t.regex(wire.ended!.reason, /unread: 7 bytes/);
});

test('every fault that a kernel finds has its words', (t) => {
  const words = [64, 65, 66, 67, 68].map((reason) => {
    const { delivery, all } = delivering(1);
    delivery.close(0, 1, reason);
    t.is(all[0].wire.ended!.code, 1002);
    return all[0].wire.ended!.reason;
  });
  t.is(new Set(words).size, 5);
  t.true(words.every((text) => Buffer.byteLength(text) <= 123));
});

function parking(limits: { budget?: number; credit?: number } = {}) {
  const lanes = new FakeLanes();
  const budget = new Budget(limits.budget ?? 1 << 20);
  const park = new Parking(lanes, budget, limits.credit ?? 4096);
  const closing = (slot: number, lane = 0) => {
    const opened = open(slot, lane);
    opened.wire.onClose = () => {
      opened.connection.state = 'closed';
      park.forget(opened.connection);
    };
    return opened;
  };
  return { lanes, budget, park, closing };
}

test('parked messages keep their order through a ring that fills again', (t) => {
  const { lanes, budget, park, closing } = parking();
  const all = [closing(0), closing(1), closing(2)];
  lanes.room = 5;
  for (let i = 0; i < 60; i++) park.push(all[i % 3].connection, Buffer.from([i]));
  t.is(lanes.pushed.length, 5);
  for (const more of [1, 7, 0, 100]) {
    lanes.room = more;
    park.room(0);
  }
  t.deepEqual(
    lanes.pushed.map(({ bytes }) => bytes[0]),
    Array.from({ length: 60 }, (_, i) => i),
  );
  t.is(budget.used, 0);
  t.true(all.every(({ connection }) => connection.parked === null));
});

test('a lane with room does not move messages of another', (t) => {
  const { lanes, park, closing } = parking();
  const [one, two] = [closing(0, 0), closing(1, 1)];
  lanes.full = true;
  park.push(one.connection, Buffer.from([1]));
  park.push(two.connection, Buffer.from([2]));
  lanes.full = false;
  park.room(1);
  t.deepEqual(
    lanes.pushed.map(({ lane }) => lane),
    [1],
  );
  park.room(0);
  park.room(7);
  t.is(lanes.pushed.length, 2);
});

test('a connection may park its credit and not a byte more', (t) => {
  const { lanes, budget, park, closing } = parking({ credit: 100 });
  const { wire, connection } = closing(0);
  lanes.full = true;
  park.push(connection, Buffer.alloc(60));
  park.push(connection, Buffer.alloc(40));
  t.is(wire.ended, null);
  park.push(connection, Buffer.alloc(1));
  t.deepEqual(wire.ended, { code: 1013, reason: 'at most 100 bytes of calls may wait unanswered' });
  t.is(budget.used, 0);
  lanes.full = false;
  park.room(0);
  t.is(lanes.pushed.length, 0);
});

test('all together may park the budget; who comes after is closed', (t) => {
  const { lanes, budget, park, closing } = parking({ budget: 3 * (128 + 72) });
  lanes.full = true;
  const all = [closing(0), closing(1), closing(2), closing(3)];
  for (const { connection } of all) park.push(connection, Buffer.alloc(72));
  t.is(budget.used, budget.limit);
  t.deepEqual(
    all.map(({ wire }) => wire.ended?.code),
    [undefined, undefined, undefined, 1013],
  );
  t.regex(all[3].wire.ended!.reason, /overloaded/);
  all[1].wire.close(1000, '');
  t.is(budget.used, 2 * 200);
  lanes.full = false;
  park.room(0);
  t.deepEqual(
    lanes.pushed.map(({ connection }) => connection),
    [0, 2],
  );
  t.is(budget.used, 0);
});

test('a push that closes its own connection is counted once', (t) => {
  const { lanes, budget, park, closing } = parking();
  const { wire, connection } = closing(0);
  lanes.full = true;
  for (let i = 0; i < 3; i++) park.push(connection, Buffer.alloc(8));
  lanes.full = false;
  lanes.onPush = () => wire.close(1002, '');
  park.room(0);
  t.is(lanes.pushed.length, 1);
  t.is(budget.used, 0);
});

test('queues give back what they got, in order, at any length', (t) => {
  const queue = new Queue<number>();
  let put = 0;
  let got = 0;
  for (const [add, take] of [
    [5000, 3000],
    [1, 2001],
    [0, 5],
    [3, 1],
    [2100, 2102],
  ]) {
    for (let i = 0; i < add; i++) queue.push(put++);
    for (let i = 0; i < take && queue.size > 0; i++) {
      t.is(queue.peek(), got);
      if (queue.shift() !== got++) t.fail(`out of order at ${got}`);
    }
  }
  t.is(queue.size, put - got);
  t.is(queue.size, 0);
  t.is(queue.shift(), undefined);
});
