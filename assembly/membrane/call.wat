;; Owns the calls that one cell makes of others: bounds of what it hands over, the way there, and
;; the reply until it is taken. Only cells that import `cell:call` have one. Never trusts the cell;
;; never holds bytes of another one longer than until somebody else calls.
;;
;;   call(links, count, method, ptr, len) -> i64: bytes of the reply, or of an error record with
;;     status << 32, or status << 32 | reason << 40. A wild pointer is a trap.
;;   take(ptr): copies what the last call left. A trap when there is nothing, or not any more.
;;
;; The bytes travel in the lane's PART_CALL, which all calls of a lane share: arguments in its first
;; half until the called cell has copied them, its reply in the second until it is taken. Whoever
;; puts bytes there counts L_CALLS up.
;;
;; What cannot be answered at once is called on the same stack, in an instance that `acquire` (which
;; stands still until one is free) found; `release` gives it back. No JavaScript lies on the stack
;; while a cell runs.
(module
  (import "env" "memory" (memory $host 1 65536 shared))
  (import "cell" "memory" (memory $cell 1))
  (import "calls" "table" (table $calls 2 funcref))
  (import "lane" "base" (global $lane i32))
  (import "lane" "cell" (global $index i32))
  (import "lane" "replyBytes" (global $most i32))
  (import "lane" "table" (table $lanes 0 funcref))
  (import "lane" "first" (global $first i32))
  (import "lane" "nested" (func $nested (param i32 i32 i32 i32 i32 i32) (result i64)))
  (import "lane" "conclude" (func $conclude (param i32 i32 i32 i32 i32 i32 i32 i64)))
  (import "lane" "context" (func $context (param i32 i32 i32) (result i32)))
  (import "lane" "acquire" (func $acquire (param i32) (result i32)))
  (import "lane" "release" (func $release))
  (import "lane" "explain" (func $explain (param i32) (result i32)))
  (import "membrane" "session" (global $session (mut i32)))
  (import "membrane" "generation" (global $generation (mut i32)))
  (import "membrane" "trace" (global $trace (mut i32)))
  (type $serve
    (func (param i32 i32 i32 i32 i32 i32 i32 i32) (result i64)))
  (elem (table $calls) (i32.const 0) func $call $take)

  ;; 1 once the instance has started: before that there is no caller whose rights would count
  (global $begun (export "begun") (mut i32) (i32.const 0))
  ;; bytes that wait for take, and L_CALLS then; -1 = nothing
  (global $held (mut i32) (i32.const -1))
  (global $calls_then (mut i32) (i32.const 0))

  {{> boundary.wat}}

  (func $place (result i32)
    (i32.add (global.get $lane)
      (i32.load $host offset={{PART_CALL_WORD * 4}} (global.get $lane))))

  (func $replies (result i32)
    (i32.add (call $place)
      (select (global.get $most) (i32.const {{ERROR_BYTES}})
        (i32.gt_u (global.get $most) (i32.const {{ERROR_BYTES}})))))

  (func $count
    (i32.store $host offset={{L_CALLS}} (global.get $lane)
      (i32.add (i32.const 1) (i32.load $host offset={{L_CALLS}} (global.get $lane)))))

  (func $give (param $ptr i32) (param $len i32)
    (call $count)
    (call $toHost (call $place) (local.get $ptr) (local.get $len)))

  ;; What stands in PART_CALL now is for take.
  (func $hold (param $answer i64) (result i64)
    (call $count)
    (global.set $held (i32.wrap_i64 (local.get $answer)))
    (global.set $calls_then (i32.load $host offset={{L_CALLS}} (global.get $lane)))
    (local.get $answer))

  (func $refusal (param $code i32) (result i64)
    (global.set $held (i32.const -1))
    (i64.shl (i64.extend_i32_u (local.get $code)) (i64.const 32)))

  ;; A refusal for which JavaScript put `bytes` of error record into PART_CALL, if any.
  (func $told (param $code i32) (param $bytes i32) (result i64)
    (if (i32.eqz (local.get $bytes)) (then (return (call $refusal (local.get $code)))))
    (call $hold
      (i64.or
        (i64.shl (i64.extend_i32_u (i32.and (local.get $code) (i32.const 0xff))) (i64.const 32))
        (i64.extend_i32_u (local.get $bytes)))))

  (func $call
    (param $links i32) (param $count i32) (param $method i32) (param $ptr i32) (param $len i32)
    (result i64)
    (local $answer i64) (local $pure i32) (local $link i32)
    (if (i32.eqz (call $inside (local.get $ptr) (local.get $len))) (then (unreachable)))
    (if (i32.ge_u (local.get $method) (local.get $count))
      (then (return (call $refusal (i32.const {{UNIMPLEMENTED | REASON_NO_ROUTE << 8}})))))
    (if (i32.eqz (global.get $begun))
      (then (return (call $refusal (i32.const {{FAILED_PRECONDITION | REASON_CALL_START << 8}})))))
    (if (i32.gt_u (local.get $len) (global.get $most))
      (then
        (return
          (call $refusal (i32.const {{RESOURCE_EXHAUSTED | REASON_PAYLOAD_TOO_LARGE << 8}})))))
    (call $give (local.get $ptr) (local.get $len))
    (local.set $pure (i32.eq (global.get $session) (i32.const -1)))
    (local.set $link
      (i32.add (local.get $links) (i32.mul (local.get $method) (i32.const {{LINK_BYTES}}))))
    (local.set $answer
      (call $nested
        (local.get $link)
        (local.get $len)
        (global.get $session)
        (global.get $generation)
        (select (i32.const 0) (global.get $trace) (local.get $pure))
        (select (global.get $index) (i32.const -1) (local.get $pure))))
    (if (i64.lt_s (local.get $answer) (i64.const 0))
      (then
        (local.set $answer
          (i64.and (local.get $answer) (i64.const 0x7fffffffffffffff)))
        (call $give (local.get $ptr) (local.get $len))
        (call $conclude
          (i32.sub (i32.load $host (local.get $link)) (i32.const 1))
          (local.get $len)
          (global.get $session)
          (i32.wrap_i64 (i64.shr_u (local.get $answer) (i64.const 32)))
          (i32.wrap_i64 (local.get $answer))
          (i32.const 0) (i32.const 0) (i64.const 0))))
    (if (i64.ne (i64.shr_u (local.get $answer) (i64.const 32)) (i64.const {{CALL_WAITS}}))
      (then
        (if (i64.eq (local.get $answer)
              (i64.const {{(ABORTED | REASON_CALL_CYCLE << 8) * 4294967296}}))
          (then
            (return
              (call $told (i32.const {{ABORTED | REASON_CALL_CYCLE << 8}})
                (call $explain (local.get $link))))))
        (return (call $hold (local.get $answer)))))
    (if (local.get $pure)
      (then (return (call $refusal (i32.const {{UNAVAILABLE | REASON_CALL_WAITS << 8}})))))
    (call $wait (i32.wrap_i64 (local.get $answer)) (local.get $ptr) (local.get $len)))

  ;; The arguments are copied again: others may have called while this one stood still.
  (func $wait (param $route i32) (param $ptr i32) (param $len i32) (result i64)
    (local $entry i32) (local $answer i64) (local $context i32) (local $start i64)
    (local.set $start (i64.load $host offset={{L_NOW}} (global.get $lane)))
    (local.set $entry (call $acquire (local.get $route)))
    (if (i32.lt_s (local.get $entry) (i32.const 0))
      (then
        (local.set $entry (i32.sub (i32.const 0) (local.get $entry)))
        (return
          (call $told (i32.and (local.get $entry) (i32.const 0xffff))
            (i32.shr_u (local.get $entry) (i32.const 16))))))
    (call $give (local.get $ptr) (local.get $len))
    (local.set $context
      (call $context (i32.sub (local.get $entry) (global.get $first))
        (global.get $trace) (local.get $route)))
    (local.set $answer
      (call_indirect $lanes (type $serve)
        (i32.load $host offset={{R_METHOD}}
          (i32.add
            (i32.load $host offset={{CONTROL + C_ROUTES_WORD * 4}} (i32.const 0))
            (i32.mul (local.get $route) (i32.const {{ROUTE_BYTES}}))))
        (call $place)
        (local.get $len)
        (call $replies)
        (global.get $most)
        (global.get $session)
        (global.get $generation)
        (local.get $context)
        (local.get $entry)))
    (call $give (local.get $ptr) (local.get $len))
    (call $conclude
      (local.get $route)
      (local.get $len)
      (global.get $session)
      (i32.wrap_i64 (i64.shr_u (local.get $answer) (i64.const 32)))
      (i32.wrap_i64 (local.get $answer))
      (local.get $context)
      (global.get $trace)
      (local.get $start))
    (local.set $answer (call $hold (local.get $answer)))
    (call $release)
    (local.get $answer))

  (func $take (param $ptr i32)
    (local $from i32) (local $len i32)
    (if (i32.or
          (i32.eq (global.get $held) (i32.const -1))
          (i32.ne (i32.load $host offset={{L_CALLS}} (global.get $lane))
            (global.get $calls_then)))
      (then (unreachable)))
    (if (i32.eqz (call $inside (local.get $ptr) (global.get $held))) (then (unreachable)))
    (local.set $from (call $replies))
    (local.set $len (global.get $held))
    (global.set $held (i32.const -1))
    (call $toCell (local.get $ptr) (local.get $from) (local.get $len))))
