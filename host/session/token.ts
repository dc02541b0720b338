// Owns the verification of bearer tokens (JWT, RFC 7519 and 8725) with jose. A token is verified
// once, at HELLO. Never logs a token, never tells which issuers exist. Keys come from keys.ts and
// key-set.ts; a token's header chooses among them, and its `jku`, `x5u`, `jwk` and `x5c` are never
// looked at. What the claims become is claims.ts.

import type { JWTPayload } from 'jose';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Algorithm, Issuer } from '../cell/config.ts';
import { keyUrl } from '../cell/key-url.ts';
import { type ClaimNames, claimNames, identity } from './claims.ts';
import type { Check, Identity } from './identity.ts';
import { TOKEN_SECONDS, TokenError } from './identity.ts';
import { fixedKeys, KeySet, type KeySetOptions, type KeySource } from './key-set.ts';
import { configuredKeys, type Key, KeyError } from './keys.ts';

export type { Check, Identity } from './identity.ts';
export { ANONYMOUS, NAME_BYTES, NAMES, TOKEN_SECONDS, TokenError } from './identity.ts';
export { KeysUnavailable } from './key-set.ts';
export { KeyError } from './keys.ts';

/** Bytes of a token; threat: parsing before anything is known. */
export const TOKEN_BYTES = 8192;
/** Keys that are tried on one token. Threat: a token without a key id against a large set. */
export const TRIES = 8;
const TOLERANCE_SEC = 30;
const ALGORITHMS: readonly string[] = ['EdDSA', 'ES256', 'RS256', 'HS256'];
/** Checks that another key of the issuer might pass. */
const ROTATED: readonly Check[] = ['algorithm', 'signature'];

export interface Verifier {
  /** Rejects with TokenError, or with KeysUnavailable when the issuer's keys cannot be had. */
  verify(token: string): Promise<Identity>;
  /** Begins to fetch what issuers publish, so that the first token need not wait. Never throws. */
  warm(): void;
  /** Ends fetches that are under way. */
  close(): void;
}

/** What reaches beyond this process. */
export type Network = Pick<KeySetOptions, 'report' | 'elapsedMs' | 'fetch'>;

interface Trusted {
  audience: string;
  tolerance: number;
  algorithms: readonly Algorithm[];
  claims: ClaimNames;
  source: KeySource;
}

/** The header's part of a token, before anything is proven. */
interface Decoded {
  alg: string;
  kid?: string;
  issuer: string;
}

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

function decoded(token: string): Decoded {
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

function trust(config: Issuer, network: Network): Trusted {
  const { issuer, audience, algorithms, key, keyFile, secret } = config;
  const standing = key !== undefined || keyFile !== undefined || secret !== undefined;
  const source = standing
    ? fixedKeys(configuredKeys(config))
    : new KeySet({ issuer, algorithms, url: addressOf(config), ...network });
  const tolerance = config.clockToleranceSec ?? TOLERANCE_SEC;
  return { audience, algorithms, tolerance, claims: claimNames(config), source };
}

/** Where an issuer's keys are, or where it tells that. Throws KeyError. */
function addressOf({ issuer, jwksUrl }: Issuer): KeySetOptions['url'] {
  try {
    return jwksUrl === undefined ? { tells: keyUrl(issuer) } : { keys: keyUrl(jwksUrl) };
  } catch (error) {
    const what = `its keys cannot be fetched: ${(error as Error).message}`;
    throw new KeyError(`The issuer ${issuer} has no key, and ${what}`, { cause: error });
  }
}

class Issuers implements Verifier {
  private readonly issuers = new Map<string, Trusted>();
  private readonly nowMs: () => number;

  constructor(configs: readonly Issuer[], nowMs: () => number, network: Network) {
    this.nowMs = nowMs;
    for (const config of configs) {
      if (this.issuers.has(config.issuer)) {
        throw new KeyError(
          `The issuer ${config.issuer} is configured twice; put its keys in one JWK set.`,
        );
      }
      this.issuers.set(config.issuer, trust(config, network));
    }
  }

  warm(): void {
    // A failure is reported by the source, and tried again when a token comes.
    for (const { source } of this.issuers.values()) source.keys().catch(() => {});
  }

  close(): void {
    for (const { source } of this.issuers.values()) source.close();
  }

  async verify(token: string): Promise<Identity> {
    const header = decoded(token);
    if (!ALGORITHMS.includes(header.alg)) {
      throw new TokenError('algorithm', `tokens must be signed with ${ALGORITHMS.join(', ')}`);
    }
    const trusted = this.issuers.get(header.issuer);
    if (!trusted)
      throw new TokenError('issuer', 'this host does not trust the issuer of the token (iss)');
    if (!trusted.algorithms.some((known) => known === header.alg)) throw noKey();
    const keys = await trusted.source.keys();
    try {
      return await this.tried(token, header, trusted, keys);
    } catch (error) {
      // Another key id, or the same one for another key: the issuer may have rotated.
      const rotated = error instanceof TokenError && ROTATED.includes(error.check);
      const newer = rotated ? await trusted.source.newer(keys) : null;
      if (newer === null) throw error;
      return await this.tried(token, header, trusted, newer);
    }
  }

  /** Tries the keys that fit the header, one after the other. */
  private async tried(
    token: string,
    { alg, kid, issuer }: Decoded,
    trusted: Trusted,
    all: readonly Key[],
  ): Promise<Identity> {
    const fitting = all.filter(
      (key) =>
        key.algorithm === alg && (kid === undefined || key.kid === undefined || key.kid === kid),
    );
    let failure = noKey();
    for (const key of fitting.slice(0, TRIES)) {
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

  private accept(payload: JWTPayload, { claims, tolerance }: Trusted): Identity {
    if (payload.exp! - this.nowMs() / 1000 > TOKEN_SECONDS) {
      const days = TOKEN_SECONDS / 24 / 3600;
      throw new TokenError('lifetime', `the token expires more than ${days} days from now`);
    }
    // An issuing time ahead of ours would step over revocations.
    if ((payload.iat ?? 0) > this.nowMs() / 1000 + tolerance) {
      throw new TokenError('early', 'the token was issued in the future (iat)');
    }
    return identity(payload, claims, tolerance);
  }
}

function noKey(): TokenError {
  const text = 'no key of the issuer fits the algorithm and key id of the token';
  return new TokenError('algorithm', text);
}

/**
 * Reads the issuers' keys that are configured; the published ones are fetched when they are needed.
 * Throws KeyError naming the issuer.
 * @param nowMs unix milliseconds, for tests
 */
export function createVerifier(
  issuers: readonly Issuer[],
  nowMs: () => number = Date.now,
  network: Network = { report: () => {}, elapsedMs: () => performance.now() },
): Verifier {
  return new Issuers(issuers, nowMs, network);
}
