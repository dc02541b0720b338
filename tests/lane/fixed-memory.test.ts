// The edit of a module's memory import: only the limits change, and the module takes only that
// memory.
import { readFileSync } from 'node:fs';
import test from 'ava';
import binaryen from 'binaryen';
import { withFixedMemory } from '../../host/lane/fixed-memory.ts';

const OUT = new URL('../../assembly/out/', import.meta.url);

const memoryOf = (pages: number, maximum = pages) =>
  new WebAssembly.Memory({ initial: pages, maximum, shared: true });

test('a module that counts on a fixed memory takes it, and no other', (t) => {
  const module = binaryen.parseText(`(module
    (import "a" "f" (func $f (param i32)))
    (import "a" "t" (table 1 funcref))
    (import "a" "g" (global $g i32))
    (import "a" "m" (memory 1 65536 shared))
    (func (export "size") (result i32) (call $f (global.get $g)) (memory.size)))`);
  module.setFeatures(binaryen.Features.Atomics | binaryen.Features.BulkMemory);
  const bytes = Uint8Array.from(module.emitBinary());
  const size = (fixed: number, memory: WebAssembly.Memory) => {
    const a = {
      f() {},
      t: new WebAssembly.Table({ initial: 1, element: 'anyfunc' }),
      g: 1,
      m: memory,
    };
    const compiled = new WebAssembly.Module(withFixedMemory(bytes, fixed));
    return (new WebAssembly.Instance(compiled, { a }).exports.size as () => number)();
  };
  for (const pages of [1, 127, 128, 300]) t.is(size(pages, memoryOf(pages)), pages);
  t.throws(() => size(4, memoryOf(5)), { instanceOf: WebAssembly.LinkError });
  t.throws(() => size(4, memoryOf(4, 5)), { instanceOf: WebAssembly.LinkError });
});

test('every module of assembly/out stays valid; one without shared memory stays as it is', (t) => {
  for (const name of ['kernel', 'kernel.debug', 'gate', 'membrane']) {
    const bytes = readFileSync(new URL(`${name}.wasm`, OUT));
    const fixed = withFixedMemory(bytes, 200);
    t.true(WebAssembly.validate(fixed), name);
    t.not(fixed, bytes, name);
    const shape = (b: Uint8Array<ArrayBuffer>) => {
      const module = new WebAssembly.Module(b);
      return [WebAssembly.Module.imports(module), WebAssembly.Module.exports(module)];
    };
    t.deepEqual(shape(fixed), shape(bytes), name);
  }
  const plain = readFileSync(new URL('unavailable.wasm', OUT));
  t.is(withFixedMemory(plain, 200), plain);
});
