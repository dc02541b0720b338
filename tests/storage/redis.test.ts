// The store in a real Redis: the suite of all stores, the lease by which one host has it, and a
// server that goes away.
import test from 'ava';
import { UNAVAILABLE, UNKNOWN } from '../../assembly/shared/status.ts';
import { isFailure, type KvFailure, PUT, TYPE } from '../../host/capability/kv/contract.ts';
import { RedisStore } from '../../host/capability/kv/redis-store.ts';
import { Desk } from '../lane/desk.ts';
import { readU32 } from '../lane/waiters.ts';
import * as K from './keeper.ts';
import { missingRedis, RedisServer } from './redis-server.ts';
import { batchOf, conformance, read } from './stores.ts';

const missing = missingRedis();
if (missing !== null) {
  test('the store in a Redis', (t) => {
    t.log(`NOT RUN: ${missing}`);
    t.pass();
  });
} else {
  let server: RedisServer;
  let cells = 0;
  test.before(async () => {
    server = await RedisServer.start();
  });
  test.after.always(() => server.stop());

  const open = (cell: string, host = 'host', more: object = {}): RedisStore =>
    new RedisStore({ ...{ url: server.url, cell, fields: ['n', 'm'], owner: host }, ...more });

  conformance(test, 'redis', async () => {
    const cell = `cell-${cells++}`;
    return {
      open: (fields = ['n', 'm'], owner = 'host') =>
        new RedisStore({ url: server.url, cell, fields, owner }),
    };
  });

  const failure = (value: unknown): KvFailure => {
    if (!isFailure(value)) throw new Error('it did not fail');
    return value;
  };

  test('a lane that takes the place of a lost one is the same host', async (t) => {
    const lost = open('lane', 'one');
    await lost.load(0);
    await lost.commit(batchOf([TYPE, 0, '', 't'], [PUT, 0, 'k', 'v']));
    const next = open('lane', 'one');
    t.deepEqual(await read(t, next, 0), ['k=v']);
    t.is(await next.commit(batchOf([PUT, 0, 'k', 'w'])), null);
    await next.close();
    await lost.close();
  });

  test('a host that was away for longer than its lease writes nothing', async (t) => {
    const away = open('away', 'first', { leaseMs: 40 });
    await away.load(0);
    await away.commit(batchOf([TYPE, 0, '', 't'], [PUT, 0, 'k', 'v']));
    const other = open('away', 'second');
    let got = await other.load(0);
    while (isFailure(got)) got = await other.load(0);
    t.is(await other.commit(batchOf([PUT, 0, 'k', 'other'])), null);
    const { status, text } = failure(await away.commit(batchOf([PUT, 0, 'k', 'late'])));
    t.is(status, UNAVAILABLE);
    t.regex(text, /away for longer than its lease/);
    t.deepEqual(await read(t, other, 0), ['k=other']);
    t.is(failure(await away.load(0)).status, UNAVAILABLE, 'the other one has it now');
    await other.close();
    t.deepEqual(await read(t, away, 0), ['k=other']);
    await away.close();
  });

  test('one that is configured to forget says so, once, and tells no password', async (t) => {
    const store = open('warned');
    await store.load(0);
    t.is(store.warnings.length, 1);
    t.regex(store.warnings[0], /no append-only file.*set appendonly yes, appendfsync always/);
    await store.close();
    const url = 'redis://user:secret@127.0.0.1:1';
    const { text } = failure(await open('x', 'h', { url }).load(0));
    t.notRegex(text, /secret/);
    const absent = failure(await open('x', 'h', { url: { env: 'CELL_TEST_NONE' } }).load(0));
    t.regex(absent.text, /the environment has no CELL_TEST_NONE/);
  });

  test('a server that goes away and comes back, with what it has on its disk', async (t) => {
    const own = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
    t.teardown(() => own.stop());
    const store = open('gone', 'host', { url: own.url });
    await store.load(0);
    t.deepEqual(store.warnings, []);
    t.is(await store.commit(batchOf([TYPE, 0, '', 't'], [PUT, 0, 'k', 'v'])), null);
    await own.kill();
    const { status } = failure(await store.commit(batchOf([PUT, 0, 'k', 'w'])));
    t.true(status === UNAVAILABLE || status === UNKNOWN);
    t.is(failure(await store.load(0)).status, UNAVAILABLE);
    await own.restart();
    t.deepEqual(await read(t, store, 0), ['k=v']);
    t.is(await store.commit(batchOf([PUT, 0, 'k', 'x'])), null);
    t.deepEqual(await read(t, store, 0), ['k=x']);
    await store.close();
  });

  test('a cell over a Redis: its lane is lost, and the next one goes on at once', async (t) => {
    const desk = await Desk.open(t, { lanes: 1, debug: false });
    desk.session(1);
    const route = await desk.load(K.keeper('keeper'), {
      kv: { redis: server.url },
      blob: { root: import.meta.dirname },
    });
    for (let i = 1; i <= 3; i++) t.is(readU32((await desk.call(route)).payload), i);
    t.regex(desk.log.map((line) => line.text).join(), /in a Redis with no append-only file/);
    const { seats } = desk.lanes as unknown as { seats: { thread: { end(): void } }[] };
    seats[0].thread.end();
    await desk.until(() => desk.log.some((line) => /was lost/.test(line.text)));
    t.is(readU32((await desk.call(route)).payload), 4);
  });

  test('a full server refuses the batch whole', async (t) => {
    const own = await RedisServer.start('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction');
    t.teardown(() => own.stop());
    const store = open('full', 'host', { url: own.url });
    await store.load(0);
    t.is(await store.commit(batchOf([TYPE, 0, '', 't'], [PUT, 0, 'k', 'v'])), null);
    let refused: KvFailure | null = null;
    for (let i = 0; i < 50 && refused === null; i++) {
      refused = await store.commit(batchOf([PUT, 0, `k${i}`, 'x'.repeat(1 << 18)]));
    }
    t.is(refused?.status, UNAVAILABLE);
    t.regex(refused?.text ?? '', /OOM|memory/);
    const entries = await read(t, store, 0);
    t.is(entries[0], 'k=v');
    await store.close();
  });
}
