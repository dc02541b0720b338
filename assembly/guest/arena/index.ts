// Owns the memory of services without fields: bump allocation, and everything that a call made is
// dropped when the next one begins, by one store. 2.4 ns an allocation against 27-103 for
// collecting. Never frees a single object. A runtime for asc (`--runtime`), with
// build/5-compile/nostack.mjs.
//
//   0        __heap_base              mark                    top            limit
//   +--------+------------------------+-----------------------+--------------+
//   | static | kept: start, escapes   | of the current call   | free         |
//   +--------+------------------------+-----------------------+--------------+
//
// Safe by construction: the compiler calls __link for every reference that is stored in an object.
// A store of a young object into an old one, or into a global (seen when the next call begins),
// means that something outlives its call; then all that the call made is kept.
//
// Block:  u32 bytes | data, 16-aligned.     Object: data = u64 0 | u32 class | u32 bytes | fields

const ALIGN: usize = 15;
/** Bytes before a block's data. */
const OVER: usize = 4;
/** Bytes of an object before its fields, as the library expects them. */
const OBJECT: usize = 16;
const BLOCK_MOST: usize = (1 << 30) - OVER;

let top: usize = ((__heap_base + OVER + ALIGN) & ~ALIGN) - OVER;
let limit: usize = 0;
/** Blocks at or above it belong to the current call; 0 until the first call begins. */
let mark: usize = 0;
let escaped: bool = false;
/** Raw blocks that this call took and did not free. */
let raw: u32 = 0;

/** Makes memory reach to `end`: twice as much if that can be had, else as much as needed. */
function grow(end: usize): void {
  const have = memory.size();
  const bytes = <usize>have << 16;
  if (end > bytes) {
    const need = <i32>((end - bytes + 0xffff) >>> 16);
    if (memory.grow(max(have, need)) < 0 && memory.grow(need) < 0) {
      throw new Error("out of memory");
    }
  }
  limit = <usize>memory.size() << 16;
}

// @ts-ignore: decorator
@inline function roomFor(size: usize): usize {
  return ((size + OVER + ALIGN) & ~ALIGN) - OVER;
}

function take(size: usize): usize {
  if (size > BLOCK_MOST) throw new Error("an allocation of more than 1 GB");
  const p = top + OVER;
  const room = roomFor(size);
  const end = p + room;
  if (end > limit) grow(end);
  store<u32>(top, <u32>room);
  top = end;
  return p;
}

function retake(p: usize, size: usize): usize {
  const had = <usize>load<u32>(p - OVER);
  if (size <= had) return p;
  // Only a block of this call may grow in place: an old one would reach over the mark unnoticed.
  if (p + had == top && p >= mark) {
    top = p - OVER;
    return take(size);
  }
  const q = take(max(size, min(had << 1, BLOCK_MOST)));
  memory.copy(q, p, had);
  return q;
}

/** Begins a call. What the last one made is gone, unless some of it escaped. */
// @ts-ignore: decorator
@unsafe @global export function __call_begin(): void {
  if (mark != 0) {
    if (!escaped && raw == 0) __visit_globals(0);
    if (!escaped && raw == 0) {
      top = mark;
      return;
    }
  }
  mark = top;
  escaped = false;
  raw = 0;
}

// Raw memory (`heap.alloc`): nobody sees where its address is kept, so a call that did not free all
// of its own is a call from which something escaped.
// @ts-ignore: decorator
@unsafe @global export function __alloc(size: usize): usize {
  raw++;
  return take(size);
}
// @ts-ignore: decorator
@unsafe @global export function __realloc(p: usize, size: usize): usize {
  const q = retake(p, size);
  if (q != p && p < mark) raw++;
  return q;
}
// @ts-ignore: decorator
@unsafe @global export function __free(p: usize): void {
  if (p < mark) return;
  raw--;
  if (p + load<u32>(p - OVER) == top) top = p - OVER;
}

// @ts-ignore: decorator
@unsafe @global export function __new(size: usize, id: u32): usize {
  if (size > BLOCK_MOST - OBJECT) throw new Error("an allocation of more than 1 GB");
  const p = take(OBJECT + size);
  store<u64>(p, 0);
  store<u32>(p, id, 8);
  store<u32>(p, <u32>size, 12);
  return p + OBJECT;
}
// @ts-ignore: decorator
@unsafe @global export function __renew(old: usize, size: usize): usize {
  if (size > BLOCK_MOST - OBJECT) throw new Error("an allocation of more than 1 GB");
  const p = retake(old - OBJECT, OBJECT + size);
  store<u32>(p, <u32>size, 12);
  return p + OBJECT;
}

// @ts-ignore: decorator
@unsafe @global @inline
export function __link(parent: usize, child: usize, multiple: bool): void {
  if (parent < mark && child >= mark) escaped = true;
}
// @ts-ignore: decorator
@unsafe @global export function __visit(p: usize, cookie: u32): void {
  if (p >= mark) escaped = true;
}
// @ts-ignore: decorator
@unsafe @global export function __pin(p: usize): usize {
  escaped = true;
  return p;
}
// @ts-ignore: decorator
@unsafe @global export function __unpin(p: usize): void {}
/** Nothing to do in the middle of a call. */
// @ts-ignore: decorator
@unsafe @global export function __collect(): void {}
