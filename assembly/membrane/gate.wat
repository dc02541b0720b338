;; Owns a cell's imports: everything of `cell:*` that never waits. Never touches the cell's memory
;; (it exists before the cell does): what needs it jumps through the table into membrane.wat.
;;
;; Link order of one instance, all over the same host memory:
;;   1. gate      imports env.memory (shared), lane.base (i32, byte offset of the lane's region)
;;   2. the cell  imports from the gate's exports:
;;        cell:core fail attempt failure waits | cell:caller read | cell:log write
;;        cell:clock now | cell:random next | cell:trace context
;;        (cell:call and cell:reply: remote.wat; others come from host/capability)
;;   3. membrane  imports env.memory, gate.tag, gate.table, lane.base, lane.cell, lane.replyBytes,
;;                cell.memory, cell.table, cell.alloc, cell.handle; fills the gate's table
;;   4. the host then calls the cell's _initialize and start. A cell that calls a trampoline before
;;      step 3 (in a wasm start function) traps on the empty table: its load fails.
;;
;; Exports: tag, table, fail, attempt, failure, read, write, now, next, waits, context.
;; {{NAME}} stands for the const of that name in assembly/shared (assembly/build.mjs puts it in).
(module
  (import "env" "memory" (memory $host 1 65536 shared))
  (import "lane" "base" (global $lane i32))

  ;; status, pointer and length of an error record in the memory of the cell that failed
  (tag $fail (export "tag") (param i32 i32 i32))
  (table $membrane (export "table") 6 6 funcref)
  (type $pair (func (param i32 i32) (result i32)))
  (type $line (func (param i32 i32 i32)))
  (type $ask (func (result i32)))
  (type $tell (func (param i32) (result i32)))

  (func (export "fail") (param i32 i32 i32)
    (throw $fail (local.get 0) (local.get 1) (local.get 2)))

  (func (export "attempt") (param i32 i32) (result i32)
    (call_indirect $membrane (type $pair) (local.get 0) (local.get 1) (i32.const 0)))
  (func (export "failure") (param i32 i32) (result i32)
    (call_indirect $membrane (type $pair) (local.get 0) (local.get 1) (i32.const 1)))
  (func (export "read") (param i32 i32) (result i32)
    (call_indirect $membrane (type $pair) (local.get 0) (local.get 1) (i32.const 2)))
  (func (export "write") (param i32 i32 i32)
    (call_indirect $membrane (type $line)
      (local.get 0) (local.get 1) (local.get 2) (i32.const 3)))

  (func (export "waits") (result i32)
    (call_indirect $membrane (type $ask) (i32.const 4)))
  (func (export "context") (param i32) (result i32)
    (call_indirect $membrane (type $tell) (local.get 0) (i32.const 5)))

  (func (export "now") (result i64)
    (i64.load offset={{L_NOW}} (global.get $lane)))

  ;; splitmix64 over the lane's 64-bit state: seeded by the host, not for secrets.
  ;; Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
  (func (export "next") (result i64)
    (local $z i64)
    (i64.store offset={{L_RANDOM}} (global.get $lane)
      (local.tee $z
        (i64.add
          (i64.load offset={{L_RANDOM}} (global.get $lane))
          (i64.const 0x9e3779b97f4a7c15))))
    (local.set $z
      (i64.mul
        (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 30)))
        (i64.const 0xbf58476d1ce4e5b9)))
    (local.set $z
      (i64.mul
        (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 27)))
        (i64.const 0x94d049bb133111eb)))
    (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 31)))))
