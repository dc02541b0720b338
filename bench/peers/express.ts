// Express 5 with jsonwebtoken: the middleware that most Express services have.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import jwt from 'jsonwebtoken';
import { type Client, ROLE, SECRET, type Service, users } from './peer.ts';
import { restClient } from './rest.ts';
import { bearer } from './token.ts';

function authenticate(request: Request, response: Response, next: NextFunction): void {
  try {
    const token = bearer(request.headers.authorization) ?? '';
    const claims = jwt.verify(token, SECRET, { algorithms: ['HS256'] }) as { roles: string[] };
    if (claims.roles.includes(ROLE)) next();
    else response.status(403).json({ error: 'role' });
  } catch {
    response.status(401).json({ error: 'token' });
  }
}

/** The application, not yet listening: bench/peers/routes.ts measures it in process. */
export function application() {
  const app = express();
  app.disable('x-powered-by');
  app.get('/users/:id', authenticate, (request: Request<{ id: string }>, response: Response) => {
    const user = users.get(request.params.id);
    if (user === undefined) response.status(404).json({ error: 'no such user' });
    else response.json(user);
  });
  return app;
}

export async function serve(): Promise<Service> {
  const server = application().listen(0, '127.0.0.1');
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
  return restClient(url, token);
}
