// Owns keys that tokens are verified with: what a PEM, a JWK or a set of JWKs holds, and which of
// it may be used. Never fetches anything (key-set.ts does), never sees a token.
//
// Against algorithm confusion: a key has exactly one algorithm, by its type, and is only ever used
// with it. A token's header chooses among keys, never how a key is used.

import type { JsonWebKey, KeyObject } from 'node:crypto';
import { createPublicKey, createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Algorithm, Issuer } from '../cell/config.ts';

/** Bytes that a shared secret needs at least (RFC 7518 3.2). */
const SECRET_BYTES = 32;
const RSA_BITS = 2048;
/** Keys in one published set. Threat: time to read them; large issuers have about ten. */
export const SET_KEYS = 128;

/**
 * A configured key that cannot be used. For the operator; may name files, never holds key bytes.
 */
export class KeyError extends Error {
  override name = 'KeyError';
}

export interface Key {
  algorithm: Algorithm;
  key: KeyObject;
  kid?: string;
}

/** A key as a set publishes it (RFC 7517 4). */
type Jwk = JsonWebKey & { kid?: unknown; alg?: unknown; use?: unknown; key_ops?: unknown };

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

function keyOfJwk(jwk: Jwk): Key {
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
    const parsed = JSON.parse(trimmed) as Jwk & { keys?: Jwk[] };
    return Array.isArray(parsed.keys) ? parsed.keys.map(keyOfJwk) : [keyOfJwk(parsed)];
  }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(trimmed)) {
    throw new KeyError('this is a private key; give its public half');
  }
  const key = createPublicKey(trimmed);
  return [{ algorithm: algorithmOf(key), key }];
}

function configured(config: Issuer): Key[] {
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

/** Keys of an issuer whose keys stand in the configuration. Throws KeyError naming the issuer. */
export function configuredKeys(config: Issuer): Key[] {
  let keys: Key[];
  try {
    keys = configured(config);
  } catch (error) {
    const where = config.keyFile ? `${config.issuer} (${config.keyFile})` : config.issuer;
    const what =
      error instanceof KeyError || config.secret === undefined ? (error as Error).message : '';
    throw new KeyError(`The key of issuer ${where} cannot be used: ${what}`, { cause: error });
  }
  const used = keys.filter((key) => config.algorithms.includes(key.algorithm));
  if (used.length > 0) return used;
  const kinds = [...new Set(keys.map((key) => key.algorithm))].join(', ');
  throw new KeyError(
    `The key of issuer ${config.issuer} is for ${kinds || 'nothing'}, ` +
      `but its algorithms are ${config.algorithms.join(', ')}.`,
  );
}

/** A published key for signatures of its one algorithm, or null: sets hold other keys as well. */
function publishedKey(jwk: unknown): Key | null {
  if (typeof jwk !== 'object' || jwk === null) return null;
  const { use, key_ops: operations, alg } = jwk as Jwk;
  if (use !== undefined && use !== 'sig') return null;
  if (Array.isArray(operations) && !operations.includes('verify')) return null;
  try {
    const key = keyOfJwk(jwk as Jwk);
    // RFC 9864 names Ed25519 what RFC 8037 calls EdDSA.
    const named = alg === 'Ed25519' ? 'EdDSA' : alg;
    return named === undefined || named === key.algorithm ? key : null;
  } catch {
    return null;
  }
}

/**
 * The keys of a published set (RFC 7517 5) that can be used; others in it are passed over, private
 * ones and shared secrets among them: what everybody can read proves nothing.
 * Throws KeyError when it is no set, has more than SET_KEYS keys, or none that can be used.
 */
export function publishedKeys(text: string, algorithms: readonly Algorithm[]): Key[] {
  let set: { keys?: unknown } | null = null;
  try {
    set = JSON.parse(text) as { keys?: unknown } | null;
  } catch {
    throw new KeyError('what it answers is not JSON');
  }
  const jwks = typeof set === 'object' && set !== null ? set.keys : undefined;
  if (!Array.isArray(jwks)) throw new KeyError('what it answers is not a set of keys (JWKS)');
  if (jwks.length > SET_KEYS) {
    throw new KeyError(`it publishes ${jwks.length} keys; at most ${SET_KEYS} are read`);
  }
  const keys: Key[] = [];
  for (const jwk of jwks) {
    const key = publishedKey(jwk);
    if (key !== null && algorithms.includes(key.algorithm)) keys.push(key);
  }
  if (keys.length === 0) throw new KeyError(`it publishes no key for ${algorithms.join(', ')}`);
  return keys;
}
