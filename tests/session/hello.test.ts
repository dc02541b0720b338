// HELLO and WELCOME: who is let in, what is said to whom, and everything that a HELLO can be
// instead.

import test from 'ava';
import { KIND_HELLO } from '../../assembly/shared/frame.ts';
import {
  FAILED_PRECONDITION,
  INVALID_ARGUMENT,
  UNAUTHENTICATED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import { frame, helloFrame } from '../../host/session/wire.ts';
import { asks, demoCell, greet, house, PUBLIC, SIGNED } from './house.ts';

const OPEN = 'demo.open(u32)->u32';
const SIGN = 'demo.signed(u32)->u32';
const plain = { version: 1, agent: 'test', token: null, methods: [] };

test('a token opens a session with its subject, rights and expiry', async (t) => {
  const { connect, issuer, slot, rights, reception } = await house(t);
  rights.roles.demand(['admin', 'ops']);
  rights.scopes.demand(['read']);
  const token = await issuer.mintToken({
    subject: 'alice',
    roles: ['ops', 'dev'],
    scopes: ['read', 'x'],
  });
  const client = await connect();
  const { welcome, call } = await greet(
    client,
    { token, methods: [asks(SIGN), asks(OPEN)] },
    0x10000,
  );
  t.is(call, 0x10000);
  t.is(welcome!.subject, 'alice');
  t.is(welcome!.version, 1);
  t.deepEqual(welcome!.methods, [
    { route: 1, verdict: 0, why: null },
    { route: 0, verdict: 0, why: null },
  ]);
  const written = slot(0);
  t.is(written.roles, 2n);
  t.is(written.scopes, 1n);
  t.is(written.flags, 1);
  t.is(written.expiry, welcome!.expires! + 30_000_000n);
  t.is(written.text, 'alice\0ops\0dev\0\0read\0x');
  t.like(reception.connections()[0], { subject: 'alice', kind: 'memory', slot: 0 });
});

test('without a token: anonymous, public methods only, limited by address', async (t) => {
  const { connect, slot } = await house(t);
  const [one, two] = [await connect(), await connect()];
  const { welcome } = await greet(one, { methods: [asks(OPEN)] });
  await greet(two);
  t.is(welcome!.subject, 'anonymous');
  t.is(welcome!.expires, null);
  t.like(slot(0), { roles: 0n, scopes: 0n, expiry: 0n, flags: 0, text: 'anonymous\0\0' });
  t.is(slot(0).subject, slot(1).subject);
  t.not(slot(0).subject, 0);
});

test('strangers learn nothing: to them a closed method looks like none', async (t) => {
  const { connect } = await house(t);
  const client = await connect();
  const methods = [
    asks(OPEN),
    asks(SIGN),
    asks('demo.nothing(u32)->u32'),
    asks('other.x()->void', true),
  ];
  const { welcome } = await greet(client, { methods });
  const [open, signed, nothing, other] = welcome!.methods;
  t.is(open.verdict, 0);
  t.is(signed.verdict, 4);
  t.deepEqual(signed, nothing);
  t.deepEqual(signed, other);
});

test('with a token, a method that does not exist is said to be unknown', async (t) => {
  const { connect, issuer } = await house(t);
  const token = await issuer.mintToken({ subject: 'alice' });
  const methods = [asks('demo.nothing(u32)->u32', true), asks(SIGN)];
  const { welcome } = await greet(await connect(), { token, methods });
  t.deepEqual(welcome!.methods, [
    { route: 0, verdict: 1, why: 'no loaded cell has this method' },
    { route: 1, verdict: 0, why: null },
  ]);
});

test('a mismatch asks for the text once, then it is judged', async (t) => {
  const { connect, issuer, lanes, delivery } = await house(t);
  lanes.onPush = (connection, generation, bytes) => delivery.control(connection, generation, bytes);
  const token = await issuer.mintToken({ subject: 'alice' });
  const older = 'demo.signed(u32,string?)->u32';
  const broken = 'demo.open(string)->u32';
  const client = await connect();
  const first = await greet(client, { token, methods: [asks(older), asks(broken)] });
  t.deepEqual(
    first.welcome!.methods.map((m) => m.verdict),
    [2, 2],
  );
  const second = await greet(client, { methods: [asks(older, true), asks(broken, true)] }, 7);
  t.is(second.call, 7);
  t.deepEqual(
    second.welcome!.methods.map((m) => m.verdict),
    [0, 3],
  );
  t.is(second.welcome!.methods[0].route, 1);
  t.regex(second.welcome!.methods[1].why!, /parameter 1 `x`: string became u32/);
  const later = await connect();
  const known = await greet(later, { token, methods: [asks(older), asks(broken)] });
  t.deepEqual(
    known.welcome!.methods.map((m) => m.verdict),
    [0, 3],
  );
});

test('a text must have the fingerprint that it is sent with, and must be one', async (t) => {
  const { connect } = await house(t);
  const lie = { ...asks('demo.open(u32,u32?)->u32'), text: OPEN };
  const noText = asks('demo.open(((((', true);
  const { welcome } = await greet(await connect(), {
    methods: [lie, { ...noText, name: 'demo.open' }],
  });
  t.is(welcome!.methods[0].why, 'the text does not have the fingerprint');
  t.regex(welcome!.methods[1].why!, /cannot be read/);
  t.deepEqual(
    welcome!.methods.map((m) => m.verdict),
    [3, 3],
  );
});

test('cells that are loaded later are found by later HELLOs', async (t) => {
  const { connect, cells, lanes, delivery } = await house(t, {
    cells: [demoCell({ open: PUBLIC })],
  });
  lanes.onPush = (connection, generation, bytes) => delivery.control(connection, generation, bytes);
  const client = await connect();
  const late = asks('late.open(u32)->u32');
  t.is((await greet(client, { methods: [late] })).welcome!.methods[0].verdict, 4);
  cells.push(demoCell({ signed: SIGNED, open: PUBLIC }, 1, 'late'));
  const { welcome } = await greet(client, { methods: [late] });
  t.deepEqual(welcome!.methods[0], { route: 2, verdict: 0, why: null });
});

const hello = helloFrame(5, plain);
const changed = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(hello);
  bytes[at] = value;
  return bytes;
};

const WRONG: [string, Uint8Array, RegExp][] = [
  ['empty', Buffer.alloc(0), /shorter than a frame/],
  ['a cut header', hello.subarray(0, 15), /shorter than a frame/],
  ['a cut payload', hello.subarray(0, hello.length - 8), /one whole frame/],
  ['a REQUEST', frame(3, 5, 0, 0, Buffer.alloc(8)), /must be HELLO/],
  ['two frames', Buffer.concat([hello, hello]), /stand alone/],
  ['a length beyond the message', changed(3, 0xff), /one whole frame/],
  ['unknown flags', changed(5, 8), /unknown flags/],
  ['a channel', changed(5, 1), /unknown flags/],
  ['a route', changed(6, 1), /unknown flags/],
  ['a deadline', changed(12, 1), /unknown flags/],
  ['padding that is not zero', changed(hello.length - 1, 1), /padded/],
  ['random bytes as payload', frame(KIND_HELLO, 5, 0, 0, Buffer.alloc(48, 0xa7)), /malformed/],
  ['an empty payload', frame(KIND_HELLO, 5, 0, 0, Buffer.alloc(0)), /malformed/],
];

for (const [what, bytes, message] of WRONG) {
  test(`instead of HELLO: ${what}`, async (t) => {
    const { connect, reception, lanes } = await house(t);
    const client = await connect();
    client.send(bytes);
    const ended = await client.ended;
    t.is(ended.code, 1008);
    t.regex(ended.reason, message);
    t.deepEqual(reception.counts(), { connections: 0, sessions: 0 });
    t.is(lanes.pushed.length, 0);
  });
}

test('version, token and number of methods are answered with a status', async (t) => {
  const { connect } = await house(t);
  const refused = async (hello: object) => {
    const client = await connect();
    const { error, status, call } = await greet(client, hello, 3);
    t.is(call, 3);
    const ended = await client.ended;
    t.is(ended.code, 1008);
    t.is(ended.reason, error!.slice(0, 123));
    return { error, status };
  };
  const version = await refused({ version: 2 });
  t.is(version.status, FAILED_PRECONDITION);
  t.regex(version.error!, /version 1 .* version 2/);
  const token = await refused({ token: 'nonsense' });
  t.is(token.status, UNAUTHENTICATED);
  const row = { name: 'a', fingerprint: 1n, text: null };
  const many = await house(t, { limits: { helloBytes: 1 << 20 } });
  const client = await many.connect();
  const most = await greet(client, { methods: Array.from({ length: 1024 }, () => row) });
  t.is(most.welcome!.methods.length, 1024);
  const above = await greet(await many.connect(), {
    methods: Array.from({ length: 1025 }, () => row),
  });
  t.is(above.status, INVALID_ARGUMENT);
  t.regex(above.error!, /at most 1024 methods/);
});

test('a HELLO of N bytes is read, one of N + 1 frames is not', async (t) => {
  const { connect } = await house(t);
  const size = (agent: string) => helloFrame(0, { ...plain, agent }).length;
  const agent = 'x'.repeat(16384 - size(''));
  t.is(size(agent), 16384);
  t.truthy((await greet(await connect(), { agent })).welcome);
  const client = await connect();
  client.send(helloFrame(0, { ...plain, agent: `${agent}12345678` }));
  t.deepEqual(await client.ended, { code: 1009, reason: 'a HELLO may have at most 16384 bytes' });
});

test('who says nothing is turned away after the time for HELLO; who said it stays', async (t) => {
  const { connect, reception } = await house(t, { limits: { helloMs: 500 } });
  const [talks, silent, later] = [await connect(), await connect(), await connect()];
  await greet(talks);
  for (const client of [silent, later]) {
    t.deepEqual(await client.ended, { code: 1008, reason: 'no HELLO came within 500 ms' });
  }
  t.deepEqual(reception.counts(), { connections: 1, sessions: 1 });
});

test('nothing may be sent between HELLO and WELCOME', async (t) => {
  const { connect, issuer, lanes } = await house(t);
  const token = await issuer.mintToken({ subject: 'alice' });
  const client = await connect();
  client.send(helloFrame(0, { ...plain, token }));
  client.send(frame(3, 1, 0, 0, Buffer.alloc(8)));
  const ended = await client.ended;
  t.is(ended.code, 1008);
  t.regex(ended.reason, /between HELLO and WELCOME/);
  t.is(lanes.pushed.length, 0);
});

test('connections and sessions are bounded; the next one is told so', async (t) => {
  const { connect, reception } = await house(t, { sessions: 2, limits: { connections: 3 } });
  const clients = [await connect(), await connect(), await connect()];
  t.deepEqual(await (await connect()).ended, {
    code: 1013,
    reason: 'this host serves at most 3 connections',
  });
  await greet(clients[0]);
  await greet(clients[1]);
  const third = await greet(clients[2]);
  t.is(third.status, UNAVAILABLE);
  t.regex(third.error!, /at most 2 sessions/);
  clients[0].close();
  await clients[0].ended;
  t.truthy((await greet(await connect())).welcome);
  t.deepEqual(reception.counts(), { connections: 2, sessions: 2 });
});

test('a caller text of N bytes is kept, one of N + 1 is refused', async (t) => {
  const { connect, issuer, slot } = await house(t);
  const fits = await issuer.mintToken({ subject: 'a'.repeat(122), roles: ['b'.repeat(131)] });
  t.truthy((await greet(await connect(), { token: fits })).welcome);
  t.is(slot(0).text.length, 256);
  const above = await issuer.mintToken({ subject: 'a'.repeat(123), roles: ['b'.repeat(131)] });
  const { error, status } = await greet(await connect(), { token: above });
  t.is(status, INVALID_ARGUMENT);
  t.regex(error!, /at most 256 bytes, these have 257/);
});
