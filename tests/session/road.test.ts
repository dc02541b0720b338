// From a client's bytes through reception, kernel and a real cell and back, on inline lanes and on
// a worker lane: what the slots say is what the kernel does.

import test from 'ava';
import {
  REASON_EXPIRED,
  REASON_NO_SESSION,
  REASON_RATE_SESSION,
  REASON_REVOKED,
  REASON_ROLE,
  REASON_SCOPE,
} from '../../assembly/shared/reason.ts';
import {
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  UNAUTHENTICATED,
} from '../../assembly/shared/status.ts';
import type { Issuer } from '../../host/cell/config.ts';
import { frame } from '../../host/session/wire.ts';
import { greet, nextFrame } from './house.ts';
import { ADMIN, call, host, OPEN, SAYS, SCOPED, SIGNED } from './road.ts';

for (const lanes of [0, 1]) {
  test(`lanes ${lanes}: roles and scopes decide, and the refusal says which`, async (t) => {
    const { session } = await host(t, { lanes });
    const alice = await session({ subject: 'alice', roles: ['root'], scopes: ['read'] });
    t.is(await call(alice.client, OPEN), '12345678');
    t.is(await call(alice.client, SIGNED), '12345678');
    t.is(await call(alice.client, ADMIN), '12345678');
    t.deepEqual(await call(alice.client, SCOPED), {
      status: PERMISSION_DENIED,
      reason: REASON_SCOPE,
    });
    t.is(await call(alice.client, SAYS), 'alice\0root\0\0read');
    const bob = await session({ subject: 'bob', roles: ['other'], scopes: ['read', 'write'] });
    t.deepEqual(await call(bob.client, ADMIN), { status: PERMISSION_DENIED, reason: REASON_ROLE });
    t.is(await call(bob.client, SCOPED), '12345678');
    t.is(await call(bob.client, SAYS), 'bob\0other\0\0read\0write');
  });

  test(`lanes ${lanes}: to an anonymous caller a closed route and none look alike`, async (t) => {
    const { session } = await host(t, { lanes });
    const { client } = await session();
    t.is(await call(client, OPEN), '12345678');
    t.is(await call(client, SAYS), 'anonymous\0\0');
    const refused = { status: UNAUTHENTICATED, reason: REASON_NO_SESSION };
    for (const route of [SIGNED, ADMIN, SCOPED, 5, 77, 65535]) {
      t.deepEqual(await call(client, route), refused, String(route));
    }
  });

  test(`lanes ${lanes}: a token expires while connected, a new HELLO renews it`, async (t) => {
    const strict = (own: Issuer) => ({ ...own, clockToleranceSec: 0 });
    const { session, issuer } = await host(t, { lanes, issuer: strict });
    const { client } = await session({ subject: 'alice' });
    t.is(await call(client, SIGNED), '12345678');
    await greet(client, { token: await issuer.mintToken({ subject: 'alice', ttl: 2 }) }, 0x10000);
    let last = await call(client, SIGNED);
    while (typeof last === 'string') {
      await new Promise((resolve) => setTimeout(resolve, 20));
      last = await call(client, SIGNED);
    }
    t.deepEqual(last, { status: UNAUTHENTICATED, reason: REASON_EXPIRED });
    t.is(await call(client, OPEN), '12345678');
    const token = await issuer.mintToken({ subject: 'alice' });
    t.is((await greet(client, { token }, 0x20000)).welcome!.subject, 'alice');
    t.is(await call(client, SIGNED), '12345678');
  });

  test(`lanes ${lanes}: a revocation counts from the next frame on, everywhere`, async (t) => {
    const { session, reception } = await host(t, { lanes });
    const one = await session({ subject: 'alice' });
    const two = await session({ subject: 'alice' });
    const bob = await session({ subject: 'bob' });
    t.is(await call(one.client, SIGNED), '12345678');
    const durable = reception.revoke('alice');
    const refused = { status: UNAUTHENTICATED, reason: REASON_REVOKED };
    for (const { client } of [one, two]) {
      t.deepEqual(await call(client, SIGNED), refused);
      t.deepEqual(await call(client, OPEN), refused);
    }
    t.is(await call(bob.client, SIGNED), '12345678');
    await durable;
    await t.throwsAsync(session({ subject: 'alice' }), { message: /revoked/ });
    await reception.lift('alice');
    t.is(await call(one.client, SIGNED), '12345678', 'lifted: what is connected goes on');
    const again = await session({ subject: 'alice' });
    t.is(await call(again.client, SIGNED), '12345678');
  });

  test(`lanes ${lanes}: the session's rate holds over reconnects of the subject`, async (t) => {
    const { session } = await host(t, {
      lanes,
      limits: { perSession: { perSecond: 0.01, burst: 3 } },
    });
    const { client } = await session({ subject: 'alice' });
    for (let i = 0; i < 3; i++) t.is(await call(client, OPEN), '12345678');
    const limited = { status: RESOURCE_EXHAUSTED, reason: REASON_RATE_SESSION };
    t.deepEqual(await call(client, OPEN), limited);
    client.close();
    const again = await session({ subject: 'alice' });
    t.deepEqual(await call(again.client, OPEN), limited);
    const bob = await session({ subject: 'bob' });
    t.is(await call(bob.client, OPEN), '12345678');
    const stranger = await session();
    for (let i = 0; i < 3; i++) t.is(await call(stranger.client, OPEN), '12345678');
    stranger.client.close();
    t.deepEqual(await call((await session()).client, OPEN), limited);
  });

  test(`lanes ${lanes}: malformed frames end their connection only, with words`, async (t) => {
    const { session, reception } = await host(t, { lanes });
    const bystander = await session({ subject: 'bob' });
    const good = frame(3, 0x50001, OPEN, 0, Buffer.from('12345678'));
    const wrong = (change: (bytes: Uint8Array) => void) => {
      const bytes = Uint8Array.from(good);
      change(bytes);
      return bytes;
    };
    const cases: [Uint8Array, RegExp][] = [
      [wrong((b) => (b[0] = 200)), /longer than its message|ends inside/],
      [wrong((b) => (b[4] = 99)), /kind/],
      [wrong((b) => (b[4] = 0)), /kind/],
      [wrong((b) => (b[4] = 4)), /kind/],
      [wrong((b) => (b[5] = 0x80)), /flags/],
      [good.subarray(0, 20), /ends inside|longer/],
      [good.subarray(0, 8), /ends inside/],
    ];
    for (const [bytes, words] of cases) {
      const { client } = await session({ subject: 'alice' });
      client.send(bytes);
      const ended = await client.ended;
      t.is(ended.code, 1002);
      t.regex(ended.reason, words);
    }
    t.is(await call(bystander.client, SIGNED), '12345678');
    t.deepEqual(reception.counts(), { connections: 1, sessions: 1 });
  });

  test(`lanes ${lanes}: replayed frames carry no identity`, async (t) => {
    const { session } = await host(t, { lanes });
    const admin = await session({ subject: 'alice', roles: ['admin'] });
    const recorded = frame(3, 0x70001, ADMIN, 0, Buffer.from('12345678'));
    admin.client.send(recorded);
    t.is((await nextFrame(admin.client)).kind, 4);
    admin.client.close();
    const { client } = await session();
    client.send(recorded);
    const answer = await nextFrame(client);
    t.is(answer.kind, 5);
    t.is(answer.word & 255, UNAUTHENTICATED);
  });

  test(`lanes ${lanes}: more than a ring holds is parked and answered in order`, async (t) => {
    const { session, reception } = await host(t, {
      lanes,
      ringBytes: 16384,
      limits: { creditBytes: 1 << 20 },
    });
    const { client } = await session();
    const payload = Buffer.alloc(3000, 7);
    const count = 100;
    for (let i = 0; i < count; i++) client.send(frame(3, ((i + 1) << 16) | 2, OPEN, 0, payload));
    for (let i = 0; i < count; i++) {
      const answer = await nextFrame(client);
      t.is(answer.kind, 4);
      t.is(answer.call >>> 16, i + 1);
      t.is(answer.payload.length, payload.length);
    }
    t.is(reception.connections()[0].parked, 0);
  });
}

for (const kind of ['uws', 'ws', 'unix', 'tcp'] as const) {
  test(`${kind}: 64 frames a message come back through a worker lane`, async (t) => {
    const { session } = await host(t, { lanes: 1, kind });
    const { client } = await session({ subject: 'alice' });
    const batch = (from: number) =>
      Buffer.concat(
        Array.from({ length: 64 }, (_, i) =>
          frame(3, (from + i) << 16, SIGNED, 0, Buffer.from(String(from + i))),
        ),
      );
    for (let from = 1; from < 640; from += 64) client.send(batch(from));
    for (let id = 1; id <= 640; id++) {
      const answer = await nextFrame(client);
      t.is(answer.call >>> 16, id);
      t.is(answer.payload.toString(), String(id));
    }
  });
}
