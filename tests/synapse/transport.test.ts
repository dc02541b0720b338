// What carries bytes: streams cut into frames at any split, and real sockets of each kind at the
// real listeners.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { WebSocketServer } from 'ws';
import { listenMemory } from '../../host/listen/memory.ts';
import { errorFrame, readHello, welcomeFrame } from '../../host/session/wire.ts';
import { CellError, memory, Status } from '../../host/synapse/index.ts';
import { Synapse } from '../../host/synapse/node/index.ts';
import { Splitter, socketAddress } from '../../host/synapse/node/socket.ts';
import { webSocket } from '../../host/synapse/websocket.ts';
import { Echo, frame, METHODS, plusOne, split } from './peer.ts';

const failing = { instanceOf: CellError };

/** What a host answers to one message: WELCOME, or an echo plus one. */
function answer(message: Uint8Array): Uint8Array[] {
  return split(message).map((got) => {
    if (got.kind !== 1) return plusOne(got);
    const { call, hello } = readHello(message);
    const methods = hello.methods.map((_, i) => ({ route: i, verdict: 0, why: null }));
    const limits = { messageBytes: 1 << 20, creditBytes: 4 << 20 };
    return welcomeFrame(call, { version: 1, subject: 's', expires: null, ...limits, methods });
  });
}

/** Serves bare frames on a stream; `eager` cuts its answers into single bytes. */
function serve(stream: Socket, eager: boolean): void {
  const splitter = new Splitter({
    message: (bytes, _, from, to) => {
      const reply = Buffer.concat(answer(bytes.slice(from, to)));
      if (!eager) stream.write(reply);
      else for (let i = 0; i < reply.length; i++) stream.write(reply.subarray(i, i + 1));
    },
  });
  stream.setNoDelay(true);
  stream.on('error', () => {});
  stream.on('data', (chunk) => splitter.push(Uint8Array.from(chunk as Buffer)));
}

async function streamHost(
  path: string | null,
  eager = false,
): Promise<{ url: string; close: () => void; streams: Set<Socket> }> {
  const streams = new Set<Socket>();
  const server = createServer((stream) => {
    streams.add(stream);
    serve(stream, eager);
  });
  await new Promise<void>((up) => {
    if (path === null) server.listen(0, '127.0.0.1', up);
    else server.listen(path, up);
  });
  const address = server.address();
  const url =
    typeof address === 'string' ? `unix:${address}` : `tcp://127.0.0.1:${address?.port ?? 0}`;
  const close = () => {
    server.close();
    for (const stream of streams) stream.destroy();
  };
  return { url, close, streams };
}

test('frames come out whole, in order and once, however a stream is cut', (t) => {
  const frames = Array.from({ length: 40 }, (_, i) =>
    frame(4, i + 1, 0, 0, new Uint8Array((i * 37) % 300).fill(i)),
  );
  const all = Buffer.concat(frames);
  for (const step of [1, 2, 7, 8, 15, 16, 17, 100, 1000, all.length]) {
    const calls: number[] = [];
    const splitter = new Splitter({
      message: (bytes, view, from, to) => {
        t.is(view.getUint32(from, true), bytes[from] + bytes[from + 1] * 256);
        for (const got of split(bytes.slice(from, to))) {
          calls.push(got.call);
          t.true(got.payload.every((byte) => byte === got.call - 1));
        }
      },
    });
    for (let at = 0; at < all.length; at += step) {
      const chunk = Uint8Array.from(all.subarray(at, at + step));
      splitter.push(chunk);
      chunk.fill(0xff);
    }
    t.deepEqual(
      calls,
      frames.map((_, i) => i + 1),
      `step ${step}`,
    );
  }
});

test('a frame too long to be one is refused before it is kept', (t) => {
  const splitter = new Splitter({ message: () => t.fail() });
  const header = frame(4, 1, 0, 0, new Uint8Array(0));
  new DataView(header.buffer).setUint32(0, (64 << 20) + 1, true);
  t.throws(() => splitter.push(header), { instanceOf: RangeError, message: /67108865 bytes/ });
});

test('addresses of streams', (t) => {
  t.deepEqual(socketAddress('unix:/run/cell.sock'), { path: '/run/cell.sock' });
  t.deepEqual(socketAddress('tcp://127.0.0.1:99'), { host: '127.0.0.1', port: 99 });
  t.deepEqual(socketAddress('tcp://[::1]:99'), { host: '::1', port: 99 });
  t.is(socketAddress('tcp://127.0.0.1'), null);
  t.is(socketAddress('http://127.0.0.1:99'), null);
});

for (const eager of [false, true]) {
  test(`calls over TCP${eager ? ', answered byte by byte' : ''}`, async (t) => {
    const host = await streamHost(null, eager);
    const synapse = await Synapse.open(METHODS, { url: host.url, token: 'x' });
    const echo = new Echo(synapse);
    const calls = Array.from({ length: 50 }, (_, i) => echo.echo(i));
    t.deepEqual(
      await Promise.all(calls),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    await synapse.close();
    host.close();
  });
}

test('calls over a Unix socket; the connection comes back when the host cuts it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'synapse-'));
  const host = await streamHost(join(folder, 'host.sock'));
  const options = { url: host.url, reconnect: { minMs: 1, maxMs: 5 } };
  const synapse = await Synapse.open(METHODS, options);
  const echo = new Echo(synapse);
  t.is(await echo.echo(1), 2);
  const reopened = new Promise<void>((resolve) => {
    synapse.on('state', (state) => state === 'open' && resolve());
  });
  for (const stream of host.streams) stream.destroy();
  await reopened;
  t.is(await echo.echo(2), 3);
  await synapse.close();
  host.close();
  rmSync(folder, { recursive: true });
});

test("a stream's farewell is the reason of the loss", async (t) => {
  const host = await streamHost(null);
  const synapse = await Synapse.open(METHODS, { url: host.url, reconnect: false });
  const closed = new Promise<CellError | null>((resolve) => {
    synapse.on('state', (state, error) => state === 'closed' && resolve(error));
  });
  for (const stream of host.streams) stream.end(errorFrame(0, 14, 'the host stops', 1001));
  const error = await closed;
  t.is(error?.status, Status.UNAVAILABLE);
  t.is(error?.message, 'the host ended the connection: the host stops');
  host.close();
});

async function webHost(): Promise<{ url: string; server: WebSocketServer }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((up) => server.once('listening', up));
  server.on('connection', (socket) => {
    socket.on('message', (data) =>
      socket.send(Buffer.concat(answer(new Uint8Array(data as Buffer)))),
    );
  });
  const { port } = server.address() as { port: number };
  return { url: `ws://127.0.0.1:${port}/cell`, server };
}

test('calls over ws; the batch is used again while the socket still sends', async (t) => {
  const { url, server } = await webHost();
  const synapse = await Synapse.open(METHODS, { url });
  const echo = new Echo(synapse);
  const big = Array.from({ length: 40 }, (_, i) => echo.fill(200_000, i));
  const values = await Promise.all(big);
  t.deepEqual(
    values,
    Array.from({ length: 40 }, (_, i) => i * 0x01010101 + 1),
  );
  await synapse.close();
  server.close();
});

test("calls over the runtime's own WebSocket, as a page makes them", async (t) => {
  const { url, server } = await webHost();
  const synapse = await Synapse.open(METHODS, { url, dial: webSocket(url) });
  const echo = new Echo(synapse);
  const calls = Array.from({ length: 20 }, (_, i) => echo.echo(i));
  t.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  await synapse.close();
  server.close();
});

for (const kind of ['ws', 'websocket']) {
  test(`${kind}: text from the host ends the connection`, async (t) => {
    const { url, server } = await webHost();
    const dial = kind === 'ws' ? undefined : webSocket(url);
    const synapse = await Synapse.open(METHODS, { url, dial, reconnect: false });
    const closed = new Promise<string>((resolve) => {
      synapse.on('state', (state, error) => state === 'closed' && resolve(error?.message ?? ''));
    });
    for (const socket of server.clients) socket.send('hello');
    t.regex(await closed, /1003|3003|4003/);
    server.close();
  });
}

test('calls inside one process, over the listener without sockets', async (t) => {
  const listener = await listenMemory(
    {
      ...{ host: '', port: 0, origins: [], hosts: [], upgradePath: '/cell' },
      ...{ messageBytes: 1 << 20, backpressureBytes: 8 << 20 },
    },
    {
      opened: (wire) => wire,
      message: (wire, bytes) => {
        for (const part of answer(bytes.slice())) wire.send(part);
      },
      drained: () => {},
      closed: () => {},
    },
  );
  const options = { dial: memory(listener), reconnect: false };
  const synapse = await Synapse.open(METHODS, options);
  const echo = new Echo(synapse);
  const calls = Array.from({ length: 300 }, (_, i) => echo.echo(i));
  t.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 300 }, (_, i) => i + 1),
  );
  const closed = new Promise<string>((resolve) => {
    synapse.on('state', (state, error) => state === 'closed' && resolve(error?.message ?? ''));
  });
  await listener.close();
  t.regex(await closed, /in-process is lost: the host stops \(code 1001\)/);
  const again = await t.throwsAsync<CellError>(Synapse.open(METHODS, options), failing);
  t.regex(again.message, /closed/);
});

test('nobody there: the error names address and cause, over every transport', async (t) => {
  const { url, server } = await webHost();
  await new Promise((down) => server.close(down));
  const port = new URL(url).port;
  const cases: [string, RegExp][] = [
    [url, /ws:\/\/127\.0\.0\.1.*ECONNREFUSED/],
    [`tcp://127.0.0.1:${port}`, /ECONNREFUSED/],
    [`unix:${join(tmpdir(), 'no-such-cell.sock')}`, /ENOENT/],
  ];
  for (const [address, message] of cases) {
    const error = await t.throwsAsync<CellError>(Synapse.open(METHODS, { url: address }), failing);
    t.is(error.status, Status.UNAVAILABLE);
    t.regex(error.message, message);
  }
});

test('a url of another scheme is refused', async (t) => {
  const error = await t.throwsAsync<CellError>(
    Synapse.open(METHODS, { url: 'http://x/' }),
    failing,
  );
  t.is(error.status, Status.INVALID_ARGUMENT);
  t.regex(error.message, /ws:\/\//);
});
