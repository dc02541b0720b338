// Owns one instance of a cell: gate -> cell -> membrane, linked as assembly/membrane/gate.wat says,
// and the road of a waiting call into it. After any trap the instance is dead: it is dropped, never
// reused.

import type { Drivers, Guest } from '../capability/contract.ts';
import { buildImports } from '../capability/registry.ts';
import type { Grants } from '../lane/contract.ts';
import type { KernelModules } from '../lane/kernel.ts';
import type { Mark, Marks } from '../lane/marks.ts';
import type { SharedMemory } from '../lane/memory.ts';
import type { WaitingCall } from './pool.ts';
import { failText, panicText, trapText } from './trap.ts';

/** What an instance is made of and where it stands. */
export interface LinkOptions {
  /** Gate and membrane, compiled once for the whole host. */
  modules: Pick<KernelModules, 'gate' | 'membrane'>;
  cell: { name: string; index: number; module: WebAssembly.Module; grants: Grants };
  memory: SharedMemory;
  lane: number;
  marks: Marks;
  drivers: Drivers;
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
  /** For the kernel's table: dispatch(method, ptr, len, out, room), fetch(out). */
  readonly dispatch: WebAssembly.ExportValue;
  readonly fetch: Export64;
  /** The waiting call that it serves. Set by host/lane/waiting.ts. */
  call: WaitingCall | null = null;
  private readonly exports: WebAssembly.Exports;
  private readonly gate: WebAssembly.Exports;
  private readonly memory: WebAssembly.Memory;
  private readonly membrane: WebAssembly.Exports;
  /** The membrane's `call` on a stack of its own; made when the first call waits. */
  private run: ((method: number) => Promise<bigint>) | null = null;
  private readonly marks: Marks;
  private readonly mark: Mark = { route: 0, slot: 0, budgetMs: 0 };
  private view: Uint8Array | null = null;
  private outcome: Outcome | null = null;
  /** True while code of the waiting tier is on its stack; suspensions of others are not its own. */
  private entered = false;

  constructor(options: LinkOptions) {
    const { modules, cell, memory, marks } = options;
    const env = { memory: memory.memory };
    const base = memory.laneBase(options.lane);
    const lane = { base, cell: cell.index, replyBytes: memory.messageBytes };
    const gate = new WebAssembly.Instance(modules.gate, { env, lane }).exports;
    this.cell = cell.name;
    this.gate = gate;
    this.marks = marks;
    const imports = cellImports(gate, buildImports(cell.grants, this, options.drivers));
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
    this.membrane = membrane;
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

  suspended(): void {
    if (this.entered) this.marks.leave(this.mark);
  }

  resuming(): void {
    if (this.entered) this.marks.enter(this.mark);
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
    await this.guarded(route, budgetMs, () => WebAssembly.promising(start)());
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
    this.mark.route = call.route;
    this.mark.slot = call.slot + 1;
    this.mark.budgetMs = 0;
    this.entered = true;
    this.marks.enter(this.mark);
    let promise: Promise<bigint>;
    try {
      this.run ??= WebAssembly.promising(this.membrane.call as Export64);
      const enter = this.membrane.enter as Export;
      const refused = enter(session, call.generation, at, call.bytes);
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
  const { fail, attempt, failure, read, write, now, next } = gate;
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {
    'cell:core': { fail, attempt, failure },
    'cell:caller': { read },
    'cell:log': { write },
    'cell:clock': { now },
    'cell:random': { next },
  };
  for (const [full, value] of Object.entries(granted)) {
    const [module, name] = full.split('.');
    imports[module] ??= {};
    imports[module][name] = value;
  }
  return imports;
}
