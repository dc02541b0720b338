// Owns the defaults and checks of a connection's options, and which platform finds hosts: the
// browser's, or Node's, which node/index.ts puts in its place.

import { INVALID_ARGUMENT } from '../../assembly/shared/status.ts';
import { browser } from './browser.ts';
import { CellError } from './error.ts';
import type { Backoff, LinkOptions, Target } from './link.ts';
import { type ConnectOptions, type Platform, tokenOf } from './platform.ts';
import type { Dial } from './transport.ts';

let platform: Platform = browser;

/** Makes `other` find hosts from now on. For entries (node/index.ts). */
export function usePlatform(other: Platform): void {
  platform = other;
}

const BACKOFF: Backoff = { minMs: 50, maxMs: 5000, attempts: Infinity };

function positive(options: ConnectOptions, name: keyof ConnectOptions, otherwise: number): number {
  const value = options[name] ?? otherwise;
  if (typeof value === 'number' && value > 0) return value;
  throw new CellError(INVALID_ARGUMENT, `${name} must be a positive number, got ${value}`);
}

/** What calls need of the options. */
export function settings(options: ConnectOptions): { timeout: number; queueBytes: number } {
  return {
    timeout: positive(options, 'timeout', 30_000),
    queueBytes: positive(options, 'queueBytes', 16 << 20),
  };
}

/** What the connection needs of the options. */
export function linkOptions(options: ConnectOptions): LinkOptions {
  const { reconnect = true, dial } = options;
  const wanted = typeof reconnect === 'object' ? reconnect : {};
  const own = (): Target => {
    return { address: options.url ?? 'in-process', dial: dial as Dial, token: tokenOf(options) };
  };
  return {
    find: dial === undefined ? () => platform.find(options) : own,
    agent: options.agent ?? platform.agent,
    backoff: reconnect === false ? null : { ...BACKOFF, ...wanted },
    connectTimeout: positive(options, 'connectTimeout', 10_000),
    keepalive: positive(options, 'keepalive', 20_000),
  };
}
