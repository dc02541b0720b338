// Owns the guests of the kernel's benches and tests: WAT, assembled on demand.

import binaryen from 'binaryen';

const cache = new Map<string, WebAssembly.Module>();

/** WAT text -> compiled module, once per text. */
export function assemble(text: string): WebAssembly.Module {
  let module = cache.get(text);
  if (module === undefined) {
    const parsed = binaryen.parseText(text);
    const F = binaryen.Features;
    parsed.setFeatures(F.BulkMemory | F.MutableGlobals | F.ReferenceTypes | F.ExceptionHandling);
    module = new WebAssembly.Module(parsed.emitBinary() as Uint8Array<ArrayBuffer>);
    parsed.dispose();
    cache.set(text, module);
  }
  return module;
}

/** Answers with its arguments, their first u32 one higher when there are four bytes. */
export const ECHO = `(module
  (memory (export "memory") 32 64)
  (table (export "table") 1 funcref)
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "handle") (param i32 i32 i32) (result i64)
    (if (i32.ge_u (local.get 2) (i32.const 4))
      (then (i32.store (local.get 1) (i32.add (i32.load (local.get 1)) (i32.const 1)))))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get 1)) (i64.const 32))
      (i64.extend_i32_u (local.get 2)))))`;
