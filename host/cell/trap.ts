// Owns the words for what went wrong inside a guest: the message that the caller gets with
// INTERNAL, and the longer line for the host's log. It trusts nothing of the guest: a panic's text
// is bounds-checked.
import { readMessage } from '../lane/error-record.ts';

/** Bytes of a panic's text that are read (UTF-16). */
const PANIC_BYTES = 2048;

/**
 * The message that a cell's `panic` global points at (assembly/guest/panic.ts), or null.
 * Text of UTF-16 units; its length in bytes is the u32 before it.
 */
export function panicText(exports: WebAssembly.Exports): string | null {
  const { panic, memory } = exports;
  if (!(panic instanceof WebAssembly.Global)) return null;
  let value: unknown;
  try {
    value = panic.value;
  } catch {
    return null; // of a type that JavaScript cannot see
  }
  if (typeof value !== 'number' || value === 0) return null;
  const at = value >>> 0;
  const { buffer } = memory as WebAssembly.Memory;
  if (at < 4 || at > buffer.byteLength) return null;
  const view = new DataView(buffer);
  const stated = view.getUint32(at - 4, true);
  const length = Math.min(stated, PANIC_BYTES, buffer.byteLength - at) & ~1;
  return new TextDecoder('utf-16le').decode(new Uint8Array(buffer, at, length));
}

/**
 * The message of a `fail` that nothing caught (in `start`, where no membrane stands), or null.
 * `tag` is the gate's: (status, pointer, length) of an error record in the cell's memory.
 */
export function failText(
  error: unknown,
  gate: WebAssembly.Exports,
  bytes: Uint8Array,
): string | null {
  const tag = gate.tag as unknown as WebAssembly.Tag;
  if (!(error instanceof WebAssembly.Exception) || !error.is(tag)) return null;
  const [status, at, length] = [0, 1, 2].map((i) => Number(error.getArg(tag, i)) >>> 0);
  if (at > bytes.length || length > bytes.length - at) return `status ${status}`;
  return `${readMessage(bytes.subarray(at, at + length)) ?? 'no message'} (status ${status})`;
}

/** What happened in `method`, in a few words, from what the engine threw. */
export function trapText(error: unknown, method: string): string {
  if (error instanceof WebAssembly.SuspendError) {
    const built = 'was built as a method that never waits; build it again';
    return `\`${method}\` waits for a capability, and ${built}`;
  }
  if (error instanceof RangeError && /call stack/.test(error.message)) return 'stack overflow';
  if (error instanceof WebAssembly.RuntimeError) return error.message;
  if (error instanceof WebAssembly.Exception) return 'an exception that nobody caught';
  return error instanceof Error ? error.message : String(error);
}
