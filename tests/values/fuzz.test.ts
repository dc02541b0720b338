// Damaged payloads: whatever arrives, the three implementations take it with the same value or
// refuse it the same way: RangeError in TypeScript, INVALID_ARGUMENT in the guest, which lives on.
// None reads outside: a guest's wild read would trap or leak, and what it leaks would show as
// another value.

import test from 'ava';
import { INVALID_ARGUMENT } from '../../assembly/shared/status.ts';
import { decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import type { Schema } from '../../host/schema/types.ts';
import { type Codecs, loadClient } from './clients.ts';
import { type Guest, GuestFailure, loadGuest } from './guests.ts';
import { damaged, Random, randomSchema, randomValue, seedOf } from './random.ts';
import { echoSchema, fields, list, map, nullable, oneOf, record, scalar, text } from './schemas.ts';

const ROUNDS = 2500;

/** Each kind of reference, check and named value, so that damage meets them all. */
function everything(): Schema {
  const user = fields('User', {
    id: scalar('u32'),
    name: text,
    age: scalar('u8'),
    tags: list(text),
    admin: scalar('bool'),
    color: oneOf('Color'),
    colors: list(oneOf('Color')),
    key: { kind: 'uuid' },
    price: { kind: 'decimal' },
    keys: list({ kind: 'uuid' }),
    raw: { kind: 'bytes' },
    at: nullable(scalar('instant')),
    grid: list(list(scalar('f64'))),
    flags: list(scalar('bool')),
    by: map(text, scalar('u16')),
    friends: list(record('User')),
    best: nullable(record('User')),
    nick: nullable(text),
  });
  const colors = {
    name: 'Color',
    members: [
      { name: 'Red', value: 0 },
      { name: 'Blue', value: 9 },
    ],
  };
  const types = [
    record('User'),
    list(record('User')),
    nullable(map(scalar('i64'), record('User'))),
  ];
  return echoSchema(types, [user], [colors]);
}

interface Outcome {
  value: unknown;
  refused: boolean;
}

function tried(action: () => unknown): Outcome {
  try {
    return { value: action(), refused: false };
  } catch (error) {
    const status = error instanceof GuestFailure ? error.status : 0;
    if (!(error instanceof RangeError) && status !== INVALID_ARGUMENT) throw error;
    return { value: null, refused: true };
  }
}

interface Sides {
  schema: Schema;
  client: Codecs;
  guest: Guest;
}

/** What the guest took it for: it writes the value anew, and that is read. */
function guestValue({ schema, guest }: Sides, index: number, payload: Uint8Array): unknown {
  return decodeResult(schema, schema.methods[index]!, guest.call(index, payload));
}

async function fuzz(
  t: {
    deepEqual(a: unknown, b: unknown, why: string): void;
    true(x: boolean): void;
    log(s: string): void;
  },
  sides: Sides,
  random: Random,
): Promise<void> {
  const { schema, client } = sides;
  const { methods } = schema;
  let taken = 0;
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const method = methods[round % methods.length]!;
    const value = randomValue(random, schema, method.params[0]!.type);
    const bytes = damaged(random, encodeArguments(schema, method, [value]));
    const told = tried(() => decodeResult(schema, method, bytes));
    const why = `${method.canonical} ${Buffer.from(bytes).toString('hex')}`;
    t.deepEqual(
      tried(() => client.decode(method.index, bytes)),
      told,
      why,
    );
    t.deepEqual(
      tried(() => guestValue(sides, method.index, bytes)),
      told,
      why,
    );
    if (told.refused) refused++;
    else taken++;
  }
  t.log(`${taken} taken, ${refused} refused`);
  t.true(taken > 20 && refused > 20);
}

for (const runtime of ['arena', 'collect'] as const) {
  test(`damaged payloads of every kind of value, ${runtime}`, async (t) => {
    const random = new Random(seedOf((line) => t.log(line)));
    const schema = everything();
    const [client, guest] = await Promise.all([loadClient(schema), loadGuest(schema, runtime)]);
    await fuzz(t, { schema, client, guest }, random);
  });
}

test('damaged payloads of a random schema', async (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  const schema = randomSchema(random, 8);
  const [client, guest] = await Promise.all([loadClient(schema), loadGuest(schema)]);
  await fuzz(t, { schema, client, guest }, random);
});

test('random bytes', async (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  const schema = everything();
  const client = await loadClient(schema);
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from({ length: random.below(80) }, () => {
      return random.chance(0.6) ? random.below(16) : random.below(256);
    });
    const method = schema.methods[round % 3]!;
    const told = tried(() => decodeResult(schema, method, bytes));
    t.deepEqual(
      tried(() => client.decode(method.index, bytes)),
      told,
      Buffer.from(bytes).toString('hex'),
    );
  }
});
