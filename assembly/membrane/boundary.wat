;; Owns the steps over the boundary between a cell's memory ($cell) and the host's ($host): the
;; check of what a cell points at, and the copies both ways. No module of its own: build.mjs puts it
;; into those that have both memories.
  ;; 1 when [ptr, ptr + len) lies in the cell's memory. 64-bit: 65536 pages do not fit 32.
  (func $inside (param $ptr i32) (param $len i32) (result i32)
    (i64.le_u
      (i64.add (i64.extend_i32_u (local.get $ptr)) (i64.extend_i32_u (local.get $len)))
      (i64.shl (i64.extend_i32_u (memory.size $cell)) (i64.const 16))))

  ;; memory.copy leaves wasm for C: 5 ns. Up to 128 bytes pieces of 16 are faster, some from the
  ;; front and some from the back, overlapping, so that no byte past n is read or written. All
  ;; loads of a piece come before its store, and the memories differ: overlap does no harm. The
  ;; first bytes come last: a cell that has just written a header there is not waited for.
  (func $toCell (param $to i32) (param $from i32) (param $n i32)
    (local $toEnd i32) (local $fromEnd i32)
    (if (i32.gt_u (local.get $n) (i32.const 128))
      (then
        (memory.copy $cell $host (local.get $to) (local.get $from) (local.get $n))
        (return)))
    (local.set $toEnd (i32.add (local.get $to) (local.get $n)))
    (local.set $fromEnd (i32.add (local.get $from) (local.get $n)))
    (if (i32.ge_u (local.get $n) (i32.const 16))
      (then
        (if (i32.gt_u (local.get $n) (i32.const 32))
          (then
            (if (i32.gt_u (local.get $n) (i32.const 64))
              (then
                (v128.store $cell offset=16 (local.get $to)
                  (v128.load $host offset=16 (local.get $from)))
                (v128.store $cell offset=32 (local.get $to)
                  (v128.load $host offset=32 (local.get $from)))
                (v128.store $cell offset=48 (local.get $to)
                  (v128.load $host offset=48 (local.get $from)))
                (v128.store $cell (i32.sub (local.get $toEnd) (i32.const 64))
                  (v128.load $host (i32.sub (local.get $fromEnd) (i32.const 64))))
                (v128.store $cell (i32.sub (local.get $toEnd) (i32.const 48))
                  (v128.load $host (i32.sub (local.get $fromEnd) (i32.const 48))))))
            (if (i32.le_u (local.get $n) (i32.const 64))
              (then
                (v128.store $cell offset=16 (local.get $to)
                  (v128.load $host offset=16 (local.get $from)))))
            (v128.store $cell (i32.sub (local.get $toEnd) (i32.const 32))
              (v128.load $host (i32.sub (local.get $fromEnd) (i32.const 32))))))
        (v128.store $cell (i32.sub (local.get $toEnd) (i32.const 16))
          (v128.load $host (i32.sub (local.get $fromEnd) (i32.const 16))))
        (v128.store $cell (local.get $to) (v128.load $host (local.get $from)))
        (return)))
    (if (i32.ge_u (local.get $n) (i32.const 8))
      (then
        (i64.store $cell (local.get $to) (i64.load $host (local.get $from)))
        (i64.store $cell (i32.sub (local.get $toEnd) (i32.const 8))
          (i64.load $host (i32.sub (local.get $fromEnd) (i32.const 8))))
        (return)))
    (block $done
      (loop $byte
        (br_if $done (i32.eq (local.get $to) (local.get $toEnd)))
        (i32.store8 $cell (local.get $to) (i32.load8_u $host (local.get $from)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br $byte))))

  (func $toHost (param $to i32) (param $from i32) (param $n i32)
    (local $toEnd i32) (local $fromEnd i32)
    (if (i32.gt_u (local.get $n) (i32.const 128))
      (then
        (memory.copy $host $cell (local.get $to) (local.get $from) (local.get $n))
        (return)))
    (local.set $toEnd (i32.add (local.get $to) (local.get $n)))
    (local.set $fromEnd (i32.add (local.get $from) (local.get $n)))
    (if (i32.ge_u (local.get $n) (i32.const 16))
      (then
        (if (i32.gt_u (local.get $n) (i32.const 32))
          (then
            (if (i32.gt_u (local.get $n) (i32.const 64))
              (then
                (v128.store $host offset=16 (local.get $to)
                  (v128.load $cell offset=16 (local.get $from)))
                (v128.store $host offset=32 (local.get $to)
                  (v128.load $cell offset=32 (local.get $from)))
                (v128.store $host offset=48 (local.get $to)
                  (v128.load $cell offset=48 (local.get $from)))
                (v128.store $host (i32.sub (local.get $toEnd) (i32.const 64))
                  (v128.load $cell (i32.sub (local.get $fromEnd) (i32.const 64))))
                (v128.store $host (i32.sub (local.get $toEnd) (i32.const 48))
                  (v128.load $cell (i32.sub (local.get $fromEnd) (i32.const 48))))))
            (if (i32.le_u (local.get $n) (i32.const 64))
              (then
                (v128.store $host offset=16 (local.get $to)
                  (v128.load $cell offset=16 (local.get $from)))))
            (v128.store $host (i32.sub (local.get $toEnd) (i32.const 32))
              (v128.load $cell (i32.sub (local.get $fromEnd) (i32.const 32))))))
        (v128.store $host (i32.sub (local.get $toEnd) (i32.const 16))
          (v128.load $cell (i32.sub (local.get $fromEnd) (i32.const 16))))
        (v128.store $host (local.get $to) (v128.load $cell (local.get $from)))
        (return)))
    (if (i32.ge_u (local.get $n) (i32.const 8))
      (then
        (i64.store $host (local.get $to) (i64.load $cell (local.get $from)))
        (i64.store $host (i32.sub (local.get $toEnd) (i32.const 8))
          (i64.load $cell (i32.sub (local.get $fromEnd) (i32.const 8))))
        (return)))
    (block $done
      (loop $byte
        (br_if $done (i32.eq (local.get $to) (local.get $toEnd)))
        (i32.store8 $host (local.get $to) (i32.load8_u $cell (local.get $from)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br $byte))))
