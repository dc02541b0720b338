// Owns the keys that an issuer publishes (JWKS, RFC 7517): fetched over HTTPS, kept, renewed when
// tokens come with keys that nobody knows yet. Never sees a token, never delays a call: only a
// HELLO that needs keys which are not there waits for them, all of them for one fetch.
//
//   age    0 ........ FRESH_MS ........ KEPT_MS .................. GRACE_MS
//          as they are | renewed beside | a HELLO waits for new ones; | UNAVAILABLE
//                      |                | the old hold if none come   |
//
// A key that the issuer took back is refused KEPT_MS later at most while the issuer can be reached,
// GRACE_MS later otherwise. What the issuer says of caching is not read: these bounds are ours.

import type { Algorithm } from '../cell/config.ts';
import { keyUrl } from '../cell/key-url.ts';
import { fetchText } from './fetch-text.ts';
import { type Key, KeyError, publishedKeys } from './keys.ts';

export const FRESH_MS = 5 * 60_000;
export const KEPT_MS = 10 * 60_000;
/** How long keys hold while their issuer cannot be reached: an outage of it is not one of ours. */
export const GRACE_MS = 60 * 60_000;
/** Least time between fetches. Threat: tokens with invented key ids make us flood an issuer. */
export const COOLDOWN_MS = 10_000;
/** Time for discovery and keys together. Threat: a server that answers a byte at a time. */
export const FETCH_MS = 5000;
/** Bytes of one answer; SET_KEYS keys of 4096 bits with certificates have about 400 KB. */
export const SET_BYTES = 512 << 10;

/** Keys could not be fetched: whoever has a token may be right. `message` may be told to them. */
export class KeysUnavailable extends Error {
  override name = 'KeysUnavailable';
}

/** Where keys come from; `configured` needs none of this. */
export interface KeySource {
  /** What there is now. Rejects with KeysUnavailable. */
  keys(): Promise<readonly Key[]>;
  /**
   * Keys after `known`, for a token that none of those fits; null: there are no others. Rejects
   * with KeysUnavailable when that cannot be said.
   */
  newer(known: readonly Key[]): Promise<readonly Key[] | null>;
  /** Ends what is under way. */
  close(): void;
}

export interface KeySetOptions {
  issuer: string;
  algorithms: readonly Algorithm[];
  /** Address of the set, or of an issuer that tells it (OpenID Connect Discovery 4). */
  url: { keys: URL } | { tells: URL };
  /** Monotonic milliseconds. */
  elapsedMs: () => number;
  /** Told the first of failures in a row, and that they are over; for the operator. */
  report: (text: string) => void;
  /** Body of a 200 answer. Rejects when there is none. Injected by tests. */
  fetch?: typeof fetchText;
  /** Default FETCH_MS. */
  timeoutMs?: number;
}

/** Keys that stand in the configuration. */
export function fixedKeys(keys: readonly Key[]): KeySource {
  return { keys: async () => keys, newer: async () => null, close: () => {} };
}

export class KeySet implements KeySource {
  private readonly options: KeySetOptions;
  private readonly fetch: typeof fetchText;
  private readonly closing = new AbortController();
  private held: readonly Key[] | null = null;
  private heldAt = 0;
  private triedAt = Number.NEGATIVE_INFINITY;
  private failed = false;
  private fetching: Promise<void> | null = null;

  constructor(options: KeySetOptions) {
    this.options = options;
    this.fetch = options.fetch ?? fetchText;
  }

  async keys(): Promise<readonly Key[]> {
    const age = this.options.elapsedMs() - this.heldAt;
    if (this.held !== null && age < KEPT_MS) {
      if (age >= FRESH_MS) void this.renew();
      return this.held;
    }
    await this.renew();
    const now = this.options.elapsedMs();
    if (this.held !== null && now - this.heldAt < GRACE_MS) return this.held;
    throw this.unavailable();
  }

  async newer(known: readonly Key[]): Promise<readonly Key[] | null> {
    if (this.held === known) await this.renew();
    if (this.held !== known && this.held !== null) return this.held;
    if (this.failed) throw this.unavailable();
    return null;
  }

  close(): void {
    this.closing.abort();
  }

  private unavailable(): KeysUnavailable {
    return new KeysUnavailable(
      "the keys of the token's issuer cannot be fetched now; try again later",
    );
  }

  /** Fetches unless that was tried just now; joins a fetch that is under way. Never rejects. */
  private renew(): Promise<void> {
    if (this.fetching !== null) return this.fetching;
    const now = this.options.elapsedMs();
    if (now - this.triedAt < COOLDOWN_MS || this.closing.signal.aborted) return Promise.resolve();
    this.triedAt = now;
    this.fetching = this.load().finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  private async load(): Promise<void> {
    const { issuer, elapsedMs, report } = this.options;
    const began = elapsedMs();
    try {
      this.held = await this.published();
      this.heldAt = began;
      if (this.failed) report(`The keys of issuer ${issuer} can be fetched again.`);
      this.failed = false;
    } catch (error) {
      if (this.closing.signal.aborted) return;
      const what = error instanceof Error ? error.message : String(error);
      if (!this.failed) report(`The keys of issuer ${issuer} cannot be fetched: ${what}`);
      this.failed = true;
    }
  }

  private async published(): Promise<readonly Key[]> {
    const { timeoutMs = FETCH_MS } = this.options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([timeout, this.closing.signal]);
    try {
      const url = await this.address(signal);
      const text = await this.fetch(url, { signal, bytes: SET_BYTES });
      return publishedKeys(text, this.options.algorithms);
    } catch (error) {
      if (!timeout.aborted) throw error;
      throw new KeyError(`it did not answer whole within ${timeoutMs} ms`, { cause: error });
    }
  }

  /** Of the set: as configured, else as the issuer's own metadata says. */
  private async address(signal: AbortSignal): Promise<URL> {
    const { issuer, url } = this.options;
    if ('keys' in url) return url.keys;
    const own = url.tells;
    const metadata = new URL(own);
    metadata.pathname = `${own.pathname.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const text = await this.fetch(metadata, { signal, bytes: SET_BYTES });
    let said: Record<string, unknown> | null = null;
    try {
      said = JSON.parse(text) as Record<string, unknown> | null;
    } catch {
      throw new KeyError(`${metadata.href} is not JSON`);
    }
    // Mix-up: metadata of another issuer would have us trust that one's keys (Discovery 4.3).
    if (said?.issuer !== issuer) throw new KeyError(`${metadata.href} is of another issuer`);
    if (typeof said.jwks_uri !== 'string') throw new KeyError(`${metadata.href} names no jwks_uri`);
    const named = keyUrl(said.jwks_uri);
    if (named.protocol === 'http:' && own.protocol !== 'http:') {
      throw new KeyError(`${metadata.href} names keys that are not behind https`);
    }
    return named;
  }
}
