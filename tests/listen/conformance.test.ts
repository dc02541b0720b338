// What every listener must do, over all of them: messages whole and in order, limits at N and N +
// 1, close codes and reasons, one `closed` per connection, and no reference kept to what was sent.

import test from 'ava';
import type { Stand } from './stands.ts';
import { KINDS, Recorder, request, stand } from './stands.ts';

const streams = (kind: string) => kind === 'unix' || kind === 'tcp';

async function opened(kind: Stand['kind'], recorder: Recorder, changes = {}) {
  const standing = await stand(kind, recorder, changes);
  const client = await standing.connect();
  await recorder.until(() => recorder.seen.length === 1);
  return { standing, client, seen: recorder.seen[0] };
}

for (const kind of KINDS) {
  test(`${kind}: many frames per message arrive whole and in order, both ways`, async (t) => {
    const recorder = new Recorder();
    recorder.act = (seen, bytes) => seen.wire.send(bytes);
    const { standing, client, seen } = await opened(kind, recorder);
    const sent: Buffer[] = [];
    for (let i = 0; i < 200; i++) {
      const frames = Array.from({ length: 1 + (i % 7) }, (_, k) =>
        request(i * 8 + k, Buffer.alloc(k * 11, i)),
      );
      sent.push(Buffer.concat(frames));
      client.send(sent[i]);
    }
    const all = Buffer.concat(sent);
    t.deepEqual(await client.bytes(all.length), all);
    t.deepEqual(Buffer.concat(seen.messages), all);
    if (!streams(kind)) t.is(seen.messages.length, 200);
    client.close();
    await recorder.until(() => seen.closed === 1);
    t.is(seen.late, 0);
    await standing.listener.close();
  });

  test(`${kind}: the buffer given to send may be reused at once, or be shared`, async (t) => {
    const recorder = new Recorder();
    const { standing, client, seen } = await opened(kind, recorder);
    const memory = new Uint8Array(new SharedArrayBuffer(4096));
    const wanted: Buffer[] = [];
    const burst = (): void => {
      for (let i = 0; i < 50; i++) {
        const bytes = request(i, Buffer.alloc(1 + i * 50, i + 1));
        memory.set(bytes, 8);
        wanted.push(bytes);
        seen.wire.send(memory.subarray(8, 8 + bytes.length));
        memory.fill(0xee);
      }
    };
    burst();
    seen.wire.cork(burst);
    const all = Buffer.concat(wanted);
    t.deepEqual(await client.bytes(all.length), all);
    await standing.listener.close();
  });

  test(`${kind}: N bytes are taken, N + 1 close with 1009 and the limit`, async (t) => {
    const recorder = new Recorder();
    const messageBytes = 32 << 10;
    const { standing, client, seen } = await opened(kind, recorder, { messageBytes });
    if (streams(kind)) {
      // Strangers may send HELLO_BYTES; a first message lifts that.
      client.send(request(0, Buffer.alloc(8)));
      await recorder.until(() => seen.messages.length === 1);
    }
    const first = seen.messages.length;
    const largest = request(1, Buffer.alloc(messageBytes - 16, 7));
    client.send(largest);
    await recorder.until(() => seen.messages.length === first + 1);
    t.deepEqual(seen.messages[first], largest);
    client.send(request(2, Buffer.alloc(messageBytes - 15, 7)));
    const ended = await client.ended;
    t.is(ended.code, 1009);
    t.regex(ended.reason, /at most 32768 bytes/);
    t.is(seen.messages.length, first + 1);
    await recorder.until(() => seen.closed === 1);
    await standing.listener.close();
  });

  test(`${kind}: codes and reasons reach the client; closed comes once, last`, async (t) => {
    const recorder = new Recorder();
    recorder.act = (seen) => {
      seen.wire.send(request(9, Buffer.from('last words')));
      seen.wire.close(1008, 'because of €');
      seen.wire.close(1002, 'never said');
      t.is(seen.wire.send(request(9, Buffer.alloc(8))), 'dropped');
      t.is(seen.wire.buffered(), 0);
      seen.wire.cork(() => t.fail('corked after the end'));
    };
    const { standing, client, seen } = await opened(kind, recorder);
    client.send(request(1, Buffer.alloc(8)));
    client.send(request(2, Buffer.alloc(8)));
    t.deepEqual(await client.ended, { code: 1008, reason: 'because of €' });
    t.true(client.rest().includes('last words'));
    t.is(seen.closed, 1);
    t.is(seen.late, 0);
    await standing.listener.close();
    t.is(seen.closed, 1);
  });

  test(`${kind}: a connection may be closed while it is being opened`, async (t) => {
    const recorder = new Recorder();
    recorder.onOpened = (seen) => seen.wire.close(1013, 'full');
    const standing = await stand(kind, recorder);
    const client = await standing.connect();
    t.deepEqual(await client.ended, { code: 1013, reason: 'full' });
    await recorder.until(() => recorder.seen[0].closed === 1);
    t.is(recorder.seen[0].messages.length, 0);
    await standing.listener.close();
  });

  test(`${kind}: closing the listener says 1001 to everyone and resolves`, async (t) => {
    const recorder = new Recorder();
    const standing = await stand(kind, recorder);
    const clients = await Promise.all([standing.connect(), standing.connect(), standing.connect()]);
    await recorder.until(() => recorder.seen.length === 3);
    await standing.listener.close();
    for (const client of clients) {
      t.deepEqual(await client.ended, { code: 1001, reason: 'the host stops' });
    }
    t.deepEqual(
      recorder.seen.map((seen) => seen.closed),
      [1, 1, 1],
    );
    await t.throwsAsync(async () => standing.connect());
  });

  test(`${kind}: a client that leaves without a word is closed once`, async (t) => {
    const recorder = new Recorder();
    const { standing, client, seen } = await opened(kind, recorder);
    client.close();
    await recorder.until(() => seen.closed === 1);
    t.is(seen.wire.send(request(1, Buffer.alloc(8))), 'dropped');
    await standing.listener.close();
    t.is(seen.closed, 1);
  });

  test(`${kind}: a client that never reads costs bounded memory`, async (t) => {
    const recorder = new Recorder();
    const { standing, client, seen } = await opened(kind, recorder);
    client.pause();
    const answer = request(1, Buffer.alloc(60_000, 1));
    let sent = 0;
    let most = 0;
    // Socket buffers of the system hold some megabytes before the listener has to.
    for (let round = 0; round < 2000; round++) {
      const outcome = seen.wire.send(answer);
      most = Math.max(most, seen.wire.buffered());
      if (outcome === 'dropped') break;
      sent++;
      if (round % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    t.true(sent < 2000, 'nothing was ever dropped');
    t.true(most <= standing.options.backpressureBytes, `${most} bytes were buffered`);
    seen.wire.close(1013, 'you do not read');
    t.is(seen.closed, 1);
    client.resume();
    const ended = await client.ended;
    if (kind !== 'unix' && kind !== 'tcp')
      t.deepEqual(ended, { code: 1013, reason: 'you do not read' });
    await standing.listener.close();
  });

  test(`${kind}: drained is told once a slow client has read everything`, async (t) => {
    const recorder = new Recorder();
    const { standing, client, seen } = await opened(kind, recorder, {
      backpressureBytes: 16 << 20,
    });
    client.pause();
    const answer = request(1, Buffer.alloc(60_000, 1));
    let sent = 0;
    while (seen.wire.send(answer) === 'sent' || seen.wire.buffered() < 1 << 19) {
      sent++;
      if (sent % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    client.resume();
    await recorder.until(() => seen.drained > 0);
    t.is((await client.bytes((sent + 1) * answer.length)).length, (sent + 1) * answer.length);
    await standing.listener.close();
  });
}
