// Owns the memory of services with fields: mark and sweep, between calls only, when what was made
// since the last collection exceeds max(1 MB, what was live then). Never collects during a call: no
// shadow stack knows what the stack holds, and a waiting call has a stack of its own.
// A runtime for asc (`--runtime`), with build/5-compile/nostack.mjs. Blocks come from the library's
// TLSF allocator.
//
// Object, 16 bytes before its fields:  u32 next | u32 mark | u32 class | u32 bytes
//   next   the object made before this one; objects in static data are not in the list
//   mark   black: epoch << 2 | 1; gray: the next gray object | 2; all else is white

import "rt/tlsf";

const OBJECT: usize = 16;
const OBJECT_MOST: usize = (1 << 30) - 32;
/** Bytes that may be made before a collection is worth its time. */
const GROWTH: usize = 1 << 20;

let newest: usize = 0;
let gray: usize = 0;
let epoch: u32 = 0;
let live: usize = 0;
let grown: usize = 0;

// @ts-ignore: decorator
@inline function cost(object: usize): usize {
  return OBJECT + load<u32>(object - 4);
}

/** Begins a call: collects what the calls before left behind, when there is enough of it. */
// @ts-ignore: decorator
@unsafe @global export function __call_begin(): void {
  if (grown > max(GROWTH, live)) collect();
}

function collect(): void {
  epoch = (epoch + 1) & 0x3fffffff;
  __visit_globals(0);
  visitPins();
  while (gray) {
    const object = gray;
    gray = load<u32>(object - 12) & ~3;
    store<u32>(object - 12, (epoch << 2) | 1);
    __visit_members(object, 0);
  }
  sweep();
}

function sweep(): void {
  const black = (epoch << 2) | 1;
  let behind: usize = 0;
  let object = newest;
  live = 0;
  grown = 0;
  while (object) {
    const next = <usize>load<u32>(object - 16);
    if (load<u32>(object - 12) == black) {
      live += cost(object);
      behind = object;
    } else {
      if (behind) store<u32>(behind - 16, <u32>next);
      else newest = next;
      __free(object - OBJECT);
    }
    object = next;
  }
}

// @ts-ignore: decorator
@unsafe @global export function __new(size: usize, id: u32): usize {
  if (size > OBJECT_MOST) throw new Error("an allocation of more than 1 GB");
  const object = __alloc(OBJECT + size) + OBJECT;
  store<u32>(object - 16, <u32>newest);
  store<u32>(object - 12, 0);
  store<u32>(object - 8, id);
  store<u32>(object - 4, <u32>size);
  newest = object;
  grown += OBJECT + size;
  memory.fill(object, 0, size);
  return object;
}
// @ts-ignore: decorator
@unsafe @global export function __renew(old: usize, size: usize): usize {
  const had = <usize>load<u32>(old - 4);
  if (size <= had) {
    store<u32>(old - 4, <u32>size);
    return old;
  }
  const object = __new(size, load<u32>(old - 8));
  memory.copy(object, old, had);
  return object;
}

// @ts-ignore: decorator
@unsafe @global export function __visit(object: usize, cookie: u32): void {
  if (!object) return;
  const mark = load<u32>(object - 12);
  if ((mark & 3) == 2 || mark == ((epoch << 2) | 1)) return;
  if (load<u32>(object - 8) <= idof<string>()) {
    store<u32>(object - 12, (epoch << 2) | 1); // buffers and strings refer to nothing
    return;
  }
  store<u32>(object - 12, <u32>gray | 2);
  gray = object;
}
// @ts-ignore: decorator
@unsafe @global @inline
export function __link(parent: usize, child: usize, multiple: bool): void {}

// Pins: addresses that the service's own code wants kept; few, so a list in raw memory.
let pins: usize = 0;
let pinCount: u32 = 0;
let pinRoom: u32 = 0;

function visitPins(): void {
  for (let i: u32 = 0; i < pinCount; i++) __visit(load<u32>(pins + (i << 2)), 0);
}
// @ts-ignore: decorator
@unsafe @global export function __pin(object: usize): usize {
  if (!object) return object;
  if (pinCount == pinRoom) {
    pinRoom = max<u32>(16, pinRoom << 1);
    pins = pins ? __realloc(pins, pinRoom << 2) : __alloc(pinRoom << 2);
  }
  store<u32>(pins + (pinCount++ << 2), <u32>object);
  return object;
}
// @ts-ignore: decorator
@unsafe @global export function __unpin(object: usize): void {
  for (let i: u32 = 0; i < pinCount; i++) {
    const p = pins + (i << 2);
    if (load<u32>(p) != <u32>object) continue;
    store<u32>(p, load<u32>(pins + (--pinCount << 2)));
    return;
  }
}
/** Nothing to do in the middle of a call. */
// @ts-ignore: decorator
@unsafe @global export function __collect(): void {}
