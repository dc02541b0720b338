// Owns what every stack is measured on: the record, the users, the token, and the shape of a peer.
// Never holds a stack itself; each has a file of its own, all with the same two halves.

/** The answer of `users.get(id)`, the same for all. */
export interface User {
  id: string;
  name: string;
  email: string;
  role: string;
  active: boolean;
  logins: number;
}

export const USERS = 1000;
/** HS256 key of the run; the servers are on loopback and live for a minute. */
export const SECRET = 'a secret of the benchmark, at least thirty-two bytes long';
export const SUBJECT = 'bench';
export const ISSUER = 'https://issuer.example.org';
export const AUDIENCE = 'users';
export const ROLE = 'reader';

export const userId = (n: number): string => `user-${String(n % USERS).padStart(4, '0')}`;

export const userOf = (n: number): User => ({
  id: userId(n),
  name: `Person Number ${n}`,
  email: `person.${n}@example.org`,
  role: n % 10 === 0 ? 'admin' : 'member',
  active: n % 3 !== 0,
  logins: n * 7,
});

/** What the servers look users up in. */
export const users: ReadonlyMap<string, User> = new Map(
  Array.from({ length: USERS }, (_, n) => [userId(n), userOf(n)]),
);

export interface Service {
  /** What `connect` of the same stack takes. */
  url: string;
  close(): Promise<void>;
}

export interface Client {
  get(id: string): Promise<User>;
  close(): Promise<void>;
}

/** One stack: its server, and the client that its own users would take. */
export interface Peer {
  /** Listens on a free port of 127.0.0.1. Refuses calls without a valid token of `ROLE`. */
  serve(): Promise<Service>;
  /** Connects with a token as `mintToken` makes it, or with '' for none. */
  connect(url: string, token: string): Promise<Client>;
}

/** Stacks by name; the value is the module. `cell` is measured against the others. */
export const stacks = [
  'cell',
  'fastify',
  'express',
  'trpc-http',
  'trpc-ws',
  'grpc',
  'capnweb',
] as const;

export type Stack = (typeof stacks)[number];

/** The module of a stack. */
export async function load(stack: Stack): Promise<Peer> {
  return (await import(`./${stack}.ts`)) as Peer;
}
