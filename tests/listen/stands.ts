// Owns the listeners under test, each opened the same way, and the receptions that play the road
// behind them. No tests here.

import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Budget } from '../../host/listen/budget.ts';
import type { Listener, ListenOptions, Reception, Wire } from '../../host/listen/contract.ts';
import { loadUws } from '../../host/listen/glibc.ts';
import { createInbox } from '../../host/listen/inbox.ts';
import type { MemoryListener } from '../../host/listen/memory.ts';
import { listenMemory } from '../../host/listen/memory.ts';
import { listenSocket } from '../../host/listen/socket.ts';
import { listenUws } from '../../host/listen/uws.ts';
import { listenWs } from '../../host/listen/ws.ts';
import type { Client } from './clients.ts';
import { memoryClient, streamClient, webSocketClient } from './clients.ts';

export type Kind = 'uws' | 'ws' | 'unix' | 'tcp' | 'memory';

export interface Stand {
  kind: Kind;
  listener: Listener;
  connect(): Promise<Client>;
  options: ListenOptions;
  budget: Budget;
}

/** Kinds that this machine can open: uWebSockets.js has no binary for some. */
export const loaded = await loadUws();
export const KINDS: Kind[] = [
  ...(loaded.uws ? (['uws'] as const) : []),
  'ws',
  'unix',
  'tcp',
  'memory',
];
export const WEB_KINDS: ('uws' | 'ws')[] = loaded.uws ? ['uws', 'ws'] : ['ws'];

export function listenOptions(changes: Partial<ListenOptions> = {}): ListenOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    origins: [],
    hosts: [],
    upgradePath: '/cell',
    messageBytes: 64 << 10,
    backpressureBytes: 1 << 20,
    ...changes,
  };
}

const inbox = createInbox();

/** Opens a listener of the kind in front of `reception`. */
export async function stand<C>(
  kind: Kind,
  reception: Reception<C>,
  changes: Partial<ListenOptions> = {},
  budget = new Budget(1 << 20),
): Promise<Stand> {
  const options = listenOptions(changes);
  if (kind === 'unix') options.path = join(tmpdir(), `cell-${randomUUID().slice(0, 8)}.sock`);
  const of = { kind, options, budget };
  if (kind === 'memory') {
    const listener: MemoryListener = await listenMemory(options, reception);
    return { ...of, listener, connect: () => memoryClient(listener) };
  }
  if (kind === 'unix' || kind === 'tcp') {
    const listener = await listenSocket(budget, inbox)(options, reception);
    const where = options.path ? { path: options.path } : { port: listener.port };
    return { ...of, listener, connect: () => streamClient(where) };
  }
  const listen = kind === 'uws' ? listenUws(loaded.uws!) : listenWs;
  const listener = await listen(options, reception);
  return { ...of, listener, connect: () => webSocketClient(listener.url) };
}

/** What a recording reception saw of one connection, in order. */
export interface Seen {
  wire: Wire;
  messages: Buffer[];
  drained: number;
  closed: number;
  /** Events after `closed`, of which there must be none. */
  late: number;
}

/** A reception that records, and calls `act` for each message. */
export class Recorder implements Reception<Seen> {
  readonly seen: Seen[] = [];
  act: (seen: Seen, bytes: Uint8Array) => void = () => {};
  onOpened: (seen: Seen) => void = () => {};
  private watchers: { done: () => boolean; resolve: () => void }[] = [];

  /** Resolves once `done` holds, looked at after every event. */
  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => {
      this.watchers.push({ done, resolve });
    });
  }

  private changed(): void {
    const ready = this.watchers.filter(({ done }) => done());
    this.watchers = this.watchers.filter((watcher) => !ready.includes(watcher));
    for (const { resolve } of ready) resolve();
  }

  opened(wire: Wire): Seen {
    const seen = { wire, messages: [], drained: 0, closed: 0, late: 0 };
    this.seen.push(seen);
    this.onOpened(seen);
    this.changed();
    return seen;
  }

  message(seen: Seen, bytes: Uint8Array): void {
    if (seen.closed > 0) seen.late++;
    seen.messages.push(Buffer.from(bytes));
    this.act(seen, bytes);
    this.changed();
  }

  drained(seen: Seen): void {
    if (seen.closed > 0) seen.late++;
    seen.drained++;
    this.changed();
  }

  closed(seen: Seen): void {
    seen.closed++;
    this.changed();
  }
}

/** A REQUEST frame with `payload`, whole and padded. */
export function request(call: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(Math.ceil((16 + payload.length) / 8) * 8);
  bytes.writeUInt32LE(payload.length, 0);
  bytes[4] = 3;
  bytes.writeUInt32LE(call, 8);
  bytes.set(payload, 16);
  return bytes;
}
