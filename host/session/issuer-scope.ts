// Owns the demand "a token of one of these issuers". It travels as a scope, so that the kernel's
// mask judges it like any other: `cell:issuer=https://a.example,https://b.example`. The host grants
// it to sessions whose token such an issuer signed; claims.ts drops it from what tokens say.

import type { Bits } from './bits.ts';
import type { Identity } from './identity.ts';

const ISSUER_SCOPE = 'cell:issuer=';

/** True for scopes that only the host grants. */
export function isIssuerScope(scope: string): boolean {
  return scope.startsWith(ISSUER_SCOPE);
}

function isFrom(issuer: string, scope: string): boolean {
  return isIssuerScope(scope) && scope.slice(ISSUER_SCOPE.length).split(',').includes(issuer);
}

/** Mask of the scopes that a session has: those of its token, and those of its issuer. */
export function scopeMask(scopes: Bits, { scopes: held, issuer }: Identity): bigint {
  return scopes.held(held) | scopes.matching((name) => isFrom(issuer, name));
}
