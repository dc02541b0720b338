// Owns which files a compiled service becomes. Bytes only; make.ts says where they go.
import { emitClient } from './4-emit/client.ts';
import { clientSchema } from './4-emit/macro-cell.ts';
import type { Compiled } from './5-compile/compile.ts';
import { sortedJson } from './5-compile/sorted-json.ts';
import { type Circumstances, lockText } from './6-lock/lock.ts';

/**
 * The artifacts, by the names of make.ts PLACES; `answers` is for `.cell/macros`. `expanded` is the
 * text for people (expand.ts), `members` that for editors (4-emit/editor-members.ts).
 */
export function artifactsOf(
  compiled: Compiled,
  circumstances: Circumstances,
  { expanded = '', members = '' } = {},
): Record<string, Uint8Array> {
  const text = new TextEncoder();
  return {
    wasm: compiled.wasm,
    map: text.encode(compiled.map),
    schema: text.encode(`${sortedJson(compiled.schema, 2)}\n`),
    client: text.encode(emitClient(clientSchema(compiled.schema))),
    lock: text.encode(lockText(compiled, circumstances)),
    expanded: text.encode(expanded),
    members: text.encode(members),
    answers: text.encode(sortedJson(circumstances.answers)),
  };
}
