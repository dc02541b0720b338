// Losing the connection: what had left may have run, what had not is sent on the next one.

import test from 'ava';
import { KIND_PING, KIND_PONG, KIND_REQUEST } from '../../assembly/shared/frame.ts';
import {
  CellError,
  type ConnectOptions,
  type State,
  Status,
  Synapse,
} from '../../host/synapse/index.ts';
import {
  connected,
  errorFrame,
  frame,
  Host,
  METHODS,
  plusOne,
  stayAlive,
  valueOf,
} from './peer.ts';

const release = stayAlive();
test.after.always(release);

const failing = { instanceOf: CellError };
const quick: ConnectOptions = { reconnect: { minMs: 1, maxMs: 2 } };

test('calls in flight get UNAVAILABLE, calls never sent go on the new connection', async (t) => {
  const host = new Host();
  host.welcome = () => ({ creditBytes: 48 });
  const { peer, echo, synapse } = await connected(host, quick);
  const states: State[] = [];
  synapse.on('state', (state) => states.push(state));
  const sent = [echo.echo(1), echo.echo(2)];
  const queued = [echo.echo(3), echo.echo(4)];
  const lost = Promise.all(sent.map((call) => t.throwsAsync<CellError>(call, failing)));
  await peer.some(KIND_REQUEST, 2);
  host.welcome = (hello) => ({
    methods: hello.methods.map((_, i) => ({ route: 900 + i, verdict: 0, why: null })),
  });
  const arrival = host.arrival();
  peer.end(1006, 'cable pulled');
  for (const error of await lost) {
    t.is(error.status, Status.UNAVAILABLE);
    t.true(error.retryable);
    t.false(error.unsent, 'it may have run');
    t.regex(error.message, /test\.echo: the connection to .* is lost: cable pulled/);
  }
  const late = echo.echo(5);
  const next = await arrival;
  const got = await next.some(KIND_REQUEST, 3);
  t.deepEqual(got.map(valueOf), [3, 4, 5]);
  t.deepEqual(
    got.map((one) => one.route),
    [900, 900, 900],
    'with the routes of the new WELCOME',
  );
  next.send(...got.map(plusOne));
  t.deepEqual(await Promise.all([...queued, late]), [4, 5, 6]);
  t.deepEqual(states, ['reconnecting', 'open']);
  t.is(synapse.unansweredBytes, 0);
  await synapse.close();
});

test('a batch that was written but not flushed is not lost, and keeps its place', async (t) => {
  const host = new Host();
  const { peer, echo, synapse } = await connected(host, quick);
  const arrival = host.arrival();
  let calls: Promise<number>[] = [];
  const off = synapse.on('state', (state) => {
    if (state === 'reconnecting') off();
  });
  // The loss arrives between the calls and the microtask that would have sent them.
  peer.end(1006);
  queueMicrotask(() => {});
  calls = [echo.echo(1), echo.echo(2)];
  const next = await arrival;
  const got = await next.some(KIND_REQUEST, 2);
  t.deepEqual(got.map(valueOf), [1, 2]);
  next.send(...got.map(plusOne));
  t.deepEqual(await Promise.all(calls), [2, 3]);
  await synapse.close();
});

test('the token function is asked for every connection', async (t) => {
  const host = new Host();
  let asked = 0;
  const token = async () => `token-${++asked}`;
  const { peer, synapse } = await connected(host, { ...quick, token });
  const arrival = host.arrival();
  peer.end(1006);
  const next = await arrival;
  await next.next(1);
  t.is(peer.hellos[0].token, 'token-1');
  t.is(next.hellos[0].token, 'token-2');
  await synapse.close();
});

test('a token that nears its end is renewed on the same connection', async (t) => {
  const host = new Host();
  let asked = 0;
  host.welcome = () => ({ expires: asked === 1 ? BigInt(Date.now() + 1500) * 1000n : null });
  const token = () => `token-${++asked}`;
  const { peer, synapse } = await connected(host, { token });
  await peer.some(1, 2);
  t.deepEqual(
    peer.hellos.map((hello) => hello.token),
    ['token-1', 'token-2'],
  );
  t.deepEqual(peer.hellos[1].methods, []);
  t.is(host.dials, 1);
  await synapse.close();
});

test('a host that cannot judge a fresh token now is asked again; the session stays', async (t) => {
  const host = new Host();
  let asked = 0;
  const soon = () => BigInt(Date.now() + 1500) * 1000n;
  host.welcome = () => {
    if (asked === 1) return { expires: soon() };
    if (asked > 2) return { expires: null };
    const call = 0x10000 * host.last.hellos.length;
    return errorFrame(call, Status.UNAVAILABLE, 'the keys cannot be fetched now');
  };
  const token = () => `token-${++asked}`;
  const { peer, synapse } = await connected(host, { ...quick, token });
  await peer.some(1, 3);
  t.is(host.dials, 1);
  t.is(synapse.state, 'open');
  await synapse.close();
});

test('a host that is away for a while is tried again until it is back', async (t) => {
  const host = new Host();
  const { peer, echo, synapse } = await connected(host, quick);
  host.down = 'nobody home';
  const tried = host.dials;
  const call = echo.echo(1);
  const lost = t.throwsAsync<CellError>(call, failing);
  await peer.next(KIND_REQUEST);
  peer.end(1001, 'the host stops');
  t.regex((await lost).message, /the host stops/);
  const waiting = echo.echo(2);
  while (host.dials < tried + 4) await new Promise((resolve) => setTimeout(resolve, 1));
  t.is(synapse.state, 'reconnecting');
  const arrival = host.arrival();
  host.down = null;
  const next = await arrival;
  next.send(plusOne(await next.next(KIND_REQUEST)));
  t.is(await waiting, 3);
  await synapse.close();
});

test('with a number of attempts it gives up, and says why', async (t) => {
  const host = new Host();
  const options = { reconnect: { minMs: 1, maxMs: 1, attempts: 3 } };
  const { peer, echo, synapse } = await connected(host, options);
  host.down = 'nobody home';
  const ended = new Promise<CellError | null>((resolve) => {
    synapse.on('state', (state, error) => state === 'closed' && resolve(error));
  });
  peer.end(1006);
  await new Promise((resolve) => setImmediate(resolve));
  const waiting = t.throwsAsync<CellError>(echo.echo(1), failing);
  t.regex((await ended)?.message ?? '', /nobody home/);
  t.is(host.dials, 4);
  const error = await waiting;
  t.is(error.status, Status.UNAVAILABLE);
  t.true(error.unsent);
  t.is(synapse.state, 'closed');
});

test('reconnect: false ends with the connection', async (t) => {
  const { host, peer, echo, synapse } = await connected(new Host(), { reconnect: false });
  const call = t.throwsAsync<CellError>(echo.echo(1), failing);
  await peer.next(KIND_REQUEST);
  peer.end(1006);
  await call;
  t.is(synapse.state, 'closed');
  t.is(host.dials, 1);
});

test('a refused token ends the reconnecting at once', async (t) => {
  const host = new Host();
  const { peer, synapse } = await connected(host, quick);
  host.welcome = () => errorFrame(0x10000, Status.UNAUTHENTICATED, 'the token has expired');
  const ended = new Promise<CellError | null>((resolve) => {
    synapse.on('state', (state, error) => state === 'closed' && resolve(error));
  });
  peer.end(1006);
  const error = await ended;
  t.is(error?.status, Status.UNAUTHENTICATED);
  t.regex(error?.message ?? '', /the token has expired/);
  t.is(host.dials, 2);
});

test('close while reconnecting stops it', async (t) => {
  const host = new Host();
  const { peer, echo, synapse } = await connected(host, { reconnect: { minMs: 60_000 } });
  const reconnecting = new Promise((resolve) => synapse.on('state', resolve));
  peer.end(1006);
  await reconnecting;
  const waiting = t.throwsAsync<CellError>(echo.echo(1), failing);
  await synapse.close();
  t.is((await waiting).status, Status.CANCELLED);
  t.is(synapse.state, 'closed');
  t.is(host.dials, 1);
});

test('a silent host is asked with PING, and left when it does not answer', async (t) => {
  const host = new Host();
  const { peer, echo, synapse } = await connected(host, { ...quick, keepalive: 4 });
  const arrival = host.arrival();
  const lost = t.throwsAsync<CellError>(echo.echo(1), failing);
  const ping = await peer.next(KIND_PING);
  t.is(ping.payload.length, 0);
  const error = await lost;
  t.regex(error.message, /no sign of life/);
  await arrival;
  t.is(host.dials, 2);
  await synapse.close();
});

test('a host that answers PING is kept', async (t) => {
  const { host, peer, synapse } = await connected(new Host(), { ...quick, keepalive: 50 });
  for (let i = 0; i < 3; i++) {
    const ping = await peer.next(KIND_PING);
    peer.send(frame(KIND_PONG, ping.call, 0, 0, new Uint8Array(0)));
  }
  t.is(host.dials, 1);
  t.is(synapse.state, 'open');
  await synapse.close();
});

test('open rejects when nobody answers, in its own words, and leaves nothing behind', async (t) => {
  const host = new Host();
  host.down = 'connect ECONNREFUSED';
  const open = Synapse.open(METHODS, { dial: host.dial, url: 'ws://127.0.0.1:9/cell' });
  const error = await t.throwsAsync<CellError>(open, failing);
  t.is(error.status, Status.UNAVAILABLE);
  t.regex(error.message, /ws:\/\/127\.0\.0\.1:9\/cell.*ECONNREFUSED/);
  t.is(host.dials, 1);
});

test('a host that accepts and says nothing does not hold open for ever', async (t) => {
  const host = new Host();
  host.welcome = null;
  const open = Synapse.open(METHODS, { dial: host.dial, connectTimeout: 20 });
  const error = await t.throwsAsync<CellError>(open, failing);
  t.is(error.status, Status.UNAVAILABLE);
  t.regex(error.message, /within 20 ms/);
  await host.last.closed();
});

test('a token function that fails is named', async (t) => {
  const host = new Host();
  const token = () => Promise.reject(new Error('no network'));
  const error = await t.throwsAsync<CellError>(
    Synapse.open(METHODS, { dial: host.dial, token }),
    failing,
  );
  t.is(error.status, Status.UNAVAILABLE);
  t.regex(error.message, /cannot get a token: no network/);
});
