// Owns what a `throw`, a failed assertion and a failed check of the library become: the address of
// the message is left where the host finds it, then the instance traps and is discarded.
//
// `panic` (exported global, i32): 0, or the address of UTF-16 text whose length in bytes is the u32
// before it. File and line come from the source map, never from here: the optimizer drops both.

// Lazy: the runtime, compiled before everything else, may throw.
// @ts-ignore: decorator
@lazy export let panic: usize = 0;

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  panic = changetype<usize>(message);
  unreachable();
}
