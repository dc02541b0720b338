// Credit: bytes without an answer are bounded, the rest waits here in order, and that is bounded
// too.

import test from 'ava';
import { KIND_CREDIT, KIND_REQUEST } from '../../assembly/shared/frame.ts';
import { CellError, Status } from '../../host/synapse/index.ts';
import { connected, frame, Host, plusOne, refusal, reply, valueOf } from './peer.ts';

/** A frame of `Echo.echo`: header and a padded u32. */
const FRAME = 24;

function tight(creditBytes: number, messageBytes = 1 << 20): Host {
  const host = new Host();
  host.welcome = () => ({ creditBytes, messageBytes });
  return host;
}

test('exactly the credit leaves; each answer lets as many bytes go, in order', async (t) => {
  const { peer, echo, synapse } = await connected(tight(3 * FRAME));
  const calls = Array.from({ length: 8 }, (_, i) => echo.echo(i));
  const first = await peer.some(KIND_REQUEST, 3);
  t.deepEqual(first.map(valueOf), [0, 1, 2]);
  t.is(synapse.unansweredBytes, 3 * FRAME);
  await settled();
  t.is(peer.count(KIND_REQUEST), 0, 'nothing beyond the credit');
  peer.send(plusOne(first[1]));
  const fourth = await peer.next(KIND_REQUEST);
  t.is(valueOf(fourth), 3);
  peer.send(refusal(first[0].call, Status.UNAVAILABLE, 13), plusOne(first[2]), plusOne(fourth));
  const rest = await peer.some(KIND_REQUEST, 3);
  t.deepEqual(rest.map(valueOf), [4, 5, 6], 'errors give credit back too');
  peer.send(...rest.map(plusOne));
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  const results = await Promise.allSettled(calls);
  t.is(results[0].status, 'rejected');
  t.deepEqual(
    results.slice(1).map((one) => (one as PromiseFulfilledResult<number>).value),
    [2, 3, 4, 5, 6, 7, 8],
  );
  t.is(synapse.unansweredBytes, 0);
  await synapse.close();
});

test('one byte less of credit holds the last call back', async (t) => {
  const { peer, echo, synapse } = await connected(tight(3 * FRAME - 1));
  const calls = [0, 1, 2].map((i) => echo.echo(i));
  const got = await peer.some(KIND_REQUEST, 2);
  await settled();
  t.is(peer.count(KIND_REQUEST), 0);
  peer.send(...got.map(plusOne));
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.deepEqual(await Promise.all(calls), [1, 2, 3]);
  await synapse.close();
});

test('a small call never overtakes a large one that waits', async (t) => {
  const { peer, echo, synapse } = await connected(tight(1024));
  const calls = [echo.fill(700, 1), echo.fill(700, 2), echo.echo(3)];
  const first = await peer.next(KIND_REQUEST);
  await settled();
  t.is(peer.count(KIND_REQUEST), 0);
  peer.send(reply(first.call, 1));
  const [second, third] = await peer.some(KIND_REQUEST, 2);
  t.is(second.payload.length, 700);
  t.true(second.payload.every((byte) => byte === 2));
  t.is(third.payload.length, 4);
  peer.send(reply(second.call, 2), reply(third.call, 3));
  t.deepEqual(await Promise.all(calls), [1, 2, 3]);
  await synapse.close();
});

test('a call larger than all of the credit is refused, not queued for ever', async (t) => {
  const { echo, synapse } = await connected(tight(1024));
  const error = await t.throwsAsync<CellError>(echo.fill(1024, 1), { instanceOf: CellError });
  t.is(error.status, Status.RESOURCE_EXHAUSTED);
  t.regex(error.message, /1024 bytes/);
  await synapse.close();
});

test('the queue is bounded in bytes', async (t) => {
  const { peer, echo, synapse } = await connected(tight(FRAME), { queueBytes: 10 * (FRAME + 8) });
  const calls = Array.from({ length: 11 }, (_, i) => echo.echo(i));
  const error = await t.throwsAsync<CellError>(echo.echo(11), { instanceOf: CellError });
  t.is(error.status, Status.RESOURCE_EXHAUSTED);
  t.true(error.unsent);
  t.regex(error.message, /wait in this client already/);
  for (let i = 0; i < 11; i++) peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is((await Promise.all(calls)).length, 11);
  await synapse.close();
});

test('a call given up while it waits is never sent and takes no credit', async (t) => {
  const { peer, echo, synapse } = await connected(tight(FRAME));
  const stop = new AbortController();
  const calls = [echo.echo(0), echo.echo(1, { signal: stop.signal }), echo.echo(2)];
  const rejected = t.throwsAsync<CellError>(calls[1], { instanceOf: CellError });
  stop.abort(new Error('changed my mind'));
  const error = await rejected;
  t.is(error.status, Status.CANCELLED);
  t.true(error.unsent);
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  const next = await peer.next(KIND_REQUEST);
  t.is(valueOf(next), 2);
  peer.send(plusOne(next));
  t.is(await calls[0], 1);
  t.is(await calls[2], 3);
  t.is(synapse.inFlight, 0);
  await synapse.close();
});

test('a call given up after it left keeps its credit until the host has answered', async (t) => {
  const { peer, echo, synapse } = await connected(tight(FRAME));
  const stop = new AbortController();
  const given = echo.echo(0, { signal: stop.signal });
  const rejected = t.throwsAsync<CellError>(given, { instanceOf: CellError });
  const waiting = echo.echo(1);
  const first = await peer.next(KIND_REQUEST);
  stop.abort();
  t.false((await rejected).unsent);
  t.is(synapse.unansweredBytes, FRAME);
  await settled();
  t.is(peer.count(KIND_REQUEST), 0);
  peer.send(refusal(first.call, Status.CANCELLED, 21));
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await waiting, 2);
  t.is(synapse.strays, 0);
  await synapse.close();
});

test('a CREDIT frame changes what may be out', async (t) => {
  const { peer, echo, synapse } = await connected(tight(FRAME));
  const calls = [0, 1, 2, 3].map((i) => echo.echo(i));
  const first = await peer.next(KIND_REQUEST);
  peer.send(frame(KIND_CREDIT, 0, 0, 3 * FRAME, new Uint8Array(0)));
  const more = await peer.some(KIND_REQUEST, 2);
  await settled();
  t.is(peer.count(KIND_REQUEST), 0);
  peer.send(plusOne(first), ...more.map(plusOne));
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.deepEqual(await Promise.all(calls), [1, 2, 3, 4]);
  await synapse.close();
});

test('thousands of calls pass through a credit of a few frames', async (t) => {
  const { peer, echo, synapse } = await connected(tight(5 * FRAME));
  const calls = Array.from({ length: 3000 }, (_, i) => echo.echo(i));
  const serve = async () => {
    for (let served = 0; served < 3000; served++) {
      const got = await peer.next(KIND_REQUEST);
      peer.send(plusOne(got));
    }
  };
  await serve();
  t.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 3000 }, (_, i) => i + 1),
  );
  t.is(synapse.unansweredBytes, 0);
  await synapse.close();
});

/** Everything that microtasks can still move has moved. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
