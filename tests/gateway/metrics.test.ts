// Who may read /metrics: everybody where nobody from outside can ask, else a token with its scope.
import test from 'ava';
import { METRICS_SCOPE, type MetricsOptions, withMetrics } from '../../host/gateway/metrics.ts';
import type { HttpReply } from '../../host/listen/contract.ts';
import type { Identity } from '../../host/session/identity.ts';

const PAGE: HttpReply = { status: 200, headers: {}, body: 'page' };

function endpoint(more: Partial<MetricsOptions> | null) {
  const verify = async (token: string) => {
    if (token === 'bad') throw new Error('no');
    return { scopes: token.split('.') } as Identity;
  };
  const options = more && { text: () => 'up 1\n', open: false, verify, ...more };
  const handler = withMetrics(() => PAGE, options);
  return async (path = '/metrics', authorization?: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    return handler({ method: 'GET', path, query: '', headers });
  };
}

test('open: whoever reaches it; other paths are the pages', async (t) => {
  const ask = endpoint({ open: true });
  const reply = await ask();
  t.is(reply.status, 200);
  t.is(reply.body, 'up 1\n');
  t.is(reply.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  t.is(reply.headers['cache-control'], 'no-store');
  t.is(reply.headers['cross-origin-resource-policy'], 'same-origin');
  t.false('access-control-allow-origin' in reply.headers);
  for (const path of ['/', '/metrics/', '/Metrics', '/metricsx']) t.is(await ask(path), PAGE);
});

test('closed: a token with the scope, and nothing is said without', async (t) => {
  const ask = endpoint({});
  for (const header of [undefined, '', 'Basic abc', 'Bearer', 'Bearer bad', 'Bearer a b']) {
    const reply = await ask('/metrics', header);
    t.is(reply.status, 401, header ?? 'no header');
    t.regex(reply.headers['www-authenticate'] ?? '', /^Bearer scope="cell:metrics"$/);
    t.false(String(reply.body).includes('up 1'));
  }
  const other = await ask('/metrics', 'Bearer read.write');
  t.is(other.status, 403);
  t.false(String(other.body).includes('up 1'));
});

test('closed: the scope opens it', async (t) => {
  const verify = async () => ({ scopes: ['read', METRICS_SCOPE] }) as unknown as Identity;
  const reply = await endpoint({ verify })('/metrics', 'bearer x.y-z_');
  t.is(reply.status, 200);
  t.is(reply.body, 'up 1\n');
});

test('off: the path is a page like others', async (t) => {
  t.is(await endpoint(null)(), PAGE);
});
