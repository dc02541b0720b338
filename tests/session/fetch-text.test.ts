// What an address of keys may answer, from servers that mean no good: slow, endless, cut off, or
// redirecting.

import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { fetchText } from '../../host/session/fetch-text.ts';
import { KeySet, SET_BYTES } from '../../host/session/key-set.ts';
import { KeysUnavailable } from '../../host/session/token.ts';

const BYTES = 1000;

/** A server on loopback; its address. Everything is cut when the test ends. */
async function served(t: ExecutionContext, server: net.Server): Promise<URL> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(
    () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  );
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);
}

const answering = (t: ExecutionContext, answer: http.RequestListener) =>
  served(t, http.createServer(answer));

/** A server that says `text` to whoever connects, and then `then`. */
const raw = (t: ExecutionContext, text: string, then: (socket: net.Socket) => void = () => {}) =>
  served(
    t,
    net.createServer((socket) => {
      socket.once('data', () => {
        socket.write(text);
        then(socket);
      });
    }),
  );

const get = (url: URL, signal = new AbortController().signal) =>
  fetchText(url, { signal, bytes: BYTES });

test('a whole answer is taken, to its last byte; one byte more is not', async (t) => {
  const seen: http.IncomingHttpHeaders[] = [];
  let size = BYTES;
  const url = await answering(t, (request, response) => {
    seen.push(request.headers);
    response.end('x'.repeat(size));
  });
  t.is((await get(url)).length, BYTES);
  size++;
  await t.throwsAsync(get(url), { message: /answers more than 1000 bytes/ });
  t.is(seen[0].accept, 'application/json');
  t.is(seen[0].connection, 'close');
  t.is(seen[0].authorization ?? seen[0].cookie, undefined);
});

test('an endless answer is cut off where it is too long', async (t) => {
  const url = await answering(t, (_, response) => {
    const pour = () => {
      while (!response.destroyed && response.write('y'.repeat(4096)));
    };
    response.on('drain', pour);
    pour();
  });
  await t.throwsAsync(get(url), { message: /more than 1000 bytes/ });
});

test('redirects are not followed, wherever they lead', async (t) => {
  const asked: string[] = [];
  let to = '/other';
  const url = await answering(t, (request, response) => {
    asked.push(String(request.url));
    response.writeHead(302, { location: to }).end('moved');
  });
  for (to of ['/other', 'http://169.254.169.254/latest', 'file:///etc/passwd', '//evil']) {
    await t.throwsAsync(get(url), { message: /answers 302: redirects are not followed/ });
  }
  t.deepEqual(asked, ['/keys', '/keys', '/keys', '/keys']);
});

test('other statuses, broken answers and other protocols are said as such', async (t) => {
  for (const status of [204, 401, 404, 500, 503]) {
    const url = await answering(t, (_, response) => response.writeHead(status).end());
    await t.throwsAsync(get(url), { message: new RegExp(`answers ${status}$`) });
  }
  const head = 'HTTP/1.1 200 OK\r\n';
  const cut = await raw(t, `${head}content-length: 100\r\n\r\nhalf`, (socket) => socket.end());
  await t.throwsAsync(get(cut), { message: /broke off its answer|cannot be reached/ });
  const headers = `${head}${'a: '.padEnd(2000, 'b')}\r\n`;
  const flood = await raw(t, headers + 'c: d\r\n'.repeat(20_000));
  await t.throwsAsync(get(flood), { message: /HPE_HEADER_OVERFLOW/ });
  const other = await raw(t, 'SSH-2.0-OpenSSH\r\n\r\n');
  await t.throwsAsync(get(other), { message: /cannot be reached/ });
  const tls = new URL(other.href.replace('http:', 'https:'));
  await t.throwsAsync(get(tls), { message: /cannot be reached/ });
  const closed = net.createServer();
  const gone = await served(t, closed);
  await new Promise((done) => closed.close(done));
  await t.throwsAsync(get(gone), { message: /ECONNREFUSED/ });
});

test('a signal ends it at every point: before headers, within them, within the body', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n';
  for (const text of ['', 'HTTP/1.1 2', head, `${head}\r\n`, `${head}\r\nhalf`]) {
    const ending = new AbortController();
    const cut: Promise<unknown>[] = [];
    const url = await raw(t, text, (socket) => {
      cut.push(new Promise((closed) => socket.once('close', closed)));
      setImmediate(() => ending.abort());
    });
    await t.throwsAsync(get(url, ending.signal), undefined, JSON.stringify(text));
    await Promise.all(cut);
  }
  await t.throwsAsync(get(new URL('http://127.0.0.1:1/'), AbortSignal.abort()));
});

test('a set that comes a byte at a time does not hold up its host for ever', async (t) => {
  const url = await answering(t, (_, response) => {
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  });
  const told: string[] = [];
  const set = new KeySet({
    issuer: 'slow',
    url: { keys: url },
    algorithms: ['EdDSA'],
    elapsedMs: () => performance.now(),
    report: (text) => void told.push(text),
    timeoutMs: 300,
  });
  await t.throwsAsync(set.keys(), { instanceOf: KeysUnavailable });
  t.regex(told.join(), /issuer slow cannot be fetched: it did not answer whole within 300 ms/);
});

test('a host that stops ends the fetches that are under way, and tells nobody', async (t) => {
  let open: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    open = resolve;
  });
  const url = await answering(t, () => open());
  const told: string[] = [];
  const set = new KeySet({
    issuer: 'slow',
    url: { keys: url },
    algorithms: ['EdDSA'],
    elapsedMs: () => performance.now(),
    report: (text) => void told.push(text),
  });
  const waiting = set.keys();
  await asked;
  set.close();
  await t.throwsAsync(waiting, { instanceOf: KeysUnavailable });
  t.deepEqual(told, []);
});

test('ten thousand keys are more than is read, by bytes or by number', async (t) => {
  const key = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'k' };
  for (const text of ['', 'x'.repeat(60)]) {
    const body = JSON.stringify({ keys: Array(10_000).fill({ ...key, text }) });
    const url = await answering(t, (_, response) => response.end(body));
    const told: string[] = [];
    const set = new KeySet({
      issuer: 'large',
      url: { keys: url },
      algorithms: ['EdDSA'],
      elapsedMs: () => performance.now(),
      report: (line) => void told.push(line),
    });
    await t.throwsAsync(set.keys(), { instanceOf: KeysUnavailable });
    t.regex(told.join(), new RegExp(`more than ${SET_BYTES} bytes`));
  }
});
