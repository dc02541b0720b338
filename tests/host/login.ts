// Owns a real issuer under test: oidc-provider on loopback, whose keys can be turned over and which
// can be taken off the network. Clients get tokens by the client credentials grant. No tests here.

import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';

/** The resource that tokens are for: their `aud`. */
export const SHOP = 'https://shop.example';
const SECRET = 'a-secret-of-the-test-that-is-long-enough';

type Key = Record<string, unknown>;

function signingKey(kid: string): Key {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' };
}

/** What oidc-provider keeps, in this process: its own in-memory adapter warns at every start. */
class Kept implements Adapter {
  private readonly rows = new Map<string, AdapterPayload>();

  async upsert(id: string, payload: AdapterPayload): Promise<undefined> {
    this.rows.set(id, payload);
  }
  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.rows.get(id);
  }
  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return [...this.rows.values()].find((row) => row.uid === uid);
  }
  async findByUserCode(): Promise<undefined> {}
  async consume(): Promise<undefined> {}
  async destroy(id: string): Promise<undefined> {
    this.rows.delete(id);
  }
  async revokeByGrantId(): Promise<undefined> {}
}

/** A provider that signs with the first of `keys` and publishes them all. */
function provider(issuer: string, keys: Key[], roles: Record<string, string[]>): Provider {
  const client = (id: string) => ({
    client_id: id,
    client_secret: SECRET,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  });
  return new Provider(issuer, {
    adapter: Kept,
    clients: Object.keys(roles).map(client),
    jwks: { keys },
    cookies: { keys: ['of a test'] },
    scopes: ['write:accounts'],
    enabledJWA: { idTokenSigningAlgValues: ['EdDSA'] },
    clientDefaults: { id_token_signed_response_alg: 'EdDSA' },
    extraTokenClaims: (_, token) => ({
      realm_access: { roles: roles[String(token.clientId)] ?? [] },
    }),
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => SHOP,
        getResourceServerInfo: () => ({
          scope: 'write:accounts',
          audience: SHOP,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'EdDSA' } },
        }),
      },
    },
  });
}

export interface Login {
  readonly issuer: string;
  /** Paths asked for, as `GET /jwks`. */
  readonly asked: string[];
  /** A token of the client with this id. */
  token(client: string, scope?: string): Promise<string>;
  /** A new signing key; `retire`: the ones before are no longer published. */
  rotate(retire: boolean): void;
  /** Off the network: connections are cut, and come back with `false`. */
  away: boolean;
  close(): Promise<void>;
}

/** @param roles clients that there are, with the roles that their tokens hold */
export async function openLogin(roles: Record<string, string[]>): Promise<Login> {
  let answer: http.RequestListener = () => {};
  let away = false;
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (away) request.socket.destroy();
    else answer(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let keys: Key[] = [];
  const rotate = (retire: boolean): void => {
    keys = [signingKey(`key-${Math.random()}`), ...(retire ? [] : keys)];
    answer = provider(issuer, keys, roles).callback();
  };
  rotate(true);
  const token = async (client: string, scope = ''): Promise<string> => {
    const form = { grant_type: 'client_credentials', client_id: client, client_secret: SECRET };
    const body = new URLSearchParams({ ...form, ...(scope === '' ? {} : { scope }) });
    const reply = await fetch(`${issuer}/token`, { method: 'POST', body });
    const said = (await reply.json()) as { access_token?: string };
    if (said.access_token === undefined) throw new Error(JSON.stringify(said));
    return said.access_token;
  };
  return {
    ...{ issuer, asked, token, rotate },
    get away() {
      return away;
    },
    set away(value: boolean) {
      away = value;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
