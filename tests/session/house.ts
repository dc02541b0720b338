// Owns a reception under test: lanes that only record, slots in a memory of their own, a fixed
// issuer, and clients over the in-process listener. No tests here.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import {
  S_CALLER,
  S_EXPIRY,
  S_FLAGS,
  S_GENERATION,
  S_ROLES,
  S_SCOPES,
  S_SUBJECT,
  S_SUBJECT_AT,
  S_SUBJECT_BYTES,
  SESSION_BYTES,
} from '../../assembly/shared/layout.ts';
import type { CellSpec, Lanes } from '../../host/lane/contract.ts';
import { Budget } from '../../host/listen/budget.ts';
import { listenMemory } from '../../host/listen/memory.ts';
import { fingerprint, fingerprintNumber } from '../../host/schema/fingerprint.ts';
import type { Access } from '../../host/schema/types.ts';
import { createRights } from '../../host/session/bits.ts';
import { Delivery } from '../../host/session/delivery.ts';
import { openDevelopmentIssuer } from '../../host/session/issuer.ts';
import type { SessionLimits } from '../../host/session/reception.ts';
import { createReception } from '../../host/session/reception.ts';
import { openRevocations } from '../../host/session/revocation.ts';
import { createVerifier, type Verifier } from '../../host/session/token.ts';
import type { Hello, Welcome } from '../../host/session/wire.ts';
import { decodeError, decodeWelcome, frameHeader, helloFrame } from '../../host/session/wire.ts';
import type { Client } from '../listen/clients.ts';
import { memoryClient } from '../listen/clients.ts';
import { listenOptions } from '../listen/stands.ts';

export const TEXT_BYTES = 256;

/** Lanes that record what is pushed; `full` makes their ring refuse. */
export class FakeLanes implements Lanes {
  readonly count = 2;
  onRoom: (lane: number) => void = () => {};
  full = false;
  /** Pushes that the ring still takes before it is full. */
  room = Number.POSITIVE_INFINITY;
  readonly pushed: { lane: number; connection: number; generation: number; bytes: Buffer }[] = [];
  onPush: (connection: number, generation: number, bytes: Buffer) => void = () => {};
  private next = 0;

  async load(): Promise<void> {}

  assign(): number {
    return this.next++ % this.count;
  }

  push(lane: number, connection: number, generation: number, bytes: Uint8Array): boolean {
    if (this.full || this.room-- <= 0) return false;
    const copy = Buffer.from(bytes);
    this.pushed.push({ lane, connection, generation, bytes: copy });
    this.onPush(connection, generation, copy);
    return true;
  }

  stats() {
    return [];
  }

  methods() {
    return [];
  }

  spans() {
    return 0;
  }

  spansLost() {
    return 0;
  }

  collectSpans() {}

  counters() {
    return [];
  }

  async stop(): Promise<void> {}
}

export const PUBLIC: Access = { public: true, anyRole: [], scopes: [] };
export const SIGNED: Access = { public: false, anyRole: [], scopes: [] };

/** A cell `demo` with methods of the given access, each `demo.<name>(u32)->u32`. */
export function demoCell(methods: Record<string, Access>, firstRoute = 0, cell = 'demo'): CellSpec {
  const u32 = { kind: 'scalar', scalar: 'u32' } as const;
  const rows = Object.entries(methods).map(([name, access], index) => {
    const canonical = `${cell}.${name}(u32)->u32`;
    const params = [{ name: 'x', type: u32 }];
    const common = { name, index, params, result: u32, tier: 'pure' as const, access, canonical };
    return { ...common, fingerprint: fingerprint(canonical) };
  });
  const schema = {
    version: 1 as const,
    service: 'Demo',
    cell,
    methods: rows,
    records: [],
    enums: [],
  };
  return { name: cell, schema, firstRoute, index: 0 } as unknown as CellSpec;
}

/** The row that a client built against `text` puts in HELLO. */
export function asks(text: string, carries = false) {
  const name = text.slice(0, text.indexOf('('));
  return { name, fingerprint: fingerprintNumber(fingerprint(text)), text: carries ? text : null };
}

export interface HouseOptions {
  cells?: CellSpec[];
  limits?: Partial<SessionLimits>;
  sessions?: number;
  budgetBytes?: number;
  folder?: string;
  /** Default: the development issuer's. */
  verifier?: Verifier;
}

function slotReader(buffer: SharedArrayBuffer) {
  const view = new DataView(buffer);
  return (slot: number) => {
    const at = slot * SESSION_BYTES;
    const from = view.getUint32(at + S_SUBJECT_AT, true);
    const text = Buffer.from(buffer).subarray(
      from,
      from + view.getUint32(at + S_SUBJECT_BYTES, true),
    );
    return {
      generation: view.getUint32(at + S_GENERATION, true),
      flags: view.getUint32(at + S_FLAGS, true),
      roles: view.getBigUint64(at + S_ROLES, true),
      scopes: view.getBigUint64(at + S_SCOPES, true),
      expiry: view.getBigInt64(at + S_EXPIRY, true),
      subject: view.getUint32(at + S_SUBJECT, true),
      caller: view.getUint32(at + S_CALLER, true),
      text: text.toString(),
    };
  };
}

/** Opens a reception with all its parts; everything is closed when the test ends. */
export async function house(t: ExecutionContext, options: HouseOptions = {}) {
  const sessionCount = options.sessions ?? 8;
  const texts = sessionCount * SESSION_BYTES;
  const buffer = new SharedArrayBuffer(texts + sessionCount * 2 * TEXT_BYTES);
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'cell-house-'));
  const lanes = new FakeLanes();
  const delivery = new Delivery();
  const rights = createRights();
  const cells = options.cells ?? [demoCell({ open: PUBLIC, signed: SIGNED })];
  const revocations = await openRevocations(join(folder, 'revocations'));
  const issuer = openDevelopmentIssuer(folder);
  const budget = new Budget(options.budgetBytes ?? 1 << 20);
  const memory = { buffer, sessions: 0, sessionCount, texts, textBytes: TEXT_BYTES };
  const verifier = options.verifier ?? createVerifier([issuer.issuer]);
  const { limits } = options;
  const reception = createReception({
    memory,
    lanes,
    delivery,
    cells: () => cells,
    verifier,
    revocations,
    rights,
    limits,
    budget,
  });
  const listener = await listenMemory(listenOptions({ messageBytes: 1 << 20 }), reception);
  // In-process connections and unref'd timers do not keep a process alive.
  const alive = setInterval(() => {}, 1000);
  t.teardown(async () => {
    clearInterval(alive);
    reception.close();
    await listener.close();
    await revocations.close();
    if (!options.folder) rmSync(folder, { recursive: true, force: true });
  });
  const connect = () => memoryClient(listener);
  const slot = slotReader(buffer);
  return {
    lanes,
    delivery,
    rights,
    cells,
    revocations,
    issuer,
    reception,
    listener,
    connect,
    budget,
    slot,
    folder,
  };
}

/** The next whole frame that a client receives. */
export async function nextFrame(client: Client) {
  const head = await client.bytes(16);
  const { length, ...rest } = frameHeader(head);
  const body = await client.bytes(Math.ceil((16 + length) / 8) * 8 - 16);
  return { ...rest, payload: Buffer.from(body.subarray(0, length)) };
}

/** Says HELLO. Resolves with WELCOME, or with the message and status of the ERROR. */
export async function greet(
  client: Client,
  hello: Partial<Hello> = {},
  call = 0,
): Promise<{ welcome?: Welcome; error?: string; status?: number; call: number }> {
  client.send(helloFrame(call, { version: 1, agent: 'test', token: null, methods: [], ...hello }));
  const frame = await nextFrame(client);
  if (frame.kind === 2) return { welcome: decodeWelcome(frame.payload), call: frame.call };
  return { error: decodeError(frame.payload).message, status: frame.word, call: frame.call };
}
