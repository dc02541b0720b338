// Owns the map that lies beside a module: from offsets in its bytes to the user's own text. asc's
// map leads to the emitted texts, the maps of emitting from there to the user's; here they are
// composed.
//
// `x.wasm.map` is a source map, version 3, whose columns are byte offsets in the module (line 0),
// and the names of functions that may stand in frames:
//   "cell": {"functions": {"12": "hello.cell/Hello#greet"}}
import remapping from '@jridgewell/remapping';
import type { Emitted } from '../4-emit/user-text.ts';
import type { RawModule } from './asc.ts';

/** Composes; returns JSON text. `emitted` is by path relative to the root. */
export function composeMap(
  raw: NonNullable<RawModule['map']>,
  emitted: Map<string, Emitted>,
  names: Map<number, string>,
): string {
  const flat = { version: 3 as const, names: [], sources: raw.sources, mappings: raw.mappings };
  // Depth 1: an emitted text has its user's name, whose own map would be itself.
  const loader = (file: string, { depth }: { depth: number }) =>
    depth === 1 ? ((emitted.get(file)?.map as never) ?? null) : null;
  const composed = remapping(flat, loader);
  const functions: Record<string, string> = {};
  for (const [index, name] of [...names].sort((a, b) => a[0] - b[0])) functions[index] = name;
  return JSON.stringify({
    version: 3,
    sources: composed.sources,
    names: [],
    mappings: composed.mappings,
    cell: { functions },
  });
}
