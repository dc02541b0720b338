// Owns who a token says that its bearer is, and the ways in which a token is not believed. Plain
// data and bounds; token.ts proves it, claims.ts reads it.

/** Bytes of a subject, role or scope. */
export const NAME_BYTES = 256;
/** Roles and scopes in one token. */
export const NAMES = 256;
/** Claims of one token that labels may name. Threat: memory, held for the session's life. */
export const CLAIMS = 32;
/** Characters of such a claim's name and value; what is longer is not kept. */
export const CLAIM_CHARS = 64;
/** Subject of sessions without a token; no token may claim it. */
export const ANONYMOUS = 'anonymous';
/**
 * Seconds that a token may live at most: revocations are kept this long, so none outlives its own.
 */
export const TOKEN_SECONDS = 400 * 24 * 3600;

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

export interface Identity {
  subject: string;
  /** Whose token it is: `iss`. */
  issuer: string;
  roles: string[];
  scopes: string[];
  /** `exp` in unix microseconds, as WELCOME tells it. */
  expires: bigint;
  /** `iat` in unix milliseconds, 0 when the token does not say: revocations ask for it. */
  issuedMs: number;
  /** Until when calls are served: `exp` and the issuer's tolerance. */
  served: bigint;
  /** Other claims that are short, for the labels of counters: `{ plan: 'gold' }`. */
  claims: Record<string, string>;
}
