// Owns `alloc` of the cell ABI: a call begins, what the last one left is dropped (arena) or
// collected when there is enough of it (collect), and memory for the arguments is handed out. Works
// with both runtimes; never called by a service's own code.

/** Memory for `len` bytes of arguments; stands until the next call begins. */
export function alloc(len: usize): usize {
  __call_begin();
  return __new(len, idof<ArrayBuffer>());
}
