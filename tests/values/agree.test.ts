// Three implementations, one format: the generated client, the generated guest and the interpreting
// codec write the same bytes for a value and read the same value from bytes, on random schemas.

import test from 'ava';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import type { Schema } from '../../host/schema/types.ts';
import { type Codecs, loadClient, TestOutbox } from './clients.ts';
import { type Guest, loadGuest } from './guests.ts';
import { Random, randomSchema, randomValue, seedOf, settled } from './random.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function agree(
  t: { is(a: unknown, b: unknown): void; deepEqual(a: unknown, b: unknown): void },
  random: Random,
  schema: Schema,
  client: Codecs,
  guest: Guest | null,
): void {
  for (const method of schema.methods) {
    const value = randomValue(random, schema, method.params[0]!.type);
    const bytes = encodeArguments(schema, method, [value]);
    const at = random.below(40);
    t.is(hex(client.encode(method.index, [value], new TestOutbox(at + 1), at)), hex(bytes));
    t.deepEqual(client.decode(method.index, bytes), settled(value));
    t.deepEqual(decodeResult(schema, method, bytes), settled(value));
    if (guest !== null) t.is(hex(guest.call(method.index, bytes)), hex(bytes));
  }
}

for (const runtime of ['arena', 'collect'] as const) {
  test(`client, guest (${runtime}) and interpreter agree on random values`, async (t) => {
    const random = new Random(seedOf((line) => t.log(line)));
    const schema = randomSchema(random, 10);
    const [client, guest] = await Promise.all([loadClient(schema), loadGuest(schema, runtime)]);
    for (let round = 0; round < 120; round++) agree(t, random, schema, client, guest);
  });
}

test('client and interpreter agree on many random schemas', async (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  for (let i = 0; i < 25; i++) {
    const schema = randomSchema(random, 6);
    const client = await loadClient(schema);
    for (let round = 0; round < 15; round++) agree(t, random, schema, client, null);
  }
});
