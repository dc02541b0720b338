// Owns the durable fields of a cell in a Redis: one connection, one transaction a batch, and the
// lease by which one host has them. What Redis keeps over its own end is its configuration's:
// anything but `appendfsync always` is told once, since answers may then be lost with the server.
//
// The lease is watched by each transaction: a host that was away for longer than its lease, while
// another one wrote, is refused by Redis itself, whatever its clock says.
import {
  FAILED_PRECONDITION,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
  UNKNOWN,
} from '../../../assembly/shared/status.ts';
import type { Secret } from '../../lane/contract.ts';
import {
  KV_FIELD_BYTES,
  type KvFailure,
  type KvField,
  type KvListed,
  type KvStore,
  snapshotOf,
} from './contract.ts';
import { HOST_ID } from './host-id.ts';
import { type Command, RedisKeys } from './redis-keys.ts';

/** Milliseconds that a lease lasts, and after which it is renewed. */
const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
/** Milliseconds for a connection, and for one answer. */
const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;
/** Transactions that are tried for one batch. */
const TRIES = 5;

const RENEW = `if redis.call('get', KEYS[1]) == ARGV[1] then
  return redis.call('pexpire', KEYS[1], ARGV[2])
end return 0`;
const GIVE_BACK = `if redis.call('get', KEYS[1]) == ARGV[1] then
  return redis.call('del', KEYS[1])
end return 0`;

const AWAY = 'this host was away for longer than its lease';
const TAKEN = 'another host has them; they are free when it ends, or a while after it was lost';

/** Replies of texts come as bytes: RESP_TYPES.BLOB_STRING. */
const BUFFERS = { 36: Buffer };

export interface RedisOptions {
  /** redis:// or rediss://; its password is told nobody. */
  url: Secret;
  cell: string;
  fields: readonly string[];
  /** Who has the lease; default: this process. */
  owner?: string;
  leaseMs?: number;
}

type Client = Awaited<ReturnType<typeof connect>>;

/** The client is loaded when it is needed: it takes as long as the rest of a lane's code. */
async function connect(url: string) {
  const { createClient } = await import('@redis/client');
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false },
  });
}

/** The server was asked to do it; whether it has is not known. */
class Unsure extends Error {}

/** What is told as it is. */
class Refused extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

export class RedisStore implements KvStore {
  readonly warnings: string[] = [];
  private readonly options: Required<RedisOptions>;
  private readonly keys: RedisKeys;
  private client: Client | null = null;
  /** One request after the other: a transaction watches the whole connection. */
  private last: Promise<unknown> = Promise.resolve();
  private count = 0;
  /** What instances have in memory was loaded under our lease. */
  private had = false;
  private renewal: NodeJS.Timeout | null = null;

  constructor(options: RedisOptions) {
    this.options = { owner: HOST_ID, leaseMs: LEASE_MS, ...options };
    this.keys = new RedisKeys(options.cell, options.fields);
  }

  load(field: number): Promise<KvField | KvFailure> {
    return this.turn(async () => {
      const client = await this.owned();
      const { keys } = this;
      const type = (await this.raw(client, [
        'HGET',
        keys.types,
        keys.name(field),
      ])) as Buffer | null;
      const order = (await this.raw(client, ['ZRANGE', keys.orders(field), '0', '-1'])) as Buffer[];
      const flat = (await this.raw(client, ['HGETALL', keys.values(field)])) as Buffer[];
      return { type: type?.toString() ?? '', snapshot: inOrder(order, flat, keys.name(field)) };
    });
  }

  commit(batch: Uint8Array): Promise<KvFailure | null> {
    return this.turn(async () => {
      const client = await this.owned(this.had);
      const { commands, last } = this.keys.commands(batch, this.count);
      // A lease that was only renewed while it was watched ends the transaction, too.
      for (let tries = 1; !(await this.transaction(client, commands)); tries++) {
        if (tries === TRIES) throw new Refused(UNAVAILABLE, 'its lease changes all the time');
      }
      this.count = last;
      return null;
    });
  }

  list(): Promise<KvListed[] | KvFailure> {
    return this.turn(async () => {
      const client = await this.owned();
      const flat = (await this.raw(client, ['HGETALL', this.keys.types])) as Buffer[];
      const listed: KvListed[] = [];
      for (let i = 0; i < flat.length; i += 2) {
        const name = String(flat[i]);
        const entries = await this.raw(client, ['HLEN', this.keys.valuesOf(name)]);
        listed.push({ name, type: String(flat[i + 1]), entries: Number(entries) });
      }
      return listed.sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  async close(): Promise<void> {
    await this.turn(async () => {
      const { client } = this;
      const { lease } = this.keys;
      if (client === null) return null;
      await this.raw(client, ['EVAL', GIVE_BACK, '1', lease, this.options.owner]);
      return null;
    });
    this.drop();
  }

  private turn<T>(work: () => Promise<T>): Promise<T | KvFailure> {
    const turn = this.last.then(work).catch((error: Error) => this.failure(error));
    this.last = turn;
    return turn;
  }

  /** A connection on which something failed is not used again. */
  private failure(error: Error): KvFailure {
    this.drop();
    const text = `redis, fields of \`${this.options.cell}\`: ${error.message}`;
    if (error instanceof Refused) return { status: error.status, text };
    return { status: error instanceof Unsure ? UNKNOWN : UNAVAILABLE, text };
  }

  private drop(): void {
    if (this.renewal !== null) clearInterval(this.renewal);
    this.renewal = null;
    if (this.client?.isOpen) this.client.destroy();
    this.client = null;
  }

  /**
   * A connection whose lease is ours; `still`: that it must have been all the while, since nobody
   * else may have written what instances do not know of.
   */
  private async owned(still = false): Promise<Client> {
    if (this.client !== null) return this.client;
    const client = await connect(this.url());
    // Failures are told to who asked; without a listener they would end the process.
    client.on('error', () => {});
    await client.connect();
    this.client = client;
    await this.take(client, still);
    this.had = true;
    await this.judge(client);
    const number = (await this.raw(client, ['GET', this.keys.order])) as Buffer | null;
    this.count = Number(number?.toString() ?? 0);
    this.renewal = setInterval(() => void this.renew(), RENEW_MS);
    this.renewal.unref();
    return client;
  }

  private url(): string {
    const { url } = this.options;
    if (typeof url === 'string') return url;
    const found = process.env[url.env];
    if (found) return found;
    throw new Refused(FAILED_PRECONDITION, `the environment has no ${url.env}`);
  }

  private async take(client: Client, still: boolean): Promise<void> {
    const { owner, leaseMs } = this.options;
    const { lease } = this.keys;
    const set = ['SET', lease, owner, 'NX', 'PX', String(leaseMs)];
    if (!still && (await this.raw(client, set)) !== null) return;
    if ((await this.raw(client, ['EVAL', RENEW, '1', lease, owner, String(leaseMs)])) === 1) return;
    throw new Refused(UNAVAILABLE, still ? AWAY : TAKEN);
  }

  private async checkLease(client: Client): Promise<void> {
    const holder = (await this.raw(client, ['GET', this.keys.lease])) as Buffer | null;
    if (holder?.toString() === this.options.owner) return;
    throw new Refused(UNAVAILABLE, AWAY);
  }

  private async renew(): Promise<void> {
    await this.turn(async () => {
      const { client } = this;
      if (client === null) return null;
      const { owner, leaseMs } = this.options;
      const args = ['1', this.keys.lease, owner, String(leaseMs)];
      await this.raw(client, ['EVAL', RENEW, ...args]);
      return null;
    });
  }

  /** Says what the server's configuration costs, where it tells that at all. */
  private async judge(client: Client): Promise<void> {
    try {
      const read = async (name: string): Promise<string> => {
        const found = (await this.raw(client, ['CONFIG', 'GET', name])) as Buffer[];
        return found[1]?.toString() ?? '';
      };
      const only = await read('appendonly');
      const sync = await read('appendfsync');
      if (only === 'yes' && sync === 'always') return;
      const what = only === 'yes' ? `appendfsync ${sync}` : 'no append-only file';
      this.warnings.push(
        `its fields are in a Redis with ${what}: when that server is lost, what it had not yet ` +
          'written to its disk is lost though it was answered; ' +
          'set appendonly yes, appendfsync always',
      );
    } catch {
      // A server that does not tell its configuration is configured by somebody else.
    }
  }

  /** False: nothing was done, since something happened to the lease. */
  private async transaction(client: Client, commands: Command[]): Promise<boolean> {
    await this.raw(client, ['WATCH', this.keys.lease]);
    await this.checkLease(client);
    const multi = client.multi();
    for (const command of commands) multi.addCommand(command);
    try {
      await this.within(multi.exec());
      return true;
    } catch (error) {
      const { WatchError } = await import('@redis/client');
      if (error instanceof WatchError) return false;
      const said = (error as Error).message;
      // The server has answered: nothing of a transaction that it refuses is done.
      if (/^(EXECABORT|OOM|READONLY|MISCONF|NOREPLICAS|NOAUTH|NOPERM)\b/.test(said)) {
        throw new Refused(UNAVAILABLE, said);
      }
      throw new Unsure(said);
    }
  }

  private raw(client: Client, command: Command): Promise<unknown> {
    const asked = client.sendCommand(command, { typeMapping: BUFFERS }) as Promise<unknown>;
    return this.within(asked);
  }

  /** What does not answer in time is taken for lost. */
  private async within<T>(asked: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const text = `no answer within ${ANSWER_MS / 1000} s`;
      timer = setTimeout(() => reject(new Error(text)), ANSWER_MS);
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A snapshot of a hash, by the order of its keys. */
function inOrder(order: Buffer[], flat: Buffer[], field: string): Uint8Array {
  const values = new Map<string, Buffer>();
  let bytes = 0;
  for (let i = 0; i < flat.length; i += 2) {
    values.set(flat[i].toString('latin1'), flat[i + 1]);
    bytes += flat[i].length + flat[i + 1].length + 8;
  }
  if (bytes > KV_FIELD_BYTES) {
    const text = `\`${field}\` has ${bytes} bytes; at most ${KV_FIELD_BYTES} are loaded`;
    throw new Refused(RESOURCE_EXHAUSTED, text);
  }
  const entries = order.flatMap((key) => {
    const value = values.get(key.toString('latin1'));
    return value === undefined ? [] : [[key, value] as const];
  });
  return snapshotOf(entries);
}
