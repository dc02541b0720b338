// Owns what links a cell that calls others: one remote.wat an import, taker.wat, call.wat, as
// assembly/membrane/call.wat says. Cells that call nobody have none of it.
import type { Kernel, KernelModules } from '../lane/kernel.ts';
import type { SharedMemory } from '../lane/memory.ts';
import type { Instance } from './instance.ts';

/** What a lane does for cells that call others: host/lane/crossing.ts, kernel/nested.ts. */
export interface Crossings {
  /** The lane's function table. */
  readonly table: WebAssembly.Table;
  /** Its first slot for instances that cells have called. */
  readonly first: number;
  /** The kernel: `nested`, `conclude`, `context`. */
  readonly kernel: Kernel;
  /** Slot of an instance that may be entered, or -(status | reason << 8 | bytes << 16). */
  acquire(caller: Instance, route: number): number | Promise<number>;
  /** The instance that `caller` acquired last has answered. */
  release(caller: Instance): void;
  /** Writes who calls whom in a circle to PART_CALL: bytes of the record, 0 = not known. */
  explain(link: number): number;
}

export interface CallingOptions {
  modules: Pick<KernelModules, 'remote' | 'taker' | 'call'>;
  remotes: readonly { cell: string; methods: readonly string[]; links: number }[];
  memory: SharedMemory;
  lane: number;
  cell: number;
}

/** The links of one instance. `imports` first, then the cell, then `join`. */
export class Calling {
  private readonly options: CallingOptions;
  private readonly taker: WebAssembly.Exports;

  constructor(options: CallingOptions) {
    this.options = options;
    this.taker = new WebAssembly.Instance(options.modules.taker, {}).exports;
  }

  /** `cell:call` and `cell:reply`. */
  imports(): WebAssembly.Imports {
    const calls = { table: this.taker.table };
    const { modules, remotes } = this.options;
    const stubs = remotes.map(({ cell, methods, links }) => {
      const remote = { links, count: methods.length };
      return [cell, new WebAssembly.Instance(modules.remote, { calls, remote }).exports.call];
    });
    return { 'cell:call': Object.fromEntries(stubs), 'cell:reply': { take: this.taker.take } };
  }

  /** Opens the way out; calls are refused until `begun` is 1. */
  join(
    instance: Instance,
    cell: WebAssembly.Exports,
    membrane: WebAssembly.Exports,
    crossings: Crossings,
  ): WebAssembly.Global {
    const { modules, memory, lane } = this.options;
    const acquire = (route: number): number | Promise<number> => crossings.acquire(instance, route);
    const linked = new WebAssembly.Instance(modules.call, {
      env: { memory: memory.memory },
      cell,
      membrane,
      calls: { table: this.taker.table },
      lane: {
        base: memory.laneBase(lane),
        cell: this.options.cell,
        replyBytes: memory.messageBytes,
        table: crossings.table,
        first: crossings.first,
        nested: crossings.kernel.nested,
        conclude: crossings.kernel.conclude,
        context: crossings.kernel.context,
        acquire: new WebAssembly.Suspending(acquire) as unknown as WebAssembly.ImportValue,
        release: () => crossings.release(instance),
        explain: (link: number) => crossings.explain(link),
      },
    } as WebAssembly.Imports);
    return linked.exports.begun as WebAssembly.Global;
  }
}
