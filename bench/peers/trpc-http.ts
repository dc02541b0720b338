// tRPC 11 over HTTP, with its batching link: calls of one tick share a request, and a token check.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import type { Client, Service } from './peer.ts';
import { bearer, mayRead } from './token.ts';
import { type Router, router } from './trpc.ts';

/** Calls a request: tRPC puts the batch in the URL, and Node reads at most 16 KB of headers. */
const BATCH = 64;

export async function serve(): Promise<Service> {
  const server = createHTTPServer({
    router,
    createContext: ({ req }) => ({ allowed: mayRead(bearer(req.headers.authorization)) }),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function connect(url: string, token: string): Promise<Client> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const client = createTRPCClient<Router>({
    links: [httpBatchLink({ url, headers, maxItems: BATCH })],
  });
  return {
    get: (id) => client.users.get.query(id),
    close: async () => {},
  };
}
