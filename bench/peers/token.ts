// Owns the token of the run, and its check for stacks that bring none of their own.
// fast-jwt is the fastest verifier on npm, so the stacks that may choose are given it.

import { createSigner, createVerifier } from 'fast-jwt';
import { AUDIENCE, ISSUER, ROLE, SECRET, SUBJECT } from './peer.ts';

/** A token that lets its bearer read users for an hour. */
export function mintToken(): string {
  const sign = createSigner({ algorithm: 'HS256', key: SECRET, expiresIn: 3_600_000 });
  return sign({ iss: ISSUER, aud: AUDIENCE, sub: SUBJECT, roles: [ROLE] });
}

const verify = createVerifier({ algorithms: ['HS256'], key: SECRET, cache: false });

/** Whether `token` is valid and carries the role. */
export function mayRead(token: string | undefined): boolean {
  if (token === undefined || token === '') return false;
  try {
    const claims = verify(token) as { roles?: unknown };
    return Array.isArray(claims.roles) && claims.roles.includes(ROLE);
  } catch {
    return false;
  }
}

/** The token in an `Authorization: Bearer` header. */
export function bearer(header: string | undefined): string | undefined {
  return header?.startsWith('Bearer ') ? header.slice(7) : undefined;
}
