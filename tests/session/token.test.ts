// Every way a token can be wrong, for all four algorithms, with keys made here.

import type { KeyObject } from 'node:crypto';
import { createHmac, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { JWTPayload } from 'jose';
import { SignJWT, UnsecuredJWT } from 'jose';
import type { Algorithm, Issuer } from '../../host/cell/config.ts';
import type { Check } from '../../host/session/token.ts';
import {
  createVerifier,
  KeyError,
  NAME_BYTES,
  NAMES,
  TOKEN_BYTES,
  TOKEN_SECONDS,
  TokenError,
} from '../../host/session/token.ts';

const ISS = 'https://issuer.example';
const AUD = 'the-host';
/** A fixed clock: unix seconds. */
const NOW = 1_900_000_000;
const clock = () => NOW * 1000;

interface Signer {
  algorithm: Algorithm;
  sign: KeyObject | Uint8Array;
  issuer: Issuer;
}

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string;
const of = (algorithm: Algorithm, key: string): Issuer => ({
  issuer: ISS,
  audience: AUD,
  algorithms: [algorithm],
  key,
});

function pair(algorithm: 'EdDSA' | 'ES256' | 'RS256', bits = 2048): Signer {
  const { publicKey, privateKey } =
    algorithm === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: bits });
  return { algorithm, sign: privateKey, issuer: of(algorithm, pem(publicKey)) };
}

function shared(secret = randomBytes(24).toString('base64')): Signer {
  const issuer: Issuer = { issuer: ISS, audience: AUD, algorithms: ['HS256'], secret };
  return { algorithm: 'HS256', sign: new TextEncoder().encode(secret), issuer };
}

const SIGNERS = [pair('EdDSA'), pair('ES256'), pair('RS256'), shared()];
const claims = (changes: Record<string, unknown> = {}): JWTPayload =>
  ({ iss: ISS, aud: AUD, sub: 'alice', exp: NOW + 600, ...changes }) as JWTPayload;

function mint(
  signer: Signer,
  payload: JWTPayload = claims(),
  header: object = {},
): Promise<string> {
  return new SignJWT(payload)
    .setProtectedHeader({ alg: signer.algorithm, ...header })
    .sign(signer.sign);
}

const refusedAs = (check: Check) => (error: unknown) =>
  error instanceof TokenError && error.check === check;

for (const signer of SIGNERS) {
  const { algorithm } = signer;
  const verifier = createVerifier([signer.issuer], clock);
  const refused = async (t: import('ava').ExecutionContext, check: Check, token: string) => {
    const error = await t.throwsAsync(verifier.verify(token), { instanceOf: TokenError });
    t.is(error?.check, check);
    t.false(token.length > 20 && error?.message.includes(token.slice(0, 20)));
  };

  test(`${algorithm}: a good token gives subject, roles, scopes and times`, async (t) => {
    const token = await mint(
      signer,
      claims({ roles: ['admin', 'admin', 'dev'], scope: 'a b  a', scopes: ['c'] }),
    );
    t.deepEqual(await verifier.verify(token), {
      subject: 'alice',
      roles: ['admin', 'dev'],
      scopes: ['a', 'b', 'c'],
      expires: BigInt(NOW + 600) * 1_000_000n,
      issuer: ISS,
      issuedMs: 0,
      served: BigInt(NOW + 630) * 1_000_000n,
      claims: Object.create(null),
    });
  });

  test(`${algorithm}: the time of issue is told, and must not lie ahead`, async (t) => {
    const issued = async (iat: unknown) =>
      (await verifier.verify(await mint(signer, claims({ iat })))).issuedMs;
    t.is(await issued(NOW - 5), (NOW - 5) * 1000);
    t.is(await issued(NOW + 30), (NOW + 30) * 1000);
    await refused(t, 'early', await mint(signer, claims({ iat: NOW + 31 })));
    await refused(t, 'claims', await mint(signer, claims({ iat: 'yesterday' })));
  });

  test(`${algorithm}: times hold to the tolerance and not a second longer`, async (t) => {
    t.is((await verifier.verify(await mint(signer, claims({ exp: NOW - 29 })))).subject, 'alice');
    await refused(t, 'expired', await mint(signer, claims({ exp: NOW - 30 })));
    await verifier.verify(await mint(signer, claims({ nbf: NOW + 30 })));
    await refused(t, 'early', await mint(signer, claims({ nbf: NOW + 31 })));
    await verifier.verify(await mint(signer, claims({ exp: NOW + TOKEN_SECONDS })));
    await refused(t, 'lifetime', await mint(signer, claims({ exp: NOW + TOKEN_SECONDS + 1 })));
    await refused(t, 'lifetime', await mint(signer, claims({ exp: 1e300 })));
  });

  test(`${algorithm}: claims that are missing or wrong are named`, async (t) => {
    await refused(t, 'issuer', await mint(signer, claims({ iss: 'https://other.example' })));
    await refused(t, 'issuer', await mint(signer, claims({ iss: undefined })));
    await refused(t, 'issuer', await mint(signer, claims({ iss: [ISS] })));
    await refused(t, 'audience', await mint(signer, claims({ aud: 'another-host' })));
    await refused(t, 'audience', await mint(signer, claims({ aud: undefined })));
    await verifier.verify(await mint(signer, claims({ aud: ['x', AUD] })));
    await refused(t, 'claims', await mint(signer, claims({ exp: undefined })));
    await refused(t, 'claims', await mint(signer, claims({ exp: 'soon' })));
    await refused(t, 'claims', await mint(signer, claims({ nbf: 'now' })));
    await refused(t, 'claims', await mint(signer, claims({ sub: undefined })));
    for (const sub of ['', 7, 'a\0b', 'x'.repeat(NAME_BYTES + 1), 'anonymous']) {
      await refused(t, 'subject', await mint(signer, claims({ sub })));
    }
    await verifier.verify(await mint(signer, claims({ sub: 'x'.repeat(NAME_BYTES) })));
    for (const roles of [
      'admin',
      [7],
      [''],
      ['a\0b'],
      Array.from({ length: NAMES + 1 }, (_, i) => `r${i}`),
    ]) {
      await refused(t, 'roles', await mint(signer, claims({ roles })));
    }
    for (const wrong of [
      { scope: ['a'] },
      { scope: 'a\u0001' },
      { scopes: 'a' },
      { scopes: [null] },
    ]) {
      await refused(t, 'scopes', await mint(signer, claims(wrong)));
    }
  });

  test(`${algorithm}: a changed token and another's signature are refused`, async (t) => {
    const token = await mint(signer);
    const [head, body, signature] = token.split('.');
    const admin = Buffer.from(JSON.stringify(claims({ sub: 'root' }))).toString('base64url');
    await refused(t, 'signature', `${head}.${admin}.${signature}`);
    const flipped = Buffer.from(signature, 'base64url');
    flipped[10] ^= 1;
    await refused(t, 'signature', `${head}.${body}.${flipped.toString('base64url')}`);
    await refused(t, 'signature', `${head}.${body}.`);
    const stranger = algorithm === 'HS256' ? shared() : pair(algorithm);
    await refused(t, 'signature', await mint(stranger));
  });

  test(`${algorithm}: what is no token is refused as that`, async (t) => {
    const token = await mint(signer);
    const b64 = (text: string) => Buffer.from(text).toString('base64url');
    const [, body, signature] = token.split('.');
    for (const wrong of [
      '',
      '.',
      '..',
      'a.b.c',
      'not a token',
      token.slice(0, 20),
      `${token}.x`,
      `.${body}.${signature}`,
      `${b64('[]')}.${body}.${signature}`,
      `${b64('{')}.${body}.${signature}`,
      'x'.repeat(TOKEN_BYTES),
      'x'.repeat(TOKEN_BYTES + 1),
      `${b64(`{"alg":"${algorithm}"}`)}.${b64('7')}.${signature}`,
    ]) {
      await refused(t, 'format', wrong);
    }
  });

  test(`${algorithm}: none and every other algorithm are refused`, async (t) => {
    await refused(t, 'algorithm', new UnsecuredJWT(claims()).encode());
    const [, body, signature] = (await mint(signer)).split('.');
    for (const alg of ['none', 'None', 'HS384', 'RS512', 'PS256', 'ES384', '', 7]) {
      const head = Buffer.from(JSON.stringify({ alg })).toString('base64url');
      const error = await t.throwsAsync(verifier.verify(`${head}.${body}.${signature}`), {
        instanceOf: TokenError,
      });
      t.true(error?.check === 'algorithm' || error?.check === 'format', String(alg));
    }
    for (const other of SIGNERS) {
      if (other !== signer) await refused(t, 'algorithm', await mint(other));
    }
  });

  test(`${algorithm}: headers that jose must understand and does not are refused`, async (t) => {
    const [, body] = (await mint(signer)).split('.');
    const head = { alg: algorithm, crit: ['sudo'], sudo: true };
    const encoded = Buffer.from(JSON.stringify(head)).toString('base64url');
    await refused(t, 'format', `${encoded}.${body}.${'A'.repeat(86)}`);
  });
}

test('an RS256 public key never verifies HS256, in whatever form', async (t) => {
  const rsa = SIGNERS[2];
  const verifier = createVerifier([rsa.issuer], clock);
  const key = createPublicKey(rsa.issuer.key!);
  const forms: (string | Buffer)[] = [
    rsa.issuer.key!,
    rsa.issuer.key!.trim(),
    key.export({ type: 'spki', format: 'der' }),
    key.export({ type: 'pkcs1', format: 'pem' }),
    JSON.stringify(key.export({ format: 'jwk' })),
  ];
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  for (const secret of forms) {
    const signed = `${encode({ alg: 'HS256' })}.${encode(claims())}`;
    const signature = createHmac('sha256', secret).update(signed).digest('base64url');
    await t.throwsAsync(verifier.verify(`${signed}.${signature}`), {
      message: /no key of the issuer fits/,
    });
    const lying = `${encode({ alg: 'RS256' })}.${encode(claims())}`;
    const hmac = createHmac('sha256', secret).update(lying).digest('base64url');
    const error = await t.throwsAsync(verifier.verify(`${lying}.${hmac}`));
    t.true(refusedAs('signature')(error));
  }
});

test('keys that carry themselves in the header are not used', async (t) => {
  const own = pair('ES256');
  const jwk = createPublicKey(own.issuer.key!).export({ format: 'jwk' });
  const verifier = createVerifier([SIGNERS[1].issuer], clock);
  const token = await mint(own, claims(), { jwk, jku: 'http://127.0.0.1/keys' });
  t.true(refusedAs('signature')(await t.throwsAsync(verifier.verify(token))));
});

test('keys come from PEM, JWK, JWK sets and files; kid chooses among several', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cell-keys-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [one, two] = [pair('EdDSA'), pair('EdDSA')];
  const jwk = (signer: Signer, kid: string) => ({
    ...createPublicKey(signer.issuer.key!).export({ format: 'jwk' }),
    kid,
  });
  const set = JSON.stringify({ keys: [jwk(one, 'one'), jwk(two, 'two')] });
  const keyFile = join(folder, 'keys.json');
  writeFileSync(keyFile, set);
  const { key: _, ...rest } = one.issuer;
  for (const issuer of [
    { ...rest, key: set },
    { ...rest, keyFile },
  ]) {
    const verifier = createVerifier([issuer], clock);
    for (const signer of [one, two]) {
      t.is((await verifier.verify(await mint(signer))).subject, 'alice');
    }
    await verifier.verify(await mint(two, claims(), { kid: 'two' }));
    const crossed = await t.throwsAsync(verifier.verify(await mint(two, claims(), { kid: 'one' })));
    t.true(refusedAs('signature')(crossed));
    const unknown = await t.throwsAsync(verifier.verify(await mint(two, claims(), { kid: '3' })));
    t.true(refusedAs('algorithm')(unknown));
  }
  const single = createVerifier([{ ...rest, key: JSON.stringify(jwk(one, 'one')) }], clock);
  t.is((await single.verify(await mint(one))).subject, 'alice');
});

test('each issuer has its own keys, audience and tolerance', async (t) => {
  const second = pair('ES256');
  const issuer = { ...second.issuer, issuer: 'b', audience: 'b', clockToleranceSec: 0 };
  const verifier = createVerifier([SIGNERS[0].issuer, issuer], clock);
  await verifier.verify(await mint(SIGNERS[0]));
  await verifier.verify(await mint(second, claims({ iss: 'b', aud: 'b' })));
  const late = await mint(second, claims({ iss: 'b', aud: 'b', exp: NOW }));
  t.true(refusedAs('expired')(await t.throwsAsync(verifier.verify(late))));
  const crossed = await mint(SIGNERS[0], claims({ iss: 'b', aud: 'b' }));
  t.true(refusedAs('algorithm')(await t.throwsAsync(verifier.verify(crossed))));
  t.is(createVerifier([], clock).verify instanceof Function, true);
  const nobody = await t.throwsAsync(createVerifier([], clock).verify(await mint(second)));
  t.true(refusedAs('issuer')(nobody));
});

test('keys that cannot be used are refused when the host starts, and not quoted', (t) => {
  const rsa = SIGNERS[2];
  const secret = 'short but secret';
  const refuses = (issuer: Issuer, message: RegExp) => {
    const error = t.throws(() => createVerifier([issuer]), { instanceOf: KeyError, message });
    t.regex(error!.message, /https:\/\/issuer\.example/);
    t.false(error!.message.includes(secret));
  };
  const hmac = (text: string): Issuer => ({
    issuer: ISS,
    audience: AUD,
    algorithms: ['HS256'],
    secret: text,
  });
  refuses(hmac(secret), /at least 32 bytes/);
  t.notThrows(() => createVerifier([hmac('x'.repeat(32))]));
  t.throws(() => createVerifier([hmac('x'.repeat(31))]), { instanceOf: KeyError });
  refuses(hmac(rsa.issuer.key!), /PEM/);
  const privatePem = (rsa.sign as KeyObject).export({ type: 'pkcs8', format: 'pem' }) as string;
  refuses(of('RS256', privatePem), /private key/);
  const privateJwk = JSON.stringify((rsa.sign as KeyObject).export({ format: 'jwk' }));
  refuses(of('RS256', privateJwk), /private key/);
  refuses(of('RS256', JSON.stringify({ kty: 'oct', k: 'AAAA' })), /shared secret/);
  refuses(of('RS256', 'nonsense'), /cannot be used/);
  refuses(of('RS256', '{'), /cannot be used/);
  refuses(of('ES256', rsa.issuer.key!), /is for RS256, but its algorithms are ES256/);
  refuses(pair('RS256', 1024).issuer, /at least 2048 bits/);
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  refuses(of('ES256', pem(p384)), /not used/);
  refuses(
    { issuer: ISS, audience: AUD, algorithms: ['RS256'], keyFile: '/nowhere/key' },
    /nowhere/,
  );
  const bare: Issuer = { issuer: 'our-login', audience: AUD, algorithms: ['EdDSA'] };
  t.throws(() => createVerifier([bare]), { message: /our-login has no key/ });
  t.throws(() => createVerifier([rsa.issuer, rsa.issuer]), { message: /configured twice/ });
});

test('roles and scopes come from the claims that the configuration names', async (t) => {
  const signer = pair('EdDSA');
  const read = async (more: Partial<Issuer>, changes: Record<string, unknown>) => {
    const verifier = createVerifier([{ ...signer.issuer, ...more }], clock);
    const { roles, scopes } = await verifier.verify(await mint(signer, claims(changes)));
    return { roles, scopes };
  };
  const nested = { realm_access: { roles: ['admin'] }, roles: ['other'], scope: 'a b' };
  const scopes = ['a', 'b'];
  t.deepEqual(await read({ rolesClaim: 'realm_access.roles' }, nested), {
    roles: ['admin'],
    scopes,
  });
  const dotted = { 'https://x.example/roles': ['admin'], scope: 'a b' };
  const path = ['https://x.example/roles'];
  t.deepEqual(await read({ rolesClaim: path }, dotted), { roles: ['admin'], scopes });
  const text = { groups: 'admin  dev', scp: ['x'], scope: 'a b' };
  t.deepEqual(await read({ rolesClaim: 'groups', scopesClaim: 'scp' }, text), {
    roles: ['admin', 'dev'],
    scopes: ['x'],
  });
  for (const rolesClaim of ['none', 'scope.none', '__proto__.constructor', 'constructor.name']) {
    t.deepEqual(await read({ rolesClaim }, { scope: 'a b' }), { roles: [], scopes });
  }
  for (const groups of [7, {}, true, [7], [''], ['a\u0000b'], Array(NAMES + 1).fill('x')]) {
    const error = await t.throwsAsync(read({ rolesClaim: 'groups' }, { groups }));
    t.true(refusedAs('roles')(error), JSON.stringify(groups).slice(0, 40));
    const same = await t.throwsAsync(read({ scopesClaim: 'groups' }, { groups }));
    t.true(refusedAs('scopes')(same));
  }
});
