// Keys that an issuer publishes: when they are fetched and when not, how long they hold, what in a
// set is used. Clock and network are the test's own.

import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { SignJWT } from 'jose';
import type { Algorithm, Issuer } from '../../host/cell/config.ts';
import {
  COOLDOWN_MS,
  FRESH_MS,
  GRACE_MS,
  KEPT_MS,
  KeySet,
  SET_BYTES,
} from '../../host/session/key-set.ts';
import { publishedKeys, SET_KEYS } from '../../host/session/keys.ts';
import { createVerifier, KeysUnavailable, TokenError, TRIES } from '../../host/session/token.ts';

const ISS = 'https://login.example';
const NOW = 1_900_000_000;

interface Pair {
  kid: string;
  privateKey: KeyObject;
  jwk: Record<string, unknown>;
}

function pair(kid: string, type: 'ed25519' | 'rsa' = 'ed25519'): Pair {
  const { publicKey, privateKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ed25519');
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

const token = (by: Pair, header: Record<string, unknown> = { kid: by.kid }, alg = 'EdDSA') =>
  new SignJWT({ roles: ['dev'] })
    .setProtectedHeader({ alg, ...header })
    .setIssuer(ISS)
    .setAudience('shop')
    .setSubject('alice')
    .setExpirationTime(NOW + 600)
    .sign(by.privateKey);

/** An issuer whose set, availability and clock the test turns. */
function world(first: unknown[], more: Partial<Issuer> = {}) {
  const state = {
    ms: 0,
    keys: first,
    down: false,
    fetched: [] as string[],
    told: [] as string[],
    /** Set: fetches wait for it. */
    gate: null as Promise<void> | null,
  };
  const issuer: Issuer = {
    issuer: ISS,
    audience: 'shop',
    algorithms: ['EdDSA', 'RS256'],
    jwksUrl: `${ISS}/keys`,
    ...more,
  };
  const network = {
    elapsedMs: () => state.ms,
    report: (text: string) => void state.told.push(text),
    fetch: async (url: URL) => {
      state.fetched.push(url.href);
      await state.gate;
      if (state.down) throw new Error(`${url.href} cannot be reached (ECONNREFUSED)`);
      return JSON.stringify({ keys: state.keys });
    },
  };
  return { state, verifier: createVerifier([issuer], () => NOW * 1000, network) };
}

const refused = (check: string) => (error: unknown) =>
  error instanceof TokenError && error.check === check;

test('one fetch serves all that come while it runs, and all after it', async (t) => {
  const key = pair('a');
  const { state, verifier } = world([key.jwk]);
  let open = () => {};
  state.gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const tokens = await Promise.all(Array.from({ length: 50 }, () => token(key)));
  const waiting = tokens.map((one) => verifier.verify(one));
  open();
  for (const { subject, roles } of await Promise.all(waiting)) {
    t.is(subject, 'alice');
    t.deepEqual(roles, ['dev']);
  }
  await verifier.verify(tokens[0]);
  t.deepEqual(state.fetched, [`${ISS}/keys`]);
  t.deepEqual(state.told, []);
});

test('a new key is fetched when a token comes with it, an old one ends with its set', async (t) => {
  const [old, fresh] = [pair('old'), pair('new')];
  const { state, verifier } = world([old.jwk]);
  await verifier.verify(await token(old));
  state.keys = [fresh.jwk];
  await t.throwsAsync(verifier.verify(await token(fresh)), { message: /no key of the issuer/ });
  t.is(state.fetched.length, 1, 'not within the cooldown');
  state.ms = COOLDOWN_MS;
  t.is((await verifier.verify(await token(fresh))).subject, 'alice');
  t.is(state.fetched.length, 2);
  const error = await t.throwsAsync(verifier.verify(await token(old)));
  t.true(refused('algorithm')(error));
});

test('a key of the same id in place of another is found as well', async (t) => {
  const [one, other] = [pair('k'), pair('k')];
  const { state, verifier } = world([one.jwk]);
  await verifier.verify(await token(one));
  state.keys = [other.jwk];
  state.ms = COOLDOWN_MS;
  await verifier.verify(await token(other));
  state.ms += COOLDOWN_MS;
  t.true(refused('signature')(await t.throwsAsync(verifier.verify(await token(one)))));
});

test('a retired key holds no longer than KEPT_MS, though nobody brings a new one', async (t) => {
  const [old, fresh] = [pair('old'), pair('new')];
  const { state, verifier } = world([old.jwk]);
  await verifier.verify(await token(old));
  state.keys = [fresh.jwk];
  state.ms = FRESH_MS - 1;
  await verifier.verify(await token(old));
  t.is(state.fetched.length, 1);
  state.ms = KEPT_MS;
  t.true(refused('algorithm')(await t.throwsAsync(verifier.verify(await token(old)))));
  t.is(state.fetched.length, 2);
});

test('keys that grow old are renewed beside, and nobody waits', async (t) => {
  const [old, fresh] = [pair('old'), pair('new')];
  const { state, verifier } = world([old.jwk]);
  await verifier.verify(await token(old));
  state.ms = FRESH_MS;
  let open = () => {};
  state.gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  state.keys = [fresh.jwk];
  t.is((await verifier.verify(await token(old))).subject, 'alice', 'while the fetch hangs');
  t.is(state.fetched.length, 2);
  open();
  t.is((await verifier.verify(await token(fresh))).subject, 'alice');
  t.is(state.fetched.length, 2);
});

test('an issuer that is away: UNAVAILABLE, old keys for GRACE_MS, told once', async (t) => {
  const key = pair('a');
  const { state, verifier } = world([key.jwk]);
  state.down = true;
  const mine = await token(key);
  await t.throwsAsync(verifier.verify(mine), { instanceOf: KeysUnavailable });
  await t.throwsAsync(verifier.verify(mine), { instanceOf: KeysUnavailable });
  t.is(state.fetched.length, 1, 'no second try within the cooldown');
  t.is(state.told.length, 1);
  t.regex(state.told[0], /issuer https:\/\/login\.example cannot be fetched: .*ECONNREFUSED/);
  state.ms = COOLDOWN_MS;
  state.down = false;
  await verifier.verify(mine);
  t.regex(state.told[1], /can be fetched again/);
  const since = state.ms;
  state.down = true;
  state.ms = since + GRACE_MS - 1;
  t.is((await verifier.verify(mine)).subject, 'alice', 'an outage of the issuer is not ours');
  await t.throwsAsync(verifier.verify(await token(pair('b'))), { instanceOf: KeysUnavailable });
  state.ms = since + GRACE_MS;
  await t.throwsAsync(verifier.verify(mine), { instanceOf: KeysUnavailable });
});

test('invented key ids make at most one fetch a cooldown', async (t) => {
  const { state, verifier } = world([pair('a').jwk]);
  const invented = await Promise.all(Array.from({ length: 20 }, (_, i) => token(pair(`x${i}`))));
  for (const one of invented) {
    t.true(refused('algorithm')(await t.throwsAsync(verifier.verify(one))));
  }
  t.is(state.fetched.length, 1);
  state.ms = COOLDOWN_MS;
  for (const one of invented) await t.throwsAsync(verifier.verify(one));
  t.is(state.fetched.length, 2);
});

test('headers that name keys of their own are not looked at', async (t) => {
  const [mine, theirs] = [pair('a'), pair('a')];
  const { state, verifier } = world([mine.jwk]);
  const evil = 'http://169.254.169.254/keys';
  const headers = [
    { kid: 'a', jku: evil },
    { kid: 'a', x5u: evil },
    { kid: 'a', jwk: theirs.jwk },
    { kid: 'a', x5c: ['MIIB'] },
    { kid: evil, jku: evil },
    { jwk: theirs.jwk, jku: evil },
  ];
  for (const header of headers) {
    state.ms += COOLDOWN_MS;
    const error = await t.throwsAsync(verifier.verify(await token(theirs, header)));
    t.true(error instanceof TokenError, String(error));
  }
  t.true((await verifier.verify(await token(mine, { kid: 'a', jku: evil }))).subject === 'alice');
  t.deepEqual([...new Set(state.fetched)], [`${ISS}/keys`]);
});

test('a published key is used for its own algorithm only', async (t) => {
  const rsa = pair('r', 'rsa');
  const asHmac = new TextEncoder().encode(JSON.stringify(rsa.jwk));
  const { verifier } = world([rsa.jwk], { algorithms: ['RS256'] });
  await verifier.verify(await token(rsa, { kid: 'r' }, 'RS256'));
  const confused = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256', kid: 'r' })
    .setIssuer(ISS)
    .setAudience('shop')
    .setSubject('mallory')
    .setExpirationTime(NOW + 60)
    .sign(asHmac);
  t.true(refused('algorithm')(await t.throwsAsync(verifier.verify(confused))));
  for (const alg of ['RS512', 'PS256', 'none']) {
    const other = (await token(rsa, { kid: 'r' }, 'RS256')).split('.');
    const header = Buffer.from(JSON.stringify({ alg, kid: 'r' })).toString('base64url');
    const text = [header, other[1], other[2]].join('.');
    t.true((await t.throwsAsync(verifier.verify(text))) instanceof TokenError, alg);
  }
});

test('a token without a key id is tried on a few keys, not on all', async (t) => {
  const keys = Array.from({ length: TRIES + 1 }, (_, i) => pair(`k${i}`));
  const { verifier } = world(keys.map((key) => key.jwk));
  await verifier.verify(await token(keys[TRIES - 1], {}));
  t.true(refused('signature')(await t.throwsAsync(verifier.verify(await token(keys[TRIES], {})))));
  await verifier.verify(await token(keys[TRIES]));
});

test('of a set only public keys for signatures that fit are used', (t) => {
  const algorithms: Algorithm[] = ['EdDSA', 'RS256'];
  const good = pair('good').jwk;
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const whole = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const others = [
    null,
    7,
    [],
    {},
    'text',
    { kty: 'oct', k: 'c2VjcmV0', kid: 'shared' },
    { ...good, use: 'enc' },
    { ...good, key_ops: ['encrypt'] },
    { ...good, alg: 'RS256' },
    { ...whole, kid: 'private' },
    weak.export({ format: 'jwk' }),
    curve.export({ format: 'jwk' }),
    { kty: 'OKP', crv: 'Ed25519', x: '!!!' },
    { kty: 'RSA', n: 7, e: null },
    { kty: 'nonsense' },
  ];
  const used = publishedKeys(JSON.stringify({ keys: [...others, good] }), algorithms);
  t.deepEqual(
    used.map((key) => key.kid),
    ['good'],
  );
  for (const alg of ['EdDSA', 'Ed25519']) {
    const named = { ...good, alg, use: 'sig', key_ops: ['verify'] };
    t.is(publishedKeys(JSON.stringify({ keys: [named] }), algorithms).length, 1);
  }
  const none = (text: string, why: RegExp) =>
    t.throws(() => publishedKeys(text, algorithms), { message: why });
  none(JSON.stringify({ keys: others }), /no key for EdDSA, RS256/);
  none('{', /not JSON/);
  for (const text of ['null', '7', '[]', '{}', '{"keys":{}}']) none(text, /not a set of keys/);
});

test('SET_KEYS keys are read, one more is none', (t) => {
  const { jwk } = pair('x');
  const set = (count: number) => JSON.stringify({ keys: Array(count).fill(jwk) });
  t.is(publishedKeys(set(SET_KEYS), ['EdDSA']).length, SET_KEYS);
  for (const count of [SET_KEYS + 1, 10_000]) {
    t.throws(() => publishedKeys(set(count), ['EdDSA']), { message: /at most 128 are read/ });
  }
  t.true(SET_BYTES >= 400 << 10);
});

test('an address alone: the issuer tells where its keys are, and only its own', async (t) => {
  const key = pair('a');
  const said: Record<string, unknown> = { issuer: ISS, jwks_uri: 'https://keys.example/set' };
  const fetched: string[] = [];
  const told: string[] = [];
  let ms = 0;
  const source = (issuer: string) =>
    new KeySet({
      issuer,
      url: { tells: new URL(issuer) },
      algorithms: ['EdDSA'],
      elapsedMs: () => ms,
      report: (text) => void told.push(text),
      fetch: async (url) => {
        fetched.push(url.href);
        return JSON.stringify(url.pathname.includes('well-known') ? said : { keys: [key.jwk] });
      },
    });
  t.is((await source(ISS).keys()).length, 1);
  t.deepEqual(fetched, [`${ISS}/.well-known/openid-configuration`, 'https://keys.example/set']);
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ issuer: `${ISS}/` }, /of another issuer/],
    [{ issuer: undefined }, /of another issuer/],
    [{ jwks_uri: undefined }, /names no jwks_uri/],
    [{ jwks_uri: 'http://keys.example/set' }, /not behind https/],
    [{ jwks_uri: 'http://127.0.0.1:9/set' }, /not behind https/],
    [{ jwks_uri: 'file:///etc/passwd' }, /not behind https/],
    [{ jwks_uri: 'https://user:pass@keys.example/' }, /no user name/],
    [{ jwks_uri: 'nonsense' }, /not an address/],
  ];
  for (const [change, why] of wrong) {
    const before = { ...said };
    Object.assign(said, change);
    ms += COOLDOWN_MS;
    await t.throwsAsync(source(ISS).keys(), { instanceOf: KeysUnavailable });
    t.regex(told.at(-1) ?? '', why);
    Object.assign(said, before);
  }
  fetched.length = 0;
  said.issuer = 'https://login.example/tenant/';
  await source('https://login.example/tenant/').keys();
  t.is(fetched[0], 'https://login.example/tenant/.well-known/openid-configuration');
});
