// Owns `/metrics` on the host's port. Who may read it: where the host is for its own machine only
// (loopback, no foreign names or origins, so no proxy stands before it) whoever reaches it, as with
// development tokens; else the bearer of a token with the scope `cell:metrics`. Pages of other
// origins never: there is no CORS here. `cells: { telemetry: { metrics: false } }` turns it off.

import type { HttpHandler, HttpReply } from '../listen/contract.ts';
import type { Identity } from '../session/identity.ts';
import { CONTENT_TYPE } from '../telemetry/exposition.ts';
import { SECURITY_HEADERS } from './pages.ts';

/** Scope of the tokens that may read metrics. */
export const METRICS_SCOPE = 'cell:metrics';
const PATH = '/metrics';

/** What the endpoint needs. */
export interface MetricsOptions {
  text(): string;
  /** Nobody from outside can ask. */
  open: boolean;
  /** Who a token is; rejects when it is not to be believed. */
  verify(token: string): Promise<Identity>;
}

function reply(status: number, body: string, extra: Record<string, string> = {}): HttpReply {
  const type = status === 200 ? CONTENT_TYPE : 'text/plain; charset=utf-8';
  const headers = { 'cache-control': 'no-store', 'content-type': type, ...extra };
  return { status, headers: { ...SECURITY_HEADERS, ...headers }, body };
}

const unknown = (): HttpReply =>
  reply(401, `A token with the scope ${METRICS_SCOPE} is needed.\n`, {
    'www-authenticate': `Bearer scope="${METRICS_SCOPE}"`,
  });

async function guarded(header: string | undefined, options: MetricsOptions): Promise<HttpReply> {
  const token = /^Bearer +([\w.~+/=-]+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) return unknown();
  let identity: Identity;
  try {
    identity = await options.verify(token);
  } catch {
    return unknown();
  }
  if (identity.scopes.includes(METRICS_SCOPE)) return reply(200, options.text());
  return reply(403, `The token does not have the scope ${METRICS_SCOPE}.\n`);
}

/** Puts `/metrics` before `next`. null options: it is off, and the path is a page's like others. */
export function withMetrics(next: HttpHandler, options: MetricsOptions | null): HttpHandler {
  if (options === null) return next;
  return (request) => {
    if (request.path !== PATH) return next(request);
    if (options.open) return reply(200, options.text());
    return guarded(request.headers.authorization, options);
  };
}
