// Fastify 5 with @fastify/jwt, as their documentation shows it: a decorator that verifies, a hook
// that checks the role, a response schema so that the fast serialiser is used.

import jwt from '@fastify/jwt';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Client, ROLE, SECRET, type Service, users } from './peer.ts';
import { restClient } from './rest.ts';

const userSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    name: { type: 'string' },
    email: { type: 'string' },
    role: { type: 'string' },
    active: { type: 'boolean' },
    logins: { type: 'integer' },
  },
} as const;

async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  try {
    const claims = await request.jwtVerify<{ roles: string[] }>();
    if (!claims.roles.includes(ROLE)) await reply.code(403).send({ error: 'role' });
  } catch {
    await reply.code(401).send({ error: 'token' });
  }
}

/** The application, not yet listening: bench/peers/routes.ts measures it in process. */
export async function application() {
  const app = fastify({ logger: false });
  await app.register(jwt, { secret: SECRET });
  app.get<{ Params: { id: string } }>(
    '/users/:id',
    { onRequest: authenticate, schema: { response: { 200: userSchema } } },
    async (request, reply) => {
      const user = users.get(request.params.id);
      if (user === undefined) return reply.code(404).send({ error: 'no such user' });
      return user;
    },
  );
  await app.ready();
  return app;
}

export async function serve(): Promise<Service> {
  const app = await application();
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, close: () => app.close() };
}

export async function connect(url: string, token: string): Promise<Client> {
  return restClient(url, token);
}
