// Owns the development issuer: an Ed25519 key that this project's host trusts on loopback, so that
// a first call works with nothing configured and nothing is open by accident. Who can read the key
// file can mint any token, so it is the owner's alone (mode 0600) and made whole or not at all.

import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { Issuer } from '../cell/config.ts';

/** `iss` and `aud` of development tokens. */
export const DEVELOPMENT = 'cell:development';
const FILE = 'issuer.pem';
const TTL_SEC = 3600;

export interface Mint {
  subject: string;
  roles?: string[];
  scopes?: string[];
  /** Seconds that the token lives, default 3600. */
  ttl?: number;
  /** Further claims, such as `{ plan: 'gold' }`: labels of counters. */
  claims?: Record<string, string>;
}

export interface DevelopmentIssuer {
  /** What the host trusts: goes among Config.issuers. */
  readonly issuer: Issuer;
  /** A signed token. */
  mintToken(mint: Mint): Promise<string>;
}

function made(file: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, pem, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file); // unlike rename, fails when another process was first
    return pem;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return existing(file)!;
  } finally {
    rmSync(draft);
  }
}

function existing(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return null;
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
    throw new Error(`${file} can be read by others, so its tokens prove nothing: remove it.`);
  }
  return readFileSync(file, 'utf8');
}

function keyOf(file: string, pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told below; the cause could quote the key.
  }
  throw new Error(`${file} does not hold an Ed25519 key: remove it, then a new one is made.`);
}

/**
 * Opens the issuer in `folder` (`.cell/run`), making its key when there is none. Throws when the
 * file is readable by others or damaged.
 */
export function openDevelopmentIssuer(folder: string): DevelopmentIssuer {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, FILE);
  const key = keyOf(file, existing(file) ?? made(file));
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
  return {
    issuer: { issuer: DEVELOPMENT, audience: DEVELOPMENT, algorithms: ['EdDSA'], key: pem },
    mintToken: ({ subject, roles = [], scopes = [], ttl = TTL_SEC, claims = {} }) =>
      new SignJWT({ ...claims, roles, scope: scopes.join(' ') })
        .setProtectedHeader({ alg: 'EdDSA' })
        .setSubject(subject)
        .setIssuer(DEVELOPMENT)
        .setAudience(DEVELOPMENT)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + ttl)
        .sign(key),
  };
}
