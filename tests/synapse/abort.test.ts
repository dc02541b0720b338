// Cancellation and deadlines: who wins a race, what is sent, what stays behind.

import { getEventListeners } from 'node:events';
import test from 'ava';
import { KIND_CANCEL, KIND_REQUEST } from '../../assembly/shared/frame.ts';
import { CellError, Status } from '../../host/synapse/index.ts';
import { connected, frame, Host, plusOne, refusal, reply, stayAlive } from './peer.ts';

const release = stayAlive();
test.after.always(release);

const failing = { instanceOf: CellError };

test('a signal that has fired already refuses the call before it is sent', async (t) => {
  const { peer, echo, synapse } = await connected();
  const reason = new Error('too late');
  const error = await t.throwsAsync<CellError>(
    echo.echo(1, { signal: AbortSignal.abort(reason) }),
    failing,
  );
  t.is(error.status, Status.CANCELLED);
  t.is(error.cause, reason);
  t.true(error.unsent);
  t.is(synapse.inFlight, 0);
  const next = echo.echo(2);
  const got = await peer.next(KIND_REQUEST);
  peer.send(plusOne(got));
  t.is(await next, 3);
  t.is(peer.count(KIND_CANCEL), 0);
  await synapse.close();
});

test('a signal cancels its calls, tells the host, and drops the answers that come', async (t) => {
  const { peer, echo, synapse } = await connected();
  const stop = new AbortController();
  const calls = [1, 2, 3].map((i) => echo.echo(i, { signal: stop.signal }));
  const other = echo.echo(9);
  const rejected = Promise.all(calls.map((call) => t.throwsAsync<CellError>(call, failing)));
  const got = await peer.some(KIND_REQUEST, 4);
  stop.abort();
  for (const error of await rejected) t.is(error.status, Status.CANCELLED);
  const cancels = await peer.some(KIND_CANCEL, 3);
  t.deepEqual(
    cancels.map((one) => one.call),
    got.slice(0, 3).map((one) => one.call),
  );
  t.is(synapse.inFlight, 4, 'their slots wait for the terminal answer');
  peer.send(plusOne(got[0]), refusal(got[1].call, Status.CANCELLED, 21), plusOne(got[2]));
  peer.send(plusOne(got[3]));
  t.is(await other, 10);
  t.is(synapse.inFlight, 0);
  t.is(synapse.strays, 0);
  await synapse.close();
});

test('an answer that came first wins over the signal', async (t) => {
  const { peer, echo, synapse } = await connected();
  const stop = new AbortController();
  const call = echo.echo(1, { signal: stop.signal });
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await call, 2);
  stop.abort();
  t.is(synapse.inFlight, 0);
  const next = echo.echo(5);
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await next, 6, 'the call that took the slot over is not cancelled');
  t.is(peer.count(KIND_CANCEL), 0);
  await synapse.close();
});

test('one listener a signal, whatever the number of calls; none when they are done', async (t) => {
  const { peer, echo, synapse } = await connected();
  const { signal } = new AbortController();
  const count = () => getEventListeners(signal, 'abort').length;
  const calls = Array.from({ length: 300 }, (_, i) => echo.echo(i, { signal }));
  t.is(count(), 1);
  peer.send(...(await peer.some(KIND_REQUEST, 300)).map(plusOne));
  await Promise.all(calls);
  while (count() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const again = echo.echo(1, { signal });
  t.is(count(), 1);
  const rejected = t.throwsAsync(again);
  await synapse.close();
  await rejected;
  t.is(count(), 0, 'a closed synapse lets go of the signal');
});

test('signals of their own cancel only their own call', async (t) => {
  const { peer, echo, synapse } = await connected();
  const stops = Array.from({ length: 20 }, () => new AbortController());
  const calls = stops.map((stop, i) => echo.echo(i, { signal: stop.signal }));
  const results = Promise.allSettled(calls);
  const got = await peer.some(KIND_REQUEST, 20);
  for (let i = 0; i < 20; i += 2) stops[i].abort();
  const cancels = await peer.some(KIND_CANCEL, 10);
  t.is(cancels.length, 10);
  peer.send(...got.map(plusOne));
  const kept = (await results).filter((one) => one.status === 'fulfilled');
  t.deepEqual(
    kept.map((one) => one.value),
    [2, 4, 6, 8, 10, 12, 14, 16, 18, 20],
  );
  await synapse.close();
});

test('a deadline rejects the call and cancels it at the host', async (t) => {
  const { peer, echo, synapse } = await connected();
  const slow = t.throwsAsync<CellError>(echo.echo(1, { timeout: 5 }), failing);
  const got = await peer.next(KIND_REQUEST);
  t.is(got.extra, 5);
  const error = await slow;
  t.is(error.status, Status.DEADLINE_EXCEEDED);
  t.is(error.method, 'test.echo');
  t.false(error.unsent);
  t.is((await peer.next(KIND_CANCEL)).call, got.call);
  t.is(synapse.inFlight, 1);
  peer.send(refusal(got.call, Status.DEADLINE_EXCEEDED, 9));
  const after = echo.echo(1);
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await after, 2);
  t.is(synapse.inFlight, 0);
  await synapse.close();
});

test("the host's DEADLINE_EXCEEDED may come first; then nothing is cancelled", async (t) => {
  const { peer, echo, synapse } = await connected();
  const call = t.throwsAsync<CellError>(echo.echo(1, { timeout: 60_000 }), failing);
  const got = await peer.next(KIND_REQUEST);
  peer.send(refusal(got.call, Status.DEADLINE_EXCEEDED, 10));
  t.is((await call).reason, 10);
  t.is(synapse.inFlight, 0);
  await synapse.close();
});

test('calls that name no timeout have the one of the connection; Infinity is none', async (t) => {
  const { peer, echo, synapse } = await connected(new Host(), { timeout: 5 });
  const short = t.throwsAsync<CellError>(echo.echo(1), failing);
  const endless = echo.echo(2, { timeout: Infinity });
  const got = await peer.some(KIND_REQUEST, 2);
  t.deepEqual(
    got.map((one) => one.extra),
    [5, 0],
  );
  t.is((await short).status, Status.DEADLINE_EXCEEDED);
  peer.send(plusOne(got[1]));
  t.is(await endless, 3);
  await synapse.close();
});

test('fractions are rounded up; timeouts beyond what a frame holds mean none', async (t) => {
  const { peer, echo, synapse } = await connected();
  const calls = [0.25, 2 ** 32 - 1, 2 ** 32].map((timeout) => echo.echo(1, { timeout }));
  const results = Promise.allSettled(calls);
  const got = await peer.some(KIND_REQUEST, 3);
  t.deepEqual(
    got.map((one) => one.extra),
    [1, 2 ** 32 - 1, 0],
  );
  await synapse.close();
  await results;
});

test('a timeout that is no positive number refuses the call', async (t) => {
  const { echo, synapse } = await connected();
  for (const timeout of [0, -1, NaN, '5' as unknown as number]) {
    const error = await t.throwsAsync<CellError>(echo.echo(1, { timeout }), failing);
    t.is(error.status, Status.INVALID_ARGUMENT);
    t.true(error.message.includes(String(timeout)), error.message);
  }
  t.is(synapse.inFlight, 0);
  await synapse.close();
});

test('an answer with a wrong payload to a call that was given up is dropped unread', async (t) => {
  const { peer, echo, synapse } = await connected();
  const stop = new AbortController();
  const call = t.throwsAsync(echo.echo(1, { signal: stop.signal }), failing);
  const got = await peer.next(KIND_REQUEST);
  stop.abort();
  await call;
  peer.send(frame(4, got.call, 0, 0, new Uint8Array(3)), reply(got.call, 1));
  const next = echo.echo(1);
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await next, 2);
  t.is(synapse.strays, 1, 'the second answer to it is one too many');
  await synapse.close();
});

test('a signal aborted in the middle of encoding cancels earlier calls cleanly', async (t) => {
  const { peer, echo, synapse } = await connected();
  const stop = new AbortController();
  const early = t.throwsAsync<CellError>(echo.echo(1, { signal: stop.signal }), failing);
  const at = synapse.begin();
  stop.abort();
  synapse.outbox.view.setUint32(at, 7, true);
  const call = synapse.end(0, 4, (_, view, from) => view.getUint32(from, true));
  t.is((await early).status, Status.CANCELLED);
  const got = await peer.some(KIND_REQUEST, 2);
  peer.send(...got.map(plusOne));
  t.is(await call, 8);
  await synapse.close();
});
