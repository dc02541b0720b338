// Owns log lines of guests. They go to the host's log with the cell's name; never to a client.
import { LOG_LINE_BYTES } from "../shared/limits";

@external("cell:log", "write")
declare function writeLine(level: u32, ptr: usize, len: u32): void;

function write(level: u32, text: string): void {
  // Three bytes a unit at most: a longer text is cut here, before it is encoded.
  const units = min<i32>(text.length, LOG_LINE_BYTES);
  const at = heap.alloc(<usize>units * 3);
  const n = String.UTF8.encodeUnsafe(
    changetype<usize>(text),
    units,
    at,
    false,
    String.UTF8.ErrorMode.REPLACE,
  );
  writeLine(level, at, <u32>n);
  heap.free(at);
}

/** Lines for whoever runs the cell. Longer than 2 KB: cut. */
export namespace log {
  export function debug(text: string): void {
    write(0, text);
  }
  export function info(text: string): void {
    write(1, text);
  }
  export function warn(text: string): void {
    write(2, text);
  }
  export function error(text: string): void {
    write(3, text);
  }
}
