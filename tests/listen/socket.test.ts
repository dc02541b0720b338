// Streams: frames cut anywhere, half-received frames within one budget, the Unix socket's file,
// loopback only.

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Budget } from '../../host/listen/budget.ts';
import { frameBytes, Half } from '../../host/listen/half.ts';
import { createInbox } from '../../host/listen/inbox.ts';
import { listenSocket } from '../../host/listen/socket.ts';
import type { streamClient } from './clients.ts';
import { listenOptions, Recorder, request, stand } from './stands.ts';

/** mulberry32: a small seeded generator. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % below;
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

for (const kind of ['unix', 'tcp'] as const) {
  test(`${kind}: frames arrive whole and in order however the stream is cut`, async (t) => {
    const seed = randomBytes(4).readUInt32LE();
    t.log(`seed ${seed}`);
    const below = random(seed);
    const recorder = new Recorder();
    const { listener, connect, budget } = await stand(kind, recorder);
    const client = await connect();
    const frames: Buffer[] = [request(0, Buffer.alloc(8))];
    for (let i = 1; i < 300; i++)
      frames.push(request(i, Buffer.alloc(below(i % 50 === 0 ? 60_000 : 200), i)));
    const all = Buffer.concat(frames);
    for (let at = 0; at < all.length; ) {
      const size = 1 + below(below(4) === 0 ? 30_000 : 40);
      client.send(all.subarray(at, at + size));
      at += size;
      if (below(3) === 0) await turn();
    }
    const total = () => recorder.seen[0]?.messages.reduce((sum, m) => sum + m.length, 0) ?? 0;
    await recorder.until(() => total() === all.length);
    t.deepEqual(Buffer.concat(recorder.seen[0].messages), all);
    for (const message of recorder.seen[0].messages) {
      let at = 0;
      while (at < message.length) at += frameBytes(message.subarray(at));
      t.is(at, message.length);
    }
    t.is(budget.used, 0);
    await listener.close();
  });

  test(`${kind}: byte by byte`, async (t) => {
    const recorder = new Recorder();
    const { listener, connect } = await stand(kind, recorder);
    const client = await connect();
    const frame = request(7, Buffer.from('slowly'));
    for (const byte of frame) {
      t.is(recorder.seen[0]?.messages.length ?? 0, 0);
      client.send(Buffer.from([byte]));
      await turn();
    }
    await recorder.until(() => recorder.seen[0]?.messages.length === 1);
    t.deepEqual(recorder.seen[0].messages[0], frame);
    await listener.close();
  });

  test(`${kind}: strangers may send a HELLO's bytes, not a byte more`, async (t) => {
    const recorder = new Recorder();
    const { listener, connect } = await stand(kind, recorder);
    const fits = await connect();
    fits.send(request(1, Buffer.alloc(16384 - 16)));
    await recorder.until(() => recorder.seen[0]?.messages.length === 1);
    const above = await connect();
    above.send(request(1, Buffer.alloc(16384 - 15)).subarray(0, 16));
    t.deepEqual(await above.ended, { code: 1009, reason: 'a HELLO may have at most 16384 bytes' });
    await listener.close();
  });

  test(`${kind}: what is no frame ends the connection, in one piece or in many`, async (t) => {
    const recorder = new Recorder();
    const { listener, connect } = await stand(kind, recorder);
    const wrong = request(1, Buffer.alloc(40));
    wrong[4] = 13;
    for (const cut of [wrong.length, 3, 20]) {
      const client = await connect();
      client.send(wrong.subarray(0, cut));
      await turn();
      client.send(wrong.subarray(cut));
      t.deepEqual(
        await client.ended,
        { code: 1002, reason: 'these bytes are not frames' },
        String(cut),
      );
    }
    t.true(recorder.seen.every((seen) => seen.messages.length === 0));
    await recorder.until(() => recorder.seen.every((seen) => seen.closed === 1));
    await listener.close();
  });

  test(`${kind}: random bytes never get through as messages that are not frames`, async (t) => {
    const seed = randomBytes(4).readUInt32LE();
    t.log(`seed ${seed}`);
    const below = random(seed);
    const recorder = new Recorder();
    const { listener, connect, budget } = await stand(kind, recorder);
    for (let i = 0; i < 40; i++) {
      const client = await connect();
      client.send(Buffer.from(Array.from({ length: 1 + below(400) }, () => below(256))));
      await turn();
      client.close();
    }
    await recorder.until(() => recorder.seen.filter((seen) => seen.closed === 1).length === 40);
    t.is(budget.used, 0);
    await listener.close();
  });

  test(`${kind}: half-received frames share one budget over all connections`, async (t) => {
    const recorder = new Recorder();
    const budget = new Budget(100_000);
    const { listener, connect } = await stand(kind, recorder, {}, budget);
    const half = request(1, Buffer.alloc(15_000)).subarray(0, 9000);
    const clients = await Promise.all(Array.from({ length: 20 }, connect));
    for (const client of clients) client.send(half);
    await recorder.until(() => recorder.seen.filter((seen) => seen.closed === 1).length >= 9);
    t.true(budget.used <= budget.limit);
    const closed = await Promise.race(clients.map((client) => client.ended));
    t.deepEqual(closed, { code: 1013, reason: 'the host holds too many half-received messages' });
    for (const client of clients) client.close();
    await recorder.until(() => recorder.seen.every((seen) => seen.closed === 1));
    t.is(budget.used, 0);
    await listener.close();
  });

  test(`${kind}: a peer that has shut its sending side is closed once`, async (t) => {
    const recorder = new Recorder();
    const { listener, connect, budget } = await stand(kind, recorder);
    const client = (await connect()) as Awaited<ReturnType<typeof streamClient>>;
    client.send(request(1, Buffer.alloc(8)).subarray(0, 20));
    await recorder.until(() => recorder.seen.length === 1);
    client.socket.end();
    await recorder.until(() => recorder.seen[0].closed === 1);
    t.is((await client.ended).code, 1006);
    t.is(budget.used, 0);
    await listener.close();
    t.is(recorder.seen[0].closed, 1);
  });
}

test('a frame that is announced large and never sent costs little', (t) => {
  const budget = new Budget(1 << 20);
  const half = new Half(budget);
  const frame = request(1, Buffer.alloc(500_000));
  t.true(half.take(frame.subarray(0, 20)));
  t.is(half.need, frame.length);
  t.is(budget.used, 4096);
  t.true(half.take(frame.subarray(20, 5000)));
  t.is(budget.used, 8192);
  t.deepEqual(Buffer.from(half.view), frame.subarray(0, 5000));
  half.clear();
  t.is(budget.used, 0);
  t.is(half.need, 16);
});

test('a budget gives exactly what it has', (t) => {
  const budget = new Budget(10);
  t.true(budget.take(10));
  t.false(budget.take(1));
  budget.give(1);
  t.false(budget.take(2));
  t.true(budget.take(1));
  t.is(budget.used, 10);
});

test('the socket file is the owner’s alone from the first moment, then gone', async (t) => {
  const mask = process.umask(0);
  t.teardown(() => process.umask(mask));
  const { listener, options } = await stand('unix', new Recorder());
  t.is(statSync(options.path!).mode & 0o777, 0o600);
  t.is(process.umask(), 0);
  t.is(listener.url, `unix:${options.path}`);
  await listener.close();
  t.false(existsSync(options.path!));
});

test('a path that is taken is refused, one left behind by a dead host is taken over', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cell-path-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const listen = listenSocket(new Budget(1000), createInbox());
  const at = (name: string) => listenOptions({ path: join(folder, name) });
  const first = await listen(at('live'), new Recorder());
  await t.throwsAsync(listen(at('live'), new Recorder()), {
    message: /another host listens there/,
  });
  await first.close();
  // A socket whose process died: the file stays, nobody answers.
  const dead = createServer().listen(join(folder, 'dead'));
  await new Promise((resolve) => dead.once('listening', resolve));
  chmodSync(join(folder, 'dead'), 0o600);
  await new Promise<void>((resolve) => {
    const { renameSync } = process.getBuiltinModule('node:fs');
    renameSync(join(folder, 'dead'), join(folder, 'left'));
    dead.close(() => resolve());
  });
  const second = await listen(at('left'), new Recorder());
  await second.close();
  writeFileSync(join(folder, 'file'), 'not a socket');
  await t.throwsAsync(listen(at('file'), new Recorder()), { message: /is not a socket/ });
  t.true(existsSync(join(folder, 'file')));
  await t.throwsAsync(listen(at('x'.repeat(120)), new Recorder()), {
    message: /at most 107 bytes/,
  });
  await t.throwsAsync(listen(at('no/such/folder'), new Recorder()), { message: /Cannot listen/ });
});

test('streams listen on loopback only, and say which port is taken', async (t) => {
  const listen = listenSocket(new Budget(1000), createInbox());
  for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.org']) {
    await t.throwsAsync(listen(listenOptions({ host }), new Recorder()), {
      message: /loopback only/,
    });
  }
  const first = await listen(listenOptions(), new Recorder());
  t.regex(first.url, /^tcp:\/\/127\.0\.0\.1:\d+$/);
  await t.throwsAsync(listen(listenOptions({ port: first.port }), new Recorder()), {
    message: new RegExp(`Cannot listen on 127.0.0.1:${first.port}`),
  });
  await first.close();
});

test('the inbox agrees with the frame walk on every cut', (t) => {
  const inbox = createInbox(4096);
  const frames = [
    request(1, Buffer.alloc(0)),
    request(2, Buffer.alloc(13)),
    request(3, Buffer.alloc(100)),
  ];
  const all = Buffer.concat(frames);
  const ends = [0, 16, 48, all.length];
  for (let have = 0; have <= all.length; have++) {
    inbox.room.set(all.subarray(0, have));
    t.is(inbox.frames(have), ends.findLast((end) => end <= have)!);
  }
  inbox.room.set(request(1, Buffer.alloc(4096 - 16)));
  t.is(inbox.frames(4096), 4096);
  inbox.room.set(request(1, Buffer.alloc(4096 - 15)).subarray(0, 4096));
  t.is(inbox.frames(4096), -1);
});
