// Owns short copies and comparisons: memory.copy leaves wasm for C, which costs 5 ns; up to SHORT
// bytes pieces of 16 are faster. Exact: no byte outside of the two ranges is read or written.

const SHORT: u32 = 256;

/** Copies `n` bytes; the ranges do not overlap. */
export function copy(to: usize, from: usize, n: u32): void {
  if (n > SHORT) {
    memory.copy(to, from, n);
    return;
  }
  if (n >= 16) {
    const last = n - 16;
    for (let i: u32 = 0; i < last; i += 16) v128.store(to + i, v128.load(from + i));
    v128.store(to + last, v128.load(from + last));
  } else if (n >= 8) {
    const last = n - 8;
    store<u64>(to, load<u64>(from));
    store<u64>(to + last, load<u64>(from + last));
  } else {
    for (let i: u32 = 0; i < n; i++) store<u8>(to + i, load<u8>(from + i));
  }
}

/** Whether `n` bytes are the same. */
export function same(a: usize, b: usize, n: u32): bool {
  if (n >= 16) {
    const last = n - 16;
    for (let i: u32 = 0; i < last; i += 16) {
      if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
    }
    return !v128.any_true(v128.xor(v128.load(a + last), v128.load(b + last)));
  }
  if (n >= 8) {
    const last = n - 8;
    const first = load<u64>(a) ^ load<u64>(b);
    return !(first | (load<u64>(a + last) ^ load<u64>(b + last)));
  }
  for (let i: u32 = 0; i < n; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
  }
  return true;
}
