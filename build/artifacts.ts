// Owns which files a compiled service becomes. Bytes only; make.ts says where they go.
import { emitClient } from './4-emit/client.ts';
import type { Compiled } from './5-compile/compile.ts';
import { sortedJson } from './5-compile/sorted-json.ts';
import { lockText } from './6-lock/lock.ts';

/** The artifacts, by the names of make.ts PLACES. */
export function artifactsOf(compiled: Compiled): Record<string, Uint8Array> {
  const text = new TextEncoder();
  return {
    wasm: compiled.wasm,
    map: text.encode(compiled.map),
    schema: text.encode(`${sortedJson(compiled.schema, 2)}\n`),
    client: text.encode(emitClient(compiled.schema)),
    lock: text.encode(lockText(compiled)),
  };
}
