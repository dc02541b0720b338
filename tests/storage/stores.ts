// Owns the suite that every store of durable fields passes.
import type { ExecutionContext, TestFn } from 'ava';
import { UNAVAILABLE } from '../../assembly/shared/status.ts';
import {
  CLEAR,
  DROP,
  entriesOf,
  isFailure,
  KV_KEY_BYTES,
  type KvField,
  type KvStore,
  PUT,
  REMOVE,
  TYPE,
} from '../../host/capability/kv/contract.ts';
import { Writes } from '../../host/capability/kv/writes.ts';
import { Random } from '../kernel/random.ts';

export type Write = [kind: number, field: number, key?: string, value?: string | Uint8Array];

/** A batch of writes. */
export function batchOf(...writes: Write[]): Uint8Array {
  const batch = new Writes();
  for (const [kind, field, key = '', value = ''] of writes) {
    const k = Buffer.from(key);
    const v = Buffer.from(value as string);
    const both = Buffer.concat([k, v]);
    const at = { at: k.length, length: v.length };
    batch.add(kind, field, both, { at: 0, length: k.length }, at);
  }
  return batch.take();
}

/** A field as `key=value` texts. */
export async function read(t: ExecutionContext, store: KvStore, field: number): Promise<string[]> {
  const found = await store.load(field);
  if (isFailure(found)) return t.fail(found.text) as never;
  return entriesOf(found.snapshot).map(([k, v]) => `${Buffer.from(k)}=${Buffer.from(v)}`);
}

/** Where the stores of one test are. */
export interface Place {
  /** A store of the cell, for the fields `n`, `m` or others; `host`: whose it is. */
  open(fields?: readonly string[], host?: string): KvStore;
}

/** Adds the suite to `test`. `place` makes a fresh place for a test and cleans it up. */
export function conformance(
  test: TestFn,
  kind: string,
  place: (t: ExecutionContext) => Promise<Place>,
): void {
  test(`${kind}: what was committed is there, in the order of first puts`, async (t) => {
    const store = (await place(t)).open();
    const empty = (await store.load(1)) as KvField;
    t.is(empty.type, '');
    t.deepEqual(entriesOf(empty.snapshot), []);
    const first = batchOf([TYPE, 1, '', 'map x'], [PUT, 1, 'b', '1'], [PUT, 1, 'a', '2']);
    t.is(await store.commit(first), null);
    t.is(await store.commit(batchOf([PUT, 1, 'c', '3'], [PUT, 1, 'b', '4'])), null);
    t.deepEqual(await read(t, store, 1), ['b=4', 'a=2', 'c=3']);
    t.is(await store.commit(batchOf([REMOVE, 1, 'b'], [PUT, 1, 'b', '5'])), null);
    t.deepEqual(await read(t, store, 1), ['a=2', 'c=3', 'b=5']);
    t.is(((await store.load(1)) as KvField).type, 'map x');
    t.is(((await store.load(0)) as KvField).type, '', 'fields have nothing to do with each other');
    await store.close();
  });

  test(`${kind}: clearing, removing what is not there, empty keys and values`, async (t) => {
    const store = (await place(t)).open();
    const type: Write = [TYPE, 0, '', 't'];
    await store.commit(batchOf(type, [PUT, 0, '', ''], [PUT, 0, 'x', '']));
    t.deepEqual(await read(t, store, 0), ['=', 'x=']);
    await store.commit(batchOf([REMOVE, 0, 'none'], [CLEAR, 0], [PUT, 0, 'y', '1']));
    t.deepEqual(await read(t, store, 0), ['y=1']);
    await store.commit(batchOf([CLEAR, 0]));
    t.deepEqual(await read(t, store, 0), []);
    await store.close();
  });

  test(`${kind}: bytes of every kind, keys at their limit, values of megabytes`, async (t) => {
    const store = (await place(t)).open();
    const odd = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const large = Buffer.alloc(3 << 20, 7);
    const writes = new Writes();
    const key = Buffer.alloc(KV_KEY_BYTES, 0xff);
    const put = (k: Buffer, v: Buffer): void => {
      const both = Buffer.concat([k, v]);
      const value = { at: k.length, length: v.length };
      writes.add(PUT, 0, both, { at: 0, length: k.length }, value);
    };
    writes.add(TYPE, 0, Buffer.from('t'), { at: 0, length: 0 }, { at: 0, length: 1 });
    put(odd, odd);
    put(key, large);
    t.is(await store.commit(writes.take()), null);
    const entries = entriesOf(((await store.load(0)) as KvField).snapshot);
    t.true(odd.equals(entries[0][0]) && odd.equals(entries[0][1]));
    t.true(key.equals(entries[1][0]) && large.equals(entries[1][1]));
    await store.close();
  });
  sharing(test, kind, place);
}

function sharing(test: TestFn, kind: string, place: (t: ExecutionContext) => Promise<Place>): void {
  test(`${kind}: one host has it; it is free when that one has closed it`, async (t) => {
    const there = await place(t);
    const first = there.open(undefined, 'first');
    await first.load(0);
    await first.commit(batchOf([TYPE, 0, '', 't'], [PUT, 0, 'k', 'v']));
    const second = there.open(undefined, 'second');
    const refused = await second.load(0);
    t.true(isFailure(refused) && refused.status === UNAVAILABLE);
    t.regex(isFailure(refused) ? refused.text : '', /another host/);
    t.is(await first.commit(batchOf([PUT, 0, 'k', 'w'])), null, 'the first one goes on');
    await first.close();
    t.deepEqual(await read(t, second, 0), ['k=w']);
    await second.close();
  });

  test(`${kind}: other fields of an older module stay where they are`, async (t) => {
    const there = await place(t);
    const old = there.open(['gone', 'm']);
    await old.load(0);
    await old.commit(batchOf([TYPE, 0, '', 'a'], [TYPE, 1, '', 'b'], [PUT, 0, 'x', '1']));
    await old.commit(batchOf([PUT, 1, 'y', '2']));
    await old.close();
    const now = there.open(['m', 'new']);
    t.deepEqual(await read(t, now, 0), ['y=2']);
    t.is(((await now.load(1)) as KvField).type, '');
    await now.close();
    const again = there.open(['gone']);
    t.deepEqual(await read(t, again, 0), ['x=1']);
    await again.close();
  });
  wholes(test, kind, place);
}

function wholes(test: TestFn, kind: string, place: (t: ExecutionContext) => Promise<Place>): void {
  test(`${kind}: lists what is stored, and drops a field as a whole`, async (t) => {
    const there = await place(t);
    const store = there.open(['n', 'm']);
    await store.load(0);
    t.deepEqual(await store.list(), []);
    await store.commit(batchOf([TYPE, 0, '', 'a'], [PUT, 0, '', '1'], [TYPE, 1, '', 'b']));
    await store.commit(batchOf([PUT, 1, 'x', '1'], [PUT, 1, 'y', '2']));
    const m = { name: 'm', type: 'b', entries: 2 };
    t.deepEqual(await store.list(), [m, { name: 'n', type: 'a', entries: 1 }]);
    t.is(await store.commit(batchOf([DROP, 0])), null);
    t.deepEqual(await store.list(), [m]);
    t.is(((await store.load(0)) as KvField).type, '');
    t.deepEqual(await read(t, store, 0), []);
    await store.commit(batchOf([TYPE, 0, '', 'c'], [PUT, 0, 'k', '3']));
    t.deepEqual(await read(t, store, 0), ['k=3']);
    await store.close();
  });

  test(`${kind}: agrees with a map, over random batches and openings`, async (t) => {
    const random = new Random();
    t.log(`CELL_SEED=${random.seed}`);
    const next = (): number => random.u32();
    const there = await place(t);
    let store = there.open();
    await store.load(0);
    const model = new Map<string, string>();
    await store.commit(batchOf([TYPE, 0, '', 't']));
    for (let round = 0; round < 40; round++) {
      const writes: Write[] = [];
      for (let i = next() % 20; i >= 0; i--) {
        const key = `k${next() % 12}`;
        const what = next() % 10;
        if (what === 0) {
          writes.push([CLEAR, 0]);
          model.clear();
        } else if (what < 4) {
          writes.push([REMOVE, 0, key]);
          model.delete(key);
        } else {
          const value = String(next() % 1000);
          writes.push([PUT, 0, key, value]);
          model.set(key, value);
        }
      }
      t.is(await store.commit(batchOf(...writes)), null);
      if (next() % 8 === 0) {
        await store.close();
        store = there.open();
      }
      const wanted = [...model].map(([k, v]) => `${k}=${v}`);
      t.deepEqual(await read(t, store, 0), wanted, `round ${round}`);
    }
    await store.close();
  });
}
