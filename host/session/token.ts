// Owns the verification of bearer tokens (JWT, RFC 7519 and 8725) with jose. A token is verified
// once, at HELLO. Never fetches keys, never logs a token, never tells which issuers exist.
//
// Against algorithm confusion: a key has exactly one algorithm, by its type, and is only ever used
// with it. A token's header chooses among keys, never how a key is used.

import type { JsonWebKey, KeyObject } from 'node:crypto';
import { createPublicKey, createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JWTPayload } from 'jose';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Algorithm, Issuer } from '../cell/config.ts';

/** Bytes of a token; threat: parsing before anything is known. */
export const TOKEN_BYTES = 8192;
/** Bytes of a subject, role or scope. */
export const NAME_BYTES = 256;
/** Roles and scopes in one token. */
export const NAMES = 256;
/** Bytes that a shared secret needs at least (RFC 7518 3.2). */
const SECRET_BYTES = 32;
const RSA_BITS = 2048;
const TOLERANCE_SEC = 30;
const ALGORITHMS: readonly string[] = ['EdDSA', 'ES256', 'RS256', 'HS256'];

/** What failed. `lifetime`: exp lies further ahead than any revocation reaches. */
export type Check =
  | 'format'
  | 'algorithm'
  | 'issuer'
  | 'signature'
  | 'audience'
  | 'expired'
  | 'early'
  | 'lifetime'
  | 'claims'
  | 'subject'
  | 'roles'
  | 'scopes';

/** A token that is not accepted. `message` may be told to whoever sent it. */
export class TokenError extends Error {
  override name = 'TokenError';
  readonly check: Check;

  constructor(check: Check, message: string) {
    super(message);
    this.check = check;
  }
}

/**
 * A configured key that cannot be used. For the operator; may name files, never holds key bytes.
 */
export class KeyError extends Error {
  override name = 'KeyError';
}

export interface Identity {
  subject: string;
  roles: string[];
  scopes: string[];
  /** `exp` in unix microseconds, as WELCOME tells it. */
  expires: bigint;
  /** `iat` in unix milliseconds, 0 when the token does not say: revocations ask for it. */
  issuedMs: number;
  /** Until when calls are served: `exp` and the issuer's tolerance. */
  served: bigint;
}

export interface Verifier {
  /** Rejects with TokenError. */
  verify(token: string): Promise<Identity>;
}

interface Key {
  algorithm: Algorithm;
  key: KeyObject;
  kid?: string;
}
interface Trusted {
  audience: string;
  tolerance: number;
  keys: Key[];
}

function algorithmOf(key: KeyObject): Algorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return 'EdDSA';
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256';
  if (type === 'rsa') {
    if ((details?.modulusLength ?? 0) >= RSA_BITS) return 'RS256';
    throw new KeyError(`an RSA key needs at least ${RSA_BITS} bits`);
  }
  throw new KeyError(`keys of type ${type ?? 'unknown'} are not used (Ed25519, P-256 or RSA is)`);
}

function keyOfJwk(jwk: JsonWebKey & { kid?: unknown }): Key {
  if (jwk.kty === 'oct') throw new KeyError('a shared secret goes in `secret`, not in a key');
  if (jwk.d !== undefined) throw new KeyError('this is a private key; give its public half');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const algorithm = algorithmOf(key);
  return typeof jwk.kid === 'string' ? { algorithm, key, kid: jwk.kid } : { algorithm, key };
}

/** Public keys of a text: PEM, a JWK, or a set of JWKs. */
function keysOfText(text: string): Key[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) {
    const parsed = JSON.parse(trimmed) as JsonWebKey & { keys?: JsonWebKey[] };
    return Array.isArray(parsed.keys) ? parsed.keys.map(keyOfJwk) : [keyOfJwk(parsed)];
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(trimmed)) {
    throw new KeyError('this is a private key; give its public half');
  }
  const key = createPublicKey(trimmed);
  return [{ algorithm: algorithmOf(key), key }];
}

function keysOf(config: Issuer): Key[] {
  if (config.secret !== undefined) {
    const { secret } = config;
    if (Buffer.byteLength(secret) < SECRET_BYTES) {
      throw new KeyError(`HS256 needs a secret of at least ${SECRET_BYTES} bytes`);
    }
    if (/-----BEGIN/.test(secret))
      throw new KeyError('this secret is a PEM file; use `key` for it');
    return [{ algorithm: 'HS256', key: createSecretKey(Buffer.from(secret)) }];
  }
  const text = config.keyFile === undefined ? config.key : readFileSync(config.keyFile, 'utf8');
  if (text === undefined) throw new KeyError('it has neither key, keyFile nor secret');
  return keysOfText(text);
}

function trust(config: Issuer): Trusted {
  let keys: Key[];
  try {
    keys = keysOf(config);
  } catch (error) {
    const where = config.keyFile ? `${config.issuer} (${config.keyFile})` : config.issuer;
    const what =
      error instanceof KeyError || config.secret === undefined ? (error as Error).message : '';
    throw new KeyError(`The key of issuer ${where} cannot be used: ${what}`, { cause: error });
  }
  const used = keys.filter((key) => config.algorithms.includes(key.algorithm));
  if (used.length === 0) {
    const kinds = [...new Set(keys.map((key) => key.algorithm))].join(', ');
    throw new KeyError(
      `The key of issuer ${config.issuer} is for ${kinds || 'nothing'}, ` +
        `but its algorithms are ${config.algorithms.join(', ')}.`,
    );
  }
  const tolerance = config.clockToleranceSec ?? TOLERANCE_SEC;
  return { audience: config.audience, tolerance, keys: used };
}

function names(value: unknown, check: 'roles' | 'scopes'): string[] {
  if (!Array.isArray(value) || value.length > NAMES || !value.every(isName)) {
    throw new TokenError(
      check,
      `the token's ${check} are not a list of at most ${NAMES} short texts`,
    );
  }
  return [...new Set(value as string[])];
}

function isName(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || /[\u0000-\u001f\u007f]/.test(value))
    return false;
  return Buffer.byteLength(value) <= NAME_BYTES;
}

function scopesOf(payload: JWTPayload): string[] {
  const { scope, scopes } = payload;
  if (scope !== undefined && typeof scope !== 'string') {
    throw new TokenError('scopes', "the token's scope is not a text of names separated by spaces");
  }
  const spaced = typeof scope === 'string' ? scope.split(' ').filter((name) => name !== '') : [];
  return names([...spaced, ...(scopes === undefined ? [] : names(scopes, 'scopes'))], 'scopes');
}

function identity(payload: JWTPayload, tolerance: number): Identity {
  const { sub } = payload;
  if (!isName(sub))
    throw new TokenError('subject', 'the token has no subject (sub) that can be used');
  if (sub === ANONYMOUS) throw new TokenError('subject', `the subject ${ANONYMOUS} is reserved`);
  const expires = BigInt(Math.floor(payload.exp! * 1e6));
  return {
    subject: sub,
    roles: payload.roles === undefined ? [] : names(payload.roles, 'roles'),
    scopes: scopesOf(payload),
    expires,
    issuedMs: typeof payload.iat === 'number' ? payload.iat * 1000 : 0,
    served: expires + BigInt(tolerance) * 1_000_000n,
  };
}

/** Subject of sessions without a token; no token may claim it. */
export const ANONYMOUS = 'anonymous';

/**
 * Seconds that a token may live at most: revocations are kept this long, so none outlives its own.
 */
export const TOKEN_SECONDS = 400 * 24 * 3600;

/** jose's error as a check and a sentence. Claims are looked at only after the signature held. */
function explain(error: unknown): TokenError {
  if (error instanceof TokenError) return error;
  if (error instanceof errors.JWTExpired) return new TokenError('expired', 'the token has expired');
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new TokenError('signature', "the token's signature does not verify");
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (claim === 'nbf' && reason === 'check_failed') {
      return new TokenError('early', 'the token is not valid yet (nbf)');
    }
    if (claim === 'aud') return new TokenError('audience', 'the token is not for this host (aud)');
    return new TokenError('claims', `the token's claim ${claim} is missing or wrong`);
  }
  return new TokenError('format', 'the token is not a well-formed signed JWT');
}

function decoded(token: string): { alg: string; kid?: string; issuer: string } {
  if (typeof token !== 'string' || token.length > TOKEN_BYTES) {
    throw new TokenError('format', `a token may have at most ${TOKEN_BYTES} bytes`);
  }
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    return { alg: String(alg), kid, issuer: typeof iss === 'string' ? iss : '' };
  } catch {
    throw new TokenError('format', 'the token is not a well-formed signed JWT');
  }
}

class Issuers implements Verifier {
  private readonly issuers = new Map<string, Trusted>();
  private readonly nowMs: () => number;

  constructor(configs: readonly Issuer[], nowMs: () => number) {
    this.nowMs = nowMs;
    for (const config of configs) {
      if (this.issuers.has(config.issuer)) {
        throw new KeyError(
          `The issuer ${config.issuer} is configured twice; put its keys in one JWK set.`,
        );
      }
      this.issuers.set(config.issuer, trust(config));
    }
  }

  async verify(token: string): Promise<Identity> {
    const { alg, kid, issuer } = decoded(token);
    if (!ALGORITHMS.includes(alg)) {
      throw new TokenError('algorithm', `tokens must be signed with ${ALGORITHMS.join(', ')}`);
    }
    const trusted = this.issuers.get(issuer);
    if (!trusted)
      throw new TokenError('issuer', 'this host does not trust the issuer of the token (iss)');
    const keys = trusted.keys.filter(
      (key) =>
        key.algorithm === alg && (kid === undefined || key.kid === undefined || key.kid === kid),
    );
    if (keys.length === 0) {
      throw new TokenError(
        'algorithm',
        'no key of the issuer fits the algorithm and key id of the token',
      );
    }
    let failure = new TokenError('signature', "the token's signature does not verify");
    for (const key of keys) {
      try {
        return this.accept(await this.signed(token, issuer, trusted, key), trusted);
      } catch (error) {
        failure = explain(error);
        if (failure.check !== 'signature') break;
      }
    }
    throw failure;
  }

  private async signed(
    token: string,
    issuer: string,
    trusted: Trusted,
    key: Key,
  ): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [key.algorithm],
      issuer,
      audience: trusted.audience,
      clockTolerance: trusted.tolerance,
      currentDate: new Date(this.nowMs()),
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  }

  private accept(payload: JWTPayload, trusted: Trusted): Identity {
    if (payload.exp! - this.nowMs() / 1000 > TOKEN_SECONDS) {
      const days = TOKEN_SECONDS / 24 / 3600;
      throw new TokenError('lifetime', `the token expires more than ${days} days from now`);
    }
    // An issuing time ahead of ours would step over revocations.
    if ((payload.iat ?? 0) > this.nowMs() / 1000 + trusted.tolerance) {
      throw new TokenError('early', 'the token was issued in the future (iat)');
    }
    return identity(payload, trusted.tolerance);
  }
}

/**
 * Reads the issuers' keys. Throws KeyError naming the issuer.
 * @param nowMs unix milliseconds, for tests
 */
export function createVerifier(
  issuers: readonly Issuer[],
  nowMs: () => number = Date.now,
): Verifier {
  return new Issuers(issuers, nowMs);
}
