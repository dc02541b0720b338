// Cap'n Web over a WebSocket: `authenticate(token)` returns the object that holds the methods,
// which is how its documentation does authentication. Both ends are its own.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { newWebSocketRpcSession, type RpcStub, RpcTarget } from 'capnweb';
import { WebSocket, WebSocketServer } from 'ws';
import { type Client, type Service, type User, users } from './peer.ts';
import { mayRead } from './token.ts';

class Users extends RpcTarget {
  get(id: string): User {
    const user = users.get(id);
    if (user === undefined) throw new Error('no such user');
    return user;
  }
}

class Gate extends RpcTarget {
  authenticate(token: string): Users {
    if (!mayRead(token)) throw new Error('token');
    return new Users();
  }
}

export async function serve(): Promise<Service> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  wss.on('connection', (socket) => {
    newWebSocketRpcSession(socket as unknown as globalThis.WebSocket, new Gate());
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
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const gate = newWebSocketRpcSession<Gate>(socket as unknown as globalThis.WebSocket);
  const granted = gate.authenticate(token) as unknown as RpcStub<Users>;
  return {
    get: (id) => granted.get(id) as unknown as Promise<User>,
    async close() {
      gate[Symbol.dispose]();
      socket.terminate();
    },
  };
}
