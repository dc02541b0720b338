// Owns the hostile guests of the kernel tests: WAT with alloc and handle as a test wants them.

export { assemble, ECHO } from '../../bench/kernel-cells.ts';

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
