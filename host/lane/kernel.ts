// Owns the loading of what assembly/build.mjs made: the kernel by @assemblyscript/loader over the
// shared memory and a lane's table, and the modules that link cells. Never runs a lane.

import { readFileSync } from 'node:fs';
import { instantiateSync } from '@assemblyscript/loader';
import { TABLE_BASE } from '../../assembly/shared/layout.ts';
import { REASON_WAIT_FULL } from '../../assembly/shared/reason.ts';
import { UNAVAILABLE } from '../../assembly/shared/status.ts';
import { withFixedMemory } from './fixed-memory.ts';

const OUT = new URL('../../assembly/out/', import.meta.url);

/** Compiled once by the host; workers get them by postMessage instead of compiling again. */
export interface KernelModules {
  kernel: WebAssembly.Module;
  gate: WebAssembly.Module;
  membrane: WebAssembly.Module;
  unavailable: WebAssembly.Module;
  /** For cells that call others: assembly/membrane/{remote,taker,call}.wat. */
  remote: WebAssembly.Module;
  taker: WebAssembly.Module;
  call: WebAssembly.Module;
}

/** The kernel's exports: assembly/kernel/kernel.ts says what each does. */
export interface Kernel {
  attach(lane: number): void;
  drain(nowUs: number, frames: number): number;
  settle(nowUs: number): void;
  failCurrent(status: number, reason: number, ptr: number, bytes: number): number;
  reserve(slot: number, bytes: number): number;
  finish(slot: number, status: number, reason: number, bytes: number): number;
  publish(): void;
  recover(status: number, reason: number): number;
  inbox(ptr: number, have: number): number;
  /** For call.wat only: a cell's call of another one (assembly/kernel/nested.ts). */
  nested(...args: number[]): bigint;
  conclude(...args: (number | bigint)[]): void;
  context(crossing: number, trace: number, route: number): number;
}

/** What the kernel calls of its lane, within a drain: copy and queue, then return at once. */
export interface KernelImports {
  /** The call in pending slot `slot` waits; its arguments are `bytes` at `args`, valid now only.
   *  0 = taken, or status | reason << 8. Must not throw. */
  wait(slot: number, args: number, bytes: number): number;
  /** The client withdrew a call; it may be queued, running, or answered already. */
  cancel(connection: number, generation: number, call: number): void;
}

/** Refuses everything that waits: for lanes that have no waiting tier, and for recovery. */
export const NOTHING_WAITS: KernelImports = {
  wait: () => UNAVAILABLE | (REASON_WAIT_FULL << 8),
  cancel: () => {},
};

/**
 * Reads and compiles the modules. `debug`: the kernel with its invariants on. `memory`: the one
 * that they will run over, for faster code; without it they fit any.
 */
export function loadModules(
  options: { debug?: boolean; memory?: WebAssembly.Memory } = {},
): KernelModules {
  const pages = (options.memory?.buffer.byteLength ?? 0) / 65536;
  const compile = (name: string) => {
    const file = new URL(`${name}.wasm`, OUT);
    try {
      const bytes = readFileSync(file);
      return new WebAssembly.Module(pages > 0 ? withFixedMemory(bytes, pages) : bytes);
    } catch (cause) {
      const fix = 'in the folder of cell: node assembly/build.mjs && node cells/std/build.ts';
      throw new Error(`assembly/out/${name}.wasm is missing or broken; build it, ${fix}`, {
        cause,
      });
    }
  };
  return {
    kernel: compile(options.debug ? 'kernel.debug' : 'kernel'),
    gate: compile('gate'),
    membrane: compile('membrane'),
    unavailable: compile('unavailable'),
    remote: compile('remote'),
    taker: compile('taker'),
    call: compile('call'),
  };
}

/** A lane's function table: dispatch and fetch of cells from TABLE_BASE on. It can grow. */
export function createTable(slots = 64): WebAssembly.Table {
  return new WebAssembly.Table({ initial: TABLE_BASE + slots, element: 'anyfunc' });
}

export interface KernelOptions extends Partial<KernelImports> {
  /** kernel.wasm or kernel.debug.wasm. */
  module: WebAssembly.Module;
  /** The host's shared memory. */
  memory: WebAssembly.Memory;
  /** Where cells' dispatch and fetch stand: createTable. */
  table: WebAssembly.Table;
}

/**
 * A kernel over the shared memory; `attach` must be its first call. Without `wait`, calls of
 * waiting routes are refused. These are the instance's own exports: the loader's wrappers around
 * them cost 10 ns a call.
 */
export function loadKernel(options: KernelOptions): Kernel {
  const { module, memory, table, wait, cancel } = { ...NOTHING_WAITS, ...options };
  const env: Record<string, WebAssembly.ImportValue> = { memory, table, wait, cancel };
  const { instance } = instantiateSync(module, { env });
  return instance.exports as unknown as Kernel;
}
