// Owns the world that the kernel's benches and tests run in: shared memory, a kernel, sessions,
// routes, frames, and replies read back. No host code but host/lane/memory, ring and kernel takes
// part.

import { HEADER_BYTES, KIND_REQUEST } from '../assembly/shared/frame.ts';
import * as layout from '../assembly/shared/layout.ts';
import {
  createTable,
  type Kernel,
  type KernelImports,
  type KernelModules,
  loadKernel,
} from '../host/lane/kernel.ts';
import { createMemory, type MemoryOptions, type SharedMemory } from '../host/lane/memory.ts';
import { PolicyRecords } from '../host/lane/policies.ts';
import { ReplyReader, RingWriter } from '../host/lane/ring.ts';
import type { Field, Method, Policies } from '../host/schema/types.ts';

/** 2026-01-01 in unix microseconds: where the tests' clock begins. */
export const NOON = 1767225600_000000;
export const align8 = (bytes: number) => (bytes + 7) & ~7;

export interface FrameFields {
  route?: number;
  call?: number;
  extra?: number;
  kind?: number;
  flags?: number;
  /** The length that the header claims, when it is to lie. */
  length?: number;
  payload?: Uint8Array;
}

/** One frame, padded to 8. */
export function frame(fields: FrameFields = {}): Uint8Array {
  const payload = fields.payload ?? new Uint8Array(0);
  const bytes = new Uint8Array(align8(HEADER_BYTES + payload.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, fields.length ?? payload.length, true);
  bytes[4] = fields.kind ?? KIND_REQUEST;
  bytes[5] = fields.flags ?? 0;
  view.setUint16(6, fields.route ?? 0, true);
  view.setUint32(8, fields.call ?? 0, true);
  view.setUint32(12, fields.extra ?? 0, true);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

export function join(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A frame that came back. */
export interface Reply {
  connection: number;
  generation: number;
  kind: number;
  status: number;
  reason: number;
  call: number;
  extra: number;
  payload: Uint8Array;
}

/** Frames of one DATA record; throws when they do not fill it exactly. */
export function parse(connection: number, generation: number, bytes: Uint8Array): Reply[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const replies: Reply[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < HEADER_BYTES) throw new Error(`reply header cut at ${at}`);
    const length = view.getUint32(at, true);
    const end = at + HEADER_BYTES + length;
    if (align8(end) > bytes.length) throw new Error(`reply of ${length} bytes cut at ${at}`);
    for (let i = end; i < align8(end); i++) {
      if (bytes[i] !== 0) throw new Error('reply padding is not zero');
    }
    replies.push({
      connection,
      generation,
      kind: bytes[at + 4],
      status: bytes[at + 6],
      reason: bytes[at + 7],
      call: view.getUint32(at + 8, true),
      extra: view.getUint32(at + 12, true),
      payload: bytes.slice(at + HEADER_BYTES, end),
    });
    at = align8(end);
  }
  return replies;
}

export interface SessionFields {
  roles?: bigint;
  scopes?: bigint;
  expiry?: bigint;
  generation?: number;
  flags?: number;
  subject?: number;
  interval?: number;
  tolerance?: number;
  text?: string;
  /** Stands for the text; default 1 + slot. */
  caller?: number;
  labels?: number;
}

export interface RouteFields {
  rolesAny?: bigint;
  scopesAll?: bigint;
  flags?: number;
  slot?: number;
  method?: number;
  cell?: number;
  home?: number;
  interval?: number;
  tolerance?: number;
  payloadBytes?: number;
  /** What the route asks for beside; `params` are those that its tags name. */
  policies?: Policies;
  params?: Field[];
}

export interface WorldOptions extends Partial<MemoryOptions> {
  modules: KernelModules;
  imports?: Partial<KernelImports>;
  lane?: number;
  shared?: SharedMemory;
  /** Where all ring indices of lane 0 begin. */
  start?: number;
}

/** One lane's kernel with both ends of its rings. */
export class World {
  readonly shared: SharedMemory;
  readonly table: WebAssembly.Table;
  readonly lane: number;
  readonly kernel: Kernel;
  readonly modules: KernelModules;
  readonly writer: RingWriter;
  readonly reader: ReplyReader;
  readonly closes: { connection: number; generation: number; reason: number }[] = [];
  readonly controls: { connection: number; generation: number; frame: Uint8Array }[] = [];
  readonly policies: PolicyRecords;
  now = NOON;
  #slots = layout.TABLE_BASE;

  constructor(options: WorldOptions) {
    this.shared =
      options.shared ??
      createMemory({ lanes: 1, sessions: 64, routes: 64, memoBytes: 1 << 20, ...options });
    this.lane = options.lane ?? 0;
    this.modules = options.modules;
    this.table = createTable();
    this.policies = new PolicyRecords(this.shared);
    if (options.start !== undefined) this.#startAt(options.start);
    this.kernel = loadKernel({
      module: options.modules.kernel,
      memory: this.shared.memory,
      table: this.table,
      ...options.imports,
    });
    this.kernel.attach(this.lane);
    this.writer = new RingWriter(this.shared, this.shared.inRing(this.lane));
    this.reader = new ReplyReader(this.shared, this.lane);
  }

  #startAt(position: number): void {
    for (const ring of [this.shared.inRing(this.lane), this.shared.outRing(this.lane)]) {
      this.shared.words[(ring.at + layout.RING_HEAD) / 4] = position;
      this.shared.words[(ring.at + layout.RING_TAIL) / 4] = position;
      this.shared.words[(ring.at + layout.RING_PROGRESS) / 4] = position;
    }
  }

  laneWord(word: number): number {
    return this.shared.words[this.shared.laneBase(this.lane) / 4 + word] >>> 0;
  }

  setLaneWord(word: number, value: number): void {
    this.shared.words[this.shared.laneBase(this.lane) / 4 + word] = value;
  }

  /** Opens a slot; by default authenticated, generation 1, expiring in an hour. */
  session(slot: number, fields: SessionFields = {}): void {
    const { view } = this.shared;
    const at = this.shared.sessionAt(slot);
    view.setBigUint64(at + layout.S_ROLES, fields.roles ?? 0n, true);
    view.setBigUint64(at + layout.S_SCOPES, fields.scopes ?? 0n, true);
    view.setBigInt64(at + layout.S_EXPIRY, fields.expiry ?? BigInt(NOON + 3600_000000), true);
    view.setUint32(at + layout.S_FLAGS, fields.flags ?? layout.SESSION_AUTHENTICATED, true);
    view.setUint32(at + layout.S_SUBJECT, fields.subject ?? slot, true);
    view.setUint32(at + layout.S_INTERVAL, fields.interval ?? 0, true);
    view.setUint32(at + layout.S_TOLERANCE, fields.tolerance ?? 0, true);
    view.setUint32(at + layout.S_CALLER, fields.caller ?? slot + 1, true);
    view.setUint32(at + layout.S_LABELS, fields.labels ?? 0, true);
    const text = new TextEncoder().encode(fields.text ?? '');
    const textAt = this.shared.texts + slot * 2 * this.shared.textBytes;
    this.shared.bytes.set(text, textAt);
    view.setUint32(at + layout.S_SUBJECT_BYTES, text.length, true);
    view.setUint32(at + layout.S_SUBJECT_AT, textAt, true);
    view.setUint32(at + layout.S_GENERATION, fields.generation ?? 1, true);
  }

  /** Writes a row; by default live, needing a session, entering table slot `slot`. */
  route(route: number, fields: RouteFields = {}): void {
    const { view } = this.shared;
    const at = this.shared.routeAt(route);
    view.setBigUint64(at + layout.R_ROLES_ANY, fields.rolesAny ?? 0n, true);
    view.setBigUint64(at + layout.R_SCOPES_ALL, fields.scopesAll ?? 0n, true);
    const policy = this.#policy(route, fields);
    const flags = (fields.flags ?? layout.ROUTE_LIVE) | (policy ? layout.ROUTE_POLICY : 0);
    view.setUint32(at + layout.R_FLAGS, flags, true);
    view.setUint32(at + layout.R_POLICY, policy, true);
    view.setUint32(at + layout.R_SLOT, fields.slot ?? layout.TABLE_BASE, true);
    view.setUint32(at + layout.R_METHOD, fields.method ?? 0, true);
    view.setUint32(at + layout.R_CELL, fields.cell ?? 0, true);
    view.setUint32(at + layout.R_HOME, fields.home ?? layout.HOME_ANY, true);
    view.setUint32(at + layout.R_INTERVAL, fields.interval ?? 0, true);
    view.setUint32(at + layout.R_TOLERANCE, fields.tolerance ?? 0, true);
    view.setUint32(at + layout.R_PAYLOAD_BYTES, fields.payloadBytes ?? 1 << 20, true);
    const count = layout.CONTROL / 4 + layout.C_ROUTE_COUNT_WORD;
    this.shared.words[count] = Math.max(this.shared.words[count], route + 1);
  }

  #policy(route: number, fields: RouteFields): number {
    const { policies, params } = fields;
    if (policies === undefined) return 0;
    const method = { name: `m${route}`, params: params ?? [], policies };
    return this.policies.write('world', method as Method);
  }

  /** Links a cell behind the next pair of table slots; returns the first. */
  install(cell: WebAssembly.Module, at?: number): number {
    const { gate, membrane } = this.link(cell);
    void gate;
    const slot = at ?? this.#slots;
    if (at === undefined) this.#slots += 2;
    this.table.set(slot, membrane.dispatch);
    this.table.set(slot + 1, membrane.fetch);
    return slot;
  }

  /** gate -> cell -> membrane over this world's memory. */
  link(cell: WebAssembly.Module, index = 7) {
    const env = { memory: this.shared.memory };
    const lane = {
      base: this.shared.laneBase(this.lane),
      cell: index,
      replyBytes: this.shared.messageBytes,
    };
    // biome-ignore lint/suspicious/noExplicitAny: exports are whatever the module has
    const exportsOf = (m: WebAssembly.Module, i: any): any =>
      new WebAssembly.Instance(m, i).exports;
    const gate = exportsOf(this.modules.gate, { env, lane });
    const guest = exportsOf(cell, {
      'cell:core': gate,
      'cell:caller': gate,
      'cell:log': gate,
      'cell:clock': gate,
      'cell:random': gate,
    });
    const membrane = exportsOf(this.modules.membrane, { env, lane, gate, cell: guest });
    return { gate, guest, membrane };
  }

  push(connection: number, message: Uint8Array, generation = 1, ageUs = 0): boolean {
    const stamp = ((this.now - ageUs) % 4294967296) | 0;
    return this.writer.push(connection, generation, stamp, message);
  }

  drain(frames = 4096): number {
    return this.kernel.drain(this.now, frames);
  }

  /** All replies that lie in the out ring; CLOSE and CONTROL records go to their lists. */
  replies(limit?: number): Reply[] {
    const all: Reply[] = [];
    this.reader.read(
      {
        frames: (connection, generation, bytes) => {
          all.push(...parse(connection, generation, bytes));
        },
        close: (connection, generation, reason) => {
          this.closes.push({ connection, generation, reason });
        },
        control: (connection, generation, bytes) => {
          this.controls.push({ connection, generation, frame: bytes.slice() });
        },
      },
      limit,
    );
    return all;
  }

  /** Pushes one message, drains, returns what came back. */
  ask(connection: number, message: Uint8Array, generation = 1, ageUs = 0): Reply[] {
    if (!this.push(connection, message, generation, ageUs)) throw new Error('in ring full');
    this.drain();
    return this.replies();
  }
}
