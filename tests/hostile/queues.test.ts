// Queues that a client could make grow without end: what is cancelled or gone leaves them, and one
// connection never takes what all others need.
import test from 'ava';
import { WAITING } from '../../assembly/shared/limits.ts';
import { Pool, type WaitingCall } from '../../host/cell/pool.ts';
import { Budget } from '../../host/listen/budget.ts';
import type { Wire } from '../../host/listen/contract.ts';
import { Connection } from '../../host/session/connection.ts';
import { Parking } from '../../host/session/parking.ts';
import type { Queue } from '../../host/session/queue.ts';
import { FakeLanes } from '../session/house.ts';

test('calls that are made and cancelled while all instances are busy leave the queue', (t) => {
  const pool = new Pool({ cell: 0, name: 'busy', actor: true, cap: 1 });
  const live: WaitingCall[] = [];
  for (let i = 0; i < 20 * WAITING; i++) {
    const call = { id: i, answered: i % 50 !== 0 || live.length === 100 } as WaitingCall;
    if (!call.answered) live.push(call);
    pool.enqueue(call);
    t.true(pool.queued <= 2 * WAITING);
  }
  t.is(live.length, 100);
  for (const call of live) t.is(pool.next(), call);
  t.is(pool.next(), null);
});

function connected(parking: Parking, slot: number) {
  const wire = {
    kind: 'fake',
    code: 0,
    close(code: number): void {
      wire.code ||= code;
      connection.state = 'closed';
      parking.forget(connection);
    },
  };
  const connection = new Connection(wire as unknown as Wire, 0);
  Object.assign(connection, { state: 'open', slot, generation: 1, lane: 0 });
  return { wire, connection };
}

test('messages without a byte are not parked, whatever a lane is doing', (t) => {
  const budget = new Budget(1 << 20);
  const lanes = new FakeLanes();
  lanes.full = true;
  const parking = new Parking(lanes, budget, 1 << 20);
  const { wire, connection } = connected(parking, 1);
  for (let i = 0; i < 100; i++) parking.push(connection, new Uint8Array());
  t.is(budget.used, 0);
  t.is(wire.code, 0);
});

test('one connection parks half of the budget at most: another still finds room', (t) => {
  const budget = new Budget(1 << 20);
  const lanes = new FakeLanes();
  lanes.full = true;
  const parking = new Parking(lanes, budget, 1 << 20);
  const greedy = connected(parking, 1);
  const modest = connected(parking, 2);
  let most = 0;
  while (greedy.wire.code === 0) {
    parking.push(greedy.connection, new Uint8Array(16));
    most = Math.max(most, budget.used);
  }
  t.is(greedy.wire.code, 1013);
  t.is(most, budget.limit / 2 - ((budget.limit / 2) % 144));
  parking.push(modest.connection, new Uint8Array(16));
  t.is(modest.wire.code, 0);
  t.true(budget.used > 0);
});

test('connections that park, leave and come again leave nothing behind', (t) => {
  const lanes = new FakeLanes();
  lanes.full = true;
  const parking = new Parking(lanes, new Budget(64 << 20), 4 << 20);
  const stays = connected(parking, 1);
  for (let n = 0; n < 5; n++) parking.push(stays.connection, Uint8Array.of(n));
  const [queue] = (parking as unknown as { queues: Queue<Connection>[] }).queues;
  for (let round = 0; round < 40; round++) {
    const { wire, connection } = connected(parking, 2);
    for (let n = 0; n < 5000; n++) parking.push(connection, new Uint8Array(16));
    wire.close(1000);
    t.true(queue.size < 50_000);
  }
  lanes.full = false;
  parking.room(0);
  t.deepEqual(
    lanes.pushed.map(({ connection, bytes }) => [connection, bytes[0]]),
    [0, 1, 2, 3, 4].map((n) => [1, n]),
  );
  t.is(stays.connection.parked, null);
  t.is(queue.size, 0);
});
