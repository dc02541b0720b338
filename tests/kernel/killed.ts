// Owns lanes that die between any two stores: a kernel whose every store asks first. Binaryen's
// instrument-memory pass calls `store_ptr` before each one; the hook throws when its time is up,
// and what the kernel left in shared memory is exactly what a terminated worker leaves.

import { readFileSync } from 'node:fs';
import binaryen from 'binaryen';
import type { Kernel } from '../../host/lane/kernel.ts';
import type { World } from './world.ts';

const RELEASE = new URL('../../assembly/out/kernel.wasm', import.meta.url);

function instrument(): WebAssembly.Module {
  const module = binaryen.readBinary(readFileSync(RELEASE));
  const F = binaryen.Features;
  module.setFeatures(
    F.Atomics |
      F.BulkMemory |
      F.BulkMemoryOpt |
      F.SIMD128 |
      F.MutableGlobals |
      F.SignExt |
      F.ReferenceTypes |
      F.NontrappingFPToInt |
      F.Multivalue,
  );
  module.runPasses(['instrument-memory']);
  return new WebAssembly.Module(module.emitBinary() as Uint8Array<ArrayBuffer>);
}

let instrumented: WebAssembly.Module | undefined;

/** What a lane that is ended throws: no kernel code runs after it. */
export class Killed extends Error {}

/** A kernel on the memory and table of `world` that dies before its store number `stores`. */
export class Mortal {
  readonly kernel: Kernel;
  /** Stores until death. */
  left: number;

  constructor(world: World, stores: number, imports: { wait: () => number }) {
    instrumented ??= instrument();
    this.left = stores;
    const value = (_id: number, of: number | bigint) => of;
    const address = (_id: number, _bytes: number, _offset: number, ptr: number) => ptr;
    const env = {
      memory: world.shared.memory,
      table: world.table,
      wait: imports.wait,
      cancel: () => {},
      memory_grow_pre: value,
      memory_grow_post: value,
      load_ptr: address,
      store_ptr: (_id: number, _bytes: number, _offset: number, ptr: number) => {
        if (this.left-- <= 0) throw new Killed('killed before a store');
        return ptr;
      },
      ...Object.fromEntries(
        ['load', 'store'].flatMap((way) =>
          ['i32', 'i64', 'f32', 'f64'].map((type) => [`${way}_val_${type}`, value]),
        ),
      ),
    };
    const { exports } = new WebAssembly.Instance(instrumented, { env });
    this.kernel = exports as unknown as Kernel;
    const stores0 = this.left;
    this.left = Number.POSITIVE_INFINITY;
    this.kernel.attach(world.lane);
    this.left = stores0;
  }
}
