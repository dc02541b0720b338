// Connections that are only half there: half-received messages, peers that vanished or shut one
// side.

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import test from 'ava';
import { Farewells } from '../../host/listen/farewell.ts';
import { listenWsWithin, WS_BOUNDS } from '../../host/listen/ws.ts';
import { webSocketClient } from './clients.ts';
import { KINDS, listenOptions, Recorder, request, stand, WEB_KINDS } from './stands.ts';

const upgrade =
  'GET /cell HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** Masked with 0: a binary message of `size` bytes begins, `sent` of which follow, then a ping. */
function begins(size: number, sent: number): Buffer {
  const head = Buffer.from([0x02, 0xfe, sent >> 8, sent & 255, 0, 0, 0, 0]);
  const ping = Buffer.from([0x89, 0x84, 0, 0, 0, 0, 1, 2, 3, 4]);
  const rest = Buffer.from([0x80, 0xfe, (size - sent) >> 8, (size - sent) & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, Buffer.alloc(sent), ping, rest]);
}

/** A connection that stays half-received; `seen` resolves with what came until it was closed. */
function half(port: number, size: number, sent: number) {
  const socket = connect(port, '127.0.0.1', () => socket.write(upgrade));
  const seen = new Promise<string>((resolve) => {
    let text = '';
    socket.once('data', () => socket.write(begins(size, sent)));
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
  });
  return { socket, seen };
}

test('ws: the largest half-received messages go first, pings do not hide them', async (t) => {
  const bounds = { ...WS_BOUNDS, halfBytes: 50_000, halvesMs: 50 };
  const recorder = new Recorder();
  recorder.act = (seen, bytes) => seen.wire.send(bytes);
  const listener = await listenWsWithin(bounds)(listenOptions(), recorder);
  const halves = [half(listener.port, 60_000, 30_000), half(listener.port, 60_000, 31_000)];
  const client = await webSocketClient(listener.url);
  await recorder.until(() => recorder.seen.length === 3);
  t.regex(
    await Promise.race(halves.map(({ seen }) => seen)),
    /the host holds too many half-received messages/,
  );
  t.is(recorder.seen.filter((seen) => seen.closed === 1).length, 1);
  const whole = request(1, Buffer.alloc(60_000));
  for (let i = 0; i < 20; i++) client.send(whole);
  t.is((await client.bytes(20 * whole.length)).length, 20 * whole.length);
  for (const { socket } of halves) socket.destroy();
  await listener.close();
  t.is(recorder.seen.filter((seen) => seen.closed === 1).length, 3);
});

/** Upgrades by hand and then does `next`; answers no ping. */
function silent(port: number, next: (socket: Socket) => void): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(upgrade));
  socket.once('data', () => next(socket));
  socket.on('error', () => {});
  return socket;
}

test.serial('ws: a peer that answers no ping is given up, one that does is kept', async (t) => {
  const recorder = new Recorder();
  const listener = await listenWsWithin({ ...WS_BOUNDS, pingMs: 400 })(listenOptions(), recorder);
  const client = await webSocketClient(listener.url);
  await recorder.until(() => recorder.seen.length === 1);
  const socket = silent(listener.port, () => {});
  await recorder.until(() => recorder.seen[1]?.closed === 1);
  t.is(recorder.seen[0].closed, 0);
  client.send(request(1, Buffer.alloc(8)));
  await recorder.until(() => recorder.seen[0].messages.length === 1);
  socket.destroy();
  await listener.close();
});

for (const kind of WEB_KINDS) {
  test(`${kind}: a peer that shuts its sending side, or resets, is closed once`, async (t) => {
    const recorder = new Recorder();
    const { listener } = await stand(kind, recorder);
    const ends = silent(listener.port, (socket) => socket.end());
    const resets = silent(listener.port, (socket) => socket.resetAndDestroy());
    await recorder.until(() => recorder.seen.filter((seen) => seen.closed === 1).length === 2);
    t.is(recorder.seen[0].wire.send(Buffer.alloc(16)), 'dropped');
    ends.destroy();
    resets.destroy();
    await listener.close();
    t.deepEqual(
      recorder.seen.map((seen) => seen.closed),
      [1, 1],
    );
  });
}

test('what waits for peers that were closed is bounded; room comes back with time', async (t) => {
  const farewells = new Farewells(20, 100);
  t.true(farewells.allow(60));
  t.true(farewells.allow(40));
  t.true(farewells.allow(0));
  t.false(farewells.allow(1));
  const alive = setInterval(() => {}, 1000);
  while (!farewells.allow(100)) await new Promise((resolve) => setTimeout(resolve, 5));
  clearInterval(alive);
  t.false(farewells.allow(1));
});

for (const kind of KINDS.filter((each) => each !== 'memory')) {
  test.serial(`${kind}: many closed peers that never read are cut off`, async (t) => {
    const recorder = new Recorder();
    const { listener, connect: open } = await stand(kind, recorder, {
      backpressureBytes: 16 << 20,
    });
    const clients = [];
    for (let i = 0; i < 6; i++) clients.push(await open());
    await recorder.until(() => recorder.seen.length === 6);
    for (const client of clients) client.pause();
    const answer = request(1, Buffer.alloc(1 << 20));
    for (const { wire } of recorder.seen) while (wire.send(answer) !== 'dropped');
    for (const { wire } of recorder.seen) wire.close(1013, 'you do not read');
    t.true(recorder.seen.every((seen) => seen.closed === 1));
    for (const client of clients) client.resume();
    const ends = await Promise.all(clients.map((client) => client.ended));
    const codes = ends.map(({ code }) => code);
    t.true(codes.includes(1006), codes.join());
    if (kind === 'uws' || kind === 'ws') t.true(codes.includes(1013), codes.join());
    await listener.close();
  });
}
