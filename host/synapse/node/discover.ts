// Owns how a Node program finds its host: `url`, else CELL_URL, else the nearest host file. With a
// token for it: the given one, else CELL_TOKEN, else on a development host one minted with the
// project's own key. A token goes only to the host that it was meant for: CELL_TOKEN to CELL_URL
// or the found host.

import { dirname } from 'node:path';
import { INVALID_ARGUMENT, UNAVAILABLE } from '../../../assembly/shared/status.ts';
import { CellError } from '../error.ts';
import type { Target } from '../link.ts';
import { type ConnectOptions, type Platform, tokenOf } from '../platform.ts';
import type { Dial } from '../transport.ts';
import { type Found, findHostFile, isRunning } from './host-file.ts';
import { socket, socketAddress } from './socket.ts';
import { ws } from './ws.ts';

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
  const { subject = 'developer', roles = [], scopes = [], claims = {} } = options.as ?? {};
  return openDevelopmentIssuer(run).mintToken({ subject, roles, scopes, claims });
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
