// Clients that mean no good, over real listeners: HELLO that trickles, a client that never reads
// its answers, HELLOs changed at random. Each time: an end with a reason, and service to everyone
// else.

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import test from 'ava';
import { INVALID_ARGUMENT } from '../../assembly/shared/status.ts';
import { frame, helloFrame } from '../../host/session/wire.ts';
import { KINDS, WEB_KINDS } from '../listen/stands.ts';
import { asks, greet, house } from './house.ts';
import { call, host, OPEN } from './road.ts';

const hello = helloFrame(0, { version: 1, agent: 'slow', token: null, methods: [] });
const upgrade =
  'GET /cell HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** Sends `before`, awaits its answer, then `bytes` one at a time; resolves with all that came. */
function trickle(
  where: { port: number } | { path: string },
  before: string,
  bytes: Uint8Array,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = 'path' in where ? connect(where.path) : connect(where.port, '127.0.0.1');
    let seen = '';
    let at = 0;
    const next = () => {
      if (socket.writable && at < bytes.length) socket.write(bytes.subarray(at, ++at));
    };
    let timer: NodeJS.Timeout | undefined;
    const begin = () => (timer ??= setInterval(next, 5));
    socket.on('connect', () => (before ? socket.write(before) : begin()));
    socket.once('data', begin);
    socket.on('data', (chunk) => (seen += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      clearInterval(timer);
      resolve(seen);
    });
  });
}

for (const kind of KINDS.filter((each) => each !== 'memory')) {
  const web = kind === 'uws' || kind === 'ws';

  test(`${kind}: a HELLO that trickles in is ended in time, with the reason`, async (t) => {
    const { listener, options, session } = await host(t, { kind, limits: { helloMs: 1000 } });
    const other = await session();
    const where = options.path ? { path: options.path } : { port: listener.port };
    const slow = Buffer.concat([Buffer.from([0x82, 0xfe, 0x02, 0, 0, 0, 0, 0]), Buffer.alloc(512)]);
    const seen = await trickle(where, web ? upgrade : '', web ? slow : helloPadded());
    t.true(seen.includes('no HELLO came within 1000 ms'), JSON.stringify(seen.slice(-80)));
    t.is(await call(other.client, OPEN), '12345678');
  });

  test(`${kind}: a client that never reads its answers is ended, others are served`, async (t) => {
    const { session, reception } = await host(t, { kind });
    const [greedy, other] = [await session(), await session()];
    greedy.client.pause();
    const big = Buffer.alloc(60_000, 1);
    const mine = () => reception.connections().find((one) => one.slot === 0);
    let most = 0;
    for (let i = 1; mine() && i < 5000; i++) {
      greedy.client.send(frame(3, i << 16, OPEN, 0, big));
      most = Math.max(most, mine()?.buffered ?? 0);
      if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    t.is(mine(), undefined);
    t.true(most <= 1 << 20, `${most} bytes were buffered`);
    t.is(await call(other.client, OPEN), '12345678');
    greedy.client.close();
  });
}

/** A HELLO long enough to take longer than the time for it. */
function helloPadded(): Uint8Array {
  return helloFrame(0, { version: 1, agent: 'x'.repeat(2000), token: null, methods: [] });
}

test('HELLOs changed at random are answered or refused and break nothing', async (t) => {
  const seed = randomBytes(4).readUInt32LE();
  t.log(`seed ${seed}`);
  let state = seed | 1;
  const below = (n: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  const { connect: open, reception, lanes } = await house(t);
  const methods = [asks('demo.open(u32)->u32', true), asks('demo.other()->void')];
  const good = helloFrame(3, { version: 1, agent: 'fuzz', token: 'a.b.c', methods });
  let answered = 0;
  for (let i = 0; i < 600; i++) {
    const bytes = Buffer.from(i % 3 === 0 ? hello : good);
    for (let k = 0; k <= below(4); k++) bytes[below(bytes.length)] ^= 1 << below(8);
    const client = await open();
    client.send(below(5) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes);
    const first = await Promise.race([client.ended, client.bytes(16)]);
    if (Buffer.isBuffer(first)) {
      answered++;
      client.close();
    }
    await client.ended;
  }
  t.true(answered > 0);
  t.is(lanes.pushed.length, 0);
  t.deepEqual(reception.counts(), { connections: 0, sessions: 0 });
  t.truthy((await greet(await open())).welcome);
});

for (const kind of WEB_KINDS) {
  test(`${kind}: a refused HELLO tells why in an ERROR and in the close`, async (t) => {
    const { connect: open } = await host(t, { kind });
    const client = await open();
    const { error, status } = await greet(client, { token: 'x'.repeat(9000) });
    t.not(status, INVALID_ARGUMENT);
    t.is((await client.ended).reason, error!);
  });
}
