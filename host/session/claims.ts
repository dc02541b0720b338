// Owns what the claims of a verified token become: subject, roles, scopes. Issuers put roles where
// they like, so cell.config.ts may name the claim; what stands there is still checked for bounds.
// Never sees a token that is not verified.

import type { JWTPayload } from 'jose';
import type { ClaimPath, Issuer } from '../cell/config.ts';
import {
  ANONYMOUS,
  CLAIM_CHARS,
  CLAIMS,
  type Identity,
  NAME_BYTES,
  NAMES,
  TokenError,
} from './identity.ts';
import { isIssuerScope } from './issuer-scope.ts';

/** Steps into a token's claims; null: where this host's own tokens have them. */
export interface ClaimNames {
  roles: readonly string[] | null;
  scopes: readonly string[] | null;
}

const steps = (path: ClaimPath | undefined): readonly string[] | null =>
  typeof path === 'string' ? path.split('.') : (path ?? null);

/** Where `config` says that an issuer's tokens hold roles and scopes. */
export function claimNames({ rolesClaim, scopesClaim }: Issuer): ClaimNames {
  return { roles: steps(rolesClaim), scopes: steps(scopesClaim) };
}

function isName(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || /[\u0000-\u001f\u007f]/.test(value))
    return false;
  return Buffer.byteLength(value) <= NAME_BYTES;
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

const spaced = (text: string): string[] => text.split(' ').filter((name) => name !== '');

/** The value at `path`; undefined when a step is missing. Only own keys: `__proto__` is none. */
function claimAt(payload: JWTPayload, path: readonly string[]): unknown {
  let value: unknown = payload;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** A list of texts, or one text of names between spaces (RFC 8693 4.2); missing: none. */
function namedAt(
  payload: JWTPayload,
  path: readonly string[],
  check: 'roles' | 'scopes',
): string[] {
  const value = claimAt(payload, path) ?? [];
  return names(typeof value === 'string' ? spaced(value) : value, check);
}

function scopesOf(payload: JWTPayload): string[] {
  const { scope, scopes } = payload;
  if (scope !== undefined && typeof scope !== 'string') {
    throw new TokenError('scopes', "the token's scope is not a text of names separated by spaces");
  }
  const listed = scopes === undefined ? [] : names(scopes, 'scopes');
  return names([...(typeof scope === 'string' ? spaced(scope) : []), ...listed], 'scopes');
}

/** Claims that say who or when, not of which kind: labels of them would have no bound. */
const PERSONAL = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope'];

/** Short texts, numbers and booleans beside those; the first CLAIMS of them. */
function labelClaims(payload: JWTPayload): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  let count = 0;
  for (const [name, value] of Object.entries(payload)) {
    if (PERSONAL.includes(name) || name.length > CLAIM_CHARS) continue;
    if (!['string', 'number', 'boolean'].includes(typeof value)) continue;
    const text = String(value);
    if (text.length > CLAIM_CHARS || /[\u0000-\u001f\u007f]/.test(text)) continue;
    found[name] = text;
    if (++count === CLAIMS) break;
  }
  return found;
}

/**
 * Who a verified token names. Throws TokenError when its claims are out of bounds.
 * @param tolerance seconds that clocks may differ
 */
export function identity(payload: JWTPayload, claims: ClaimNames, tolerance: number): Identity {
  const { sub } = payload;
  if (!isName(sub))
    throw new TokenError('subject', 'the token has no subject (sub) that can be used');
  if (sub === ANONYMOUS) throw new TokenError('subject', `the subject ${ANONYMOUS} is reserved`);
  const expires = BigInt(Math.floor(payload.exp! * 1e6));
  const roles = payload.roles === undefined ? [] : payload.roles;
  const scopes = claims.scopes ? namedAt(payload, claims.scopes, 'scopes') : scopesOf(payload);
  return {
    subject: sub,
    issuer: String(payload.iss),
    roles: claims.roles ? namedAt(payload, claims.roles, 'roles') : names(roles, 'roles'),
    scopes: scopes.filter((scope) => !isIssuerScope(scope)),
    expires,
    issuedMs: typeof payload.iat === 'number' ? payload.iat * 1000 : 0,
    served: expires + BigInt(tolerance) * 1_000_000n,
    claims: labelClaims(payload),
  };
}
