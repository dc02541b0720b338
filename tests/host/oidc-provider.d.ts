// Owns the types of the part of oidc-provider that login.ts uses: the package has none of its own.

declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  export type AdapterPayload = Record<string, unknown>;

  /** Where a provider keeps what it hands out. */
  export interface Adapter {
    upsert(id: string, payload: AdapterPayload): Promise<undefined>;
    find(id: string): Promise<AdapterPayload | undefined>;
    findByUid(uid: string): Promise<AdapterPayload | undefined>;
    findByUserCode(code: string): Promise<AdapterPayload | undefined>;
    consume(id: string): Promise<undefined>;
    destroy(id: string): Promise<undefined>;
    revokeByGrantId(grant: string): Promise<undefined>;
  }

  export interface Configuration {
    adapter: new (model: string) => Adapter;
    clients: Record<string, unknown>[];
    jwks: { keys: Record<string, unknown>[] };
    cookies: { keys: string[] };
    scopes: string[];
    enabledJWA: Record<string, string[]>;
    clientDefaults: Record<string, string>;
    extraTokenClaims(context: unknown, token: { clientId?: string }): Record<string, unknown>;
    ttl: Record<string, number>;
    features: Record<string, Record<string, unknown>>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Configuration);
    callback(): RequestListener;
  }
}
