// Calls over one connection that stands: batches, answers in any order, errors, limits.

import test from 'ava';
import {
  KIND_CANCEL,
  KIND_PING,
  KIND_PONG,
  KIND_REQUEST,
  KIND_RESPONSE,
} from '../../assembly/shared/frame.ts';
import { CellError, Status } from '../../host/synapse/index.ts';
import {
  connected,
  Echo,
  errorFrame,
  frame,
  Host,
  plusOne,
  refusal,
  reply,
  split,
  valueOf,
} from './peer.ts';

test('calls of one tick leave in one message, with route, time left and arguments', async (t) => {
  const { peer, echo, synapse } = await connected(new Host(), { timeout: 1500 });
  const before = peer.messages.length;
  const calls = [echo.echo(1), echo.echo(2), echo.echo(3, { timeout: 7 }, 1)];
  t.is(synapse.inFlight, 3);
  const got = await peer.some(KIND_REQUEST, 3);
  t.is(peer.messages.length, before + 1);
  t.deepEqual(got.map(valueOf), [1, 2, 3]);
  t.deepEqual(
    got.map((one) => one.route),
    [100, 100, 101],
  );
  t.deepEqual(
    got.map((one) => one.extra),
    [1500, 1500, 7],
  );
  t.is(new Set(got.map((one) => one.call)).size, 3);
  t.true(
    got.every((one) => (one.call & 0xffff) !== 0),
    'slot 0 is not for calls',
  );
  peer.send(...got.map(plusOne));
  t.deepEqual(await Promise.all(calls), [2, 3, 4]);
  t.is(synapse.inFlight, 0);
  t.is(synapse.unansweredBytes, 0);
  await synapse.close();
});

test('answers may come in any order, split over messages and mixed with errors', async (t) => {
  const { peer, echo, synapse } = await connected();
  const calls = Array.from({ length: 8 }, (_, i) => echo.echo(i));
  const got = await peer.some(KIND_REQUEST, 8);
  const order = [5, 2, 7, 0, 6, 1, 4];
  for (const i of order) peer.send(plusOne(got[i]));
  peer.send(errorFrame(got[3].call, Status.NOT_FOUND, 'no three'));
  const results = await Promise.allSettled(calls);
  const values = results.map((one) =>
    one.status === 'fulfilled' ? one.value : one.reason.message,
  );
  t.deepEqual(values, [1, 2, 3, 'no three', 5, 6, 7, 8]);
  await synapse.close();
});

test('duplicate answers, unknown ids and ids of an older generation are dropped', async (t) => {
  const { peer, echo, synapse } = await connected();
  const first = echo.echo(1);
  const [one] = await peer.some(KIND_REQUEST, 1);
  peer.send(plusOne(one));
  t.is(await first, 2);
  const second = echo.echo(5);
  const [two] = await peer.some(KIND_REQUEST, 1);
  t.is(two.call & 0xffff, one.call & 0xffff, 'the warm slot is used again');
  t.not(two.call, one.call, 'with another generation');
  peer.send(reply(one.call, 99), reply(0xfffe_fffe, 98), reply(7 << 16, 97), plusOne(two));
  t.is(await second, 6);
  t.is(synapse.strays, 3);
  t.is(synapse.state, 'open');
  await synapse.close();
});

test('1024 calls and many more are in flight at once, and slots are used again', async (t) => {
  const { peer, echo, synapse } = await connected();
  const calls = Array.from({ length: 5000 }, (_, i) => echo.echo(i));
  t.is(synapse.inFlight, 5000);
  const got = await peer.some(KIND_REQUEST, 5000);
  t.is(new Set(got.map((one) => one.call)).size, 5000);
  peer.send(...got.reverse().map(plusOne));
  t.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 5000 }, (_, i) => i + 1),
  );
  const again = echo.echo(41);
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await again, 42);
  t.is(synapse.inFlight, 0);
  await synapse.close();
});

test('65535 calls may be in flight, one more is refused and does no harm', async (t) => {
  const { peer, echo, synapse } = await connected();
  const calls = Array.from({ length: 65535 }, (_, i) => echo.echo(i));
  const error = await t.throwsAsync<CellError>(echo.echo(1), { instanceOf: CellError });
  t.is(error.status, Status.RESOURCE_EXHAUSTED);
  t.true(error.unsent);
  t.regex(error.message, /65535 calls/);
  const got = await peer.some(KIND_REQUEST, 65535);
  for (let at = 0; at < got.length; at += 4096) peer.send(...got.slice(at, at + 4096).map(plusOne));
  const values = await Promise.all(calls);
  t.is(values[65534], 65535);
  t.is(synapse.inFlight, 0);
  await synapse.close();
});

test("a cell's error keeps status, message, type and details", async (t) => {
  const { peer, echo, synapse } = await connected();
  const call = echo.echo(1);
  const got = await peer.next(KIND_REQUEST);
  peer.send(errorFrame(got.call, Status.ALREADY_EXISTS, 'taken'));
  const error = await t.throwsAsync<CellError>(call, { instanceOf: CellError });
  t.is(error.status, Status.ALREADY_EXISTS);
  t.is(error.statusName, 'ALREADY_EXISTS');
  t.is(error.message, 'taken');
  t.is(error.method, 'test.echo');
  t.is(error.reason, 0);
  t.is(error.details, null);
  t.false(error.retryable);
  t.false(error.unsent);
  await synapse.close();
});

test("the kernel's refusal is put into words and carries when to try again", async (t) => {
  const { peer, echo, synapse } = await connected();
  const call = echo.echo(1);
  const got = await peer.next(KIND_REQUEST);
  peer.send(refusal(got.call, Status.RESOURCE_EXHAUSTED, 7, 250));
  const error = await t.throwsAsync<CellError>(call, { instanceOf: CellError });
  t.is(error.reason, 7);
  t.is(error.retryAfterMs, 250);
  t.true(error.retryable);
  t.regex(error.message, /^test\.echo: too many calls of this method/);
  await synapse.close();
});

test('an error without a record, of no known status, or of a new reason rejects', async (t) => {
  const { peer, echo, synapse } = await connected();
  const calls = [echo.echo(1), echo.echo(2), echo.echo(3)];
  const got = await peer.some(KIND_REQUEST, 3);
  peer.send(
    frame(5, got[0].call, Status.ABORTED, 0, new Uint8Array([1, 2, 3])),
    refusal(got[1].call, 77, 0),
    refusal(got[2].call, Status.UNAVAILABLE, 200),
  );
  const errors = (await Promise.allSettled(calls)).map(
    (one) => (one as PromiseRejectedResult).reason,
  );
  t.deepEqual(
    errors.map((one) => one.status),
    [Status.ABORTED, Status.UNKNOWN, Status.UNAVAILABLE],
  );
  t.regex(errors[0].message, /malformed/);
  t.regex(errors[2].message, /reason 200/);
  await synapse.close();
});

test('an answer that does not decode fails its call only', async (t) => {
  const { peer, echo, synapse } = await connected();
  const calls = [echo.echo(1), echo.echo(2)];
  const got = await peer.some(KIND_REQUEST, 2);
  peer.send(frame(KIND_RESPONSE, got[0].call, 0, 0, new Uint8Array(3)), plusOne(got[1]));
  const error = await t.throwsAsync<CellError>(calls[0], { instanceOf: CellError });
  t.is(error.status, Status.DATA_LOSS);
  t.regex(error.message, /test\.echo: the answer is malformed: a u32 of 3 bytes/);
  t.true(error.cause instanceof RangeError);
  t.is(await calls[1], 3);
  t.is(synapse.inFlight, 0);
  await synapse.close();
});

test('a message holds some 64 KB of small calls, and never more than the host takes', async (t) => {
  const { peer, echo, synapse } = await connected();
  const before = peer.messages.length;
  const calls = Array.from({ length: 100 }, (_, i) => echo.fill(4084, i));
  const big = echo.fill((1 << 20) - 16, 7);
  const got = await peer.some(KIND_REQUEST, 101);
  const sizes = peer.messages.slice(before);
  t.is(
    sizes.reduce((sum, size) => sum + size, 0),
    100 * 4104 + (1 << 20),
  );
  t.true(
    sizes.every((size) => size <= 1 << 20),
    `${sizes}`,
  );
  t.true(sizes.length >= 7);
  t.true(got.slice(0, 100).every((one, i) => one.payload.every((byte) => byte === i)));
  t.true(got[100].payload.every((byte) => byte === 7));
  peer.send(...got.map((one) => reply(one.call, 1)));
  await Promise.all([...calls, big]);
  await synapse.close();
});

test('arguments of the limit leave, one byte more is refused and nothing is sent', async (t) => {
  const host = new Host();
  host.welcome = () => ({ messageBytes: 4096 });
  const { peer, echo, synapse } = await connected(host);
  const fits = echo.fill(4096 - 16, 3);
  const got = await peer.next(KIND_REQUEST);
  t.is(got.payload.length, 4080);
  peer.send(reply(got.call, 1));
  t.is(await fits, 1);
  const error = await t.throwsAsync<CellError>(echo.fill(4096 - 15, 3), { instanceOf: CellError });
  t.true(error.status === Status.RESOURCE_EXHAUSTED || error.status === Status.INVALID_ARGUMENT);
  t.true(error.unsent);
  t.regex(error.message, /4096 bytes/);
  const next = echo.echo(1);
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await next, 2, 'the refused frame left nothing behind');
  await synapse.close();
});

test('padding is zero whatever the batch held before', async (t) => {
  const { peer, echo, synapse } = await connected();
  const raw: Uint8Array[] = [];
  const take = peer.take.bind(peer);
  peer.take = (bytes) => {
    raw.push(bytes);
    take(bytes);
  };
  const call = echo.fill(64, 0xff);
  peer.send(reply((await peer.next(KIND_REQUEST)).call, 1));
  await call;
  const short = echo.fill(1, 0xee);
  const [got] = await peer.some(KIND_REQUEST, 1);
  t.deepEqual([...raw[1].subarray(16)], [0xee, 0, 0, 0, 0, 0, 0, 0]);
  peer.send(reply(got.call, 1));
  await short;
  await synapse.close();
});

test('an encoder that throws rejects its call and leaves the batch as it was', async (t) => {
  const { peer, echo, synapse } = await connected();
  const good = echo.echo(1);
  synapse.begin();
  synapse.outbox.bytes.fill(0xff, synapse.outbox.at, synapse.outbox.at + 64);
  const bad = synapse.refuse(new TypeError('limit: expected u32, got 1.5'));
  const error = await t.throwsAsync<CellError>(bad, { instanceOf: CellError });
  t.is(error.status, Status.INVALID_ARGUMENT);
  t.is(error.message, 'limit: expected u32, got 1.5');
  t.true(error.unsent);
  const after = echo.echo(2);
  const got = await peer.some(KIND_REQUEST, 2);
  peer.send(...got.map(plusOne));
  t.deepEqual([await good, await after], [2, 3]);
  await synapse.close();
});

test('a call made inside an encoder is refused instead of mixing two frames', async (t) => {
  const { peer, echo, synapse } = await connected();
  synapse.begin();
  const error = t.throws<CellError>(() => echo.echo(9), { instanceOf: CellError });
  t.is(error.status, Status.FAILED_PRECONDITION);
  await t.throwsAsync(synapse.refuse(error));
  const call = echo.echo(1);
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await call, 2);
  await synapse.close();
});

test('PING of the host is answered with its id; PONG and even extensions are taken', async (t) => {
  const { peer, echo, synapse } = await connected();
  peer.send(
    frame(KIND_PING, 123, 0, 0, new Uint8Array(0)),
    frame(KIND_PONG, 1, 0, 0, new Uint8Array(0)),
  );
  t.is((await peer.next(KIND_PONG)).call, 123);
  const call = echo.echo(1);
  const got = await peer.next(KIND_REQUEST);
  const extended = frame(
    KIND_RESPONSE,
    got.call,
    0,
    0,
    new Uint8Array([8, 0, 2, 1, 9, 9, 9, 9, 5, 0, 0, 0]),
  );
  extended[5] = 4;
  peer.send(extended);
  t.is(await call, 5);
  await synapse.close();
});

test('two clients share a connection; methods added twice keep their numbers', async (t) => {
  const { peer, synapse } = await connected();
  const methods = [{ name: 'more.echo', fingerprint: 2n, text: 'x' }];
  const first = synapse.add(methods);
  t.is(first, 2);
  t.is(synapse.add(methods), 2);
  const call = new Echo(synapse, first).echo(10);
  const got = await peer.next(KIND_REQUEST);
  t.is(got.route, 100, 'the route that the second WELCOME gave');
  t.deepEqual(
    peer.hellos.map((hello) => hello.methods.map((one) => one.name)),
    [['test.echo', 'test.other'], ['more.echo']],
  );
  peer.send(plusOne(got));
  t.is(await call, 11);
  await synapse.close();
});

test('close rejects what is out with CANCELLED, and every later call', async (t) => {
  const { peer, echo, synapse } = await connected();
  const call = echo.echo(1);
  await peer.next(KIND_REQUEST);
  const queued = echo.echo(2);
  const closed = synapse.close();
  for (const one of [call, queued]) {
    const error = await t.throwsAsync<CellError>(one, { instanceOf: CellError });
    t.is(error.status, Status.CANCELLED);
  }
  await closed;
  t.is(peer.closedWith?.code, 1000);
  t.is(synapse.state, 'closed');
  const error = await t.throwsAsync<CellError>(echo.echo(3), { instanceOf: CellError });
  t.true(error.unsent);
  await synapse.close();
  t.is(peer.count(KIND_CANCEL), 0);
  t.deepEqual(split(new Uint8Array(0)), []);
});
