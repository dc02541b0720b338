;; Owns the boundary between one cell and the host: the only code that sees both memories. It
;; copies, bounds-checks every pointer and length that leaves the cell, and turns a `fail` into a
;; status. Never trusts the cell: a wild pointer is answered, it never reads or writes the host.
;; Link order: gate.wat. One call at a time in one instance.
;;
;; Pure tier (called by the kernel through the lane's table):
;;   dispatch(method, ptr, len, out, room) -> i64   ptr, out: host memory, len at ptr are arguments
;;     status << 32 | bytes   0: reply copied to out; 1-16: error record copied to out
;;     HELD << 32 | bytes     the reply has `bytes` bytes, more than room: make room, fetch(out)
;;     (status | reason << 8) << 32   refused by the membrane: wild pointer, reply too large
;;   fetch(out) -> i64        copies what is held; the same status << 32 | bytes
;; Waiting tier (called by the lane):
;;   enter(session, generation, ptr, len, trace) -> i32  who calls, and the arguments, copied before
;;     the promise begins, so the bytes at ptr are free at once. 0, or status | reason << 8.
;;   call(method) -> i64      under WebAssembly.promising; status << 32 | bytes, all of it held
;;   fetch(out) -> i64        as above, with room for `bytes` at out
;;     session: byte offset of the slot (slot 0 is not at offset 0; 0 = no session).
;;     trace: byte offset of the call's trace context (layout.ts P_TRACE), 0 = none.
;;   serve(method, ptr, len, out, room, session, generation, trace) -> i64   all three in one, for a
;;     cell that calls this one on its own stack (call.wat); as dispatch, never HELD.
;;
;; A trap inside the cell passes through as a trap: discard cell, gate and membrane.
(module
  (import "env" "memory" (memory $host 1 65536 shared))
  (import "cell" "memory" (memory $cell 1))
  (import "gate" "tag" (tag $fail (param i32 i32 i32)))
  (import "gate" "table" (table $gate 6 funcref))
  (import "cell" "table" (table $guest 0 funcref))
  (import "cell" "alloc" (func $alloc (param i32) (result i32)))
  (import "cell" "handle" (func $handle (param i32 i32 i32) (result i64)))
  (import "lane" "base" (global $lane i32))
  (import "lane" "cell" (global $index i32))
  (import "lane" "replyBytes" (global $replyBytes i32))
  (elem (table $gate) (i32.const 0) func
    $attempt $failure $read $write $waits $context)
  (type $body (func (param i32)))

  ;; the reply or error that waits for fetch
  (global $heldStatus (mut i32) (i32.const 0))
  (global $heldPtr (mut i32) (i32.const 0))
  (global $heldLen (mut i32) (i32.const 0))
  ;; the error record that attempt caught last
  (global $caughtPtr (mut i32) (i32.const 0))
  (global $caughtLen (mut i32) (i32.const 0))
  ;; the caller of a waiting call. -1: a pure call, whose caller stands in the lane block
  (global $session (export "session") (mut i32) (i32.const -1))
  (global $generation (export "generation") (mut i32) (i32.const 0))
  (global $trace (export "trace") (mut i32) (i32.const 0))
  (global $ptr (mut i32) (i32.const 0))
  (global $len (mut i32) (i32.const 0))

  {{> boundary.wat}}

  ;; Checks an answer of the cell and holds it: its status, or status | reason << 8.
  (func $hold (param $status i32) (param $ptr i32) (param $len i32) (result i32)
    (local.set $status
      (if (result i32) (call $inside (local.get $ptr) (local.get $len))
        (then
          (if (result i32)
            (i32.gt_u (local.get $len)
              (select (i32.const {{ERROR_BYTES}}) (global.get $replyBytes) (local.get $status)))
            (then
              (i32.const {{RESOURCE_EXHAUSTED | REASON_REPLY_TOO_LARGE << 8}}))
            (else (local.get $status))))
        (else (i32.const {{INTERNAL | REASON_REPLY_WILD << 8}}))))
    (if (i32.gt_u (local.get $status) (i32.const {{UNAUTHENTICATED}}))
      (then (local.set $len (i32.const 0))))
    (global.set $heldStatus (local.get $status))
    (global.set $heldPtr (local.get $ptr))
    (global.set $heldLen (local.get $len))
    (local.get $status))

  ;; A cell may throw any number: what is no error status of ours becomes UNKNOWN.
  (func $errorStatus (param $status i32) (result i32)
    (select (local.get $status) (i32.const {{UNKNOWN}})
      (i32.lt_u (i32.sub (local.get $status) (i32.const 1)) (i32.const {{UNAUTHENTICATED}}))))

  (func $answer (param $status i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $status)) (i64.const 32))
      (i64.extend_i32_u (global.get $heldLen))))

  (func $send (param $status i32) (param $out i32) (param $room i32) (result i64)
    (if (i32.gt_u (global.get $heldLen) (local.get $room))
      (then (return (call $answer (i32.const {{DISPATCH_HELD}})))))
    (call $toHost (local.get $out) (global.get $heldPtr) (global.get $heldLen))
    (call $answer (local.get $status)))

  ;; A reply that does not fit its room, or must not leave at all.
  (func $refuse (param $at i32) (param $len i32) (result i64)
    (local $status i32)
    (local.set $status (call $hold (i32.const 0) (local.get $at) (local.get $len)))
    (call $answer
      (select (local.get $status) (i32.const {{DISPATCH_HELD}}) (local.get $status))))

  ;; alloc is the cell's: while it runs the bytes at ptr may become another cell's (call.wat). Who
  ;; puts bytes there counts L_CALLS up.
  (func (export "dispatch")
    (param $method i32) (param $ptr i32) (param $len i32) (param $out i32) (param $room i32)
    (result i64)
    (local $at i32) (local $reply i64) (local $calls i32)
    (global.set $session (i32.const -1))
    (local.set $calls (i32.load $host offset={{L_CALLS}} (global.get $lane)))
    (block $failed (result i32 i32 i32)
      (try_table (catch $fail $failed)
        (local.set $at (call $alloc (local.get $len)))
        (if (i32.ne
              (i32.load $host offset={{L_CALLS}} (global.get $lane)) (local.get $calls))
          (then (return (call $answer (call $hold (i32.const 0) (i32.const -1) (i32.const -1))))))
        (if (i32.eqz (call $inside (local.get $at) (local.get $len)))
          (then (return (call $answer (call $hold (i32.const 0) (i32.const -1) (i32.const -1))))))
        (call $toCell (local.get $at) (local.get $ptr) (local.get $len))
        (local.set $reply
          (call $handle (local.get $method) (local.get $at) (local.get $len)))
        (local.set $at (i32.wrap_i64 (i64.shr_u (local.get $reply) (i64.const 32))))
        (local.set $len (i32.wrap_i64 (local.get $reply)))
        (if (i32.le_u (local.get $len) (local.get $room))
          (then
            (if (i32.le_u (local.get $len) (global.get $replyBytes))
              (then
                (if (call $inside (local.get $at) (local.get $len))
                  (then
                    (call $toHost (local.get $out) (local.get $at) (local.get $len))
                    (return (i64.extend_i32_u (local.get $len)))))))))
        (return (call $refuse (local.get $at) (local.get $len))))
      (unreachable))
    (local.set $len)
    (local.set $at)
    (local.set $method (call $errorStatus))
    (call $send
      (call $hold (local.get $method) (local.get $at) (local.get $len))
      (local.get $out) (local.get $room)))

  (func (export "fetch") (param $out i32) (result i64)
    (call $toHost (local.get $out) (global.get $heldPtr) (global.get $heldLen))
    (call $answer (global.get $heldStatus)))

  ;; L_CALLS: as in dispatch.
  (func $enter (export "enter")
    (param $session i32) (param $generation i32) (param $ptr i32) (param $len i32)
    (param $trace i32) (result i32)
    (local $at i32) (local $calls i32)
    (global.set $session (local.get $session))
    (global.set $generation (local.get $generation))
    (global.set $trace (local.get $trace))
    (local.set $calls (i32.load $host offset={{L_CALLS}} (global.get $lane)))
    (block $failed (result i32 i32 i32)
      (try_table (catch $fail $failed)
        (local.set $at (call $alloc (local.get $len)))
        (if (i32.ne
              (i32.load $host offset={{L_CALLS}} (global.get $lane)) (local.get $calls))
          (then (return (i32.const {{INTERNAL | REASON_REPLY_WILD << 8}}))))
        (if (i32.eqz (call $inside (local.get $at) (local.get $len)))
          (then (return (i32.const {{INTERNAL | REASON_REPLY_WILD << 8}}))))
        (call $toCell (local.get $at) (local.get $ptr) (local.get $len))
        (global.set $ptr (local.get $at))
        (global.set $len (local.get $len))
        (return (i32.const 0)))
      (unreachable))
    (drop) (drop) (drop)
    (i32.const {{INTERNAL | REASON_REPLY_WILD << 8}}))

  (func (export "serve")
    (param $method i32) (param $ptr i32) (param $len i32) (param $out i32) (param $room i32)
    (param $session i32) (param $generation i32) (param $trace i32) (result i64)
    (local $refused i32) (local $answer i64)
    (local.set $refused
      (call $enter (local.get $session) (local.get $generation)
        (local.get $ptr) (local.get $len) (local.get $trace)))
    (if (local.get $refused)
      (then (return (i64.shl (i64.extend_i32_u (local.get $refused)) (i64.const 32)))))
    (local.set $answer (call $call (local.get $method)))
    (if (i32.gt_u (global.get $heldLen) (local.get $room))
      (then
        (return
          (i64.const {{(RESOURCE_EXHAUSTED | REASON_REPLY_TOO_LARGE << 8) * 4294967296}}))))
    (call $toHost (local.get $out) (global.get $heldPtr) (global.get $heldLen))
    (local.get $answer))

  (func $call (export "call") (param $method i32) (result i64)
    (local $reply i64) (local $at i32) (local $n i32)
    (block $failed (result i32 i32 i32)
      (try_table (catch $fail $failed)
        (local.set $reply
          (call $handle (local.get $method) (global.get $ptr) (global.get $len)))
        (return
          (call $answer
            (call $hold (i32.const 0)
              (i32.wrap_i64 (i64.shr_u (local.get $reply) (i64.const 32)))
              (i32.wrap_i64 (local.get $reply))))))
      (unreachable))
    (local.set $n)
    (local.set $at)
    (local.set $method (call $errorStatus))
    (call $answer (call $hold (local.get $method) (local.get $at) (local.get $n))))

  ;; cell:core.attempt: fn(arg) through the cell's own table. 0, or 1 + status.
  (func $attempt (param $fn i32) (param $arg i32) (result i32)
    (local $ptr i32) (local $len i32)
    (block $failed (result i32 i32 i32)
      (try_table (catch $fail $failed)
        (call_indirect $guest (type $body) (local.get $arg) (local.get $fn))
        (return (i32.const 0)))
      (unreachable))
    (local.set $len)
    (local.set $ptr)
    (if (i32.eqz (call $inside (local.get $ptr) (local.get $len)))
      (then (local.set $ptr (i32.const 0)) (local.set $len (i32.const 0))))
    (global.set $caughtPtr (local.get $ptr))
    (global.set $caughtLen (local.get $len))
    (i32.add (i32.const 1) (call $errorStatus)))

  ;; cell:core.failure: bytes of the record; copied when they fit. A wild ptr is a trap.
  (func $failure (param $ptr i32) (param $cap i32) (result i32)
    (if (i32.le_u (global.get $caughtLen) (local.get $cap))
      (then
        (memory.copy $cell $cell
          (local.get $ptr) (global.get $caughtPtr) (global.get $caughtLen))))
    (global.get $caughtLen))

  ;; cell:caller.read. The listener may close or reuse the slot at any moment, so its generation
  ;; is compared before its fields are trusted and again after the copy; or refresh the text, so
  ;; length and offset must be the same before and after.
  (func $read (param $ptr i32) (param $cap i32) (result i32)
    (local $slot i32) (local $generation i32) (local $n i32) (local $at i32)
    (if (i32.eq (global.get $session) (i32.const -1))
      (then
        (local.set $slot (i32.load $host offset={{L_SESSION}} (global.get $lane)))
        (local.set $generation (i32.load $host offset={{L_GENERATION}} (global.get $lane))))
      (else
        (local.set $slot (global.get $session))
        (local.set $generation (global.get $generation))))
    (if (i32.eqz (local.get $slot)) (then (return (i32.const 0))))
    (loop $again
      (local.set $n (i32.atomic.load $host offset={{S_SUBJECT_BYTES}} (local.get $slot)))
      (local.set $at (i32.atomic.load $host offset={{S_SUBJECT_AT}} (local.get $slot)))
      (br_if $again (call $moved (local.get $slot) (local.get $n) (local.get $at)))
      (if (call $closed (local.get $slot) (local.get $generation))
        (then (return (i32.const 0))))
      (if (i32.gt_u (local.get $n) (local.get $cap)) (then (return (local.get $n))))
      (call $toCell (local.get $ptr) (local.get $at) (local.get $n))
      (br_if $again (call $moved (local.get $slot) (local.get $n) (local.get $at))))
    (if (call $closed (local.get $slot) (local.get $generation))
      (then
        (memory.fill $cell (local.get $ptr) (i32.const 0) (local.get $n))
        (return (i32.const 0))))
    (local.get $n))

  ;; cell:core.waits: 1 in a call that may stand still.
  (func $waits (result i32) (i32.ne (global.get $session) (i32.const -1)))

  ;; cell:trace.context: 0, or 1 and 25 bytes: trace id, span id, flags. A wild ptr is a trap.
  (func $context (param $ptr i32) (result i32)
    (local $at i32) (local $state i32)
    (local.set $at
      (if (result i32) (call $waits)
        (then (global.get $trace))
        (else (i32.add (global.get $lane) (i32.const {{L_TRACE}})))))
    (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))
    (local.set $state (i32.load $host offset={{L_TRACE_STATE - L_TRACE}} (local.get $at)))
    (if (i32.eqz (i32.and (local.get $state) (i32.const {{TRACE_HELD}})))
      (then (return (i32.const 0))))
    (if (i32.eqz (call $inside (local.get $ptr) (i32.const 25))) (then (unreachable)))
    (call $toCell (local.get $ptr) (local.get $at) (i32.const 24))
    (i32.store8 $cell offset=24 (local.get $ptr) (local.get $state))
    (i32.const 1))

  ;; For imports in JavaScript (flags): byte offset of the session slot of the call in hand, 0 =
  ;; nobody's, or closed since.
  (func (export "caller") (result i32)
    (local $slot i32) (local $generation i32)
    (if (i32.eq (global.get $session) (i32.const -1))
      (then
        (local.set $slot (i32.load $host offset={{L_SESSION}} (global.get $lane)))
        (local.set $generation (i32.load $host offset={{L_GENERATION}} (global.get $lane))))
      (else
        (local.set $slot (global.get $session))
        (local.set $generation (global.get $generation))))
    (if (i32.eqz (local.get $slot)) (then (return (i32.const 0))))
    (select (i32.const 0) (local.get $slot)
      (call $closed (local.get $slot) (local.get $generation))))

  (func $moved (param $slot i32) (param $n i32) (param $at i32) (result i32)
    (i32.or
      (i32.ne (i32.atomic.load $host offset={{S_SUBJECT_BYTES}} (local.get $slot))
        (local.get $n))
      (i32.ne (i32.atomic.load $host offset={{S_SUBJECT_AT}} (local.get $slot))
        (local.get $at))))

  (func $closed (param $slot i32) (param $generation i32) (result i32)
    (i32.ne
      (i32.atomic.load $host offset={{S_GENERATION}} (local.get $slot))
      (local.get $generation)))

  ;; cell:log.write: one record in the lane's log ring, cut to LOG_LINE_BYTES; when the ring is
  ;; full the line is lost and counted. A wild ptr is a trap, before anything is written.
  (func $write (param $level i32) (param $ptr i32) (param $len i32)
    (local $ring i32) (local $head i32) (local $at i32) (local $need i32)
    (if (i32.eqz (call $inside (local.get $ptr) (local.get $len))) (then (unreachable)))
    (local.set $level
      (select (local.get $level) (i32.const 3) (i32.le_u (local.get $level) (i32.const 3))))
    (if (i32.gt_u (local.get $len) (i32.const {{LOG_LINE_BYTES}}))
      (then
        (local.set $len (i32.const {{LOG_LINE_BYTES}}))
        (local.set $level (i32.or (local.get $level) (i32.const {{LOG_TRUNCATED}})))))
    (local.set $ring
      (i32.add (global.get $lane)
        (i32.load $host offset={{PART_LOG_WORD * 4}} (global.get $lane))))
    (local.set $head (i32.load $host offset={{RING_HEAD}} (local.get $ring)))
    (local.set $at (i32.and (local.get $head) (i32.const {{LOG_BYTES - 1}})))
    (local.set $need
      (i32.and (i32.add (local.get $len) (i32.const {{RECORD_BYTES + 15}})) (i32.const -16)))
    ;; a record that would cross the end costs the rest of the ring too
    (if (i32.gt_u (i32.add (local.get $at) (local.get $need)) (i32.const {{LOG_BYTES}}))
      (then
        (local.set $need
          (i32.add (local.get $need) (i32.sub (i32.const {{LOG_BYTES}}) (local.get $at))))))
    (if (i32.gt_u
          (i32.add (local.get $need)
            (i32.sub (local.get $head)
              (i32.atomic.load $host offset={{RING_TAIL}} (local.get $ring))))
          (i32.const {{LOG_BYTES}}))
      (then
        (i32.store $host offset={{L_LOG_LOST}} (global.get $lane)
          (i32.add (i32.const 1)
            (i32.load $host offset={{L_LOG_LOST}} (global.get $lane))))
        (return)))
    (if (i32.gt_u
          (i32.add (local.get $at) (i32.add (local.get $len) (i32.const {{RECORD_BYTES}})))
          (i32.const {{LOG_BYTES}}))
      (then
        (i32.store $host offset={{RING_DATA}} (i32.add (local.get $ring) (local.get $at))
          (i32.const {{RECORD_SKIP}}))
        (local.set $at (i32.const 0))))
    (local.set $at (i32.add (local.get $ring) (local.get $at)))
    (i32.store $host offset={{RING_DATA}} (local.get $at) (local.get $len))
    (i32.store $host offset={{RING_DATA + 4}} (local.get $at) (global.get $index))
    (i32.store $host offset={{RING_DATA + 8}} (local.get $at) (local.get $level))
    (i32.store $host offset={{RING_DATA + 12}} (local.get $at)
      (i32.load $host offset={{L_NOW}} (global.get $lane)))
    (call $toHost
      (i32.add (local.get $at) (i32.const {{RING_DATA + RECORD_BYTES}}))
      (local.get $ptr) (local.get $len))
    (i32.atomic.store $host offset={{RING_HEAD}} (local.get $ring)
      (i32.add (local.get $head) (local.get $need)))))
