// Pages over plain HTTP and who may come: Host and Origin, methods, HEAD, errors of the handler,
// garbage. Over both listeners that speak HTTP.

import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import test from 'ava';
import { hostName, refusal } from '../../host/listen/admission.ts';
import type { HttpHandler } from '../../host/listen/contract.ts';
import { webSocketClient } from './clients.ts';
import { Recorder, request, stand, WEB_KINDS } from './stands.ts';

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** node:http, because fetch may not set Host and Origin. */
function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (reply) => {
        let body = '';
        reply.setEncoding('utf8');
        reply.on('data', (chunk) => (body += chunk));
        reply.on('end', () => resolve({ status: reply.statusCode!, headers: reply.headers, body }));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

/** Sends raw bytes; resolves with what came back once the other side ended. */
function raw(port: number, bytes: string | Buffer, end = true): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let seen = '';
    socket.on('data', (chunk) => (seen += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(seen));
    if (end) socket.end(bytes);
    else socket.write(bytes);
  });
}

const page: HttpHandler = ({ method, path, query, headers }) => {
  if (path === '/throws') throw new Error('a secret path');
  if (path === '/rejects') return Promise.reject(new Error('a secret path'));
  const headersOf = (all: Record<string, string>) => all;
  if (path === '/split') return { status: 200, headers: headersOf({ a: 'b\r\nc: d' }), body: '' };
  if (path === '/bytes') return { status: 200, headers: {}, body: Uint8Array.of(104, 105) };
  const body = `${method} ${path} ${query} ${headers['x-test'] ?? ''}`;
  const reply = {
    status: 200,
    headers: { 'content-type': 'text/plain', 'x-frame-options': 'DENY' },
    body,
  };
  return path === '/late' ? new Promise((resolve) => setImmediate(() => resolve(reply))) : reply;
};

const upgrade = (host: string, origin?: string, path = '/cell') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n` +
  (origin === undefined ? '' : `Origin: ${origin}\r\n`) +
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** Upgrades by hand, then sends raw bytes; resolves when the other side has closed. */
function afterUpgrade(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(upgrade('localhost')));
    socket.once('data', () => socket.write(bytes));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve());
  });
}

for (const kind of WEB_KINDS) {
  const opened = (changes = {}) => stand(kind, new Recorder(), { http: page, ...changes });

  test(`${kind}: pages are served with the caller's headers, at once or later`, async (t) => {
    const { listener } = await opened();
    for (const path of ['/a', '/late']) {
      const got = await ask(listener.port, `${path}?q=1&r=%20`, { 'X-Test': 'yes' });
      t.is(got.status, 200);
      t.is(got.body, `GET ${path} q=1&r=%20 yes`);
      t.is(got.headers['x-frame-options'], 'DENY');
    }
    t.is((await ask(listener.port, '/bytes')).body, 'hi');
    const head = await ask(listener.port, '/a', {}, 'HEAD');
    t.is(head.body, '');
    t.is(head.headers['content-length'], String('HEAD /a  '.length));
    await listener.close();
  });

  test(`${kind}: large pages reach slow readers whole; unread ones do not pile up`, async (t) => {
    const body = randomBytes(6 << 20);
    let served = 0;
    const http: HttpHandler = () => {
      served++;
      return { status: 200, headers: {}, body };
    };
    const { listener } = await opened({ http });
    const asked = `GET / HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const slow = connect(listener.port, '127.0.0.1', () => slow.write(asked));
    const chunks: Buffer[] = [];
    let have = 0;
    for await (const chunk of slow) {
      chunks.push(chunk as Buffer);
      have += (chunk as Buffer).length;
      if (have >= body.length + Buffer.concat(chunks).indexOf('\r\n\r\n') + 4) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const all = Buffer.concat(chunks);
    t.true(all.subarray(all.indexOf('\r\n\r\n') + 4).equals(body));
    served = 0;
    const greedy = connect(listener.port, '127.0.0.1', () => {
      greedy.pause();
      greedy.write(asked.repeat(1000));
    });
    greedy.on('error', () => {});
    while (served === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 5; i++) t.is((await ask(listener.port, '/', {}, 'HEAD')).status, 200);
    t.true(served <= 100 + 5, `${served} pages were made`);
    greedy.destroy();
    await listener.close();
  });

  test(`${kind}: other methods, failing handlers and bad headers have a status`, async (t) => {
    const { listener } = await opened();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const got = await ask(listener.port, '/a', {}, method);
      t.is(got.status, 405, method);
      t.is(got.headers.allow, 'GET, HEAD');
    }
    for (const path of ['/throws', '/rejects', '/split']) {
      const got = await ask(listener.port, path);
      t.is(got.status, 500, path);
      t.false(got.body.includes('secret'));
      t.is(got.headers.c, undefined);
    }
    t.is((await ask(listener.port, '/cell')).status, 426);
    await listener.close();
    const bare = await opened({ http: undefined });
    t.is((await ask(bare.listener.port, '/')).status, 404);
    await bare.listener.close();
  });

  test(`${kind}: a page of another origin is refused and told the key`, async (t) => {
    const { listener } = await opened({
      origins: ['https://app.example'],
      hosts: ['cell.example'],
    });
    const own = `127.0.0.1:${listener.port}`;
    const refused = async (host: string, origin: string) => {
      const reply = await raw(listener.port, upgrade(host, origin));
      t.regex(reply, /^HTTP\/1.1 403/, `${host} ${origin}`);
      t.true(reply.includes(`"${origin}"`) && reply.includes('`origins` in cell.config.ts'), reply);
      t.is((await ask(listener.port, '/a', { host, origin })).status, 403);
    };
    await refused(own, 'https://evil.example');
    await refused(own, 'null');
    await refused(own, `http://127.0.0.1:${listener.port + 1}`);
    await refused(own, 'https://app.example.evil.example');
    await refused(own, 'http://app.example');
    for (const origin of ['https://app.example', `http://${own}`]) {
      const client = await webSocketClient(listener.url, { origin });
      client.close();
      t.is((await ask(listener.port, '/a', { origin })).status, 200);
    }
    const named = await webSocketClient(listener.url, {
      host: 'cell.example',
      origin: 'https://cell.example',
    });
    named.close();
    await listener.close();
  });

  test(`${kind}: a name rebound to this address is refused and told the key`, async (t) => {
    const { listener } = await opened({ hosts: ['cell.example'] });
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80']) {
      const reply = await raw(listener.port, upgrade(host, `http://${host}`));
      t.regex(reply, /^HTTP\/1.1 403/, host);
      t.true(reply.includes('`hosts` in cell.config.ts'));
      const got = await ask(listener.port, '/a', { host });
      t.is(got.status, 403);
      t.false(got.body.includes('GET'));
    }
    for (const host of [
      'localhost',
      'x.localhost:1',
      '[::1]:9',
      '127.0.0.1',
      'cell.example',
      'CELL.example:1',
    ]) {
      t.is((await ask(listener.port, '/a', { host })).status, 200, host);
    }
    await listener.close();
  });

  test(`${kind}: upgrades on other paths and half upgrades are no connections`, async (t) => {
    const recorder = new Recorder();
    const { listener } = await stand(kind, recorder, { http: page });
    await t.throwsAsync(webSocketClient(listener.url.replace('/cell', '/other')));
    await t.throwsAsync(webSocketClient(`${listener.url}/deeper`));
    const noKey = upgrade('localhost').replace(/Sec-WebSocket-Key.*\r\n/, '');
    await raw(listener.port, noKey);
    t.is(recorder.seen.length, 0);
    await listener.close();
  });

  test(`${kind}: garbage is dropped and everyone else is served`, async (t) => {
    const recorder = new Recorder();
    recorder.act = (seen, bytes) => seen.wire.send(bytes);
    const { listener, connect: open } = await stand(kind, recorder, { http: page });
    const client = await open();
    const garbage = [
      '\0\0\0\0',
      'GET',
      'GET / HTTP/9.9\r\n\r\n',
      '\r\n\r\n\r\n',
      `GET /${'a'.repeat(64 << 10)} HTTP/1.1\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: localhost\r\n${'x: y\r\n'.repeat(20_000)}\r\n`,
      Buffer.alloc(4096, 0xff),
      'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ];
    for (const bytes of garbage) await raw(listener.port, bytes);
    t.is((await ask(listener.port, '/a')).status, 200);
    const frame = request(1, Buffer.from('still here'));
    client.send(frame);
    t.deepEqual(await client.bytes(frame.length), frame);
    t.is(recorder.seen.length, 1);
    await listener.close();
  });

  test(`${kind}: text messages and broken WebSocket frames end that connection only`, async (t) => {
    const recorder = new Recorder();
    const { listener, connect: open } = await stand(kind, recorder);
    const other = await open();
    const texts = await webSocketClient(listener.url);
    texts.send('text' as unknown as Uint8Array);
    t.is((await texts.ended).code, 1003);
    // Reserved bits, an unknown opcode, a length of 2^63.
    for (const bytes of ['f280deadbeef', '8b80deadbeef', '82ffffffffffffffffffdeadbeef']) {
      await afterUpgrade(listener.port, Buffer.from(bytes, 'hex'));
    }
    await recorder.until(() => recorder.seen.filter((seen) => seen.closed === 1).length === 4);
    t.is(recorder.seen[0].closed, 0);
    t.true(recorder.seen.every((seen) => seen.messages.length === 0));
    other.close();
    await listener.close();
  });
}

test('host headers are taken apart strictly', (t) => {
  const cases: [string, string | null][] = [
    ['localhost', 'localhost'],
    ['LOCALHOST:80', 'localhost'],
    ['a.example.', 'a.example'],
    ['[::1]:80', '::1'],
    ['127.0.0.1', '127.0.0.1'],
    ['', null],
    ['a b', null],
    ['a:b', null],
    ['a:123456', null],
    ['user@localhost', null],
    ['localhost/evil', null],
    ['[::1', null],
  ];
  for (const [header, name] of cases) t.is(hostName(header), name, header);
  t.regex(refusal({ host: '127.0.0.1', hosts: [], origins: [] }, '', '')!, /missing/);
});

test('a star among the origins lets nobody in, and quotes are cut and cleaned', (t) => {
  const admission = { host: '127.0.0.1', hosts: [], origins: ['*'] };
  t.truthy(refusal(admission, 'localhost', 'https://evil.example'));
  const long = refusal(admission, 'localhost', `https://${'<b>'.repeat(500)}`)!;
  t.true(long.length < 400);
  t.false(long.includes('<'));
});
