// Owns how a Node program finds its host: `url`, else CELL_URL, else the nearest
// `.cell/run/host.json` upward from the working directory, which a running host writes. With a
// token for it: the given one, else CELL_TOKEN, else on a development host one minted with the
// project's own key. A token goes only to the host that it was meant for: CELL_TOKEN to CELL_URL
// or the found host. A host file that another user wrote (in /tmp, say, above a project) names no
// host of ours: it would be given our token.

import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  UNAVAILABLE,
} from '../../../assembly/shared/status.ts';
import { CellError } from '../error.ts';
import type { Target } from '../link.ts';
import { type ConnectOptions, type Platform, tokenOf } from '../platform.ts';
import type { Dial } from '../transport.ts';
import { socket, socketAddress } from './socket.ts';
import { ws } from './ws.ts';

/** What a running host says of itself in `.cell/run/host.json`. */
export interface HostFile {
  pid: number;
  /** WebSocket address, `ws://127.0.0.1:4400/cell`. */
  url: string;
  /** Path of the Unix socket; null where there is none. */
  socket: string | null;
  /** Path of the development issuer's key; null when the host has configured issuers only. */
  issuerKey: string | null;
}

const HOST_FILE = join('.cell', 'run', 'host.json');

interface Found {
  file: string;
  host: HostFile;
}

/** The host file nearest to `folder`, itself or upward; null when there is none. */
export function findHostFile(folder: string): Found | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, HOST_FILE);
    const text = readIfThere(file);
    if (text !== null) {
      checkOwner(file);
      return { file, host: parseHostFile(file, text) };
    }
    if (dirname(at) === at) return null;
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return null;
    throw error;
  }
}

/** Nobody else may have written the file. Systems without user ids have nothing to ask. */
function checkOwner(file: string): void {
  const self = process.getuid?.();
  if (self === undefined) return;
  const { uid, mode } = statSync(file);
  if (uid === self && (mode & 0o002) === 0) return;
  const text = `${file} could be written by another user, so its host is not trusted; pass { url }`;
  throw new CellError(PERMISSION_DENIED, text, { unsent: true });
}

function parseHostFile(file: string, text: string): HostFile {
  const broken = (why: string) =>
    new CellError(UNAVAILABLE, `${file} ${why}; remove it, or start the host again`);
  let host: Partial<HostFile> | null;
  try {
    host = JSON.parse(text) as Partial<HostFile> | null;
  } catch (cause) {
    throw broken(`is not JSON (${(cause as Error).message})`);
  }
  if (typeof host?.url !== 'string') throw broken('names no url');
  return {
    pid: typeof host.pid === 'number' ? host.pid : 0,
    url: host.url,
    socket: typeof host.socket === 'string' ? host.socket : null,
    issuerKey: typeof host.issuerKey === 'string' ? host.issuerKey : null,
  };
}

/** False when the process is certainly gone. */
export function isRunning(pid: number): boolean {
  if (pid <= 0) return true;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The transport for a url. INVALID_ARGUMENT for a scheme that is none of the four. */
function dialFor(url: string): Dial {
  if (/^wss?:\/\/./.test(url)) return ws(url);
  const address = socketAddress(url);
  if (address !== null) return socket(address);
  const known = 'ws://host/cell, wss://host/cell, unix:/path or tcp://host:port';
  throw new CellError(INVALID_ARGUMENT, `url must be ${known}, got ${url}`);
}

/** A token that the development host of the run folder `run` takes. */
async function mint(run: string, options: ConnectOptions): Promise<string> {
  const { openDevelopmentIssuer } = await import('../../session/issuer.ts');
  const { subject = 'developer', roles = [], scopes = [] } = options.as ?? {};
  return openDevelopmentIssuer(run).mintToken({ subject, roles, scopes });
}

/** The key lies beside the host file: never where the file's text says. */
function foundToken({ file, host }: Found, options: ConnectOptions): Target['token'] {
  const given = process.env.CELL_TOKEN;
  if (given !== undefined && given !== '') return () => given;
  return host.issuerKey === null ? () => null : () => mint(dirname(file), options);
}

function find(options: ConnectOptions): Target {
  const { CELL_URL, CELL_TOKEN } = process.env;
  const url = options.url ?? (CELL_URL || undefined);
  if (url !== undefined) {
    const meant = options.url === undefined || options.url === CELL_URL;
    const token = tokenOf(options, () => (meant && CELL_TOKEN ? CELL_TOKEN : null));
    return { address: url, dial: dialFor(url), token };
  }
  const found = findHostFile(process.cwd());
  if (found === null) {
    const text =
      `no host found: no .cell/run/host.json in ${process.cwd()} or above; ` +
      'start one with `cell run`, set CELL_URL, or pass { url }';
    throw new CellError(UNAVAILABLE, text, { unsent: true });
  }
  const { file, host } = found;
  if (!isRunning(host.pid)) {
    const text = `the host of ${file} (process ${host.pid}) is not running; run \`cell run\``;
    throw new CellError(UNAVAILABLE, text, { unsent: true });
  }
  const address = host.socket === null ? host.url : `unix:${host.socket}`;
  return { address, dial: dialFor(address), token: tokenOf(options, foundToken(found, options)) };
}

export const node: Platform = { agent: `cell-synapse/node-${process.versions.node}`, find };
