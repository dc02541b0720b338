// Owns the trace that the call in hand belongs to, as guests see it: to write it into a log line or
// pass it on. Calls to other cells carry it by themselves.

@external("cell:trace", "context")
declare function traceContext(ptr: usize): u32;

/** Trace id, span id, flags. */
const CONTEXT_BYTES: usize = 25;
const DIGITS = "0123456789abcdef";

function hex(at: usize, bytes: usize): string {
  let text = "";
  for (let i: usize = 0; i < bytes; i++) {
    const byte = load<u8>(at + i);
    text += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  }
  return text;
}

/** The W3C trace context of the call. */
export class TraceContext {
  /** Its `traceparent`, "00-<trace id>-<span id>-01"; "" when the call belongs to no trace. */
  static get current(): string {
    const at = heap.alloc(CONTEXT_BYTES);
    const there = traceContext(at) != 0;
    const ids = there ? hex(at, 16) + "-" + hex(at + 16, 8) + "-" + hex(at + 24, 1) : "";
    heap.free(at);
    return there ? "00-" + ids : "";
  }
}
