// HELLO and WELCOME: which methods are served, the text round, splitting, and hosts that answer
// nonsense.

import test from 'ava';
import { KIND_HELLO, KIND_REQUEST, KIND_WELCOME } from '../../assembly/shared/frame.ts';
import { HELLO_BYTES, HELLO_METHODS } from '../../assembly/shared/limits.ts';
import type { MethodRef } from '../../host/synapse/contract.ts';
import { CellError, Status, Synapse } from '../../host/synapse/index.ts';
import { connected, Echo, errorFrame, frame, Host, METHODS, method, plusOne } from './peer.ts';

const failing = { instanceOf: CellError };
const ok = (route: number) => ({ route, verdict: 0, why: null });

test('HELLO has version, agent, token, and methods with fingerprint, without text', async (t) => {
  const host = new Host();
  const { peer, synapse } = await connected(host, { token: 'abc', agent: 'my-program/1' });
  t.deepEqual(peer.hellos, [
    {
      version: 1,
      agent: 'my-program/1',
      token: 'abc',
      methods: METHODS.map(({ name, fingerprint }) => ({ name, fingerprint, text: null })),
    },
  ]);
  await synapse.close();
});

test('methods that the host refuses reject their calls and say why; the others work', async (t) => {
  const host = new Host();
  host.welcome = () => ({
    methods: [ok(7), { route: 0, verdict: 3, why: 'parameter 1 `id`: u32 became string' }],
  });
  const { peer, echo, synapse } = await connected(host);
  const error = await t.throwsAsync<CellError>(echo.echo(1, undefined, 1), failing);
  t.is(error.status, Status.FAILED_PRECONDITION);
  t.regex(error.message, /^test\.other: parameter 1 `id`: u32 became string; rebuild the client/);
  t.true(error.unsent);
  const call = echo.echo(1);
  const got = await peer.next(KIND_REQUEST);
  t.is(got.route, 7);
  peer.send(plusOne(got));
  t.is(await call, 2);
  await synapse.close();
});

test('an unknown method is UNIMPLEMENTED', async (t) => {
  const host = new Host();
  host.welcome = () => ({ methods: [{ route: 0, verdict: 1, why: null }, ok(1)] });
  const { echo, synapse } = await connected(host);
  const error = await t.throwsAsync<CellError>(echo.echo(1), failing);
  t.is(error.status, Status.UNIMPLEMENTED);
  t.regex(error.message, /^test\.echo: no cell on this host offers it/);
  await synapse.close();
});

test('the host may ask for the text of methods and judge by it', async (t) => {
  const host = new Host();
  host.welcome = (hello) => {
    if (hello.methods.length === 2)
      return { methods: [{ route: 0, verdict: 2, why: null }, ok(5)] };
    return { methods: hello.methods.map(() => ok(9)) };
  };
  const { peer, echo, synapse } = await connected(host, { token: 'abc' });
  t.is(peer.hellos.length, 2);
  t.deepEqual(peer.hellos[1].methods, [{ ...METHODS[0] }]);
  t.is(peer.hellos[1].token, 'abc', 'a HELLO without it would give the session up');
  const call = echo.echo(1);
  const got = await peer.next(KIND_REQUEST);
  t.is(got.route, 9);
  peer.send(plusOne(got));
  await call;
  await synapse.close();
});

test('a host that asks for the text for ever is answered once', async (t) => {
  const host = new Host();
  host.welcome = (hello) => ({
    methods: hello.methods.map(() => ({ route: 0, verdict: 2, why: null })),
  });
  const { peer, echo, synapse } = await connected(host);
  t.is(peer.hellos.length, 2);
  const error = await t.throwsAsync<CellError>(echo.echo(1), failing);
  t.is(error.status, Status.FAILED_PRECONDITION);
  await synapse.close();
});

test('more methods than one HELLO takes go in several, each within its limits', async (t) => {
  const methods: MethodRef[] = [];
  for (let i = 0; i < HELLO_METHODS + 1; i++) methods.push(method(`m.${i}`));
  const host = new Host();
  host.welcome = (hello) => ({
    methods: hello.methods.map((one) => ok(Number(one.name.slice(2)))),
  });
  const synapse = await Synapse.open(methods, { dial: host.dial, token: 'x'.repeat(1000) });
  const { hellos, messages } = host.last;
  t.true(hellos.length >= 2);
  t.is(
    hellos.reduce((sum, hello) => sum + hello.methods.length, 0),
    HELLO_METHODS + 1,
  );
  t.true(hellos.every((hello) => hello.methods.length <= HELLO_METHODS && hello.token !== null));
  t.true(
    messages.every((size) => size <= HELLO_BYTES),
    `${messages}`,
  );
  const call = new Echo(synapse, HELLO_METHODS).echo(1);
  const got = await host.last.next(KIND_REQUEST);
  t.is(got.route, HELLO_METHODS);
  host.last.send(plusOne(got));
  t.is(await call, 2);
  await synapse.close();
});

test('texts that fill a HELLO are sent; one that is longer is refused alone', async (t) => {
  const long = { name: 'test.long', fingerprint: 3n, text: 'é'.repeat(HELLO_BYTES / 2) };
  const wide = { name: 'test.wide', fingerprint: 4n, text: 'w'.repeat(HELLO_BYTES - 1000) };
  const host = new Host();
  host.welcome = (hello) => ({
    methods: hello.methods.map((one) =>
      one.text === null ? { route: 0, verdict: 2, why: null } : ok(3),
    ),
  });
  const synapse = await Synapse.open([long, wide, ...METHODS], { dial: host.dial });
  t.true(
    host.last.messages.every((size) => size <= HELLO_BYTES),
    `${host.last.messages}`,
  );
  const error = await t.throwsAsync<CellError>(new Echo(synapse, 0).echo(1), failing);
  t.regex(error.message, /test\.long: its canonical text does not fit/);
  const call = new Echo(synapse, 1).echo(1);
  host.last.send(plusOne(await host.last.next(KIND_REQUEST)));
  t.is(await call, 2);
  await synapse.close();
});

test('a token that is too long is refused with its limit', async (t) => {
  const host = new Host();
  const open = Synapse.open(METHODS, { dial: host.dial, token: 'x'.repeat(HELLO_BYTES) });
  const error = await t.throwsAsync<CellError>(open, failing);
  t.is(error.status, Status.INVALID_ARGUMENT);
  t.regex(error.message, /16384 bytes/);
});

test('a refused HELLO rejects open with what the host said', async (t) => {
  const host = new Host();
  host.welcome = () => errorFrame(0x10000, Status.UNAUTHENTICATED, 'the token has expired', 1008);
  const error = await t.throwsAsync<CellError>(Synapse.open(METHODS, { dial: host.dial }), failing);
  t.is(error.status, Status.UNAUTHENTICATED);
  t.is(error.message, 'the host refused the connection: the token has expired');
  t.is(error.retryAfterMs, 0, 'a farewell carries its close code there, not a time');
  t.is(host.dials, 1);
  await host.last.closed();
});

test('a host of another version, or one that answers nonsense, is told apart', async (t) => {
  const cases: [Host['welcome'], RegExp][] = [
    [() => ({ version: 2 }), /speaks version 2 .* speaks version 1/],
    [() => ({ methods: [ok(1)] }), /answers 1 of 2 methods/],
    [() => ({ methods: [ok(1), ok(65536)] }), /route 65536/],
    [() => frame(KIND_WELCOME, 0x10000, 0, 0, new Uint8Array([1, 2, 3])), /cannot understand/],
  ];
  for (const [welcome, message] of cases) {
    const host = new Host();
    host.welcome = welcome;
    const error = await t.throwsAsync<CellError>(
      Synapse.open(METHODS, { dial: host.dial }),
      failing,
    );
    t.is(error.status, Status.FAILED_PRECONDITION);
    t.regex(error.message, message);
  }
});

test('WELCOMEs for other ids, early or late, change nothing', async (t) => {
  const host = new Host();
  const { peer, echo, synapse } = await connected(host);
  peer.send(frame(KIND_WELCOME, 0x50000, 0, 0, new Uint8Array(3)), errorFrame(0x70000, 5, 'stray'));
  const call = echo.echo(1);
  peer.send(plusOne(await peer.next(KIND_REQUEST)));
  t.is(await call, 2);
  await synapse.close();
});

test('calls of methods just added wait for their WELCOME, and others behind them', async (t) => {
  const host = new Host();
  const { peer, echo, synapse } = await connected(host);
  peer.welcome = null;
  const added = new Echo(synapse, synapse.add([method('late.echo')]));
  const calls = [added.echo(1), echo.echo(2)];
  const hello = (await peer.some(KIND_HELLO, 2))[1];
  t.is(peer.count(KIND_REQUEST), 0);
  const { welcomeFrame } = await import('../../host/session/wire.ts');
  const welcome = {
    version: 1,
    subject: '',
    expires: null,
    messageBytes: 1 << 20,
    creditBytes: 1 << 20,
  };
  peer.send(welcomeFrame(hello.call, { ...welcome, methods: [ok(44)] }));
  const got = await peer.some(KIND_REQUEST, 2);
  t.deepEqual(
    got.map((one) => one.route),
    [44, 100],
  );
  peer.send(...got.map(plusOne));
  t.deepEqual(await Promise.all(calls), [2, 3]);
  await synapse.close();
});

test('options that make no sense are refused before anything is dialled', async (t) => {
  const host = new Host();
  const wrong = { timeout: 0, connectTimeout: -1, queueBytes: Number.NaN, keepalive: 0 };
  for (const [name, value] of Object.entries(wrong)) {
    const options = { dial: host.dial, [name]: value };
    const error = await t.throwsAsync<CellError>(Synapse.open(METHODS, options), failing);
    t.is(error.status, Status.INVALID_ARGUMENT);
    t.true(error.message.startsWith(name), error.message);
  }
  t.is(host.dials, 0);
});

test("there is one event, 'state'", async (t) => {
  const { synapse } = await connected();
  t.throws(() => synapse.on('error' as 'state', () => {}), { instanceOf: TypeError });
  await synapse.close();
});
