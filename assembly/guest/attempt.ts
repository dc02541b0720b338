// Owns catching inside a cell: `attempt` runs a function and turns its `fail` into a value. A trap
// is not caught: it ends the instance. AssemblyScript has no closures: what the function needs goes
// in its argument.

@external("cell:core", "attempt")
declare function attemptCall(fn: u32, arg: usize): u32;
@external("cell:core", "failure")
declare function readFailure(ptr: usize, cap: u32): u32;

/** How an attempt went. */
export class Attempt<T> {
  /** 0 when the function returned, else the Status that it failed with. */
  status: u32 = 0;
  message: string = "";
  private held: T = nothing<T>();

  get ok(): bool {
    return this.status == 0;
  }

  /** What the function returned. Throws when it failed. */
  get value(): T {
    if (this.status != 0) throw new Error("attempt failed: " + this.message);
    return this.held;
  }

  /** For `attempt`. */
  keep(value: T): void {
    this.held = value;
  }
}

class Task<A, T> {
  constructor(
    public fn: (arg: A) => T,
    public arg: A,
    public outcome: Attempt<T>,
  ) {}
}

class VoidTask<A> {
  constructor(
    public fn: (arg: A) => void,
    public arg: A,
  ) {}
}

function nothing<T>(): T {
  if (isReference<T>()) return changetype<T>(0);
  return <T>0;
}

/** `fn(arg)`, with its failure as a value: `const found = attempt<u32, User>(load, id);` */
export function attempt<A, T>(fn: (arg: A) => T, arg: A): Attempt<T> {
  const outcome = new Attempt<T>();
  const task = new Task<A, T>(fn, arg, outcome);
  const body = (task: Task<A, T>): void => task.outcome.keep(task.fn(task.arg));
  const status = attemptCall(load<u32>(changetype<usize>(body)), changetype<usize>(task));
  if (status != 0) {
    outcome.status = status - 1;
    outcome.message = caughtMessage();
  }
  return outcome;
}

/** `attempt` for functions that return nothing; `value` is true when it returned. */
export function attemptVoid<A>(fn: (arg: A) => void, arg: A): Attempt<bool> {
  const outcome = new Attempt<bool>();
  const task = new VoidTask<A>(fn, arg);
  const body = (task: VoidTask<A>): void => task.fn(task.arg);
  const status = attemptCall(load<u32>(changetype<usize>(body)), changetype<usize>(task));
  if (status != 0) {
    outcome.status = status - 1;
    outcome.message = caughtMessage();
  } else {
    outcome.keep(true);
  }
  return outcome;
}

/** The message of the record that was caught last: see failure.ts for its layout. */
function caughtMessage(): string {
  const length = readFailure(0, 0);
  if (length < 32) return "";
  const at = heap.alloc(length);
  readFailure(at, length);
  const text = load<u32>(at);
  const offset = load<u32>(at, 8);
  const n = load<u32>(at, 12);
  const known = text <= length && offset <= length - text && n <= length - text - offset;
  const message = known ? String.UTF8.decodeUnsafe(at + text + offset, n) : "";
  heap.free(at);
  return message;
}
