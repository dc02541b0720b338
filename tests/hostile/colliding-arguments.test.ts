// Arguments that are made to have one hash, whatever its seed: a kept reply is found by the bytes
// of its arguments, also while a cell that hides whom it calls asks about its own replies.
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { S_CALLER } from '../../assembly/shared/layout.ts';
import { caller } from '../lane/callers.ts';
import { Desk } from '../lane/desk.ts';

/** Four words; the other four differ in bits that the hash's multiplications carry out of it. */
const ONE = BigUint64Array.of(0x1111n, 0x2222n, 0x3333n, 0x4444n);
const TOP = 1n << 63n;
const OTHER = BigUint64Array.of(ONE[0] ^ TOP, ONE[1], ONE[2] ^ TOP ^ (1n << 31n), ONE[3]);

const bytes = (words: BigUint64Array): Uint8Array => new Uint8Array(words.buffer.slice(0));

const flip = (offset: number, mask: bigint): string =>
  `(i64.store offset=${offset} (local.get $ptr)
    (i64.xor (i64.load offset=${offset} (local.get $ptr)) (i64.const ${mask})))`;

test('a reply to the one never answers the other', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  desk.memory.view.setUint32(desk.memory.sessionAt(1) + S_CALLER, 5, true);
  const memo = { ttlMs: 1, swrMs: 60_000, shared: true, tags: [] };
  const own = '(i64.store (i32.const 4096) (i64.load (local.get $ptr)))';
  const ways = [{ name: 'get', target: 'back.ask', after: own, silent: true }];
  const before = `${flip(0, TOP)} ${flip(16, TOP ^ (1n << 31n))}`;
  const cell = caller('shop', ways);
  cell.methods[0].policies = { memo };
  const shop = await desk.load(cell, { call: ['back'] });
  const asks = [{ name: 'ask', target: 'shop.get', before, silent: true }];
  await desk.load(caller('back', asks), { call: ['shop'] });
  const told = async (words: BigUint64Array): Promise<bigint> => {
    const { status, payload } = await desk.call(shop, bytes(words));
    t.is(status, 0);
    return new DataView(payload.buffer, payload.byteOffset).getBigUint64(0, true);
  };
  t.is(await told(OTHER), OTHER[0]);
  await setTimeout(10); // stale, not forgotten
  t.is(await told(ONE), ONE[0]);
  t.is(await told(OTHER), OTHER[0]);
});
