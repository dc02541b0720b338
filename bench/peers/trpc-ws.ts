// tRPC 11 over a WebSocket: the token travels once, in the connection's parameters.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocket, WebSocketServer } from 'ws';
import type { Client, Service } from './peer.ts';
import { mayRead } from './token.ts';
import { type Router, router } from './trpc.ts';

export async function serve(): Promise<Service> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  applyWSSHandler({
    wss,
    router,
    createContext: ({ info }) => ({ allowed: mayRead(info.connectionParams?.token) }),
  });
  await once(wss, 'listening');
  const { port } = wss.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    async close() {
      for (const socket of wss.clients) socket.terminate();
      await new Promise((resolve) => wss.close(resolve));
    },
  };
}

export async function connect(url: string, token: string): Promise<Client> {
  const socket = createWSClient({
    url,
    // ws is faster in Node than the built-in WebSocket.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    connectionParams: { token },
    retryDelayMs: () => 1000,
  });
  const client = createTRPCClient<Router>({ links: [wsLink({ client: socket })] });
  return {
    get: (id) => client.users.get.query(id),
    close: async () => {
      await socket.close();
    },
  };
}
