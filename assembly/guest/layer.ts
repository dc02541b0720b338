// Owns what the layers around a method stand on: the functions that the build generates where a
// macro wraps one. Catching is `cell:core`'s: AssemblyScript has no closures, so the wrapped call
// is a function over a task that holds its arguments. Services' own code has attempt.ts instead.
import { UNKNOWN } from "../shared/status";

/** `fn` is the table index of a function (task) -> (): 0, or 1 + the status that it failed with. */
@external("cell:core", "attempt")
export declare function attempt(fn: u32, task: usize): u32;
@external("cell:core", "failure")
declare function readFailure(ptr: usize, cap: u32): u32;
@external("cell:core", "fail")
declare function throwFailure(status: u32, ptr: usize, len: u32): void;

const MISSING: string = "a macro around this method left no result";

/** A value to begin with, before the wrapped call has given one. */
export function nothing<T>(): T {
  if (isReference<T>()) return changetype<T>(<usize>0);
  return <T>0;
}

/** `value`, which is there: a layer that left none would hand address 0 to its caller. */
export function given<T>(value: T): T {
  if (isReference<T>()) {
    if (!isNullable<T>() && changetype<usize>(value) == 0) {
      throw new Error(MISSING);
    }
  }
  return value;
}

// A task, made for one wrapped call; it goes with the call, and nothing collects before:
//   0 u32 status of the last attempt | 4 record | 8 u32 its bytes | 16 result | 24 this
//   32 + 8 * i  argument i
const RECORD: usize = 4;
const RECORD_BYTES: usize = 8;
const RESULT: usize = 16;
const SELF: usize = 24;
const FIRST: usize = 32;

// Generated code says no `load` and `store`: a user may call a function or a parameter so.

/** A task for a call with `count` arguments, which the caller puts in; `self`: its `this`, or 0. */
// @ts-ignore: decorator
@inline
export function newTask<S>(count: u32, self: S): usize {
  if (isReference<S>()) return made(count, changetype<usize>(self));
  return made(count, 0);
}

function made(count: u32, self: usize): usize {
  const bytes = FIRST + 8 * <usize>count;
  const at = __new(bytes, idof<ArrayBuffer>());
  memory.fill(at, 0, bytes);
  store<usize>(at, self, SELF);
  return at;
}

// @ts-ignore: decorator
@inline
export function putArgument<T>(task: usize, index: usize, value: T): void {
  store<T>(task + 8 * index, value, FIRST);
}

// @ts-ignore: decorator
@inline
export function argument<T>(task: usize, index: usize): T {
  return load<T>(task + 8 * index, FIRST);
}

// @ts-ignore: decorator
@inline
export function selfOf<S>(task: usize): S {
  return load<S>(task, SELF);
}

// @ts-ignore: decorator
@inline
export function putResult<T>(task: usize, value: T): void {
  store<T>(task, value, RESULT);
}

/** The result so far; nothing before the first call has returned. */
// @ts-ignore: decorator
@inline
export function resultOf<T>(task: usize): T {
  return load<T>(task, RESULT);
}

/** Table index of a function. */
// @ts-ignore: decorator
@inline
export function indexOf<F>(fn: F): u32 {
  return load<u32>(changetype<usize>(fn));
}

/** The result that a task holds; see `given`. */
// @ts-ignore: decorator
@inline
export function taken<T>(task: usize): T {
  if (isReference<T>()) {
    if (isNullable<T>()) return changetype<T>(load<usize>(task, RESULT));
    return changetype<T>(present(task));
  }
  return load<T>(task, RESULT);
}

/** Out of line, for every type of result. */
function present(task: usize): usize {
  const result = load<usize>(task, RESULT);
  if (result == 0) throw new Error(MISSING);
  return result;
}

/**
 * Takes the outcome of `attempt`; returns the status, 0 when the call returned. The error record is
 * copied (failure.ts has its layout): later failures overwrite it.
 */
export function settle(task: usize, outcome: u32): u32 {
  const status: u32 = outcome == 1 ? UNKNOWN : outcome - <u32>(outcome != 0);
  store<u32>(task, status);
  if (status == 0) return 0;
  const bytes = readFailure(0, 0);
  const record = __new(bytes, idof<ArrayBuffer>());
  readFailure(record, bytes);
  store<usize>(task, record, RECORD);
  store<u32>(task, bytes, RECORD_BYTES);
  return status;
}

/** Fails as the last attempt did: its status, message and details. Never returns. */
export function passOn(task: usize): void {
  const status = load<u32>(task);
  if (status == 0) throw new Error("no attempt has failed");
  throwFailure(status, load<usize>(task, RECORD), load<u32>(task, RECORD_BYTES));
  unreachable();
}
