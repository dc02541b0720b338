// Macro cells that are asked nonsense: whatever a request holds, the answer is a plan or a failed
// call, and the next request is answered. Seeded; the seed is printed.
import test from 'ava';
import type { Literal } from '../../build/2-discover/protocol.ts';
import { LiteralKind } from '../../build/2-discover/protocol.ts';
import { standard } from '../std/standard.ts';
import { request, site, use } from './in-process.ts';

const SEED = Number(process.env.CELL_SEED ?? 20261120);

/** xorshift32: the same numbers for the same seed. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const TEXTS = [
  ...['', 'name', 'type', 'object', 'list', 'oneOf', 'keys', 'items', 'choices', 'on', 'args'],
  ...['role', 'UNAVAILABLE', '{id}', '{', '}', '5m', '1e9', '0', '-1', '\0', '"\\\n', '\ud800'],
  'x'.repeat(3000),
];
const NUMBERS = [0, 1, -1, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53, 1e308];

/** Any literal, also ones that no source can hold: fewer items than keys, texts in numbers. */
function anything(roll: (below: number) => number, depth: number): Literal {
  const many = depth === 0 ? 0 : roll(4);
  const items = Array.from({ length: many }, () => anything(roll, depth - 1));
  const kinds = Object.values(LiteralKind);
  const kind = kinds[roll(kinds.length)];
  const short = roll(8) === 0 ? 1 : 0;
  return {
    kind,
    text: TEXTS[roll(TEXTS.length)],
    number: NUMBERS[roll(NUMBERS.length)],
    keys:
      kind === LiteralKind.Object ? items.slice(short).map(() => TEXTS[roll(TEXTS.length)]) : [],
    items,
  };
}

for (const [cell, ns] of [
  ['service', ''],
  ['retry', 'Retry'],
]) {
  test(`${cell}: 400 requests of nonsense, seed ${SEED}`, async (t) => {
    t.log(`CELL_SEED=${SEED}`);
    const provider = await standard(cell);
    const { macros } = await provider.describe();
    const roll = dice(SEED);
    for (let i = 0; i < 400; i++) {
      const args = Array.from({ length: roll(3) }, () => anything(roll, 4));
      const name = macros[roll(macros.length)].name;
      const uses = [{ ns, name, called: true, args, types: [] }];
      const kind = ['method', 'class', 'field', ''][roll(4)];
      const asked = request([site(uses, { kind, type: TEXTS[roll(TEXTS.length)] })], {
        settings: anything(roll, 2),
        round: roll(9),
        last: roll(2) === 0,
      });
      const plan = await provider.plan(asked);
      for (const one of plan.contributions) t.deepEqual([one.site, one.use], [0, 0]);
      for (const { type, text } of plan.contributions) {
        if (type === 'macro' || type === 'settings') t.notThrows(() => JSON.parse(text), text);
      }
    }
  });

  test(`${cell}: no bytes of a request make it fall`, async (t) => {
    const provider = await standard(cell);
    const roll = dice(SEED + 1);
    const { bytes, send } = provider.payload('$plan', request([site([use(ns ? 'Retry.x' : 'x')])]));
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      const copy = bytes.slice(0, roll(4) === 0 ? roll(bytes.length) : bytes.length);
      for (let n = roll(4); n >= 0; n--) copy[roll(copy.length || 1)] = roll(256);
      const answer = send(copy);
      if ('status' in answer) {
        // INVALID_ARGUMENT, or FAILED_PRECONDITION for another version.
        t.true([3, 9].includes(answer.status), answer.message);
        refused++;
      }
    }
    t.true(refused > 50, String(refused));
    t.is((await provider.describe()).version, 1, 'it still answers');
  });
}

test('a request without sites is an empty plan', async (t) => {
  for (const cell of ['service', 'retry']) {
    const plan = await (await standard(cell)).plan(request([]));
    t.deepEqual([plan.contributions, plan.complaints], [[], []]);
  }
});

test('a site of 2,000 uses is answered for each', async (t) => {
  const uses = Array.from({ length: 2000 }, () => use('Retry.onFailure'));
  const plan = await (await standard('retry')).plan(request([site(uses)]));
  t.is(plan.contributions.length, 4000);
});
