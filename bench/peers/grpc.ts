// gRPC by grpc-js: the token is in every call's metadata, as gRPC services have it.

import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Client, Service, User } from './peer.ts';
import { users } from './peer.ts';
import { bearer, mayRead } from './token.ts';

type Unary = (
  request: { id: string },
  metadata: grpc.Metadata,
  done: (error: grpc.ServiceError | null, user?: User) => void,
) => void;

const file = fileURLToPath(new URL('users.proto', import.meta.url));
const definition = loadSync(file, { keepCase: true, defaults: true });
const { users: loaded } = grpc.loadPackageDefinition(definition) as unknown as {
  users: { Users: grpc.ServiceClientConstructor };
};

function get(
  call: grpc.ServerUnaryCall<{ id: string }, User>,
  done: grpc.sendUnaryData<User>,
): void {
  const header = call.metadata.get('authorization')[0];
  if (!mayRead(bearer(header?.toString()))) {
    done({ code: grpc.status.UNAUTHENTICATED, details: 'token' });
    return;
  }
  const user = users.get(call.request.id);
  if (user === undefined) done({ code: grpc.status.NOT_FOUND, details: 'no such user' });
  else done(null, user);
}

export async function serve(): Promise<Service> {
  const server = new grpc.Server();
  server.addService(loaded.Users.service, { Get: get });
  const port = await new Promise<number>((resolve, reject) => {
    const local = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', local, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return {
    url: `127.0.0.1:${port}`,
    close: async () => server.forceShutdown(),
  };
}

export async function connect(url: string, token: string): Promise<Client> {
  const client = new loaded.Users(url, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  if (token !== '') metadata.set('authorization', `Bearer ${token}`);
  const call = (client.Get as Unary).bind(client);
  return {
    get: (id) =>
      new Promise((resolve, reject) => {
        call({ id }, metadata, (error, user) => {
          if (error !== null || user === undefined) reject(error ?? new Error('no user'));
          else resolve(user);
        });
      }),
    close: async () => client.close(),
  };
}
