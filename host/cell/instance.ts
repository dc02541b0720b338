// Owns one instance of a cell: gate -> cell -> membrane, linked as assembly/membrane/gate.wat says,
// and the road of a waiting call into it. After any trap the instance is dead: it is dropped, never
// reused.

import { L_NESTED_WORD, P_TRACE } from '../../assembly/shared/layout.ts';
import {
  type CallWatcher,
  type Drivers,
  type Guest,
  type GuestManifest,
  TRAPPED,
} from '../capability/contract.ts';
import type { Batch } from '../capability/kv/batch.ts';
import type { Session } from '../capability/kv/session.ts';
import { buildImports } from '../capability/registry.ts';
import { nowUs } from '../lane/clock.ts';
import type { Grants } from '../lane/contract.ts';
import type { KernelModules } from '../lane/kernel.ts';
import { type Mark, type Marks, ROUTE_NONE } from '../lane/marks.ts';
import type { SharedMemory } from '../lane/memory.ts';
import type { CellPart } from '../lane/part.ts';
import { Calling, type Crossings } from './calling.ts';
import type { WaitingCall } from './pool.ts';
import { failText, panicText, trapText } from './trap.ts';

/** What an instance is made of and where it stands. */
export interface LinkOptions {
  /** Gate and membrane, compiled once for the whole host. */
  modules: KernelModules;
  cell: {
    name: string;
    index: number;
    module: WebAssembly.Module;
    grants: Grants;
    manifest: GuestManifest;
    remotes: CellPart['remotes'];
  };
  memory: SharedMemory;
  lane: number;
  marks: Marks;
  drivers: Drivers;
  /** For cells that call others; null: none of them may. */
  crossings: Crossings | null;
}

type Export = (...args: number[]) => number;
type Export64 = (...args: number[]) => bigint;

/** Where the end of a waiting call is told. */
export interface Outcome {
  done(instance: Instance, result: bigint): void;
  failed(instance: Instance, error: unknown): void;
}

/** A live instance. Linking runs no code of the cell but a wasm start function, if it has one. */
export class Instance implements Guest {
  readonly cell: string;
  readonly manifest: GuestManifest;
  readonly shared: SharedMemory;
  /** For the kernel's table: dispatch(method, ptr, len, out, room), fetch(out). */
  readonly dispatch: WebAssembly.ExportValue;
  readonly fetch: Export64;
  /** For other cells, in the lane's table: host/lane/crossing.ts. */
  readonly serve: WebAssembly.ExportValue;
  /** The waiting call that it serves. Set by host/lane/waiting.ts. */
  call: WaitingCall | null = null;
  /** The waiting call on whose stack it runs: `call`, or that of a cell which called it. */
  stack: WaitingCall | null = null;
  /** Its durable fields. */
  persisted: Session | null = null;
  private readonly exports: WebAssembly.Exports;
  private readonly gate: WebAssembly.Exports;
  private readonly memory: WebAssembly.Memory;
  private readonly membrane: WebAssembly.Exports;
  private readonly who: Export | undefined;
  /** The membrane's `call` on a stack of its own; made when the first call waits. */
  private run: ((method: number) => Promise<bigint>) | null = null;
  private readonly lane: number;
  private readonly marks: Marks;
  private readonly own: Mark = { route: 0, slot: 0, budgetMs: 0, inner: ROUTE_NONE };
  /** `own`, or that of the instance on whose stack it runs. */
  private mark = this.own;
  /** 1: it may call other cells. */
  private begun: WebAssembly.Global | null = null;
  private view: Uint8Array | null = null;
  private outcome: Outcome | null = null;
  /** True while code of the waiting tier is on its stack; suspensions of others are not its own. */
  private entered = false;
  private readonly watchers: CallWatcher[] = [];

  constructor(options: LinkOptions) {
    const { modules, cell, memory, marks } = options;
    const env = { memory: memory.memory };
    const base = memory.laneBase(options.lane);
    const lane = { base, cell: cell.index, replyBytes: memory.messageBytes };
    const gate = new WebAssembly.Instance(modules.gate, { env, lane }).exports;
    this.cell = cell.name;
    this.manifest = cell.manifest;
    this.shared = memory;
    this.gate = gate;
    this.marks = marks;
    this.lane = options.lane;
    const { lane: number, crossings } = options;
    const calling =
      cell.remotes.length === 0 || crossings === null
        ? null
        : new Calling({ modules, remotes: cell.remotes, memory, lane: number, cell: cell.index });
    const imports = {
      ...cellImports(gate, buildImports(cell.grants, this, options.drivers)),
      ...calling?.imports(),
    };
    this.exports = new WebAssembly.Instance(cell.module, imports).exports;
    this.memory = this.exports.memory as WebAssembly.Memory;
    const membrane = new WebAssembly.Instance(modules.membrane, {
      env,
      lane,
      gate,
      cell: this.exports,
    }).exports;
    this.dispatch = membrane.dispatch;
    this.fetch = membrane.fetch as Export64;
    this.serve = membrane.serve;
    this.membrane = membrane;
    if (calling && crossings) this.begun = calling.join(this, this.exports, membrane, crossings);
    this.who = membrane.caller as Export;
  }

  caller(): number {
    // Module initialisers run before there is a membrane: nobody calls then.
    return this.who === undefined ? 0 : this.who();
  }

  bytes(): Uint8Array {
    const { buffer } = this.memory;
    if (this.view?.buffer !== buffer) this.view = new Uint8Array(buffer);
    return this.view;
  }

  /** Bytes of its memory. */
  get size(): number {
    return this.memory.buffer.byteLength;
  }

  suspended(): boolean {
    if (this.entered) {
      this.marks.leave(this.mark);
      return true;
    }
    // Below a nested call lie the frames of another cell, which must not stand still with it.
    return this.shared.words[(this.shared.laneBase(this.lane) >>> 2) + L_NESTED_WORD] === 0;
  }

  resuming(): void {
    if (this.entered) this.marks.enter(this.mark);
  }

  remainingMs(): number {
    const until = this.stack?.deadlineUs ?? 0;
    return until === 0 ? Infinity : Math.max(0, (until - nowUs()) / 1000);
  }

  watch(watcher: CallWatcher): void {
    this.watchers.push(watcher);
  }

  /** The call in hand was answered without it; `status` says why. */
  cancel(status: number): void {
    for (const watcher of this.watchers) watcher.cancelled?.(status);
  }

  persists(session: Session): void {
    this.persisted = session;
  }

  /**
   * The call in hand has left it: by `status`, or TRAPPED. Returns the newest batch of its durable
   * fields that is not stored yet.
   */
  end(status: number): Batch | null {
    for (const watcher of this.watchers) watcher.ended?.(status);
    return this.persisted === null ? null : this.persisted.ended(status);
  }

  /** It has started: from now on it may call other cells. */
  begin(): void {
    if (this.begun !== null) this.begun.value = 1;
    if (this.persisted !== null) this.persisted.begun = true;
  }

  /** Runs on the stack of `call`, which `root` serves, from now on; null: not any more. */
  lend(call: WaitingCall | null, root: Instance | null): void {
    this.stack = call;
    this.mark = root?.own ?? this.own;
    this.entered = root !== null;
  }

  /** A cell that it called (`route`; ROUTE_NONE = itself) has its stack now. */
  turn(route: number): void {
    this.own.inner = route;
    this.marks.turn(this.own);
  }

  /** Runs the module's initialisers. Throws what they throw: the instance is dead then. */
  initialize(route: number, budgetMs: number): void {
    const initialize = this.exports._initialize as (() => void) | undefined;
    if (initialize === undefined) return;
    this.mark.route = route;
    this.mark.budgetMs = budgetMs;
    this.marks.enter(this.mark);
    try {
      initialize();
    } finally {
      this.marks.leave(this.mark);
    }
  }

  /** Runs the cell's `start`, which may wait. Rejects with what it throws: dead then. */
  async start(route: number, budgetMs: number): Promise<void> {
    const start = this.exports.start as (() => void) | undefined;
    if (start === undefined) return;
    let status = TRAPPED;
    try {
      await this.guarded(route, budgetMs, () => WebAssembly.promising(start)());
      status = 0;
    } finally {
      this.end(status);
    }
  }

  private async guarded<T>(route: number, budgetMs: number, work: () => Promise<T>): Promise<T> {
    this.mark.route = route;
    this.mark.budgetMs = budgetMs;
    this.entered = true;
    this.marks.enter(this.mark);
    let promise: Promise<T>;
    try {
      promise = work();
    } finally {
      this.marks.leave(this.mark);
    }
    try {
      return await promise;
    } finally {
      this.marks.leave(this.mark);
      this.entered = false;
    }
  }

  /**
   * Begins a waiting call: `bytes` of arguments at `at` in host memory are copied in, `session`
   * (byte offset of the slot) and the call's generation say who calls. Its end is told to
   * `outcome`, never before this returns.
   */
  enter(
    call: Pick<WaitingCall, 'slot' | 'route' | 'method' | 'generation' | 'bytes'>,
    at: number,
    session: number,
    outcome: Outcome,
  ): void {
    this.own.route = call.route;
    this.own.slot = call.slot + 1;
    this.own.budgetMs = 0;
    this.own.inner = ROUTE_NONE;
    this.entered = true;
    this.marks.enter(this.mark);
    let promise: Promise<bigint>;
    try {
      this.run ??= WebAssembly.promising(this.membrane.call as Export64);
      const enter = this.membrane.enter as Export;
      const trace = this.shared.pendingAt(this.lane, call.slot) + P_TRACE;
      const refused = enter(session, call.generation, at, call.bytes, trace);
      promise = refused === 0 ? this.run(call.method) : Promise.resolve(BigInt(refused) << 32n);
    } catch (error) {
      promise = Promise.reject(error);
    }
    this.marks.leave(this.mark);
    this.outcome = outcome;
    promise.then(this.done, this.failed);
  }

  private readonly done = (result: bigint): void => {
    this.left();
    this.outcome?.done(this, result);
  };

  private readonly failed = (error: unknown): void => {
    this.left();
    this.outcome?.failed(this, error);
  };

  /** What an error out of this instance was, in words: its panic's text, or the trap's. */
  explain(error: unknown, method: string): string {
    const failed = failText(error, this.gate, this.bytes());
    return failed ?? panicText(this.exports) ?? trapText(error, method);
  }

  private left(): void {
    this.marks.leave(this.mark);
    this.entered = false;
  }
}

/** The cell's import object: the gate's functions and the granted ones, by module. */
function cellImports(
  gate: WebAssembly.Exports,
  granted: Record<string, WebAssembly.ImportValue>,
): WebAssembly.Imports {
  const { fail, attempt, failure, waits, read, write, now, next, context } = gate;
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {
    'cell:core': { fail, attempt, failure, waits },
    'cell:caller': { read },
    'cell:log': { write },
    'cell:clock': { now },
    'cell:random': { next },
    'cell:trace': { context },
  };
  for (const [full, value] of Object.entries(granted)) {
    const [module, name] = full.split('.');
    imports[module] ??= {};
    imports[module][name] = value;
  }
  return imports;
}
