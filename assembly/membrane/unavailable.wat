;; Owns what stands in the table slots of a cell that cannot be entered now. Same signatures as
;; membrane.wat's `dispatch` and `fetch`, so putting the cell back is one table.set.
;; Exports: quarantined, loading (for R_SLOT), fetch (for R_SLOT + 1; never reached).
(module
  (func (export "quarantined") (param i32 i32 i32 i32 i32) (result i64)
    (i64.shl
      (i64.or (i64.const {{UNAVAILABLE}})
        (i64.shl (i64.const {{REASON_QUARANTINE}}) (i64.const 8)))
      (i64.const 32)))
  (func (export "loading") (param i32 i32 i32 i32 i32) (result i64)
    (i64.shl
      (i64.or (i64.const {{UNAVAILABLE}})
        (i64.shl (i64.const {{REASON_CELL_LOADING}}) (i64.const 8)))
      (i64.const 32)))
  (func (export "fetch") (param i32) (result i64)
    (i64.const 0)))
