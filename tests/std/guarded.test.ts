// Services with @Auth, @RateLimit and @Cache behind a real host: who is let in, how often, and
// whose replies are kept for whom.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { SignJWT } from 'jose';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { readModule } from '../../host/cell/module.ts';
import { CellError, Status } from '../../host/synapse/node/index.ts';
import { client, folder, type Module, moduleOf, serve, type Who } from './served.ts';
import { answering, builtWith, standard } from './standard.ts';

let discovery: Discovery;
test.before(async () => {
  discovery = await answering({ Auth: 'auth', RateLimit: 'ratelimit', Cache: 'cache' });
});

const ALICE: Who = { subject: 'alice', roles: ['dev'] };
const ADMIN: Who = { subject: 'root', roles: ['admin'], scopes: ['write:a'] };

async function served(t: ExecutionContext, text: string) {
  const cwd = folder(t);
  const module = await moduleOf(cwd, discovery, text);
  const host = await serve(t, cwd, [module]);
  return { host, module, as: (who: Who | null) => client(t, host, module, who) };
}

async function refused(
  t: ExecutionContext,
  call: Promise<unknown>,
  status: number,
): Promise<CellError> {
  const error = await t.throwsAsync<CellError>(call, { instanceOf: CellError });
  t.is(error.status, status, error.message);
  return error;
}

test('roles, scopes and owners', async (t) => {
  const { as } = await served(
    t,
    `@service
@Auth.policy({ roles: ["admin", "dev", "ops"], scopes: ["write:a"] })
class Example {
  open(): u32 { return 1; }
  @Auth.public everybody(): u32 { return 2; }
  @Auth.require({ anyRole: ["admin", "dev"] }) work(): u32 { return 3; }
  @Auth.require({ role: "admin" }) @Auth.protected({ scope: "write:a" }) change(): u32 { return 4; }
  @Auth.owner("who") mine(who: string): string { return who; }
  @Auth.owner("id", { or: { role: "admin" } }) account(id: u32): u32 { return id; }
  @Auth.owner("who") maybe(who: string | null): u32 { return 5; }
  @Auth.owner("who", { or: { anyRole: ["admin", "ops"], scope: "write:a" } })
  either(who: string): u32 { return 6; }
  through(who: string): string { return this.mine(who); }
}`,
  );
  const [alice, admin, seven] = [await as(ALICE), await as(ADMIN), await as({ subject: '7' })];
  const half = await as({ subject: 'half', scopes: ['write:a'] });
  const nobody = await as(null);
  t.is(await alice.call('open'), 1);
  t.is(await nobody.call('everybody'), 2);
  t.is(await alice.call('work'), 3);
  t.is(await admin.call('change'), 4);
  t.is(await alice.call('mine', 'alice'), 'alice');
  t.is(await seven.call('account', 7), 7);
  t.is(await admin.call('account', 8), 8, 'an admin may as well');
  t.is(await alice.call('maybe', 'alice'), 5);
  t.is(await alice.call('either', 'alice'), 6);
  t.is(await admin.call('either', 'alice'), 6);
  t.is(await alice.call('through', 'bob'), 'bob', 'inside the class nobody is asked');
  const denied: [typeof alice, string, ...unknown[]][] = [
    [seven, 'work'],
    [alice, 'change'],
    [half, 'change'],
    [admin, 'mine', 'alice'],
    [alice, 'mine', ''],
    [alice, 'mine', 'Alice'],
    [seven, 'account', 8],
    [alice, 'maybe', null],
    [half, 'either', 'alice'],
    [alice, 'either', 'bob'],
  ];
  for (const [who, method, ...args] of denied) {
    const error = await refused(t, who.call(method, ...args), Status.PERMISSION_DENIED);
    if (args.length > 0) t.is(error.message, 'only its owner may do this');
  }
  const closed = await t.throwsAsync<CellError>(nobody.call('open'), { instanceOf: CellError });
  t.not(closed.status, Status.INTERNAL);
});

test('a service that counts the tokens of certain issuers only', async (t) => {
  const cwd = folder(t);
  const module = await moduleOf(
    cwd,
    discovery,
    `@service
@Auth.policy({ issuers: ["staff", "audit"] })
class Example {
  any(): u32 { return 1; }
  @Auth.require({ role: "admin" }) work(): u32 { return 2; }
  @Auth.public open(): u32 { return 3; }
}`,
  );
  const secret = 'a secret that is long enough for HS256';
  const issuers = ['staff', 'shop', 'staff,audit'].map((issuer) => ({
    ...{ issuer, audience: 'a', algorithms: ['HS256' as const], secret },
  }));
  const host = await serve(t, cwd, [module], { config: { issuers } });
  const from = async (issuer: string, scope = '') => {
    const token = await new SignJWT({ roles: ['admin'], scope })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience('a')
      .setSubject('root')
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(secret));
    return client(t, host, module, null, { token });
  };
  const staff = await from('staff');
  t.is(await staff.call('any'), 1);
  t.is(await staff.call('work'), 2);
  const others = [
    await from('shop'),
    await from('shop', 'cell:issuer=audit,staff'),
    await from('staff,audit'),
  ];
  for (const other of others) {
    t.is(await other.call('open'), 3);
    await refused(t, other.call('any'), Status.PERMISSION_DENIED);
    await refused(t, other.call('work'), Status.PERMISSION_DENIED);
  }
});

test('whoami of the cell itself tells the caller who it is', async (t) => {
  await standard('auth');
  const file = fileURLToPath(new URL('../../cells/out/auth.wasm', import.meta.url));
  const { schema } = readModule(new Uint8Array(fs.readFileSync(file)), file);
  const module: Module = { file, schema };
  const host = await serve(t, folder(t), [module]);
  const admin = await client(t, host, module, ADMIN);
  t.deepEqual(await admin.call('whoami'), {
    subject: 'root',
    roles: ['admin'],
    scopes: ['write:a'],
  });
  const nobody = await client(t, host, module, null);
  await t.throwsAsync(nobody.call('whoami'), { instanceOf: CellError });
});

test('throttle counts all callers together, perUser each subject', async (t) => {
  const { as } = await served(
    t,
    `@service class Example {
  @RateLimit.throttle({ perSecond: 0.001, burst: 3 }) shared(): u32 { return 1; }
  @RateLimit.perUser({ perSecond: 0.001, burst: 2 }) own(): u32 { return 2; }
  free(): u32 { return 3; }
}`,
  );
  const [alice, again, bob] = [await as(ALICE), await as(ALICE), await as({ subject: 'bob' })];
  await Promise.all([alice.call('shared'), again.call('shared'), bob.call('shared')]);
  for (const who of [alice, bob]) {
    const error = await refused(t, who.call('shared'), Status.RESOURCE_EXHAUSTED);
    t.true(error.retryAfterMs > 0);
  }
  await Promise.all([alice.call('own'), again.call('own')]);
  await refused(t, alice.call('own'), Status.RESOURCE_EXHAUSTED);
  await refused(t, again.call('own'), Status.RESOURCE_EXHAUSTED);
  t.is(await bob.call('own'), 2);
  t.is(await alice.call('free'), 3);
});

const COUNTING = `@service class Example {
  calls: u32 = 0;
  private next(): u32 { return ++this.calls; }
  @Cache.memoize({ ttl: "1h", tags: ["row:{id}", "all"] }) get(id: u32): u32 { return this.next(); }
  @Cache.memoize({ ttl: "1h", shared: true }) same(): u32 { return this.next(); }
  @Cache.cached("1h") mine(): string { return Session.subject + this.next().toString(); }
  @Cache.cached failing(): u32 { return fail<u32>(Status.NOT_FOUND, this.next().toString()); }
  @Cache.invalidate({ tags: ["row:{id}"] }) change(id: u64, fails: bool): bool {
    return fails ? fail<bool>(Status.ABORTED, "no") : true;
  }
  @Cache.invalidate({ tags: ["all"] }) clear(): void {}
  @Auth.require({ role: "admin" }) @Cache.cached("1h") secret(): u32 { return this.next(); }
  @Auth.owner("who") @Cache.cached("1h") diary(who: string): u32 { return this.next(); }
}`;

test('kept replies: for the caller, by the arguments, until they are forgotten', async (t) => {
  const { as } = await served(t, COUNTING);
  const [alice, again, bob] = [await as(ALICE), await as(ALICE), await as({ subject: 'bob' })];
  const first = await alice.call('get', 1);
  t.is(await alice.call('get', 1), first);
  t.is(await again.call('get', 1), first, 'the same caller on another connection');
  t.not(await bob.call('get', 1), first);
  const other = await alice.call('get', 2);
  t.not(other, first);
  await refused(t, alice.call('change', 1n, true), Status.ABORTED);
  t.is(await alice.call('get', 1), first, 'a call that failed forgets nothing');
  await bob.call('change', 1n, false);
  const anew = await alice.call('get', 1);
  t.not(anew, first);
  t.is(await alice.call('get', 2), other, 'by value');
  await bob.call('clear');
  t.not(await alice.call('get', 2), other);
  t.is(await alice.call('same'), await bob.call('same'));
  t.regex(String(await alice.call('mine')), /^alice/);
  t.regex(String(await bob.call('mine')), /^bob/);
  const failure = async () => (await refused(t, alice.call('failing'), Status.NOT_FOUND)).message;
  t.not(await failure(), await failure(), 'failures are not kept');
});

test('a kept reply passes nobody by: roles, owners and revocation come first', async (t) => {
  const { as, host } = await served(t, COUNTING);
  const admin = await as(ADMIN);
  const secret = await admin.call('secret');
  t.is(await admin.call('secret'), secret);
  const demoted = await as({ subject: 'root' });
  await refused(t, demoted.call('secret'), Status.PERMISSION_DENIED);
  const alice = await as(ALICE);
  const diary = await alice.call('diary', 'alice');
  t.is(await alice.call('diary', 'alice'), diary);
  await refused(t, admin.call('diary', 'alice'), Status.PERMISSION_DENIED);
  await refused(t, alice.call('diary', 'root'), Status.PERMISSION_DENIED);
  await host.reception.revoke('alice');
  await refused(t, alice.call('diary', 'alice'), Status.UNAUTHENTICATED);
});

const DECORATED = `@service class Example {
  @Auth.require({ role: "admin" }) closed(): u32 { return 1; }
  @Auth.public open(): u32 { return 2; }
}`;

test('auth=off: the undecorated module, for this machine only', async (t) => {
  const cwd = folder(t);
  const off = await builtWith(discovery, DECORATED, { features: { auth: 'off' } });
  const plain = await builtWith(discovery, DECORATED.replaceAll(/@Auth\.\w+(\(.*?\))? /g, ''));
  t.deepEqual(off.compiled?.wasm, plain.compiled?.wasm);
  const { schema, wasm, map } = off.compiled!;
  const file = path.join(cwd, 'example.wasm');
  fs.writeFileSync(file, wasm);
  fs.writeFileSync(`${file}.map`, map);
  const module: Module = { file, schema };
  const open = {
    issuers: [
      { issuer: 'i', audience: 'a', algorithms: ['HS256' as const], secret: 'x'.repeat(32) },
    ],
  };
  const elsewhere = [
    { host: '0.0.0.0' },
    { host: '::' },
    { host: '192.0.2.1', config: open },
    { config: { hosts: ['shop.example.org'] } },
    { config: { origins: ['https://shop.example.org'] } },
  ];
  for (const more of elsewhere) {
    await t.throwsAsync(serve(t, cwd, [module], more), {
      message: /`example` was built with --features auth=off.* served on loopback only/,
    });
  }
  const near = { hosts: ['localhost'], origins: ['http://localhost:3000', 'http://[::1]:3000'] };
  await serve(t, cwd, [module], { config: near });
  const host = await serve(t, cwd, [module]);
  const alice = await client(t, host, module, ALICE);
  t.is(await alice.call('closed'), 1, 'no role is demanded');
  const nobody = await client(t, host, module, null);
  await t.throwsAsync(nobody.call('open'), { instanceOf: CellError }, 'but a session is');
  fs.writeFileSync(`${file}.map`, '{');
  await t.throwsAsync(serve(t, cwd, [module], { host: '0.0.0.0' }), { message: /map is damaged/ });
  fs.writeFileSync(`${file}.map`, plain.compiled!.map);
  const public_ = await serve(t, cwd, [module], { host: '0.0.0.0', config: open });
  t.is(public_.cells.length, 1, 'undecorated by its author, it is served anywhere');
  await public_.stop();
  const unknown = { message: /no method of `example` says who may call it, and nothing says/ };
  fs.rmSync(`${file}.map`);
  await t.throwsAsync(serve(t, cwd, [module], { host: '0.0.0.0', config: open }), unknown);
  const other = JSON.parse(plain.compiled!.map);
  other.cell.of = '0'.repeat(64);
  fs.writeFileSync(`${file}.map`, JSON.stringify(other));
  await t.throwsAsync(serve(t, cwd, [module], { host: '0.0.0.0', config: open }), unknown);
  const on = await builtWith(discovery, DECORATED);
  fs.writeFileSync(file, on.compiled!.wasm);
  const decorated = await serve(t, cwd, [{ file, schema: on.compiled!.schema }], {
    ...{ host: '0.0.0.0', config: open },
  });
  t.is(decorated.cells.length, 1, 'what says who may call needs no map');
});
