;; Owns the import `cell:reply.take` of one instance, and the table that it and the instance's
;; remote.wat modules jump through: both exist before the cell, call.wat after it.
;;
;; Exports: table, take(ptr).
(module
  (table $calls (export "table") 2 2 funcref)
  (type $take (func (param i32)))
  (func (export "take") (param i32)
    (call_indirect $calls (type $take) (local.get 0) (i32.const 1))))
