// Owns the caller's side of these tests: opens session slots in shared memory, writes request
// frames, pushes them, and keeps every answer by connection and call id, so that "exactly one" can
// be counted.
import {
  AT_CALL,
  AT_EXTRA,
  AT_KIND,
  AT_LENGTH,
  AT_ROUTE,
  HEADER_BYTES,
  KIND_CANCEL,
  KIND_ERROR,
  KIND_REQUEST,
} from '../../assembly/shared/frame.ts';
import {
  S_EXPIRY,
  S_FLAGS,
  S_GENERATION,
  S_SUBJECT_BYTES,
  SESSION_AUTHENTICATED,
} from '../../assembly/shared/layout.ts';
import { readModule } from '../../host/cell/module.ts';
import type { LanesOptions } from '../../host/lane/cells.ts';
import type { CellSpec, Deliver, Grants, Lanes } from '../../host/lane/contract.ts';
import { startLanes } from '../../host/lane/lanes.ts';
import { createMemory, type SharedMemory } from '../../host/lane/memory.ts';
import { createRights } from '../../host/session/bits.ts';
import { makeCell, type WatCell } from './cells.ts';

export interface Answer {
  kind: number;
  status: number;
  reason: number;
  retryMs: number;
  payload: Uint8Array;
}

/** Text of an error record's message. */
export function messageOf(answer: Answer): string {
  if (answer.payload.length === 0) return '';
  const view = new DataView(answer.payload.buffer, answer.payload.byteOffset);
  const text = view.getUint32(0, true) + view.getUint32(8, true);
  return Buffer.from(answer.payload.subarray(text, text + view.getUint32(12, true))).toString();
}

const align8 = (n: number): number => (n + 7) & ~7;

export interface Call {
  route: number;
  id: number;
  payload?: Uint8Array;
  remainingMs?: number;
  kind?: number;
}

/** Frames one after the other. */
export function frames(calls: Call[]): Uint8Array {
  const size = calls.reduce((n, c) => n + align8(HEADER_BYTES + (c.payload?.length ?? 0)), 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { route, id, payload = new Uint8Array(), remainingMs = 0, kind } of calls) {
    view.setUint32(at + AT_LENGTH, payload.length, true);
    view.setUint8(at + AT_KIND, kind ?? KIND_REQUEST);
    view.setUint16(at + AT_ROUTE, route, true);
    view.setUint32(at + AT_CALL, id, true);
    view.setUint32(at + AT_EXTRA, remainingMs, true);
    bytes.set(payload, at + HEADER_BYTES);
    at += align8(HEADER_BYTES + payload.length);
  }
  return bytes;
}

export type DeskOptions = Partial<Omit<LanesOptions, 'deliver' | 'events'>> & {
  memoryOptions?: Partial<Parameters<typeof createMemory>[0]>;
};

/** Lanes with a caller in front of them. */
export class Desk implements Deliver {
  readonly memory: SharedMemory;
  readonly answers = new Map<string, Answer[]>();
  readonly closed: { connection: number; reason: number }[] = [];
  readonly controls: Uint8Array[] = [];
  readonly log: { level: string; cell: string; text: string; lane: number }[] = [];
  lanes!: Lanes;
  total = 0;
  private waiters: (() => void)[] = [];
  private routes = 0;
  private cells = 0;
  private ids = 0;

  private constructor(memory: SharedMemory) {
    this.memory = memory;
  }

  static async open(
    t: { teardown(work: () => unknown): void },
    options: DeskOptions = {},
  ): Promise<Desk> {
    const { memoryOptions, ...rest } = options;
    const lanes = options.lanes ?? 1;
    const memory = createMemory({ lanes: Math.max(1, lanes), ...memoryOptions });
    const desk = new Desk(memory);
    desk.lanes = await startLanes({
      ...{ memory, deliver: desk, rights: createRights(), debug: true },
      events: { log: (line) => desk.heard(line) },
      ...{ spinUs: 0, ...rest, lanes },
    });
    t.teardown(() => desk.lanes.stop());
    return desk;
  }

  frames(connection: number, generation: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint32(at + AT_LENGTH, true);
      const kind = view.getUint8(at + AT_KIND);
      const code = view.getUint16(at + AT_ROUTE, true);
      const id = view.getUint32(at + AT_CALL, true);
      const payload = bytes.slice(at + HEADER_BYTES, at + HEADER_BYTES + length);
      const failed = kind === KIND_ERROR;
      const retryMs = view.getUint32(at + AT_EXTRA, true);
      this.keep(`${connection}.${generation}.${id}`, {
        ...{ kind, payload, retryMs },
        status: failed ? code & 255 : 0,
        reason: failed ? code >>> 8 : 0,
      });
      at += align8(HEADER_BYTES + length);
    }
    this.wake();
  }

  private heard(line: Desk['log'][number]): void {
    this.log.push(line);
    this.wake();
  }

  private wake(): void {
    for (const wake of this.waiters.splice(0)) wake();
  }

  private keep(key: string, answer: Answer): void {
    const list = this.answers.get(key);
    if (list) list.push(answer);
    else this.answers.set(key, [answer]);
    this.total++;
  }

  close(connection: number, _generation: number, reason: number): void {
    this.closed.push({ connection, reason });
    this.wake();
  }

  control(_connection: number, _generation: number, frame: Uint8Array): void {
    this.controls.push(frame.slice());
  }

  /** Resolves when `done` holds, looked at after every delivery and log line. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  /** Resolves when `done` holds, looked at whenever the event loop turns. */
  async soon(done: () => boolean): Promise<void> {
    while (!done()) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Opens (or opens again) a session slot. */
  session(connection: number, generation = 1): void {
    const at = this.memory.sessionAt(connection);
    const { view, words } = this.memory;
    view.setBigInt64(at + S_EXPIRY, 1n << 62n, true);
    view.setUint32(at + S_FLAGS, SESSION_AUTHENTICATED, true);
    view.setUint32(at + S_SUBJECT_BYTES, 0, true);
    Atomics.store(words, (at + S_GENERATION) >>> 2, generation);
  }

  /** Loads a test cell; returns its first route. */
  async load(cell: WatCell, grants: Grants = {}): Promise<number> {
    return this.loadBytes(makeCell(cell), grants);
  }

  async loadBytes(bytes: Uint8Array, grants: Grants = {}): Promise<number> {
    const { name, module, schema, manifest } = readModule(bytes, 'test.wasm');
    const firstRoute = this.routes;
    const spec: CellSpec = {
      ...{ name, module, schema, manifest, firstRoute, grants, file: 'test.wasm' },
      index: this.cells,
    };
    await this.lanes.load(spec);
    this.routes += schema.methods.length;
    this.cells++;
    return firstRoute;
  }

  push(lane: number, connection: number, calls: Call[], generation = 1): void {
    if (!this.lanes.push(lane, connection, generation, frames(calls))) {
      throw new Error('the ring is full');
    }
  }

  /** Answers so far to one call. */
  got(id: number, connection = 1, generation = 1): Answer[] {
    return this.answers.get(`${connection}.${generation}.${id}`) ?? [];
  }

  /** One call from connection 1 (or another), and its first answer. */
  async call(
    route: number,
    payload?: Uint8Array,
    more: Partial<Call> & { lane?: number; connection?: number } = {},
  ): Promise<Answer> {
    const { lane = 0, connection = 1, ...rest } = more;
    const id = rest.id ?? 0x1000000 + this.ids++;
    this.push(lane, connection, [{ route, id, ...(payload ? { payload } : {}), ...rest }]);
    await this.until(() => this.got(id, connection).length > 0);
    return this.got(id, connection)[0];
  }

  cancel(lane: number, connection: number, route: number, id: number): void {
    this.push(lane, connection, [{ route, id, kind: KIND_CANCEL }]);
  }
}
