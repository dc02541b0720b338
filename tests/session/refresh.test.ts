// Later HELLOs on an open connection, revocation, and what slots show of them: rights change for
// the same subject only, a reused slot never shows the one before, a revoked subject stays out.

import test from 'ava';
import { SESSION_AUTHENTICATED, SESSION_REVOKED } from '../../assembly/shared/layout.ts';
import {
  FAILED_PRECONDITION,
  PERMISSION_DENIED,
  UNAUTHENTICATED,
  UNAVAILABLE,
} from '../../assembly/shared/status.ts';
import { KeysUnavailable } from '../../host/session/token.ts';
import { helloFrame } from '../../host/session/wire.ts';
import type { Client } from '../listen/clients.ts';
import type { HouseOptions } from './house.ts';
import { asks, greet, house, nextFrame } from './house.ts';

/** A house whose lanes hand every message back as a later HELLO, as kernels do with that kind. */
async function talking(t: import('ava').ExecutionContext, options: HouseOptions = {}) {
  const opened = await house(t, options);
  opened.lanes.onPush = (connection, generation, bytes) =>
    opened.delivery.control(connection, generation, bytes);
  return opened;
}

test('a later HELLO of the same subject replaces rights, text and expiry in place', async (t) => {
  const { connect, issuer, slot, rights } = await talking(t);
  rights.roles.demand(['admin', 'dev']);
  const client = await connect();
  const first = await issuer.mintToken({ subject: 'alice', roles: ['admin'], ttl: 60 });
  await greet(client, { token: first });
  const before = slot(0);
  const second = await issuer.mintToken({
    subject: 'alice',
    roles: ['dev'],
    scopes: ['s'],
    ttl: 600,
  });
  const { welcome } = await greet(client, { token: second }, 9);
  const after = slot(0);
  t.is(before.roles, 1n);
  t.is(after.roles, 2n);
  t.is(after.text, 'alice\0dev\0\0s');
  t.is(after.generation, before.generation);
  t.is(after.subject, before.subject);
  t.true(after.expiry > before.expiry);
  t.is(welcome!.expires! + 30_000_000n, after.expiry);
  const third = await greet(client, { token: null, methods: [asks('demo.signed(u32)->u32')] });
  t.is(third.welcome!.subject, 'alice');
  t.is(third.welcome!.methods[0].verdict, 0);
  t.deepEqual(slot(0), after);
});

test('a later HELLO may not change who the session is', async (t) => {
  const { connect, issuer, reception } = await talking(t);
  const alice = await issuer.mintToken({ subject: 'alice' });
  const bob = await issuer.mintToken({ subject: 'bob' });
  const refused = async (client: Client, token: string, status: number) => {
    const answer = await greet(client, { token }, 4);
    t.is(answer.status, status);
    t.is(answer.call, 4);
    t.is((await client.ended).code, 1008);
  };
  const one = await connect();
  await greet(one, { token: alice });
  await refused(one, bob, PERMISSION_DENIED);
  const two = await connect();
  await greet(two);
  await refused(two, alice, FAILED_PRECONDITION);
  const three = await connect();
  await greet(three, { token: alice });
  await refused(three, 'nonsense', UNAUTHENTICATED);
  t.deepEqual(reception.counts(), { connections: 0, sessions: 0 });
});

test('sessions have one caller number as long as cells cannot tell them apart', async (t) => {
  const { connect, issuer, slot } = await talking(t);
  const mint = (subject: string, roles: string[], scopes: string[] = []) =>
    issuer.mintToken({ subject, roles, scopes, ttl: 60 });
  const callers: number[] = [];
  const tokens = [
    await mint('alice', ['admin']),
    await mint('alice', ['admin']),
    await mint('alice', []),
    await mint('alice', ['admin'], ['read']),
    await mint('bob', ['admin']),
    null,
    null,
  ];
  const first = await connect();
  for (const [i, token] of tokens.entries()) {
    await greet(i === 0 ? first : await connect(), { token });
    callers.push(slot(i).caller);
  }
  const [admin, again, plain, reader, bob, nobody, nobodyElse] = callers;
  t.true(callers.every((caller) => caller > 0));
  t.is(again, admin);
  t.is(nobodyElse, nobody);
  t.is(new Set([admin, plain, reader, bob, nobody]).size, 5);
  await greet(first, { token: tokens[2] }, 2);
  t.is(slot(0).caller, plain, 'fewer rights: another caller');
  t.is(slot(0).subject, slot(1).subject, 'of the same limits');
  await greet(first, { token: tokens[0] }, 3);
  t.is(slot(0).caller, admin);
});

test('HELLOs are answered in order, and too many at once end the connection', async (t) => {
  const { connect, issuer } = await talking(t);
  const token = await issuer.mintToken({ subject: 'alice' });
  const client = await connect();
  await greet(client, { token });
  const hello = (call: number) => helloFrame(call, { version: 1, agent: '', token, methods: [] });
  for (let call = 1; call <= 9; call++) client.send(hello(call));
  for (let call = 1; call <= 9; call++) t.is((await nextFrame(client)).call, call);
  for (let call = 1; call <= 12; call++) client.send(hello(call));
  const ended = await client.ended;
  t.is(ended.code, 1008);
  t.regex(ended.reason, /more than 8 HELLOs/);
});

test('a later HELLO has the limit of the first, at N and N + 1', async (t) => {
  const { connect } = await talking(t);
  const client = await connect();
  await greet(client);
  const plain = { version: 1, token: null, methods: [] };
  const agent = 'x'.repeat(16384 - helloFrame(0, { ...plain, agent: '' }).length);
  t.truthy((await greet(client, { agent }, 1)).welcome);
  client.send(helloFrame(2, { ...plain, agent: `${agent}12345678` }));
  t.deepEqual(await client.ended, { code: 1009, reason: 'a HELLO may have at most 16384 bytes' });
});

test('a slot that is used again shows nothing of the session before', async (t) => {
  const { connect, issuer, slot, rights, delivery, reception } = await talking(t);
  rights.roles.demand(['admin']);
  const token = await issuer.mintToken({ subject: 'alice-with-a-long-name', roles: ['admin'] });
  const first = await connect();
  await greet(first, { token });
  const before = slot(0);
  first.close();
  await first.ended;
  const closed = { generation: 0, flags: 0, roles: 0n, scopes: 0n, expiry: 0n, text: '' };
  t.like(slot(0), closed);
  const second = await connect();
  await greet(second);
  const after = slot(0);
  t.not(after.generation, before.generation);
  t.not(after.subject, before.subject);
  t.like(after, { flags: 0, roles: 0n, expiry: 0n, text: 'anonymous\0\0' });
  const count = second.messages();
  delivery.frames(0, before.generation, Buffer.alloc(16));
  delivery.control(0, before.generation, Buffer.alloc(16));
  delivery.close(0, before.generation, 64);
  delivery.flush();
  await Promise.resolve();
  t.is(second.messages(), count);
  t.is(reception.counts().sessions, 1);
});

test('two sessions of one subject share its number and nothing else', async (t) => {
  const { connect, issuer, slot, reception } = await talking(t);
  const rich = await issuer.mintToken({ subject: 'alice', roles: ['admin'] });
  const poor = await issuer.mintToken({ subject: 'alice' });
  const [one, two] = [await connect(), await connect()];
  await greet(one, { token: rich });
  await greet(two, { token: poor });
  t.is(slot(0).subject, slot(1).subject);
  t.is(slot(0).text, 'alice\0admin\0\0');
  t.is(slot(1).text, 'alice\0\0');
  one.close();
  await one.ended;
  t.is(slot(1).flags, SESSION_AUTHENTICATED);
  t.deepEqual(
    reception.connections().map((c) => c.slot),
    [1],
  );
  const again = await connect();
  await greet(again, { token: poor });
  t.is(slot(0).subject, slot(1).subject);
});

test('roles that are demanded after a session opened count for it', async (t) => {
  const { connect, issuer, slot, rights } = await talking(t);
  const client = await connect();
  const token = await issuer.mintToken({ subject: 'alice', roles: ['late'], scopes: ['l'] });
  await greet(client, { token });
  t.is(slot(0).roles, 0n);
  rights.roles.demand(['other', 'late']);
  rights.scopes.demand(['l']);
  t.is(slot(0).roles, 2n);
  t.is(slot(0).scopes, 1n);
});

test('revoking marks a subject’s sessions at once and refuses its HELLOs', async (t) => {
  const { connect, issuer, slot, reception } = await talking(t);
  const alice = await issuer.mintToken({ subject: 'alice' });
  const bob = await issuer.mintToken({ subject: 'bob' });
  for (const token of [alice, alice, bob]) await greet(await connect(), { token });
  const durable = reception.revoke('alice');
  t.deepEqual(
    [0, 1, 2].map((n) => slot(n).flags & SESSION_REVOKED),
    [2, 2, 0],
  );
  const refused = await greet(await connect(), { token: alice });
  t.is(refused.status, UNAUTHENTICATED);
  t.regex(refused.error!, /revoked/);
  await durable;
  t.truthy((await greet(await connect(), { token: bob })).welcome);
});

test('a revoked session cannot refresh itself back', async (t) => {
  const { connect, issuer, reception } = await talking(t);
  const client = await connect();
  const token = await issuer.mintToken({ subject: 'alice' });
  await greet(client, { token });
  await reception.revoke('alice');
  t.is((await greet(client, { token })).status, UNAUTHENTICATED);
  t.is((await client.ended).code, 1008);
});

test('a revocation that comes while a token is verified counts', async (t) => {
  const { connect, issuer, reception } = await talking(t);
  const token = await issuer.mintToken({ subject: 'alice' });
  const client = await connect();
  const answer = greet(client, { token });
  void reception.revoke('alice');
  t.is((await answer).status, UNAUTHENTICATED);
  t.is(reception.counts().sessions, 0);
});

test('a client that leaves while its token is verified leaves nothing behind', async (t) => {
  const { connect, issuer, reception } = await talking(t);
  const token = await issuer.mintToken({ subject: 'alice' });
  const client = await connect();
  client.send(helloFrame(0, { version: 1, agent: '', token, methods: [] }));
  client.close();
  await client.ended;
  await greet(await connect(), { token });
  t.deepEqual(reception.counts(), { connections: 1, sessions: 1 });
});

test('a revocation outlives a restart', async (t) => {
  const first = await talking(t);
  await first.reception.revoke('alice');
  const again = await talking(t, { folder: first.folder });
  const token = await again.issuer.mintToken({ subject: 'alice' });
  t.regex((await greet(await again.connect(), { token })).error!, /revoked/);
});

test('while the keys of an issuer cannot be had, an open session stays as it is', async (t) => {
  let away = false;
  const identity = {
    subject: 'alice',
    roles: ['admin'],
    scopes: [],
    expires: 9_000_000_000_000_000n,
    issuer: 'i',
    issuedMs: 0,
    served: 9_000_000_000_000_000n,
    claims: {},
  };
  const verifier = {
    verify: async () => {
      if (away) throw new KeysUnavailable('cannot be fetched now');
      return identity;
    },
    warm: () => {},
    close: () => {},
  };
  const { connect, slot, reception } = await talking(t, { verifier });
  const client = await connect();
  await greet(client, { token: 'first' });
  const before = slot(0);
  away = true;
  for (let call = 1; call <= 3; call++) {
    const answer = await greet(client, { token: 'second' }, call);
    t.deepEqual([answer.status, answer.call], [UNAVAILABLE, call]);
    t.deepEqual(slot(0), before);
  }
  const other = await connect();
  t.is((await greet(other, { token: 'third' })).status, UNAVAILABLE);
  t.is((await other.ended).code, 1008, 'a stranger is turned away');
  t.deepEqual(reception.counts(), { connections: 1, sessions: 1 });
  away = false;
  t.is((await greet(client, { token: 'fourth' }, 9)).welcome?.subject, 'alice');
});
