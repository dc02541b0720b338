// Owns how a page finds its host: the origin that it came from, `/cell` for calls, `GET
// /cell/token` for a development token (a host that is not in development answers 404: the page
// is anonymous then).

import { INVALID_ARGUMENT, UNAVAILABLE } from '../../assembly/shared/status.ts';
import { CellError } from './error.ts';
import type { Target } from './link.ts';
import { type ConnectOptions, type Platform, tokenOf } from './platform.ts';
import { webSocket } from './websocket.ts';

const CALLS_PATH = '/cell';
const TOKEN_PATH = '/cell/token';

/** Asks the page's own host for a development token. null: it gives none. */
async function pageToken(): Promise<string | null> {
  const reply = await fetch(TOKEN_PATH, { headers: { 'x-cell-token': '1' } });
  if (reply.status === 404) return null;
  if (!reply.ok) throw new CellError(UNAVAILABLE, `GET ${TOKEN_PATH} answered ${reply.status}`);
  const body = (await reply.json()) as { token?: unknown };
  if (typeof body.token === 'string') return body.token;
  throw new CellError(UNAVAILABLE, `GET ${TOKEN_PATH} answered without a token`);
}

function find(options: ConnectOptions): Target {
  const { url } = options;
  if (url !== undefined) {
    if (!/^wss?:\/\//.test(url)) {
      const text = `url must begin with ws:// or wss:// here, got ${url}`;
      throw new CellError(INVALID_ARGUMENT, text);
    }
    return { address: url, dial: webSocket(url), token: tokenOf(options) };
  }
  const { location } = globalThis as { location?: { protocol: string; host: string } };
  if (location === undefined || !/^https?:$/.test(location.protocol)) {
    const text = 'no url given, and there is no page origin to connect to; pass { url }';
    throw new CellError(INVALID_ARGUMENT, text);
  }
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const address = `${scheme}://${location.host}${CALLS_PATH}`;
  return { address, dial: webSocket(address), token: tokenOf(options, pageToken) };
}

export const browser: Platform = { agent: 'cell-synapse/browser', find };
