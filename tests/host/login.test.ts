// Tokens of a real issuer, from its own HTTP endpoints to a served call: roles and scopes, turned
// keys, revocation, and an issuer that is away.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { SignJWT } from 'jose';
import type { Issuer } from '../../host/cell/config.ts';
import type { Host } from '../../host/host.ts';
import { COOLDOWN_MS, KEPT_MS } from '../../host/session/key-set.ts';
import { createVerifier, KeysUnavailable, TokenError } from '../../host/session/token.ts';
import { CellError, Status } from '../../host/synapse/node/index.ts';
import { type World, world } from '../synapse/world.ts';
import { openLogin, SHOP } from './login.ts';

const failing = { instanceOf: CellError };
let w: World;

test.before(async () => {
  w = await world();
});
test.after.always(() => w?.remove());

const ROLES = { alice: ['admin'], bob: ['customer'] };

/** An issuer whose key stands in the configuration. */
const OWN: Issuer = { issuer: 'own', audience: 'shop', algorithms: ['EdDSA'] };

const ownToken = (key: KeyObject): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer('own')
    .setAudience('shop')
    .setSubject('carol')
    .setExpirationTime('1h')
    .sign(key);

async function opened(t: ExecutionContext) {
  const login = await openLogin(ROLES);
  t.teardown(() => login.close());
  const issuer: Issuer = {
    issuer: login.issuer,
    audience: SHOP,
    algorithms: ['EdDSA'],
    rolesClaim: 'realm_access.roles',
  };
  return { login, issuer };
}

async function serving(t: ExecutionContext, issuers: Issuer[]): Promise<Host> {
  const host = await w.host(0, { issuers });
  t.teardown(() => host.stop());
  return host;
}

test('a token of the issuer opens a session with its roles; one fetch', async (t) => {
  const { login, issuer } = await opened(t);
  const host = await serving(t, [issuer]);
  const alice = await w.Probe.connect({ url: host.url, token: await login.token('alice') });
  t.is(await alice.secret(), 42);
  const bob = await w.Probe.connect({ url: host.url, token: await login.token('bob') });
  t.is(await bob.echo(7n), 7n);
  const error = await t.throwsAsync<CellError>(bob.secret(), failing);
  t.is(error.status, Status.PERMISSION_DENIED);
  for (let i = 0; i < 100; i++) await alice.echo(BigInt(i));
  await Promise.all([alice.synapse.close(), bob.synapse.close()]);
  const got = login.asked.filter((line) => line.startsWith('GET'));
  t.deepEqual(got, ['GET /.well-known/openid-configuration', 'GET /jwks']);
});

test('scopes come from the scope claim; the address of the keys alone will do', async (t) => {
  const { login, issuer } = await opened(t);
  const direct = { ...issuer, jwksUrl: `${login.issuer}/jwks` };
  const verifier = createVerifier([direct]);
  const token = await login.token('alice', 'write:accounts');
  const { subject, roles, scopes, issuedMs } = await verifier.verify(token);
  t.deepEqual(
    { subject, roles, scopes },
    {
      subject: 'alice',
      roles: ['admin'],
      scopes: ['write:accounts'],
    },
  );
  t.true(issuedMs > 0);
  t.deepEqual(login.asked, ['POST /token', 'GET /jwks']);
  const elsewhere = createVerifier([{ ...direct, audience: 'another' }]);
  await t.throwsAsync(elsewhere.verify(token), { message: /not for this host/ });
});

test('turned keys: both hold while both are published, then only the new one', async (t) => {
  const { login, issuer } = await opened(t);
  let ms = 0;
  const network = { elapsedMs: () => ms, report: () => {} };
  const verifier = createVerifier([issuer], Date.now, network);
  const before = await login.token('alice');
  await verifier.verify(before);
  login.rotate(false);
  const after = await login.token('alice');
  ms += COOLDOWN_MS;
  t.is((await verifier.verify(after)).subject, 'alice');
  t.is((await verifier.verify(before)).subject, 'alice');
  login.rotate(true);
  ms += COOLDOWN_MS;
  t.is((await verifier.verify(await login.token('bob'))).subject, 'bob');
  for (const retired of [before, after]) {
    await t.throwsAsync(verifier.verify(retired), { instanceOf: TokenError });
  }
  login.rotate(true);
  login.away = true;
  ms += KEPT_MS;
  const bob = createVerifier([issuer], Date.now, network);
  await t.throwsAsync(bob.verify(after), { instanceOf: KeysUnavailable });
  login.away = false;
  ms += COOLDOWN_MS;
  t.is((await bob.verify(await login.token('bob'))).subject, 'bob');
});

test('a revoked subject is out, with the tokens that it has and its next call', async (t) => {
  const { login, issuer } = await opened(t);
  const host = await serving(t, [issuer]);
  const token = await login.token('alice');
  const alice = await w.Probe.connect({ url: host.url, token, backoff: null });
  t.is(await alice.secret(), 42);
  await host.reception.revoke('alice');
  const late = await t.throwsAsync<CellError>(alice.secret(), failing);
  t.is(late.status, Status.UNAUTHENTICATED);
  await alice.synapse.close();
  for (const again of [token, await login.token('alice')]) {
    const refused = w.Probe.connect({ url: host.url, token: again });
    t.is((await t.throwsAsync<CellError>(refused, failing)).status, Status.UNAUTHENTICATED);
  }
  const bob = await w.Probe.connect({ url: host.url, token: await login.token('bob') });
  t.is(await bob.echo(1n), 1n);
  await bob.synapse.close();
});

test('an issuer that never answers holds up its own tokens and nothing else', async (t) => {
  const { login, issuer } = await opened(t);
  const token = await login.token('alice');
  const silent = net.createServer();
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  const sockets: net.Socket[] = [];
  silent.on('connection', (socket) => void sockets.push(socket.on('error', () => {})));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as net.AddressInfo;
  const slow = { ...issuer, jwksUrl: `http://127.0.0.1:${port}/` };
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const host = await serving(t, [slow, { ...OWN, key }]);
  const error = t.throwsAsync<CellError>(w.Probe.connect({ url: host.url, token }), failing);
  const carol = await w.Probe.connect({ url: host.url, token: await ownToken(privateKey) });
  for (let i = 0; i < 100; i++) t.is(await carol.echo(BigInt(i)), BigInt(i));
  await carol.synapse.close();
  await host.stop();
  t.is((await error)?.status, Status.UNAVAILABLE);
});

test('an issuer that is away: UNAVAILABLE for its tokens, all others are served', async (t) => {
  const { login, issuer } = await opened(t);
  const token = await login.token('alice');
  login.away = true;
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const host = await serving(t, [issuer, { ...OWN, key }]);
  const refused = w.Probe.connect({ url: host.url, token });
  const error = await t.throwsAsync<CellError>(refused, failing);
  t.is(error.status, Status.UNAVAILABLE);
  t.regex(error.message, /keys of the token's issuer cannot be fetched now/);
  const carol = await w.Probe.connect({ url: host.url, token: await ownToken(privateKey) });
  t.is(await carol.echo(5n), 5n);
  const stranger = await w.Probe.connect({ url: host.url, token: null });
  t.is(await stranger.open(), 'come in');
  await Promise.all([carol.synapse.close(), stranger.synapse.close()]);
});
