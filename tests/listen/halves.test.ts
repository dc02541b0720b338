// Half-received WebSocket messages over all connections are bounded where the listener can see
// them.

import { connect } from 'node:net';
import test from 'ava';
import { listenWsWithin } from '../../host/listen/ws.ts';
import { webSocketClient } from './clients.ts';
import { listenOptions, Recorder, request } from './stands.ts';

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

function half(port: number, size: number, sent: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(upgrade));
    let seen = '';
    socket.once('data', () => socket.write(begins(size, sent)));
    socket.on('data', (chunk) => (seen += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(seen));
  });
}

test('ws: the largest half-received messages go first, pings do not hide them', async (t) => {
  const recorder = new Recorder();
  recorder.act = (seen, bytes) => seen.wire.send(bytes);
  const listener = await listenWsWithin(50_000)(listenOptions(), recorder);
  const ends = [half(listener.port, 60_000, 30_000), half(listener.port, 60_000, 31_000)];
  const client = await webSocketClient(listener.url);
  await recorder.until(() => recorder.seen.length === 3);
  t.regex(await Promise.race(ends), /the host holds too many half-received messages/);
  t.is(recorder.seen.filter((seen) => seen.closed === 1).length, 1);
  const whole = request(1, Buffer.alloc(60_000));
  for (let i = 0; i < 20; i++) client.send(whole);
  t.is((await client.bytes(20 * whole.length)).length, 20 * whole.length);
  await listener.close();
  t.is(recorder.seen.filter((seen) => seen.closed === 1).length, 3);
});
