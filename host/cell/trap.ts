// Owns the words for what went wrong inside a guest: the message that the caller gets with INTERNAL, and
// the longer line for the host's log. It trusts nothing of the guest: a panic's text is bounds-checked.

/** Bytes of a panic's text that are read (UTF-16). */
const PANIC_BYTES = 2048;

/**
 * The message that a cell's `panic` global points at (assembly/guest/panic.ts), or null.
 * Text of UTF-16 units; its length in bytes is the u32 before it.
 */
export function panicText(exports: WebAssembly.Exports): string | null {
  const global = exports.panic as WebAssembly.Global | undefined;
  const memory = exports.memory as WebAssembly.Memory;
  const at = Number(global?.value ?? 0) >>> 0;
  const { buffer } = memory;
  if (at < 4 || at > buffer.byteLength) return null;
  const view = new DataView(buffer);
  const stated = view.getUint32(at - 4, true);
  const length = Math.min(stated, PANIC_BYTES, buffer.byteLength - at) & ~1;
  return new TextDecoder('utf-16le').decode(new Uint8Array(buffer, at, length));
}

/** What happened, in a few words, from what the engine threw. */
export function trapText(error: unknown): string {
  if (error instanceof WebAssembly.SuspendError) {
    return 'it waits for a capability, and was built as a method that never waits; build it again';
  }
  if (error instanceof RangeError && /call stack/.test(error.message)) return 'stack overflow';
  if (error instanceof WebAssembly.RuntimeError) return error.message;
  if (error instanceof WebAssembly.Exception) return 'an exception that nobody caught';
  return error instanceof Error ? error.message : String(error);
}
