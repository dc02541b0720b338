// Owns the guests of the kernel tests, hostile ones among them: WAT, assembled on demand.
// Method numbers: see each function of ECHO.

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

/** Memory of two pages; alloc and handle as given; all imports there. */
export function guest(parts: { alloc?: string; handle?: string; more?: string }): string {
  return `(module
  (import "cell:core" "fail" (func $fail (param i32 i32 i32)))
  (import "cell:core" "attempt" (func $attempt (param i32 i32) (result i32)))
  (import "cell:core" "failure" (func $failure (param i32 i32) (result i32)))
  (import "cell:caller" "read" (func $read (param i32 i32) (result i32)))
  (import "cell:log" "write" (func $write (param i32 i32 i32)))
  (import "cell:clock" "now" (func $now (result i64)))
  (import "cell:random" "next" (func $next (result i64)))
  (memory (export "memory") 2 32)
  (table (export "table") 8 funcref)
  ${parts.more ?? ''}
  (func (export "alloc") (param $len i32) (result i32) ${parts.alloc ?? '(i32.const 1024)'})
  (func (export "handle") (param $method i32) (param $ptr i32) (param $len i32) (result i64)
    ${parts.handle ?? '(i64.const 0)'}))`;
}
