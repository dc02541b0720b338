// Owns cell.config.ts: its type, its defaults and its check. Everything in it is optional; what is
// wrong in it is said with the key's path and what would be right. It never reads keys or tokens:
// the session does.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Grants } from '../lane/contract.ts';
import { nearest } from '../schema/nearest.ts';
import {
  CELL_NAME,
  type Check,
  fail,
  listOf,
  recordOf,
  shape,
  string,
  whole,
} from './config-check.ts';
import { ConfigError } from './config-error.ts';
import { grants, resolvedGrants } from './config-grants.ts';
import { placeOfKey } from './config-place.ts';
import { keyUrl } from './key-url.ts';
import { type Setting, setting } from './setting.ts';

export { ConfigError } from './config-error.ts';
export type { Setting } from './setting.ts';

/** Keys on the way to a claim. */
const CLAIM_STEPS = 16;

/** A rate: calls per second on average, and how many may come at once (default: one second's). */
export interface Rate {
  perSecond: number;
  burst?: number;
}

export type Algorithm = 'EdDSA' | 'ES256' | 'RS256' | 'HS256';

/** Keys into a token's claims, outermost first: `'realm_access.roles'` or `['https://x.org/r']`. */
export type ClaimPath = string | string[];

/**
 * Whose tokens are believed. One of key, keyFile, secret and jwksUrl; none of them when `issuer` is
 * an https address that tells where its keys are (OpenID Connect Discovery).
 */
export interface Issuer {
  /** Must equal the token's `iss`. */
  issuer: string;
  /** Must be in the token's `aud`. */
  audience: string;
  /** Algorithms that this issuer's tokens may use; HS256 stands alone, with `secret`. */
  algorithms: Algorithm[];
  /** Public key as PEM or JWK text. */
  key?: string;
  /** File with the public key, PEM or JWK, relative to the configuration's folder. */
  keyFile?: string;
  /** Shared secret of HS256, at least 32 bytes. */
  secret?: string;
  /** Address of the keys that the issuer publishes (JWKS): https, or http on this machine. */
  jwksUrl?: string;
  /** Claim with the roles. Default `roles`, a list. */
  rolesClaim?: ClaimPath;
  /** Claim with the scopes. Default `scope` (a text) and `scopes` (a list). */
  scopesClaim?: ClaimPath;
  /** Seconds that clocks may differ. Default 30, at most 300. */
  clockToleranceSec?: number;
}

export interface ConfigLimits {
  /** Calls of one subject, all its connections and methods together. */
  perSession?: Rate;
  /**
   * Calls of one subject to one method: `'atlas.search': { perSecond: 50 }`. Replaces what the
   * method's decorator says; of all subjects together where that one says so.
   */
  methods?: Record<string, Rate>;
  /** CPU milliseconds that one call may use; a cell's own limit holds when it is lower. */
  cpuMs?: number;
  /** Pages of 64 KB that one instance of a cell may grow to. */
  pages?: number;
}

/** What `export default defineConfig({...})` takes. */
export interface Config {
  /** Port of the listener, default 4400. */
  port?: number;
  /** Address to listen on, default 127.0.0.1. */
  host?: string;
  /** Worker threads, default cores - 1 and at least 1; 0 serves in the listener thread. */
  lanes?: number;
  /** Origins of other pages that may connect, as `https://example.org`. */
  origins?: string[];
  /** Host header names that are answered, beside loopback names. */
  hosts?: string[];
  issuers?: Issuer[];
  /**
   * Capabilities by cell: `{ atlas: { blob: { root: './data' } }, shop: { call: ['ledger'] } }`.
   * Absent = denied; calls, sql and kv that the project's `.cell/lock/capabilities.lock` approves
   * are granted, the latter two with the database that the module names.
   */
  grants?: Record<string, Grants>;
  limits?: ConfigLimits;
  /** Settings of cells that answer for decorators: `{ auth: { roles: ['admin', 'dev'] } }`. */
  cells?: Record<string, Setting>;
}

/** Gives editors the type of a configuration; returns it as it is. */
export function defineConfig(config: Config): Config {
  return config;
}

const positive: Check = (value, at) => {
  const good = typeof value === 'number' && value > 0.001 && value <= 1e6;
  if (!good) fail(at, 'a number above 0.001 and at most 1000000', value);
};

const rate = shape({ perSecond: positive, burst: whole(1, 1e6) }, ['perSecond']);

const origin: Check = (value, at) => {
  string(value, at);
  if (value === '*')
    throw new ConfigError(`${at}: \`*\` would let every page in; name the origins`);
  let url: URL | undefined;
  try {
    url = new URL(value as string);
  } catch {
    fail(at, 'an origin such as https://example.org', value);
  }
  if (url.origin !== value)
    fail(at, 'an origin without a path, such as https://example.org', value);
};

const algorithm: Check = (value, at) => {
  const known = ['EdDSA', 'ES256', 'RS256', 'HS256'];
  if (!known.includes(value as string)) fail(at, `one of ${known.join(', ')}`, value);
};

const claim: Check = (value, at) => {
  const steps = typeof value === 'string' ? value.split('.') : value;
  listOf(string)(steps, at);
  const { length } = steps as string[];
  if (length === 0 || length > CLAIM_STEPS) fail(at, `1 to ${CLAIM_STEPS} keys`, value);
};

const address: Check = (value, at) => {
  string(value, at);
  try {
    keyUrl(value as string);
  } catch (error) {
    throw new ConfigError(`${at}: ${(error as Error).message}`);
  }
};

const issuerShape = shape(
  {
    issuer: string,
    audience: string,
    algorithms: listOf(algorithm),
    key: string,
    keyFile: string,
    secret: string,
    jwksUrl: address,
    rolesClaim: claim,
    scopesClaim: claim,
    clockToleranceSec: whole(0, 300),
  },
  ['issuer', 'audience', 'algorithms'],
);

/** Exactly one place that keys come from; without one, the issuer's address must tell it. */
function checkKeys({ issuer: from, key, keyFile, secret, jwksUrl }: Issuer, at: string): void {
  const given = [key, keyFile, secret, jwksUrl].filter((k) => k !== undefined).length;
  if (given === 1) return;
  const tells = /^https?:/.test(from);
  if (given === 0 && tells) return address(from, `${at}.issuer`);
  throw new ConfigError(
    `${at}: give exactly one of key, keyFile, secret and jwksUrl` +
      (given === 0 ? ' (none only for an issuer that is an https address)' : ''),
  );
}

const issuer: Check = (value, at) => {
  issuerShape(value, at);
  const { secret, algorithms } = value as Issuer;
  if (algorithms.length === 0) fail(`${at}.algorithms`, 'at least one algorithm', algorithms);
  checkKeys(value as Issuer, at);
  const symmetric = algorithms.includes('HS256');
  if (symmetric && algorithms.length > 1) {
    throw new ConfigError(`${at}.algorithms: HS256 stands alone; use two issuers`);
  }
  if (symmetric !== (secret !== undefined)) {
    throw new ConfigError(
      `${at}: HS256 goes with \`secret\`, the others with \`key\`, \`keyFile\` or \`jwksUrl\``,
    );
  }
  if (secret !== undefined && Buffer.byteLength(secret) < 32) {
    throw new ConfigError(`${at}.secret: HS256 needs at least 32 bytes`);
  }
};

const config = shape({
  port: whole(0, 65535),
  host: string,
  lanes: whole(0, 64),
  origins: listOf(origin),
  hosts: listOf(string),
  issuers: listOf(issuer),
  grants: recordOf(grants, CELL_NAME, 'the name of a cell (kebab-case)'),
  limits: shape({
    perSession: rate,
    methods: recordOf(rate, /^[a-z][a-z0-9-]*\.[A-Za-z_$][\w$]*$/, 'a method such as atlas.search'),
    cpuMs: whole(1, 3_600_000),
    pages: whole(1, 65536),
  }),
  cells: recordOf(setting, CELL_NAME, 'the name of a cell (kebab-case)'),
});

/**
 * Checks a configuration. Throws ConfigError: a line for each key that is wrong, which begins with
 * `name`.
 */
export function checkConfig(value: unknown, name = 'cell.config.ts'): Config {
  config(value, name);
  return value as Config;
}

/**
 * Checks what a configuration says of the cells that a host serves: limits name methods that they
 * have, granted folders are there. What it says of others passes: another host may serve them.
 * Throws ConfigError.
 */
export function checkServed(
  { grants: granted, limits }: Config,
  cells: { name: string; schema: { methods: { name: string }[] } }[],
): void {
  for (const { name, schema } of cells) {
    const methods = schema.methods.map((m) => m.name);
    for (const key of Object.keys(limits?.methods ?? {})) {
      const [cell, method] = key.split('.');
      if (cell !== name || methods.includes(method)) continue;
      const meant = nearest(method, methods);
      const hint = meant ? `did you mean \`${meant}\`?` : `it has: ${methods.join(', ')}`;
      const at = 'cell.config.ts.limits.methods';
      throw new ConfigError(`${at}: \`${name}\` has no method \`${method}\`; ${hint}`);
    }
    const mine = granted && Object.hasOwn(granted, name) ? granted[name] : {};
    const root = mine.blob?.root;
    if (root !== undefined && !fs.statSync(root, { throwIfNoEntry: false })?.isDirectory())
      fail(`cell.config.ts.grants.${name}.blob.root`, 'a folder that is there', root);
  }
}

/** `checkConfig`; the lines of its ConfigError end with the places of the keys in the file. */
function checkLoaded(value: unknown, file: string): Config {
  try {
    return checkConfig(value);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const text = fs.readFileSync(file, 'utf8');
    const lines = error.message.split('\n').map((line) => {
      const path = /^cell\.config\.ts(\S*): (?:`(\S+)` is not )?/.exec(line);
      const key = path?.[2] === undefined ? '' : `.${path[2]}`;
      const place = path === null ? null : placeOfKey(text, `${path[1]}${key}`);
      return place === null ? line : `${line} (cell.config.ts:${place})`;
    });
    throw new ConfigError(lines.join('\n'));
  }
}

/**
 * Loads `cell.config.ts` from `folder`; without one, the empty configuration. Folders and files
 * that it names become absolute, relative to the configuration. Throws ConfigError.
 */
export async function loadConfig(folder: string): Promise<Config> {
  const file = path.join(folder, 'cell.config.ts');
  if (!fs.existsSync(file)) return {};
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    // The engine tells the place in the stack only: of a syntax error the line, of others both.
    const { message, stack } = error as Error;
    const place = /cell\.config\.ts(:\d+(?::\d+)?)$/m.exec(stack ?? '')?.[1];
    const where = place === undefined ? '' : ` (cell.config.ts${place})`;
    throw new ConfigError(`cell.config.ts: it could not be loaded: ${message}${where}`);
  }
  if (loaded.default === undefined) {
    throw new ConfigError('cell.config.ts: write `export default defineConfig({ ... })`');
  }
  const { issuers, grants: granted, ...rest } = checkLoaded(loaded.default, file);
  const found: Config = rest;
  if (issuers) {
    found.issuers = issuers.map((i) =>
      i.keyFile === undefined ? i : { ...i, keyFile: path.resolve(folder, i.keyFile) },
    );
  }
  if (granted) {
    found.grants = Object.fromEntries(
      Object.entries(granted).map(([cell, one]) => [cell, resolvedGrants(one, folder)]),
    );
  }
  return found;
}
