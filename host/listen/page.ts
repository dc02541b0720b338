// Owns what plain HTTP answers on a listener's port, the same for every listener: GET and HEAD of
// static content through ListenOptions.http. Never serves calls, never reads a body.

import { STATUS_CODES } from 'node:http';
import { refusal } from './admission.ts';
import type { HttpReply, HttpRequest, ListenOptions } from './contract.ts';

/** Bytes of request headers; threat: memory before anything is known. */
export const HTTP_HEADER_BYTES = 16 << 10;
/** Milliseconds for a whole request to arrive; threat: one byte a minute. */
export const HTTP_REQUEST_MS = 10_000;

const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/i;

/** A short text reply with the headers that any refusal should have. */
export function plain(status: number, text: string, extra: Record<string, string> = {}): HttpReply {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...extra,
  };
  return { status, headers, body: `${text}\n` };
}

/** `404 Not Found` for uWebSockets.js and raw sockets. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

function checked(reply: HttpReply): HttpReply {
  for (const [name, value] of Object.entries(reply.headers)) {
    if (!TOKEN.test(name) || /[\r\n\0]/.test(value))
      return plain(500, 'The page has a malformed header.');
  }
  return reply;
}

/**
 * The reply to one request: admission, method, upgrade path, then the handler. A handler that
 * throws answers 500 and its error stays on this side.
 */
export function answer(
  options: ListenOptions,
  request: HttpRequest,
): HttpReply | Promise<HttpReply> {
  const refused = refusal(options, request.headers.host ?? '', request.headers.origin ?? '');
  if (refused !== null) return plain(403, refused);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(405, 'Only GET and HEAD are answered here.', { allow: 'GET, HEAD' });
  }
  if (request.path === options.upgradePath) {
    const upgrade = { upgrade: 'websocket', connection: 'upgrade' };
    return plain(426, 'This address speaks WebSocket.', upgrade);
  }
  if (!options.http) return plain(404, 'Nothing is served here.');
  const failed = () => plain(500, 'The page could not be made.');
  try {
    const reply = options.http(request);
    return reply instanceof Promise ? reply.then(checked, failed) : checked(reply);
  } catch {
    return failed();
  }
}
