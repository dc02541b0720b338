// Many clients that do not read, each within its own bound: all together they have one too.
import test from 'ava';
import type { Sent, Wire } from '../../host/listen/contract.ts';
import { Connection } from '../../host/session/connection.ts';
import { Delivery, LARGE_BYTES } from '../../host/session/delivery.ts';
import { LOOK_BYTES, Unsent } from '../../host/session/unsent.ts';

/** Takes everything and sends nothing. */
class StuckWire implements Wire {
  readonly kind = 'stuck';
  readonly remote = 'fake';
  bytes = 0;
  code = 0;
  ended: () => void = () => {};

  buffered(): number {
    return this.bytes;
  }

  send(bytes: Uint8Array): Sent {
    this.bytes += bytes.length;
    return 'buffered';
  }

  cork(batch: () => void): void {
    batch();
  }

  close(code: number): void {
    if (this.code !== 0) return;
    this.code = code;
    this.bytes = 0;
    this.ended();
  }
}

const ANSWER = new Uint8Array(LARGE_BYTES);
const LIMIT = 4 * LOOK_BYTES;

function house(count: number): { delivery: Delivery; wires: StuckWire[] } {
  const delivery = new Delivery(new Unsent(LIMIT));
  const wires: StuckWire[] = [];
  for (let slot = 0; slot < count; slot++) {
    const wire = new StuckWire();
    const connection = new Connection(wire, 0);
    Object.assign(connection, { state: 'open', slot, generation: 1 });
    wire.ended = () => {
      connection.state = 'closed';
      delivery.forget(connection);
    };
    delivery.connections[slot] = connection;
    wires.push(wire);
  }
  return { delivery, wires };
}

const sum = (wires: StuckWire[]): number => wires.reduce((n, wire) => n + wire.bytes, 0);

test('connections that do not read are closed before they fill the memory together', (t) => {
  const { delivery, wires } = house(64);
  for (let round = 0; round < 40; round++) {
    for (let slot = 0; slot < wires.length; slot++) {
      delivery.frames(slot, 1, ANSWER);
      t.true(sum(wires) <= LIMIT + LOOK_BYTES);
    }
  }
  t.true(wires.some((wire) => wire.code === 1013));
});

test('up to the limit all stay; beyond it the one that leaves most goes, and no other', (t) => {
  const { delivery, wires } = house(8);
  while (sum(wires) < LIMIT) delivery.frames(3, 1, ANSWER);
  t.is(wires[3].code, 0);
  for (let n = 0; n < LOOK_BYTES; n += ANSWER.length) delivery.frames(5, 1, ANSWER);
  t.is(wires[3].code, 1013);
  t.is(wires[5].code, 0);
  delivery.frames(5, 1, ANSWER);
  t.is(wires[5].bytes, LOOK_BYTES + ANSWER.length);
});
