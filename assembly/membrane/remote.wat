;; Owns one import `cell:call.<name>` of one instance: where the links of that cell lie, and how
;; many methods of it the importing cell knows. It exists before the cell does: call.wat fills the
;; table that it jumps through. Never touches a memory.
;;
;; Exports: call(method, ptr, len) -> i64, see call.wat.
(module
  (import "calls" "table" (table $calls 2 funcref))
  (import "remote" "links" (global $links i32))
  (import "remote" "count" (global $count i32))
  (type $call (func (param i32 i32 i32 i32 i32) (result i64)))
  (func (export "call") (param i32 i32 i32) (result i64)
    (call_indirect $calls (type $call)
      (global.get $links) (global.get $count)
      (local.get 0) (local.get 1) (local.get 2) (i32.const 0))))
